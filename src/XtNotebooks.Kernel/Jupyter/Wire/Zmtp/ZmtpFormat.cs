using System.Buffers.Binary;
using System.Text;

namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>What goes over the wire between ZeroMQ sockets: greeting, commands, messages.</summary>
/// <remarks>Source: the ZeroMQ Message Transport Protocol 3.0 (ZeroMQ's RFC 23) with its NULL mechanism.</remarks>
internal static class ZmtpFormat
{
    public const int GreetingLength = 64;

    /// <summary>Bits of a frame's first byte.</summary>
    public const byte More = 1, Long = 2, Command = 4;

    /// <summary>Our greeting: version 3.0, no security.</summary>
    public static byte[] Greeting { get; } = [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0, .. "NULL"u8, .. new byte[48]];

    /// <summary>Whether a greeting is one that we can answer: version 3 or later, no security.</summary>
    public static bool IsSpoken(ReadOnlySpan<byte> greeting) =>
        greeting[0] == 0xFF && (greeting[9] & 1) == 1 && greeting[10] >= 3
            && greeting.Slice(12, 20).TrimEnd((byte)0).SequenceEqual("NULL"u8);

    /// <summary>The command that ends the handshake and tells what kind of socket this is.</summary>
    public static byte[] Ready(string socketType)
    {
        var value = Encoding.ASCII.GetBytes(socketType);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, value.Length);
        return CommandFrame([5, .. "READY"u8, 11, .. "Socket-Type"u8, .. length, .. value]);
    }

    /// <summary>The answer to a PING, with the context that it carried.</summary>
    public static byte[] Pong(ReadOnlySpan<byte> context) => CommandFrame([4, .. "PONG"u8, .. context]);

    /// <summary>One multipart message.</summary>
    public static byte[] Message(IReadOnlyList<byte[]> frames, int from = 0)
    {
        var length = 0L;
        for (var i = from; i < frames.Count; i++)
            length += frames[i].Length + (frames[i].Length > 255 ? 9 : 2);
        var bytes = new byte[length];
        var rest = bytes.AsSpan();
        for (var i = from; i < frames.Count; i++)
        {
            var frame = frames[i];
            var more = i + 1 < frames.Count ? More : (byte)0;
            if (frame.Length > 255)
            {
                rest[0] = (byte)(more | Long);
                BinaryPrimitives.WriteInt64BigEndian(rest[1..], frame.Length);
                rest = rest[9..];
            }
            else
            {
                rest[0] = more;
                rest[1] = (byte)frame.Length;
                rest = rest[2..];
            }
            frame.CopyTo(rest);
            rest = rest[frame.Length..];
        }
        return bytes;
    }

    /// <summary>A command's name, and the bytes after it.</summary>
    /// <exception cref="ZmtpException">The name is longer than the command.</exception>
    public static (string Name, byte[] Data) ReadCommand(byte[] body) =>
        body.Length > 0 && body[0] < body.Length
            ? (Encoding.ASCII.GetString(body, 1, body[0]), body[(1 + body[0])..])
            : throw new ZmtpException("a command without a name");

    /// <summary>The properties of a READY command, by their names in lower case.</summary>
    /// <exception cref="ZmtpException">A property is longer than the command.</exception>
    public static IReadOnlyDictionary<string, byte[]> ReadProperties(ReadOnlySpan<byte> data)
    {
        var properties = new Dictionary<string, byte[]>();
        while (!data.IsEmpty)
        {
            var name = data[0];
            if (data.Length < name + 5 || BinaryPrimitives.ReadInt32BigEndian(data[(name + 1)..]) is var length
                && (length < 0 || length > data.Length - name - 5))
                throw new ZmtpException("a property that is longer than its command");
            properties[Encoding.ASCII.GetString(data.Slice(1, name)).ToLowerInvariant()] = data.Slice(name + 5, length).ToArray();
            data = data[(name + 5 + length)..];
        }
        return properties;
    }

    private static byte[] CommandFrame(byte[] body) => [Command, (byte)body.Length, .. body];
}

/// <summary>A peer that does not keep to the protocol; its connection is closed.</summary>
internal sealed class ZmtpException(string message) : Exception(message);
