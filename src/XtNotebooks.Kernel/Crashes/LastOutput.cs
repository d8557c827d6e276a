using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>What <see cref="UnsentOutput"/> holds after its process has died.</summary>
/// <param name="Messages">The frames of publications that did not leave, in order.</param>
/// <param name="Texts">Text that waited for more, of each cell.</param>
internal sealed record LastOutput(IReadOnlyList<IReadOnlyList<byte[]>> Messages, IReadOnlyList<LastText> Texts)
{
    public static LastOutput None { get; } = new([], []);

    /// <summary>Reads as far as there are whole records.</summary>
    public static LastOutput Read(FileStream file)
    {
        var messages = new List<IReadOnlyList<byte[]>>();
        var texts = new OrderedDictionary<string, LastText>();
        var beginning = new byte[HeldText.End];
        file.Position = 0;
        if (Numbers(file) is not var (epoch, sent))
            return None;
        file.Position = 0;
        var held = file.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false) == beginning.Length ? HeldText.Read(beginning) : null;
        file.Position = HeldText.End;
        while (file.Position is var position && Numbers(file) is var (written, number) && written == epoch && Parts(file) is { } parts)
        {
            var isText = number == 0;
            if (isText || parts[0].AsSpan().StartsWith("stream."u8))
            {
                // The process may have died when it had written its text anew, and not yet cleared it away.
                if (held is var (last, since) && position >= since && parts[isText ? 0 : 4].AsSpan().SequenceEqual(last.ParentHeader))
                    held = null;
            }
            if (isText)
            {
                Add(new LastText(parts[0], (StreamName)parts[1][0], MemoryMarshal.Cast<byte, char>(parts[2]).ToString()));
                continue;
            }
            if (parts[0].AsSpan().StartsWith("stream."u8))
                texts.Remove(Convert.ToBase64String(parts[4]));
            if (number > sent)
                messages.Add(parts);
        }
        if (held is var (text, _))
            Add(text);
        return new LastOutput(messages, [.. texts.Values]);

        void Add(LastText text)
        {
            var key = Convert.ToBase64String(text.ParentHeader);
            texts[key] = texts.TryGetValue(key, out var before) ? text with { Text = before.Text + text.Text } : text;
        }
    }

    private static (long, long)? Numbers(FileStream file)
    {
        Span<byte> head = stackalloc byte[UnsentOutput.HeadLength];
        return file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length
            ? (BinaryPrimitives.ReadInt64LittleEndian(head), BinaryPrimitives.ReadInt64LittleEndian(head[8..]))
            : null;
    }

    private static List<byte[]>? Parts(FileStream file)
    {
        var lengths = new List<long>();
        Span<byte> number = stackalloc byte[8];
        while (true)
        {
            if (file.ReadAtLeast(number, number.Length, throwOnEndOfStream: false) < number.Length)
                return null;
            var length = BinaryPrimitives.ReadInt64LittleEndian(number);
            if (length == 0)
                break;
            lengths.Add(length - 1);
            if (length < 0 || lengths.Count > UnsentOutput.MostParts || lengths.Sum() > file.Length - file.Position)
                return null;
        }
        return [.. lengths.Select(length =>
        {
            var part = new byte[length];
            file.ReadExactly(part);
            return part;
        })];
    }
}

/// <param name="ParentHeader">The header of the request that runs its cell.</param>
/// <param name="Stream">Where it was written to.</param>
/// <param name="Text">All of it.</param>
internal sealed record LastText(byte[] ParentHeader, StreamName Stream, string Text);
