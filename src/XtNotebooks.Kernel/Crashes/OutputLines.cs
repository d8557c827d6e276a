using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>The outputs of a run's cells as lines of a journal, each with the place of its cell in the notebook, and back.</summary>
internal static class OutputLines
{
    public static Action<Utf8JsonWriter> Stream(int cell, StreamName stream, string text) => json =>
    {
        json.WriteNumber("of", cell);
        json.WriteString("stream", stream.ToString());
        json.WriteText("text", text);
    };

    public static Action<Utf8JsonWriter> Display(int cell, MimeBundle bundle, string? displayId) => Bundle(cell, "display", bundle, displayId);

    public static Action<Utf8JsonWriter> Update(int cell, MimeBundle bundle, string displayId) => Bundle(cell, "update", bundle, displayId);

    public static Action<Utf8JsonWriter> Clear(int cell, bool wait) => json =>
    {
        json.WriteNumber("of", cell);
        json.WriteBoolean("clear", wait);
    };

    /// <summary>The lines that lead from whatever a cell showed before to what it shows now.</summary>
    public static IEnumerable<Action<Utf8JsonWriter>> All(int cell, CellOutputs outputs)
    {
        var (entries, clearBeforeNext) = outputs.Now();
        yield return Clear(cell, wait: false);
        foreach (var entry in entries)
        {
            yield return entry switch
            {
                CellOutputs.StreamEntry stream => Stream(cell, stream.Name, stream.Text.ToString()),
                CellOutputs.BundleEntry { ExecutionCount: { } count } result => Bundle(cell, "result", result.Bundle, null, count),
                CellOutputs.BundleEntry display => Display(cell, display.Bundle, display.DisplayId),
                CellOutputs.ErrorEntry { Error: var error } => Error(cell, error),
                _ => throw new InvalidOperationException($"{entry.GetType().Name} is no output that a journal knows."),
            };
        }
        if (clearBeforeNext)
            yield return Clear(cell, wait: true);
    }

    /// <summary>Does to the outputs of its cell what a line tells.</summary>
    public static void Replay(JsonObject line, CellOutputs outputs)
    {
        if (line["stream"] is { } stream)
            outputs.Stream(Enum.Parse<StreamName>((string)stream!), (string)line["text"]!);
        else if (line["display"] is JsonObject shown)
            outputs.Display(Bundle(shown), (string?)line["id"]);
        else if (line["update"] is JsonObject updated)
            outputs.UpdateDisplay(Bundle(updated), (string)line["id"]!);
        else if (line["clear"] is { } wait)
            outputs.Clear((bool)wait);
        else if (line["result"] is JsonObject result)
            outputs.Result(Bundle(result), (int)line["count"]!);
        else if (line["error"] is { } name)
            outputs.Error(new CellError((string)name!, (string)line["message"]!, [.. line["traceback"]!.AsArray().Select(each => (string)each!)], null));
    }

    private static Action<Utf8JsonWriter> Bundle(int cell, string what, MimeBundle bundle, string? displayId, int? count = null) => json =>
    {
        json.WriteNumber("of", cell);
        json.WriteStartObject(what);
        foreach (var (type, text) in bundle.Data)
            json.WriteText(type, text);
        json.WriteEndObject();
        if (displayId is not null)
            json.WriteText("id", displayId);
        if (count is { } number)
            json.WriteNumber("count", number);
    };

    private static Action<Utf8JsonWriter> Error(int cell, CellError error) => json =>
    {
        json.WriteNumber("of", cell);
        json.WriteText("error", error.Name);
        json.WriteText("message", error.Message);
        json.WriteStartArray("traceback");
        foreach (var line in error.Traceback)
            json.WriteStringValue(JsonContent.WellFormed(line));
        json.WriteEndArray();
    };

    private static MimeBundle Bundle(JsonObject data) => new(data.ToDictionary(each => each.Key, each => (string)each.Value!));
}
