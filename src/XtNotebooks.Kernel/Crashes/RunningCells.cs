using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>The cells that a kernel runs now and the one it ran last, written down for <see cref="CrashedKernel"/>.</summary>
/// <param name="journal">Where.</param>
/// <param name="connectionFile">The file that says where front ends connect.</param>
internal sealed class RunningCells(Journal journal, string connectionFile)
{
    private readonly Lock gate = new();
    private readonly List<RunningCell> cells = [];
    private RunningCell? last;

    /// <summary>Notes that a cell runs, until the result is disposed of.</summary>
    public IDisposable Begin(IncomingMessage request, int count, bool silent)
    {
        var cell = new RunningCell(request.RawHeader, request.Identities, request.Header.Type, count, silent);
        lock (gate)
        {
            cells.Add(cell);
            Tell();
        }
        return new Running(this, cell);
    }

    /// <summary>Writes down how things stand.</summary>
    public void Tell()
    {
        lock (gate)
        {
            journal.Replace(json =>
            {
                json.WriteString("connection", connectionFile);
                json.WriteStartArray("running");
                foreach (var cell in cells)
                    cell.Write(json);
                json.WriteEndArray();
                if (last is not null)
                {
                    json.WritePropertyName("last");
                    last.Write(json);
                }
            });
        }
    }

    /// <summary>Says that the kernel ends in order.</summary>
    public void End() => journal.End();

    private void EndOf(RunningCell cell)
    {
        lock (gate)
        {
            cells.Remove(cell);
            last = cell;
            Tell();
        }
    }

    private sealed class Running(RunningCells all, RunningCell cell) : IDisposable
    {
        public void Dispose() => all.EndOf(cell);
    }
}

/// <param name="RawHeader">The header of the request that runs it.</param>
/// <param name="Identities">The route to its client.</param>
/// <param name="Type">The request's type.</param>
/// <param name="Count">Its execution count.</param>
/// <param name="Silent">Whether nothing of it is published.</param>
internal sealed record RunningCell(byte[] RawHeader, byte[][] Identities, string Type, int Count, bool Silent)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteBase64String("header", RawHeader);
        json.WriteStartArray("identities");
        foreach (var identity in Identities)
            json.WriteBase64StringValue(identity);
        json.WriteEndArray();
        json.WriteString("type", Type);
        json.WriteNumber("count", Count);
        json.WriteBoolean("silent", Silent);
        json.WriteEndObject();
    }

    public static RunningCell Read(JsonNode cell) => new(
        Convert.FromBase64String((string)cell["header"]!),
        [.. cell["identities"]!.AsArray().Select(identity => Convert.FromBase64String((string)identity!))],
        (string)cell["type"]!,
        (int)cell["count"]!,
        (bool)cell["silent"]!);

    /// <summary>The request as far as an answer needs it.</summary>
    public IncomingMessage Request => new(ChannelName.Shell, Identities, new MessageHeader("", "", Type, null), RawHeader, null, null, []);
}
