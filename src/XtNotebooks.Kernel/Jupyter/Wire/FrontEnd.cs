using System.Text;
using System.Text.Json;
using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Jupyter.Wire;

/// <summary>Hands the frames of a message to a socket; <paramref name="unreachable"/> is called where a stdin message finds no
/// client.</summary>
internal delegate void SendFrames(ChannelName channel, IReadOnlyList<byte[]> frames, Action? unreachable = null);

/// <summary>What the kernel says: replies to one client, and publications to all.</summary>
internal sealed class FrontEnd(MessageWriter writer, SendFrames send)
{
    /// <summary>Publishes a message on iopub.</summary>
    /// <param name="type">The message type.</param>
    /// <param name="parentHeader">The raw header of the request that caused it; null for none.</param>
    /// <param name="content">Writes the properties of the content.</param>
    /// <param name="buffers">Binary frames after the content.</param>
    /// <param name="topic">What subscribers filter by; the session and the type where it is null.</param>
    public void Publish(
        string type,
        byte[]? parentHeader,
        Action<Utf8JsonWriter> content,
        IReadOnlyList<byte[]>? buffers = null,
        string? topic = null)
    {
        var frames = writer.Write([Encoding.UTF8.GetBytes(topic ?? $"kernel.{writer.Session}.{type}")], type, parentHeader, content, buffers);
        // Whoever answers the open requests sends their status, too.
        if (Unsent is { } unsent && type != "status")
            unsent.Send(frames, () => send(ChannelName.IOPub, frames));
        else
            send(ChannelName.IOPub, frames);
    }

    /// <summary>Publishes text on a stream of a cell.</summary>
    public void PublishText(byte[] parentHeader, StreamName stream, string text)
    {
        var name = stream == StreamName.Stdout ? "stdout" : "stderr";
        Publish("stream", parentHeader, json =>
        {
            json.WriteString("name", name);
            json.WriteText("text", text);
        }, topic: $"stream.{name}");
    }

    /// <summary>The message for a client that has subscribed to a topic of iopub.</summary>
    /// <remarks>Source: Jupyter enhancement proposal 65, the welcome message.</remarks>
    public IReadOnlyList<byte[]> Welcome(string topic) =>
        writer.Write([Encoding.UTF8.GetBytes(topic)], "iopub_welcome", null, json => json.WriteText("subscription", topic));

    /// <summary>Publishes <c>busy</c>, <c>idle</c> or <c>starting</c>.</summary>
    public void Status(string state, byte[]? parentHeader) =>
        Publish("status", parentHeader, json => json.WriteString("execution_state", state));

    /// <summary>Notes what cells show until it has left; null for nobody.</summary>
    public UnsentOutput? Unsent { get; set; }

    /// <summary>Is told of each request whose reply has been sent.</summary>
    public Action<IncomingMessage>? Replied { get; set; }

    /// <summary>Answers a request with its reply.</summary>
    public void Reply(IncomingMessage request, Action<Utf8JsonWriter> content)
    {
        send(request.Channel, writer.Write(request.Identities, ReplyType(request), request.RawHeader, content));
        Replied?.Invoke(request);
    }

    /// <summary>Answers a request with <c>status: ok</c> and what <paramref name="content"/> adds.</summary>
    public void ReplyOk(IncomingMessage request, Action<Utf8JsonWriter>? content = null) => Reply(request, json =>
    {
        json.WriteString("status", "ok");
        content?.Invoke(json);
    });

    /// <summary>Answers a request with <c>status: error</c>.</summary>
    public void ReplyError(IncomingMessage request, string name, string message) => Reply(request, json =>
    {
        json.WriteString("status", "error");
        WriteError(json, name, message, []);
    });

    /// <summary>Asks the client of <paramref name="request"/> for a line on the stdin channel.</summary>
    /// <returns>The id that the answer may name as its parent.</returns>
    public string AskForInput(IncomingMessage request, string prompt, bool password, Action<string> asked, Action unreachable)
    {
        var id = writer.NewId();
        asked(id);
        send(ChannelName.Stdin, writer.Write(request.Identities, "input_request", request.RawHeader, json =>
        {
            json.WriteText("prompt", prompt);
            json.WriteBoolean("password", password);
        }, id: id), unreachable);
        return id;
    }

    /// <summary>Writes the three properties of every error.</summary>
    public static void WriteError(Utf8JsonWriter json, string name, string message, IReadOnlyList<string> traceback)
    {
        json.WriteText("ename", name);
        json.WriteText("evalue", message);
        json.WriteStartArray("traceback");
        foreach (var line in traceback)
            json.WriteStringValue(JsonContent.WellFormed(line));
        json.WriteEndArray();
    }

    private static string ReplyType(IncomingMessage request) =>
        request.Header.Type.EndsWith("_request", StringComparison.Ordinal)
            ? request.Header.Type[..^"request".Length] + "reply"
            : request.Header.Type + "_reply";
}
