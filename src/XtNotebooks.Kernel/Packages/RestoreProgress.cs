using System.Globalization;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Packages;

/// <summary>One line below the cell that tells what a restore is doing, once it takes longer than a second.</summary>
internal sealed class RestoreProgress : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly string _what;
    private readonly CellContext _cell;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private string _step = "";
    private bool _shown;
    private bool _ended;

    public RestoreProgress(string what, CellContext cell, TimeProvider time)
    {
        _what = what;
        _cell = cell;
        _time = time;
        _started = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Show(), null, Patience, Patience);
    }

    public void Report(string step) => _step = step;

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        lock (_lock)
        {
            _ended = true;
            if (_shown)
                _cell.Output.UpdateDisplay(Line($"{_what}: {Elapsed} s to restore"), _id);
        }
    }

    private string Elapsed => _time.GetElapsedTime(_started).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);

    private void Show()
    {
        lock (_lock)
        {
            if (_ended)
                return;
            var line = Line($"Restoring {_what} … {Elapsed} s {Shorten(_step)}");
            if (_shown)
                _cell.Output.UpdateDisplay(line, _id);
            else
                _cell.Output.Display(line, _id);
            _shown = true;
        }
    }

    private static MimeBundle Line(string text) => MimeBundle.Text(text.Trim());

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
