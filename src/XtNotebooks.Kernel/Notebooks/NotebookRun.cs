using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Jupyter.Output;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>Executes a notebook's code cells from top to bottom, as "Run all" would, and puts the outputs into the notebook.</summary>
internal sealed class NotebookRun
{
    /// <summary>How long a session may take to give up a stopped cell before the run goes on without its answer.</summary>
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(5);

    private readonly NotebookDocument notebook;
    private readonly RunOptions options;
    private readonly DisplayIds displays = new();
    private readonly List<(NotebookCell Cell, CellOutputs Outputs)> executed = [];

    public NotebookRun(NotebookDocument notebook, RunOptions options)
    {
        this.notebook = notebook;
        this.options = options;
        // A skipped cell keeps what it shows; everything else would pass for this run's result.
        foreach (var cell in notebook.CodeCells.Where(cell => !cell.HasTag("skip-execution")))
        {
            cell.Outputs = [];
            cell.ExecutionCount = null;
        }
    }

    /// <summary>Runs the cells. Returns the cell that ended the run, or null where all ran.</summary>
    /// <param name="session">Where the code runs.</param>
    /// <param name="progress">Told of every cell's begin and end.</param>
    /// <param name="cancellationToken">Stops the running cell and ends the run.</param>
    public async Task<CellFailure?> ExecuteAsync(ICodeSession session, IRunProgress progress, CancellationToken cancellationToken)
    {
        var cells = notebook.Cells.Where(cell =>
            cell.Kind == CellKind.Code && !cell.HasTag("skip-execution") && !string.IsNullOrWhiteSpace(cell.Source)).ToList();
        for (var i = 0; i < cells.Count; i++)
        {
            var cell = cells[i];
            var number = i + 1;
            var outputs = new CellOutputs(displays);
            lock (executed)
            {
                executed.Add((cell, outputs));
                cell.ExecutionCount = number;
            }
            progress.CellStarted(number, cells.Count, CellTitle.Of(notebook.Cells, notebook.Cells.IndexOf(cell)));
            var recorded = options.Journal?.CellBegins(notebook.Cells.IndexOf(cell), number, cells.Count, outputs) ?? outputs;
            var started = options.TimeProvider.GetTimestamp();
            var error = await RunCellAsync(session, cell, number, outputs, recorded, cancellationToken);
            var elapsed = options.TimeProvider.GetElapsedTime(started);
            if (error is not null)
                outputs.Error(error);
            options.Journal?.CellEnds();
            var ends = error is not null && (error.Name is Timeout or Interrupted || !cell.HasTag("raises-exception"));
            progress.CellEnded(number, cells.Count, elapsed, failed: ends);
            options.AfterCell?.Invoke();
            if (ends)
                return new(number, cell.Source, error!, cells.Count - number);
        }
        return null;
    }

    /// <summary>The notebook with the outputs that there are now, as a file's text; may be called while cells run.</summary>
    public string ToJson()
    {
        lock (executed)
        {
            foreach (var (cell, outputs) in executed)
                cell.Outputs = outputs.ToJson();
            return notebook.ToJson();
        }
    }

    private async Task<CellError?> RunCellAsync(
        ICodeSession session, NotebookCell cell, int number, CellOutputs outputs, ICellOutput recorded, CancellationToken cancellationToken)
    {
        if (NotebookLanguage.Foreign(cell) is { } language)
            return Plain("LanguageError", $"This cell is written in {language}; only C# cells can run here.");
        using var timeout = new CancellationTokenSource(
            options.CellTimeout ?? System.Threading.Timeout.InfiniteTimeSpan, options.TimeProvider);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        // What a cell leaves running may write to it later: it is not disposed of.
        var kept = options.Limit is { } limit ? new KeptOutput(limit, number) : null;
        var running = session.RunAsync(
            new CellRequest(cell.Source, number), kept is null ? recorded : new LimitedOutput(recorded, kept), stop.Token);
        var result = await AnswerAsync(running, stop.Token);
        if (result is { Status: CellStatus.Ok })
        {
            if (result.Value is not null)
                outputs.Result(kept?.Admit(result.Value) ?? result.Value, number);
            return null;
        }
        // A cell that fails by itself in the moment of its timeout tells its own error; one that was stopped tells why.
        if (result is { Status: CellStatus.Error } && !stop.IsCancellationRequested)
            return result.Error is { } error ? kept?.Admit(error) ?? error : null;
        if (timeout.IsCancellationRequested)
            return Plain(Timeout, FormattableString.Invariant(
                $"The cell ran longer than {options.CellTimeout!.Value.TotalSeconds:0.###} s (--cell-timeout) and was stopped."));
        return result?.Error ?? Plain(Interrupted, "The cell was stopped.");
    }

    /// <summary>What the session says, or null where it does not answer after the cell was stopped.</summary>
    private async Task<CellResult?> AnswerAsync(Task<CellResult> running, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stop.Register(stopped.SetResult))
            await Task.WhenAny(running, stopped.Task);
        if (!running.IsCompleted)
            await Task.WhenAny(running, Task.Delay(StopGrace, options.TimeProvider, CancellationToken.None));
        return running.IsCompleted ? await running : null;
    }

    private const string Timeout = "CellTimeout";
    private const string Interrupted = "Interrupted";

    private static CellError Plain(string name, string message) => new(name, message, [$"{name}: {message}"], null);
}

/// <param name="CellTimeout">The longest that a cell may run; null for no limit.</param>
/// <param name="TimeProvider">The clock.</param>
/// <param name="Journal">Is told how the run goes on, for whoever has to finish it should the process die.</param>
/// <param name="AfterCell">Called when a cell has ended, before the next begins.</param>
/// <param name="Limit">How much of a cell's output goes into the notebook; null for all.</param>
internal sealed record RunOptions(TimeSpan? CellTimeout, TimeProvider TimeProvider, RunJournal? Journal = null, Action? AfterCell = null,
    OutputLimit? Limit = null);

/// <param name="Number">The cell's execution count.</param>
/// <param name="Source">Its code.</param>
/// <param name="Error">What went wrong.</param>
/// <param name="NotRun">How many cells after it were not run.</param>
internal sealed record CellFailure(int Number, string Source, CellError Error, int NotRun);

/// <summary>Is told how a run goes on.</summary>
internal interface IRunProgress
{
    void CellStarted(int number, int count, string title);

    void CellEnded(int number, int count, TimeSpan elapsed, bool failed);
}
