using System.Text;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

/// <summary>Keeps what a cell puts out.</summary>
internal sealed class RecordedOutput : ICellOutput
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _stdout = new();
    private readonly StringBuilder _stderr = new();

    public string Stdout
    {
        get
        {
            lock (_lock)
                return _stdout.ToString();
        }
    }

    public string Stderr
    {
        get
        {
            lock (_lock)
                return _stderr.ToString();
        }
    }

    public List<(MimeBundle Bundle, string? Id)> Displays { get; } = [];

    public List<(MimeBundle Bundle, string Id)> Updates { get; } = [];

    /// <summary>All outputs in their order, as short words.</summary>
    public List<string> Order { get; } = [];

    public Queue<string> Answers { get; } = [];

    /// <summary>Answers in the place of <see cref="Answers"/>.</summary>
    public Func<string>? Answer { get; init; }

    public void Stream(StreamName stream, string text)
    {
        lock (_lock)
        {
            (stream == StreamName.Stdout ? _stdout : _stderr).Append(text);
            Order.Add($"{stream}:{text.TrimEnd()}");
        }
    }

    public void Display(MimeBundle bundle, string? displayId)
    {
        lock (_lock)
        {
            Displays.Add((bundle, displayId));
            Order.Add("Display:" + bundle.Data["text/plain"]);
        }
    }

    public void UpdateDisplay(MimeBundle bundle, string displayId)
    {
        lock (_lock)
            Updates.Add((bundle, displayId));
    }

    public void Clear(bool wait)
    {
        lock (_lock)
            Order.Add("Clear");
    }

    public string? ReadLine(string prompt, bool password, CancellationToken cancellationToken) =>
        Answer is not null ? Answer() : Answers.TryDequeue(out var answer) ? answer : null;
}
