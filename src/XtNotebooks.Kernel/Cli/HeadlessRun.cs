using System.Globalization;
using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Jupyter;
using XtNotebooks.Kernel.Jupyter.Output;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Cli;

/// <summary>One call of <c>run</c>: reads the notebook, executes it, writes what came of it however it ended, and reports.</summary>
internal sealed class HeadlessRun(
    RunRequest request, Func<string, ICodeSession> openSession, TimeProvider time, TextWriter output, TextWriter error)
{
    /// <summary>How much work a crash of the whole process may cost.</summary>
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(10);

    public async Task<int> ExecuteAsync(CancellationToken cancellationToken)
    {
        var paths = RunPaths.Resolve(request);
        var notebook = NotebookDocument.Read(request.Notebook);
        NotebookLanguage.RequireCSharp(notebook, request.Notebook);
        NotebookParameters.Inject(notebook, NotebookParameters.Parse(request.Parameters));
        paths.Probe();

        // Asked now: a session puts its own writer in the console's place.
        var live = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
        var started = time.GetTimestamp();
        var written = started;
        using var file = Journal.ForSupervisor();
        var journal = file is null ? null : new RunJournal(file);
        NotebookRun run = null!;
        run = new NotebookRun(notebook, new(request.CellTimeout, time, journal, AfterCell: () =>
        {
            if (time.GetElapsedTime(written) < CheckpointInterval)
                return;
            AtomicFile.Write(paths.Output, run.ToJson());
            written = time.GetTimestamp();
        }, OutputLimit.Beside(paths.Output)));
        journal?.Begin(paths, request.WithoutScripts, run.ToJson());
        var result = new RunResult(paths, request.WithoutScripts);
        void Write() => result.Write(run.ToJson());
        bool WriteAtExit(bool asked)
        {
            // A cell that exits is told of, with its number, by the supervisor.
            var isCells = !asked && journal is { CellRuns: true };
            try
            {
                Write();
            }
            finally
            {
                if (!isCells)
                    journal?.End();
            }
            return isCells;
        }

        // On the way out what there is gets written.
        using var supervisor = ParentProcess.Watch(Journal.Supervisor, () => Environment.Exit(ExitCode.CellFailed), time);
        CellFailure? failure;
        using (var interruption = new RunInterruption(WriteAtExit, error, time, cancellationToken))
        {
            // As in Jupyter, a notebook's relative paths start at its own folder.
            Environment.CurrentDirectory = paths.Folder;
            var session = openSession(paths.Folder);
            try
            {
                using var progress = new TerminalProgress(output, live, time);
                failure = await run.ExecuteAsync(session, progress, interruption.Token);
                Write();
                journal?.End();
            }
            finally
            {
                await session.DisposeAsync();
            }
        }
        await ReportAsync(failure, paths, time.GetElapsedTime(started));
        return failure is null ? ExitCode.Ok : ExitCode.CellFailed;
    }

    private async Task ReportAsync(CellFailure? failure, RunPaths paths, TimeSpan elapsed)
    {
        if (failure is null)
        {
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"All cells ran, in {elapsed.TotalSeconds:0.0} s."));
        }
        else
        {
            await output.FlushAsync();
            await error.WriteLineAsync(FailureText.Of(failure));
        }
        await output.WriteLineAsync($"Executed notebook: {paths.Shown(paths.Output)}");
        if (paths.Html is not null)
            await output.WriteLineAsync($"Page: {paths.Shown(paths.Html)}");
    }
}
