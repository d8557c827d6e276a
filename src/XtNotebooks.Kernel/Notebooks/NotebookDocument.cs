using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>A notebook in Jupyter's file format 4: what this class does not understand it keeps as it is and where it is.</summary>
/// <remarks>Source: the nbformat documentation, "The Notebook file format", version 4.5.</remarks>
internal sealed class NotebookDocument
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 512, AllowDuplicateProperties = false };

    private readonly JsonObject root;
    private readonly JsonArray cells;

    private NotebookDocument(JsonObject root, JsonArray cells, int minor)
    {
        this.root = root;
        this.cells = cells;
        Minor = minor;
        Cells = [.. cells.Select(cell => new NotebookCell((JsonObject)cell!))];
    }

    /// <summary>The minor version of the format; from 5 on cells have ids.</summary>
    public int Minor { get; }

    public List<NotebookCell> Cells { get; }

    /// <summary>The notebook's own metadata, made where the file has none.</summary>
    public JsonObject Metadata
    {
        get
        {
            if (root["metadata"] is not JsonObject)
                root["metadata"] = new JsonObject();
            return (JsonObject)root["metadata"]!;
        }
    }

    public IEnumerable<NotebookCell> CodeCells => Cells.Where(cell => cell.Kind == CellKind.Code);

    /// <summary>Reads a notebook file.</summary>
    /// <exception cref="NotebookException">It does not exist, cannot be read, or is no notebook of format 4.</exception>
    public static NotebookDocument Read(string path)
    {
        if (Directory.Exists(path))
            throw new NotebookException($"'{path}' is a folder; name the notebook file in it.");
        try
        {
            return Parse(File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true)), path);
        }
        catch (DecoderFallbackException error)
        {
            throw new NotebookException($"'{path}' is not a notebook: its bytes are not UTF-8 text.", error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new NotebookException($"There is no notebook '{path}'; check the name.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NotebookException($"The notebook '{path}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Reads a notebook's text; <paramref name="name"/> is what errors call it.</summary>
    /// <exception cref="NotebookException">It is no notebook of format 4.</exception>
    public static NotebookDocument Parse(string json, string name)
    {
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(json, documentOptions: Strict);
        }
        catch (JsonException error)
        {
            var line = error.LineNumber is { } zeroBased ? $", line {zeroBased + 1}" : "";
            throw new NotebookException($"'{name}' is not a notebook: it is not JSON{line} ({Reason(error)}).", error);
        }
        if (node is not JsonObject root || root["nbformat"] is not JsonValue format || !format.TryGetValue(out int major))
            throw new NotebookException($"'{name}' is JSON but not a notebook: it has no 'nbformat' version.");
        if (major < 4)
            throw new NotebookException(
                $"'{name}' is in the old notebook format {major}; open it in Jupyter and save it once, which makes it format 4.");
        if (major > 4)
            throw new NotebookException(
                $"'{name}' is in notebook format {major}, which is newer than this tool knows (4); save it as format 4.");
        if (root["cells"] is not JsonArray cells)
            throw new NotebookException($"'{name}' is not a whole notebook: it has no list 'cells'.");
        for (var i = 0; i < cells.Count; i++)
        {
            if (cells[i] is not JsonObject cell || !NotebookCell.IsWellFormed(cell))
                throw new NotebookException($"'{name}' is damaged: cell {i + 1} has no 'cell_type' or no 'source'.");
        }
        var minor = root["nbformat_minor"] is JsonValue value && value.TryGetValue(out int number) ? number : 0;
        return new(root, cells, minor);
    }

    /// <summary>Adds a code cell at <paramref name="index"/> of <see cref="Cells"/>.</summary>
    public NotebookCell InsertCode(int index, string source, string tag)
    {
        var cell = new JsonObject { ["cell_type"] = "code", ["execution_count"] = null };
        cell["metadata"] = new JsonObject { ["tags"] = new JsonArray(tag) };
        cell["outputs"] = new JsonArray();
        cell["source"] = MultilineText.Split(source);
        cells.Insert(index, cell);
        var added = new NotebookCell(cell);
        Cells.Insert(index, added);
        return added;
    }

    public void Remove(NotebookCell cell)
    {
        var index = Cells.IndexOf(cell);
        Cells.RemoveAt(index);
        cells.RemoveAt(index);
    }

    /// <summary>The file's text, laid out as Jupyter writes it.</summary>
    public string ToJson()
    {
        if (Minor >= 5)
            CellIds.Complete(Cells);
        return NotebookJson.Write(root);
    }

    private static string Reason(JsonException error)
    {
        // The reader appends "Path: … | LineNumber: …", which is said better here.
        var end = error.Message.IndexOf(" Path:", StringComparison.Ordinal);
        if (end < 0)
            end = error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? error.Message : error.Message[..end]).TrimEnd('.');
    }
}
