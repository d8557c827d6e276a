using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.CodeAnalysis;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Display;
using XtNotebooks.Kernel.Magics;
using XtNotebooks.Kernel.Packages;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>C# cells compiled by Roslyn, one after the other, each seeing what the earlier ones declared.</summary>
internal sealed partial class CodeSession : ICodeSession
{
    /// <summary>One shell runs one cell at a time; the main shell's name is empty.</summary>
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _lanes = new();
    /// <summary>How long after an interrupted cell its tasks are still looked after.</summary>
    private static readonly TimeSpan LeftBehindStops = TimeSpan.FromSeconds(30);

    /// <summary>How often, and for how long, code looks whether it is a cell's that was left behind longer ago.</summary>
    private static readonly (TimeSpan Every, TimeSpan For) LeftBehindLooks = (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(20));

    private readonly Dictionary<string, string> _sources = [];
    private readonly ScriptSources _files;
    private readonly SubmissionChain _chain;
    private readonly CancellationTokenSource _disposed = new();
    private bool _memoryRanOut;

    private CodeSession(CodeSessionOptions options)
    {
        Options = options;
        LoadContext = new NotebookLoadContext();
        Formatters = new ValueFormatters();
        Variables = new VariableTable();
        Magics = new MagicTable();
        _files = new ScriptSources(options.WorkingDirectory);
        _chain = new SubmissionChain(LoadContext, _files);
        _files.Compile = _chain.Compile;
        Notebook = new NotebookSession(this);
        Packages = new NotebookPackages(this);
        CellConsole.Install();
        UnhandledExceptions.Install();
        KernelMagics.AddTo(this);
    }

    public CodeSessionOptions Options { get; }
    public INotebook Notebook { get; }
    public IComms? Comms { get; set; }
    public ValueFormatters Formatters { get; }
    public VariableTable Variables { get; }
    public MagicTable Magics { get; }
    public NotebookLoadContext LoadContext { get; }

    /// <summary>A session with nothing declared yet.</summary>
    public static CodeSession Create(CodeSessionOptions? options = null) => new(options ?? new CodeSessionOptions());

    public async Task<CellResult> RunAsync(CellRequest request, ICellOutput output, CancellationToken cancellationToken)
    {
        var lane = _lanes.GetOrAdd(request.Subshell ?? "", _ => new SemaphoreSlim(1));
        try
        {
            await lane.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return Interrupted("The cell was interrupted before it began.");
        }
        try
        {
            return await RunOnThreadsAsync("The cell", request, output, cell =>
            {
                CellContext.Latest = cell;
                return RunCellAsync(cell);
            }, cancellationToken);
        }
        finally
        {
            lane.Release();
        }
    }

    public async Task<CellError?> RunAsideAsync(string what, Action code, ICellOutput? output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(code);
        var result = await RunOnThreadsAsync(what, new CellRequest("", 0), output ?? NoOutput.Instance, cell =>
        {
            try
            {
                code();
                return Task.FromResult(new CellResult(CellStatus.Ok, null, null));
            }
            catch (Exception) when (cell.CancellationToken.IsCancellationRequested)
            {
                return Task.FromResult(Interrupted($"{what} was interrupted."));
            }
            catch (Exception exception)
            {
                return Task.FromResult(new CellResult(CellStatus.Error, null, Describe(exception, cell.Request)));
            }
        }, cancellationToken);
        return result.Error;
    }

    private static readonly Lazy<Task> Warming = new(() => Task.Run(async () =>
    {
        var chain = new SubmissionChain(new NotebookLoadContext(), new ScriptSources("."));
        var tree = SubmissionChain.Parse("int warm = 1; foreach (var i in new[] { 1 }) warm += i; warm", "warm-up", default);
        var guarded = InterruptRewriter.Rewrite(tree, null, default);
        var value = await chain.Append(chain.Compile(guarded), default).Submission!.Run();
        _ = new ValueFormatters().Format(value!);
    }));

    /// <summary>Compiles and runs trivial code in a session of its own, once in a process, so that the reader's first cell does not pay for the
    /// start of the compiler.</summary>
    public static Task WarmUpAsync() => Warming.Value;

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        _disposed.Dispose();
        Packages.Dispose();
        if (_language.IsValueCreated)
            _language.Value.Dispose();
    }

    /// <summary>An exception in the reader's terms.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="request">The cell.</param>
    /// <param name="at">Where it happened, if its own stack does not tell.</param>
    public CellError Describe(Exception exception, CellRequest request, StackTrace? at = null) =>
        exception switch
        {
            MagicException => new CellError("MagicError", exception.Message, [exception.Message], null),
            PackageException => new CellError("PackageError", exception.Message, [exception.Message], null),
            _ => CellErrors.FromException(exception, PathOf(request), LineOf, at),
        };

    private async Task<CellResult> RunOnThreadsAsync(
        string what, CellRequest request, ICellOutput output, Func<CellContext, Task<CellResult>> run, CancellationToken cancellationToken)
    {
        // Not disposed of: what the cell leaves behind still looks at it.
        var interrupt = new CancellationTokenSource();
        var cell = new CellContext(this, request, output, interrupt.Token);
        var threads = new CellThreads(cell);
        var running = threads.Run(() =>
        {
            CellContext.Current = cell;
            return run(cell);
        });
        // No step from here to the cell's end may need a thread of the pool, which the cell may have filled.
        var asked = new TaskCompletionSource();
        CellError? failure = null;
        cell.Failing = error =>
        {
            if (running.IsCompleted)
                CellErrors.ReportUnhandled(error, cell);
            else
                failure ??= error;
            Stop();
        };
        using var stopping = cancellationToken.UnsafeRegister(_ => Stop(), null);
        using var closing = _disposed.Token.UnsafeRegister(_ => Stop(), null);
        try
        {
            var result = await Task.WhenAny(running, asked.Task) == running ? await running : await StopAsync(what, running, threads, cell);
            return failure is null || cancellationToken.IsCancellationRequested ? result : new CellResult(CellStatus.Error, null, failure);
        }
        finally
        {
            threads.End();
        }

        void Stop()
        {
            StopChecks(running);
            asked.TrySetResult();
            // On a thread of its own: what the cell's code has registered for it may wait for anything.
            new Thread(() => Cancel(interrupt)) { Name = "Interrupt", IsBackground = true }.UnsafeStart();
        }
    }

    private static void Cancel(CancellationTokenSource interrupt)
    {
        try
        {
            interrupt.Cancel();
        }
        catch (AggregateException)
        {
            // What was registered has failed; the others have been called.
        }
    }

    /// <summary>Makes the checks in code look at their cell's token, also in tasks that the cell leaves behind and that begin or wake later.</summary>
    private void StopChecks(Task running)
    {
        CellGuard.BeginInterrupt();
        _ = EndAsync();

        async Task EndAsync()
        {
            var time = Options.TimeProvider;
            await Task.WhenAny(running, Task.Delay(LeftBehindStops, time)).ConfigureAwait(false);
            if (running.IsCompleted)
                await Task.Delay(LeftBehindStops, time).ConfigureAwait(false);
            CellGuard.EndInterrupt();
            // Left behind in a native call, perhaps for ever: other cells must not look at their tokens at every step until then.
            while (!running.IsCompleted)
            {
                await Task.Delay(LeftBehindLooks.Every, time).ConfigureAwait(false);
                CellGuard.BeginInterrupt();
                await Task.Delay(LeftBehindLooks.For, time).ConfigureAwait(false);
                CellGuard.EndInterrupt();
            }
        }
    }

    /// <summary>Stops a cell: its own checks see the token at once, its waits are woken; what still runs is left behind.</summary>
    private async Task<CellResult> StopAsync(string what, Task<CellResult> running, CellThreads threads, CellContext cell)
    {
        var started = Options.TimeProvider.GetTimestamp();
        TimeSpan? hurried = null;
        var told = false;
        while (Options.TimeProvider.GetElapsedTime(started) is var elapsed)
        {
            // A session that closes, or a reader who insists, waits for no step to end, only as long as for any other code.
            var finishing = cell.MayFinish && !_disposed.IsCancellationRequested;
            if (!finishing && told)
                hurried ??= elapsed;
            var longest = finishing ? cell.StopsWithin ?? default : (hurried ?? default) + Options.AbandonAfter;
            if (elapsed >= longest)
                break;
            if (finishing && elapsed >= Options.AbandonAfter && !told)
            {
                told = true;
                cell.Output.Stream(StreamName.Stderr, "Stopping after the current step; interrupt again to stop without waiting for it.\n");
            }
            // Code that can stop by itself gets a moment before its waits are broken.
            if (await Task.WhenAny(running, Task.Delay(TimeSpan.FromMilliseconds(15), Options.TimeProvider)) == running)
                return await running;
            // Not before the token says so: a wait broken earlier would look like the cell's own error.
            if (cell.CancellationToken.IsCancellationRequested)
                cell.CleanUp.UnlessItGoesOn(threads.InterruptWaits);
        }
        // Nobody waits any more: what it still runs of the reader's code stops at its next check.
        cell.StopsWithin = null;
        if (_compiling.LeaveBehind(cell, _chain.GiveNameUp))
            return Interrupted("The cell was interrupted before its code ran; the compiler's work on it, which cannot be stopped, goes on for a while on a thread that was left behind. Other cells can run.");
        if (cell.IsCompiling)
            return Interrupted("The cell was interrupted before its code ran; the package's restore that it had begun goes on for a moment, and the next cell waits for it.");
        return Interrupted($"{what} could not be stopped: it runs code that does not look for an interrupt, for example a native call, and was left "
            + "behind on its thread. Other cells can run; its variables may still change.");
    }

    private async Task<CellResult> RunCellAsync(CellContext cell)
    {
        // What the collector keeps for itself would be missing where this cell needs it in one piece.
        if (Interlocked.Exchange(ref _memoryRanOut, false))
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var watches = ((NotebookSession)Notebook).BeginCell(cell.Request.Number);
        try
        {
            lock (_sources)
                _sources[PathOf(cell.Request)] = cell.Request.Code;
            if (CodeNesting.FindTooDeep(cell.Request.Code) is { } line)
                throw new CompilationFailedException(CellErrors.TooDeep(PathOf(cell.Request), line));
            MimeBundle? value;
            try
            {
                value = await RunPartsAsync(cell);
            }
            finally
            {
                await cell.DisposeResourcesAsync();
            }
            if (cell.Request.Silent)
                value = null;
            if (!cell.CancellationToken.IsCancellationRequested)
                return new CellResult(CellStatus.Ok, value, null);
            // Code of the cell has caught the interrupt, or only a thread of its own was stopped: what is queued must not run on.
            if (value is not null)
                cell.Output.Display(value, null);
            return Interrupted("The cell was interrupted, but its code went on to its end; what it has set is kept.");
        }
        catch (CompilationFailedException failed)
        {
            return new CellResult(CellStatus.Error, null, failed.Error);
        }
        catch (Exception exception) when (cell.CancellationToken.IsCancellationRequested)
        {
            var error = Describe(exception, cell.Request);
            var line = error.Line is { } number ? $" at line {number}" : "";
            var message = $"The cell was interrupted{line}; what it had set so far is kept.";
            return new CellResult(CellStatus.Interrupted, null, new CellError("Interrupted", message,
                [message, .. error.Traceback.Skip(1).TakeWhile(text => text.StartsWith(' '))], error.Line));
        }
        catch (Exception exception)
        {
            _memoryRanOut |= IsOutOfMemory(exception);
            return new CellResult(CellStatus.Error, null, Describe(exception, cell.Request));
        }
        finally
        {
            foreach (var watch in watches)
                watch.Dispose();
        }
    }

    private static bool IsOutOfMemory(Exception? exception) => exception is OutOfMemoryException || (exception is not null && IsOutOfMemory(exception.InnerException));

    private async Task<MimeBundle?> RunPartsAsync(CellContext cell)
    {
        MimeBundle? value = null;
        foreach (var part in CellParts.Split(cell.Request.Code, Magics))
        {
            if (value is not null)
                cell.Output.Display(value, null);
            value = null;
            cell.CancellationToken.ThrowIfCancellationRequested();
            if (part.Magic is { } line)
                await RunMagicAsync(cell, line, part.Line, part.Text);
            else
                value = await RunCodeAsync(cell, part.Text);
        }
        return value;
    }

    private async Task<MimeBundle?> RunCodeAsync(CellContext cell, string code) =>
        await RunCodeForValueAsync(cell, code) is { } value && !NotebookSession.IsDisplayOf(cell, value) ? Formatters.Format(value) : null;

    private static CellResult Interrupted(string message) =>
        new(CellStatus.Interrupted, null, new CellError("Interrupted", message, [message], null));

    /// <summary>Code that is not counted has the number of a cell before it, whose lines are not its own.</summary>
    private static string PathOf(CellRequest request) => request.IsCounted ? $"Cell {request.Number}" : "Uncounted code";

    private string? LineOf(string path, int line)
    {
        lock (_sources)
        {
            return _sources.TryGetValue(path, out var code) && code.Split('\n') is var lines && line <= lines.Length
                ? lines[line - 1]
                : null;
        }
    }
}
