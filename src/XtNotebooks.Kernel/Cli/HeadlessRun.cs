using System.Globalization;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Notebooks.Html;
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
        NotebookRun run = null!;
        run = new NotebookRun(notebook, new(request.CellTimeout, time, AfterCell: () =>
        {
            if (time.GetElapsedTime(written) < CheckpointInterval)
                return;
            AtomicFile.Write(paths.Output, run.ToJson());
            written = time.GetTimestamp();
        }));
        void Write()
        {
            var json = run.ToJson();
            AtomicFile.Write(paths.Output, json);
            if (paths.Html is not null)
                AtomicFile.Write(paths.Html, NotebookPage.Render(
                    NotebookDocument.Parse(json, paths.Output), paths.Folder, Path.GetFileNameWithoutExtension(paths.Notebook),
                    new() { Folder = Path.GetDirectoryName(paths.Html), WithoutScripts = request.WithoutScripts }));
        }

        CellFailure? failure;
        using (var interruption = new RunInterruption(Write, error, time, cancellationToken))
        {
            // As in Jupyter, a notebook's relative paths start at its own folder.
            Environment.CurrentDirectory = paths.Folder;
            var session = openSession(paths.Folder);
            try
            {
                using var progress = new TerminalProgress(output, live, time);
                failure = await run.ExecuteAsync(session, progress, interruption.Token);
                Write();
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
