using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>Ends a run whose process died in the middle of a cell: writes what there was, with the cause as the error of that cell, and
/// reports.</summary>
internal static class CrashedRun
{
    /// <summary>Writes the notebook, and the page where one was asked for.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Finish(IReadOnlyList<JsonObject> journal, CellError cause)
    {
        var first = journal[0];
        var paths = new RunPaths((string)first["notebook"]!, (string)first["output"]!, (string?)first["html"], (string)first["origin"]!);
        var document = NotebookDocument.Parse((string)first["document"]!, paths.Notebook);
        var failure = Replay(document, journal.Skip(1), cause);
        Console.Out.WriteLine();
        if (failure is null)
            Console.Error.WriteLine($"xt-notebooks: {cause.Message}");
        else
            Console.Error.WriteLine(FailureText.Of(failure));
        try
        {
            new RunResult(paths, (bool)first["withoutScripts"]!).Write(document.ToJson());
            Console.Out.WriteLine($"Executed notebook: {paths.Shown(paths.Output)}");
            if (paths.Html is not null)
                Console.Out.WriteLine($"Page: {paths.Shown(paths.Html)}");
        }
        catch (NotebookException refused)
        {
            Console.Error.WriteLine($"xt-notebooks: {refused.Message}");
        }
        return ExitCode.CellFailed;
    }

    /// <summary>Puts what the journal tells into the notebook.</summary>
    /// <returns>The cell that ran when the process died; null where none did.</returns>
    public static CellFailure? Replay(NotebookDocument document, IEnumerable<JsonObject> entries, CellError cause)
    {
        var displays = new DisplayIds();
        var shown = new Dictionary<int, CellOutputs>();
        (int Index, int Number, int Count)? running = null;
        foreach (var entry in entries)
        {
            if (entry["cell"] is { } begun)
            {
                running = ((int)begun, (int)entry["number"]!, (int)entry["count"]!);
                document.Cells[(int)begun].ExecutionCount = (int)entry["number"]!;
                shown[(int)begun] = new CellOutputs(displays);
            }
            else if (entry["done"] is not null)
            {
                running = null;
            }
            else if (entry["of"] is { } of && shown.TryGetValue((int)of, out var outputs))
            {
                OutputLines.Replay(entry, outputs);
            }
        }
        if (running is { } died)
            shown[died.Index].Error(cause);
        foreach (var (index, outputs) in shown)
            document.Cells[index].Outputs = outputs.ToJson();
        return running is { } last
            ? new CellFailure(last.Number, document.Cells[last.Index].Source, cause, last.Count - last.Number)
            : null;
    }
}
