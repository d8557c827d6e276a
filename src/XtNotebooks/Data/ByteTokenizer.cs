using System.Text;

namespace XtNotebooks.Data;

/// <summary>One token for each byte of a text's UTF-8: 256 tokens, for any language.</summary>
/// <remarks>Pad, begin and end are the ASCII control codes made for that: NUL (0), STX (2) and ETX (3).</remarks>
public sealed class ByteTokenizer : ITokenizer
{
    /// <inheritdoc/>
    public int NumTokens => 256;

    /// <inheritdoc/>
    public long PadId => 0;

    /// <inheritdoc/>
    public long BosId => 2;

    /// <inheritdoc/>
    public long EosId => 3;

    /// <inheritdoc/>
    public long[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.AsSpan().IndexOfAny('\0', '\u0002', '\u0003') is var at and >= 0)
            throw new ArgumentException(
                $"The text holds the control code {(int)text[at]} at character {at}, which marks pads, begin or end here; remove it from the data.");
        return [.. Encoding.UTF8.GetBytes(text).Select(b => (long)b)];
    }

    /// <inheritdoc/>
    public string Decode(IEnumerable<long> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return Encoding.UTF8.GetString([.. ids.TakeWhile(id => id != EosId).Where(id => id != PadId && id != BosId).Select(id => Byte(id))]);
    }

    /// <inheritdoc/>
    public string Label(long id) => id switch
    {
        0 => "⟨pad⟩",
        2 => "⟨bos⟩",
        3 => "⟨eos⟩",
        >= 33 and <= 126 => ((char)id).ToString(),
        ' ' => "␣",
        '\n' => "⏎",
        < 0 or > 255 => $"⟨{id}⟩",
        _ => $"0x{Byte(id):x2}",
    };

    /// <inheritdoc/>
    public string ClassOf(long id) => id is 0 or 2 or 3 ? "special" : id is < 0 or > 127 ? "other" : CharacterClass.Of((char)Byte(id));

    private static byte Byte(long id) => id is >= 0 and <= 255 ? (byte)id
        : throw new ArgumentException($"{id} is no byte; this tokenizer's ids are 0 to 255.");
}
