using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace XtNotebooks.Kernel.Jupyter.Wire;

/// <summary>Turns the frames of one multipart message into an <see cref="IncomingMessage"/>, or says why it is refused.</summary>
internal sealed class MessageReader(MessageSigner signer)
{
    /// <summary>What separates the route from the message.</summary>
    public static readonly byte[] Delimiter = "<IDS|MSG>"u8.ToArray();

    private static readonly JsonDocumentOptions Json = new() { MaxDepth = 256 };

    /// <summary>Reads one message; null with the reason in <paramref name="refusal"/> where it is none of ours.</summary>
    public IncomingMessage? Read(ChannelName channel, IReadOnlyList<byte[]> frames, out string refusal)
    {
        var start = 0;
        while (start < frames.Count && !frames[start].AsSpan().SequenceEqual(Delimiter))
            start++;
        if (start == frames.Count)
            return Refuse("it has no <IDS|MSG> delimiter", out refusal);
        if (frames.Count < start + 6)
            return Refuse($"it has {frames.Count - start - 1} of the 5 frames that follow the delimiter", out refusal);
        byte[] header = frames[start + 2], parent = frames[start + 3], metadata = frames[start + 4], content = frames[start + 5];
        switch (signer.Check(frames[start + 1], header, parent, metadata, content))
        {
            case SignatureCheck.Unsigned: return Refuse("it is not signed", out refusal);
            case SignatureCheck.Wrong: return Refuse("its signature is wrong", out refusal);
            case SignatureCheck.Replayed: return Refuse("it has come before", out refusal);
        }
        if (ReadHeader(header, out refusal) is not { } read)
            return null;
        return new IncomingMessage(
            channel,
            [.. frames.Take(start)],
            read,
            header,
            TryParse(parent) is { } p ? Text(p, "msg_id") : null,
            TryParse(content),
            [.. frames.Skip(start + 6)]);
    }

    private static MessageHeader? ReadHeader(byte[] json, out string refusal)
    {
        refusal = "";
        if (TryParse(json) is not { } root)
            refusal = "its header is no JSON object";
        else if (Text(root, "msg_id") is not { Length: > 0 } id)
            refusal = "its header has no msg_id";
        else if (Text(root, "msg_type") is not { Length: > 0 } type)
            refusal = "its header has no msg_type";
        else
            return new MessageHeader(id, Text(root, "session") ?? "", type, Text(root, "subshell_id"), Date(root));
        return null;
    }

    private static JsonElement? TryParse(byte[] json)
    {
        if (!Utf8.IsValid(json))
            return null;
        try
        {
            using var document = JsonDocument.Parse(json, Json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement root, string name) => root.TextOrNull(name);

    private static DateTimeOffset? Date(JsonElement root) =>
        DateTimeOffset.TryParse(Text(root, "date"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? date
            : null;

    private static IncomingMessage? Refuse(string why, out string refusal)
    {
        refusal = why;
        return null;
    }
}
