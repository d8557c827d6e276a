using System.Buffers.Binary;

namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>Takes the greeting, commands and messages out of the bytes of one connection, however they were cut on the way.</summary>
internal sealed class ZmtpDecoder
{
    private const int MostFrames = 10_000;

    /// <summary>What a stranger may send before it has introduced itself.</summary>
    private const int LongestIntroduction = 1 << 13;

    private byte[] buffer = new byte[1 << 12];
    private int start;
    private int end;
    private List<byte[]> frames = [];
    private long messageLength;

    /// <summary>How many bytes the next message, or a command, may have.</summary>
    public int LongestMessage { get; set; } = LongestIntroduction;

    /// <summary>How many bytes of memory are in use.</summary>
    public long Held => buffer.Length + messageLength;

    /// <summary>Where the next bytes go; <see cref="Advance"/> tells how many came.</summary>
    public Memory<byte> Room()
    {
        if (start == end)
            start = end = 0;
        // What is missing of a long frame is not taken room for before it comes: a stranger may announce any length.
        if (buffer.Length - end < buffer.Length / 4 && start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
        if (buffer.Length - end < buffer.Length / 4)
        {
            // Twice the longest frame is held, and it is still not whole.
            if (buffer.Length > Math.Max(LongestMessage, 1 << 12))
                throw new ZmtpException("a message that is too long");
            Array.Resize(ref buffer, buffer.Length * 2);
        }
        return buffer.AsMemory(end);
    }

    public void Advance(int count) => end += count;

    /// <summary>The other side's greeting; empty while it has not come whole.</summary>
    public ReadOnlySpan<byte> TakeGreeting()
    {
        if (end - start < ZmtpFormat.GreetingLength)
            return [];
        var greeting = buffer.AsSpan(start, ZmtpFormat.GreetingLength);
        start += ZmtpFormat.GreetingLength;
        return greeting;
    }

    /// <summary>The next command or whole message.</summary>
    /// <exception cref="ZmtpException">The bytes are none.</exception>
    public bool TryTake(out byte[]? command, out List<byte[]>? message)
    {
        (command, message) = (null, null);
        while (TryTakeFrame(out var flags, out var body))
        {
            if ((flags & ZmtpFormat.Command) != 0)
            {
                command = body;
                return true;
            }
            frames.Add(body);
            messageLength += body.Length;
            if (messageLength > LongestMessage || frames.Count > MostFrames)
                throw new ZmtpException("a message that is too long");
            if ((flags & ZmtpFormat.More) == 0)
            {
                (message, frames, messageLength) = (frames, [], 0);
                return true;
            }
        }
        return false;
    }

    private bool TryTakeFrame(out byte flags, out byte[] body)
    {
        (flags, body) = (0, []);
        var held = buffer.AsSpan(start, end - start);
        if (held.IsEmpty)
            return false;
        flags = held[0];
        if ((flags & ~(ZmtpFormat.More | ZmtpFormat.Long | ZmtpFormat.Command)) != 0)
            throw new ZmtpException("a frame of an unknown kind");
        var prefix = (flags & ZmtpFormat.Long) != 0 ? 9 : 2;
        if (held.Length < prefix)
            return false;
        var length = prefix == 2 ? held[1] : BinaryPrimitives.ReadInt64BigEndian(held[1..]);
        if (length < 0 || length > LongestMessage)
            throw new ZmtpException("a frame that is too long");
        if (held.Length < prefix + length)
            return false;
        body = held.Slice(prefix, (int)length).ToArray();
        start += prefix + (int)length;
        // A buffer that one long message needed is not kept for the short ones that follow.
        if (start == end && buffer.Length > 1 << 20)
            (buffer, start, end) = (new byte[1 << 12], 0, 0);
        return true;
    }
}
