using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Jupyter.Comms;

/// <summary>The open comms, and what extensions accept from the front end.</summary>
internal sealed class FrontEndComms(FrontEnd frontEnd, TextWriter log) : IComms
{
    private readonly ConcurrentDictionary<string, Comm> open = new();
    private readonly ConcurrentDictionary<string, Target> accepted = new();

    public IComm Open(string targetName, string json = "{}", IReadOnlyList<byte[]>? buffers = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(targetName);
        var comm = new Comm(Guid.NewGuid().ToString("N"), targetName, this, CommOrigin.Here());
        CheckedObject(json);
        // Before the front end, whose answer may be quick, knows of it.
        open[comm.Id] = comm;
        Publish("comm_open", comm.Id, json, buffers, targetName);
        return comm;
    }

    public void Accept(string targetName, Action<IComm, CommData> opened)
    {
        ArgumentException.ThrowIfNullOrEmpty(targetName);
        ArgumentNullException.ThrowIfNull(opened);
        accepted[targetName] = new Target(opened, CommOrigin.Here());
    }

    /// <summary>Handles a message about comms from the front end; the session runs what handlers there are.</summary>
    public async Task HandleAsync(IncomingMessage message, Task<ICodeSession> session, CancellationToken cancellationToken)
    {
        var content = message.Content ?? default;
        if (message.Header.Type == "comm_info_request")
        {
            Tell(message, content.TextOrNull("target_name"));
            return;
        }
        if (content.TextOrNull("comm_id") is not { Length: > 0 } id)
        {
            log.WriteLine($"xt-notebooks: a {message.Header.Type} without a comm_id was left alone.");
            return;
        }
        var data = new CommData(DataText(content), message.Buffers);
        using var _ = ParentHeader.Begin(message.RawHeader);
        switch (message.Header.Type)
        {
            case "comm_open":
                // Nobody listens where the handler has failed: whoever opened it is told so.
                if (Opened(id, content.TextOrNull("target_name") ?? "", data) is (var opened, var handler) && !await RunAsync(opened, handler))
                    opened.Close();
                break;
            case "comm_msg" when open.TryGetValue(id, out var comm):
                await RunAsync(comm, () => comm.Receive(data));
                break;
            case "comm_close" when open.TryRemove(id, out var comm):
                await RunAsync(comm, () => comm.CloseByFrontEnd(data));
                break;
        }

        async Task<bool> RunAsync(Comm comm, Action handler)
        {
            var what = $"The handler of the comm '{comm.TargetName}'";
            if (await (await session).RunAsideAsync(what, handler, comm.Origin.Output, cancellationToken) is not { } error)
                return true;
            Tell(comm, error);
            return false;
        }
    }

    internal void Publish(string type, string id, string json, IReadOnlyList<byte[]>? buffers, string? targetName = null)
    {
        var data = CheckedObject(json);
        frontEnd.Publish(type, ParentHeader.Current, writer =>
        {
            writer.WriteString("comm_id", id);
            if (targetName is not null)
                writer.WriteText("target_name", targetName);
            writer.WritePropertyName("data");
            writer.WriteRawValue(data, skipInputValidation: true);
        }, buffers, $"comm-{id}");
    }

    internal void Forget(Comm comm) => open.TryRemove(comm.Id, out _);

    private (Comm Comm, Action Handler)? Opened(string id, string targetName, CommData data)
    {
        if (!accepted.TryGetValue(targetName, out var handler))
        {
            // The specification: a target that nobody knows is closed at once.
            Publish("comm_close", id, "{}", null);
            return null;
        }
        var comm = handler.Take(id, targetName, this);
        open[id] = comm;
        return (comm, () => comm.Run(() => handler.Opened(comm, data)));
    }

    private void Tell(IncomingMessage request, string? targetName) => frontEnd.ReplyOk(request, json =>
    {
        json.WriteStartObject("comms");
        foreach (var comm in open.Values.Where(comm => targetName is null || comm.TargetName == targetName))
        {
            json.WriteStartObject(comm.Id);
            json.WriteText("target_name", comm.TargetName);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    });

    private void Tell(Comm comm, CellError error)
    {
        var sentence = error.Name == "Interrupted" ? error.Message : $"The comm '{comm.TargetName}' failed: {error.Message}";
        log.WriteLine($"xt-notebooks: {string.Join('\n', [sentence, .. error.Traceback])}");
        frontEnd.Publish("stream", ParentHeader.Current, json =>
        {
            json.WriteString("name", "stderr");
            json.WriteText("text", sentence + "\n");
        });
    }

    /// <summary>A handler and the context of the cell that gave it: what the handler writes belongs to that cell.</summary>
    private sealed record Target(Action<IComm, CommData> Opened, CommOrigin Origin)
    {
        public Comm Take(string id, string targetName, FrontEndComms comms) => new(id, targetName, comms, Origin);
    }

    private static string DataText(JsonElement content) =>
        content.ValueKind == JsonValueKind.Object && content.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Object
            ? data.GetRawText()
            : "{}";

    internal static byte[] CheckedObject(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            var bytes = Encoding.UTF8.GetBytes(json);
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 512 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? bytes
                : throw new ArgumentException(
                    $"A comm's data must be a JSON object; this is {document.RootElement.ValueKind}.", nameof(json));
        }
        catch (JsonException error)
        {
            throw new ArgumentException($"A comm's data must be a JSON object; this is no JSON: {error.Message}", nameof(json), error);
        }
    }
}
