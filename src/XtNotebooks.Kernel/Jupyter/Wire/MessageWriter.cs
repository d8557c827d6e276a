using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace XtNotebooks.Kernel.Jupyter.Wire;

/// <summary>Builds the kernel's messages: header, signature and frames.</summary>
internal sealed class MessageWriter(MessageSigner signer, TimeProvider time)
{
    /// <summary>The version of the messaging specification that this kernel speaks.</summary>
    public const string ProtocolVersion = "5.5";

    private static readonly byte[] Empty = "{}"u8.ToArray();
    private long count;

    /// <summary>Identifies this kernel process in every header.</summary>
    public string Session { get; } = Guid.NewGuid().ToString();

    /// <summary>The frames of a new message.</summary>
    /// <param name="prefix">The route to one client, or the topic on iopub.</param>
    /// <param name="type">The message type.</param>
    /// <param name="parentHeader">The raw header of the message that caused this one; null for none.</param>
    /// <param name="content">Writes the properties of the content.</param>
    /// <param name="buffers">Binary frames after the content.</param>
    /// <param name="id">The message's id, where the caller must know it.</param>
    public IReadOnlyList<byte[]> Write(
        IReadOnlyList<byte[]> prefix,
        string type,
        byte[]? parentHeader,
        Action<Utf8JsonWriter> content,
        IReadOnlyList<byte[]>? buffers = null,
        string? id = null)
    {
        var header = Object(json =>
        {
            json.WriteString("msg_id", id ?? NewId());
            json.WriteString("session", Session);
            json.WriteString("username", "kernel");
            json.WriteString("date",
                time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("msg_type", type);
            json.WriteString("version", ProtocolVersion);
        });
        var parent = parentHeader ?? Empty;
        var body = Object(content);
        return [.. prefix, MessageReader.Delimiter, signer.Sign(header, parent, Empty, body), header, parent, Empty, body,
            .. buffers ?? []];
    }

    /// <summary>An id that no other message has.</summary>
    public string NewId() => string.Create(CultureInfo.InvariantCulture, $"{Session}_{Interlocked.Increment(ref count)}");

    private static byte[] Object(Action<Utf8JsonWriter> properties)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, JsonContent.Writing))
        {
            json.WriteStartObject();
            properties(json);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
