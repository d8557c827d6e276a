using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>Collects one cell's outputs as a front end would show them, and writes them as a notebook file holds them.</summary>
/// <remarks>Outputs may still come, and be replaced, after the cell has ended and from any thread; <see cref="ToJson"/> is what there is
/// now.</remarks>
internal sealed class CellOutputs(DisplayIds displays) : ICellOutput
{
    private readonly List<Entry> entries = [];
    private bool clearBeforeNext;
    private long changes;

    /// <summary>Grows with every change, also one that comes from another cell.</summary>
    public long Changes
    {
        get
        {
            lock (displays)
                return changes;
        }
    }

    public void Stream(StreamName stream, string text)
    {
        if (text.Length == 0)
            return;
        lock (displays)
        {
            ClearIfAsked();
            if (entries.LastOrDefault() is not StreamEntry last || last.Name != stream)
                entries.Add(last = new StreamEntry(stream));
            last.Text.Append(text);
            changes++;
        }
    }

    public void Display(MimeBundle bundle, string? displayId)
    {
        lock (displays)
        {
            ClearIfAsked();
            var entry = new BundleEntry { Bundle = bundle, DisplayId = displayId };
            entries.Add(entry);
            if (displayId is not null)
                displays.Add(displayId, this, entry);
            changes++;
        }
    }

    public void UpdateDisplay(MimeBundle bundle, string displayId)
    {
        lock (displays)
            displays.Update(displayId, bundle);
    }

    public void Clear(bool wait)
    {
        lock (displays)
        {
            if (wait)
                clearBeforeNext = true;
            else
                RemoveAll();
            changes++;
        }
    }

    /// <summary>Nobody sits at a headless run.</summary>
    public string? ReadLine(string prompt, bool password, CancellationToken cancellationToken) => null;

    /// <summary>Adds the value of the cell's last expression.</summary>
    public void Result(MimeBundle bundle, int executionCount)
    {
        lock (displays)
        {
            ClearIfAsked();
            entries.Add(new BundleEntry { Bundle = bundle, ExecutionCount = executionCount });
            changes++;
        }
    }

    /// <summary>Adds what went wrong.</summary>
    public void Error(CellError error)
    {
        lock (displays)
        {
            ClearIfAsked();
            entries.Add(new ErrorEntry(error));
            changes++;
        }
    }

    /// <summary>The cell's <c>outputs</c> now.</summary>
    public JsonArray ToJson()
    {
        lock (displays)
            return new JsonArray([.. entries.Select(entry => entry.ToJson())]);
    }

    /// <summary>What there is now, and whether the next output removes it.</summary>
    public (IReadOnlyList<Entry> Entries, bool ClearBeforeNext) Now()
    {
        lock (displays)
            return ([.. entries], clearBeforeNext);
    }

    /// <summary>Replaces one of the outputs; called under the lock that all share.</summary>
    internal void Update(BundleEntry entry, MimeBundle bundle)
    {
        entry.Bundle = bundle;
        changes++;
    }

    private void ClearIfAsked()
    {
        if (clearBeforeNext)
            RemoveAll();
        clearBeforeNext = false;
    }

    private void RemoveAll()
    {
        // A loop that shows, clears and shows again keeps none of what is gone.
        foreach (var entry in entries.OfType<BundleEntry>())
        {
            if (entry.DisplayId is { } id)
                displays.Remove(id, entry);
        }
        entries.Clear();
    }

    internal abstract class Entry
    {
        public abstract JsonNode ToJson();
    }

    internal sealed class StreamEntry(StreamName name) : Entry
    {
        public StreamName Name { get; } = name;

        public StringBuilder Text { get; } = new();

        public override JsonNode ToJson() => new JsonObject
        {
            ["name"] = Name == StreamName.Stdout ? "stdout" : "stderr",
            ["output_type"] = "stream",
            ["text"] = MultilineText.Split(Text.ToString()),
        };
    }

    internal sealed class BundleEntry : Entry
    {
        public required MimeBundle Bundle { get; set; }

        public string? DisplayId { get; init; }

        public int? ExecutionCount { get; init; }

        public override JsonNode ToJson()
        {
            var data = new JsonObject();
            foreach (var (type, text) in Bundle.Data.OrderBy(each => each.Key, StringComparer.Ordinal))
                data[type] = Representation(type, text);
            var output = new JsonObject { ["data"] = data };
            if (ExecutionCount is { } count)
                output["execution_count"] = count;
            output["metadata"] = new JsonObject();
            output["output_type"] = ExecutionCount is null ? "display_data" : "execute_result";
            return output;
        }

        /// <summary>JSON types hold JSON, text is cut into lines, pictures in base64 are one string.</summary>
        private static JsonNode? Representation(string type, string text)
        {
            if (type == "application/json"
                || (type.StartsWith("application/", StringComparison.Ordinal) && type.EndsWith("+json", StringComparison.Ordinal)))
            {
                try
                {
                    return JsonNode.Parse(text, documentOptions: new() { MaxDepth = 512 });
                }
                catch (JsonException)
                {
                    return JsonValue.Create(text);
                }
            }
            var isText = type.StartsWith("text/", StringComparison.Ordinal) || type is "application/javascript" or "image/svg+xml";
            return isText ? MultilineText.Split(text) : JsonValue.Create(text);
        }
    }

    internal sealed class ErrorEntry(CellError error) : Entry
    {
        public CellError Error => error;

        public override JsonNode ToJson() => new JsonObject
        {
            ["ename"] = error.Name,
            ["evalue"] = error.Message,
            ["output_type"] = "error",
            ["traceback"] = new JsonArray([.. error.Traceback.Select(line => (JsonNode)JsonValue.Create(line))]),
        };
    }
}

/// <summary>Which outputs of a notebook a display id stands for: an update replaces them all, in whatever cell they are.</summary>
/// <remarks>Also the lock that all outputs of one notebook share, since an update may come from another cell's thread.</remarks>
internal sealed class DisplayIds
{
    private readonly Dictionary<string, List<(CellOutputs Outputs, CellOutputs.BundleEntry Entry)>> entries = new(StringComparer.Ordinal);

    public void Add(string id, CellOutputs outputs, CellOutputs.BundleEntry entry)
    {
        if (!entries.TryGetValue(id, out var same))
            entries[id] = same = [];
        same.Add((outputs, entry));
    }

    public void Remove(string id, CellOutputs.BundleEntry entry)
    {
        if (entries.TryGetValue(id, out var same) && same.RemoveAll(each => each.Entry == entry) > 0 && same.Count == 0)
            entries.Remove(id);
    }

    public void Update(string id, MimeBundle bundle)
    {
        // Jupyter shows nothing for an id that nothing was displayed with.
        foreach (var (outputs, entry) in entries.GetValueOrDefault(id, []))
            outputs.Update(entry, bundle);
    }
}
