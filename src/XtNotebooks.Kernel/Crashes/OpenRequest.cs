using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>A request that a kernel has taken, as far as an answer needs it.</summary>
/// <param name="Channel">The socket it came on.</param>
/// <param name="Identities">The route back to the client.</param>
/// <param name="RawHeader">Its header as it came.</param>
/// <param name="Type">For example <c>execute_request</c>.</param>
/// <param name="ExecutionCount">Of a cell that has begun to run; null for everything else.</param>
/// <param name="IsSilent">Whether nothing of that cell is published.</param>
/// <param name="IsReplied">Whether its reply has left; what was still to come is its <c>idle</c>.</param>
internal sealed record OpenRequest(
    ChannelName Channel, byte[][] Identities, byte[] RawHeader, string Type, int? ExecutionCount = null, bool IsSilent = false, bool IsReplied = false)
{
    public IncomingMessage Message => new(Channel, Identities, new MessageHeader("", "", Type, null), RawHeader, null, null, []);

    /// <summary>The journal's line when it comes.</summary>
    /// <param name="number">By which later lines name it.</param>
    public Action<Utf8JsonWriter> Line(long number) => json =>
    {
        json.WriteNumber("request", number);
        json.WriteString("channel", Channel.ToString());
        json.WriteBase64String("header", RawHeader);
        json.WriteStartArray("identities");
        foreach (var identity in Identities)
            json.WriteBase64StringValue(identity);
        json.WriteEndArray();
        json.WriteText("type", Type);
    };

    /// <summary>The line when it begins to run as a cell.</summary>
    public Action<Utf8JsonWriter> CellLine(long number) => json =>
    {
        json.WriteNumber("cell", number);
        json.WriteNumber("count", ExecutionCount!.Value);
        json.WriteBoolean("silent", IsSilent);
    };

    public static Action<Utf8JsonWriter> RepliedLine(long number) => json => json.WriteNumber("replied", number);

    public static Action<Utf8JsonWriter> DoneLine(long number) => json => json.WriteNumber("done", number);

    /// <summary>What was open when the lines ended.</summary>
    public static OpenAtTheEnd Read(IEnumerable<JsonObject> lines)
    {
        string? connection = null;
        var open = new SortedDictionary<long, OpenRequest>();
        OpenRequest? last = null;
        var count = 0;
        foreach (var line in lines)
        {
            if (line["connection"] is { } file)
                connection = (string)file!;
            else if (line["request"] is { } taken)
                open[(long)taken] = Read(line);
            else if (line["cell"] is { } cell && open.TryGetValue((long)cell, out var begun))
            {
                open[(long)cell] = begun with { ExecutionCount = (int)line["count"]!, IsSilent = (bool)line["silent"]! };
                count = Math.Max(count, (int)line["count"]!);
            }
            else if (line["replied"] is { } replied && open.TryGetValue((long)replied, out var answered))
                open[(long)replied] = answered with { IsReplied = true };
            else if (line["done"] is { } number && open.Remove((long)number, out var done) && done is { ExecutionCount: not null, IsSilent: false })
                last = done;
        }
        return new OpenAtTheEnd(connection, [.. open.Values], last, count);
    }

    private static OpenRequest Read(JsonObject line) => new(
        Enum.Parse<ChannelName>((string)line["channel"]!),
        [.. line["identities"]!.AsArray().Select(identity => Convert.FromBase64String((string)identity!))],
        Convert.FromBase64String((string)line["header"]!),
        (string)line["type"]!);
}

/// <param name="ConnectionFile">The file that says where front ends connect; null where the kernel did not come that far.</param>
/// <param name="Requests">What was not finished, in the order in which it came.</param>
/// <param name="Last">The cell that ended last; null where none did.</param>
/// <param name="Count">The highest execution count.</param>
internal sealed record OpenAtTheEnd(string? ConnectionFile, IReadOnlyList<OpenRequest> Requests, OpenRequest? Last, int Count)
{
    /// <summary>The cells that ran.</summary>
    public IEnumerable<OpenRequest> Cells => Requests.Where(request => request.ExecutionCount is not null);
}
