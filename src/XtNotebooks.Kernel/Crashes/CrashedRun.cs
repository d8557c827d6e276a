using System.Text.Json.Nodes;
using XtNotebooks.Extensibility;
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
        (NotebookCell Cell, CellOutputs Outputs, int Number, int Count)? running = null;
        foreach (var entry in entries)
        {
            if (entry["cell"] is { } index)
            {
                var cell = document.Cells[(int)index];
                cell.ExecutionCount = (int)entry["number"]!;
                running = (cell, new CellOutputs(new DisplayIds()), (int)entry["number"]!, (int)entry["count"]!);
            }
            else if (entry["outputs"] is JsonArray outputs)
            {
                running!.Value.Cell.Outputs = (JsonArray)outputs.DeepClone();
                running = null;
            }
            else if (running is { Outputs: var live })
            {
                Replay(entry, live);
            }
        }
        if (running is not { } died)
            return null;
        died.Outputs.Error(cause);
        died.Cell.Outputs = died.Outputs.ToJson();
        return new CellFailure(died.Number, died.Cell.Source, cause, died.Count - died.Number);
    }

    private static void Replay(JsonObject entry, CellOutputs outputs)
    {
        if (entry["stream"] is { } stream)
            outputs.Stream(Enum.Parse<StreamName>((string)stream!), (string)entry["text"]!);
        else if (entry["display"] is JsonObject shown)
            outputs.Display(Bundle(shown), (string?)entry["id"]);
        else if (entry["update"] is JsonObject updated)
            outputs.UpdateDisplay(Bundle(updated), (string)entry["id"]!);
        else if (entry["clear"] is { } wait)
            outputs.Clear((bool)wait);
    }

    private static MimeBundle Bundle(JsonObject data) => new(data.ToDictionary(each => each.Key, each => (string)each.Value!));
}
