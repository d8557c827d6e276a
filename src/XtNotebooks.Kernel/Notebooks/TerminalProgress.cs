using System.Globalization;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>Shows a run on a terminal, a line for each cell with the seconds it took; while it runs they count, where the terminal
/// can.</summary>
internal sealed class TerminalProgress : IRunProgress, IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    private readonly TextWriter terminal;
    private readonly bool live;
    private readonly TimeProvider time;
    private readonly ITimer? timer;
    private string line = "";
    private long started;

    /// <param name="terminal">Where the lines go.</param>
    /// <param name="live">Whether a line can be written over; false for a file or a pipe.</param>
    /// <param name="time">The clock.</param>
    public TerminalProgress(TextWriter terminal, bool live, TimeProvider time)
    {
        this.terminal = terminal;
        this.live = live;
        this.time = time;
        if (live)
            timer = time.CreateTimer(_ => Count(), null, Tick, Tick);
    }

    public void CellStarted(int number, int count, string title)
    {
        var width = count.ToString(CultureInfo.InvariantCulture).Length;
        lock (terminal)
        {
            line = string.Create(
                CultureInfo.InvariantCulture, $"[{number.ToString(CultureInfo.InvariantCulture).PadLeft(width)}/{count}] {title,-56} ");
            started = time.GetTimestamp();
            terminal.Write(line);
            terminal.Flush();
        }
    }

    public void CellEnded(int number, int count, TimeSpan elapsed, bool failed)
    {
        lock (terminal)
        {
            if (live)
                terminal.Write($"\r\e[K{line}");
            terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{elapsed.TotalSeconds,6:0.0} s{(failed ? "  failed" : "")}"));
            terminal.Flush();
            line = "";
        }
    }

    public void Dispose() => timer?.Dispose();

    private void Count()
    {
        lock (terminal)
        {
            if (line.Length == 0)
                return;
            terminal.Write(string.Create(CultureInfo.InvariantCulture, $"\r\e[K{line}{time.GetElapsedTime(started).TotalSeconds,6:0} s"));
            terminal.Flush();
        }
    }
}
