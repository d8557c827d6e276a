namespace XtNotebooks.Kernel.Jupyter.History;

/// <summary>One cell that ran.</summary>
/// <param name="Session">Counts the kernels that wrote to the file, from 1.</param>
/// <param name="Line">The execution count within the session.</param>
/// <param name="Code">The cell's text.</param>
/// <param name="Output">Its result as plain text; null where it had none.</param>
internal sealed record HistoryCell(int Session, int Line, string Code, string? Output);

/// <summary>The cells of this session and of those before it.</summary>
/// <remarks>Reading and writing the file happens beside the cells, in the background. Source: Jupyter messaging specification,
/// history.</remarks>
internal sealed class CellHistory : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<HistoryCell> own = [];
    private readonly HistoryFile file;
    private readonly Task<HistoryStart> start;
    private Task writing;

    /// <param name="file">Where cells are kept across runs.</param>
    public CellHistory(HistoryFile file)
    {
        this.file = file;
        start = Task.Run(file.Begin);
        writing = start;
    }

    /// <summary>Notes a cell that has run.</summary>
    public void Add(int line, string code, string? output)
    {
        lock (gate)
        {
            own.Add(new HistoryCell(0, line, code, output));
            writing = writing.ContinueWith(
                _ => file.Append(new HistoryCell(start.Result.Session, line, code, output)),
                CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>The last <paramref name="n"/> cells, oldest first.</summary>
    public IReadOnlyList<HistoryCell> Tail(int n) => [.. All().TakeLast(Math.Max(n, 0))];

    /// <summary>Cells of one session.</summary>
    /// <param name="session">A session's number; 0 is this one, -1 the one before it.</param>
    /// <param name="first">The first line.</param>
    /// <param name="stop">The line after the last; null for all.</param>
    public IReadOnlyList<HistoryCell> Range(int session, int first, int? stop)
    {
        var wanted = session > 0 ? session : start.Result.Session + session;
        return [.. All().Where(cell => cell.Session == wanted && cell.Line >= first && (stop is null || cell.Line < stop))];
    }

    /// <summary>Cells whose whole code matches a pattern, oldest first.</summary>
    /// <param name="pattern">Text in which * stands for anything and ? for one character.</param>
    /// <param name="n">Only the last n; null for all.</param>
    /// <param name="unique">Whether of cells with the same code only the last counts.</param>
    public IReadOnlyList<HistoryCell> Search(string pattern, int? n, bool unique)
    {
        var glob = new HistoryPattern(pattern);
        IEnumerable<HistoryCell> found = All().Where(cell => glob.Matches(cell.Code));
        if (unique)
            found = found.Reverse().DistinctBy(cell => cell.Code).Reverse();
        return [.. n is { } last ? found.TakeLast(Math.Max(last, 0)) : found];
    }

    /// <summary>Waits a little for what is still to be written.</summary>
    public void Dispose()
    {
        Task last;
        lock (gate)
            last = writing;
        try
        {
            last.Wait(TimeSpan.FromSeconds(1));
        }
        catch (AggregateException)
        {
            // History is a convenience: it must not keep the kernel from ending.
        }
    }

    private List<HistoryCell> All()
    {
        var begun = start.Result;
        lock (gate)
            return [.. begun.Earlier, .. own.Select(cell => cell with { Session = begun.Session })];
    }
}
