using System.Buffers.Binary;
using System.Text;
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
        file.Position = 0;
        if (Numbers(file) is not var (epoch, sent))
            return None;
        while (Numbers(file) is var (written, number) && written == epoch && Parts(file) is { } parts)
        {
            if (number == 0)
            {
                var (parent, stream, text) = (parts[0], (StreamName)parts[1][0], Encoding.UTF8.GetString(parts[2]));
                var key = Convert.ToBase64String(parent);
                texts[key] = new LastText(parent, stream, texts.TryGetValue(key, out var before) ? before.Text + text : text);
                continue;
            }
            if (parts[0].AsSpan().StartsWith("stream."u8))
                texts.Remove(Convert.ToBase64String(parts[4]));
            if (number > sent)
                messages.Add(parts);
        }
        return new LastOutput(messages, [.. texts.Values]);
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
