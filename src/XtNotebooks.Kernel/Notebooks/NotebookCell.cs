using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Notebooks;

internal enum CellKind
{
    Code,
    Markdown,
    Raw,

    /// <summary>A type of cell that a later format may bring; kept, never run.</summary>
    Other,
}

/// <summary>One cell of a notebook file, read and changed in place.</summary>
internal sealed class NotebookCell(JsonObject json)
{
    public CellKind Kind { get; } = json["cell_type"]?.ToString() switch
    {
        "code" => CellKind.Code,
        "markdown" => CellKind.Markdown,
        "raw" => CellKind.Raw,
        _ => CellKind.Other,
    };

    public string Source => MultilineText.Join(json["source"]);

    public string? Id
    {
        get => json["id"] is JsonValue value && value.TryGetValue(out string? id) ? id : null;
        set => Set("id", value);
    }

    public JsonObject Metadata => json["metadata"] as JsonObject ?? [];

    /// <summary>Pictures that a markdown cell carries itself, by name, each a MIME bundle.</summary>
    public JsonObject Attachments => json["attachments"] as JsonObject ?? [];

    public int? ExecutionCount
    {
        get => json["execution_count"] is JsonValue value && value.TryGetValue(out int count) ? count : null;
        set => Set("execution_count", value);
    }

    public JsonArray Outputs
    {
        get => json["outputs"] as JsonArray ?? [];
        set => Set("outputs", value);
    }

    /// <summary>Whether the cell is tagged so; <c>a-b</c> and <c>a_b</c> are the same tag, as both spellings are in use.</summary>
    public bool HasTag(string tag) =>
        Metadata["tags"] is JsonArray tags && tags.Any(each => each?.ToString().Replace('_', '-') == tag);

    public static bool IsWellFormed(JsonObject cell) =>
        cell["cell_type"] is JsonValue type && type.TryGetValue(out string? _)
        && (cell["source"] is JsonArray || (cell["source"] is JsonValue source && source.TryGetValue(out string? _)));

    private void Set(string name, JsonNode? value)
    {
        if (json.ContainsKey(name))
        {
            json[name] = value;
            return;
        }
        // Jupyter writes keys in alphabetical order: a new one goes to its place, the others stay.
        var index = 0;
        while (index < json.Count && string.CompareOrdinal(json.GetAt(index).Key, name) < 0)
            index++;
        json.Insert(index, name, value);
    }
}
