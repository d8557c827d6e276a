using System.Text;

namespace XtNotebooks.Data;

/// <summary>One token for each character that occurs in a text, in code order after pad (0), begin (1) and end (2).</summary>
public sealed class CharTokenizer : ITokenizer
{
    private const int Special = 3;
    private readonly Rune[] characters;
    private readonly Dictionary<Rune, long> ids;

    private CharTokenizer(Rune[] characters)
    {
        this.characters = characters;
        ids = characters.Select((character, i) => (character, Id: (long)i + Special)).ToDictionary(pair => pair.character, pair => pair.Id);
    }

    /// <summary>A tokenizer for the characters of these lines.</summary>
    /// <exception cref="ArgumentException">There is no character at all.</exception>
    public static CharTokenizer From(IEnumerable<string> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var characters = lines.SelectMany(line => line.EnumerateRunes()).Distinct().Order().ToArray();
        return characters.Length > 0 ? new CharTokenizer(characters)
            : throw new ArgumentException("The lines hold no character; give the text that the model is to learn.");
    }

    /// <inheritdoc/>
    public int NumTokens => characters.Length + Special;

    /// <inheritdoc/>
    public long PadId => 0;

    /// <inheritdoc/>
    public long BosId => 1;

    /// <inheritdoc/>
    public long EosId => 2;

    /// <inheritdoc/>
    public long[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. text.EnumerateRunes().Select((rune, at) => ids.TryGetValue(rune, out var id) ? id : throw new ArgumentException(
            $"'{rune}' (character {at} of \"{Short(text)}\") is not among the {characters.Length} characters of this tokenizer; "
            + "build it from text that has it: CharTokenizer.From(lines)."))];
    }

    /// <inheritdoc/>
    public string Decode(IEnumerable<long> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return string.Concat(ids.TakeWhile(id => id != EosId).Where(id => id != PadId && id != BosId).Select(id => Character(id).ToString()));
    }

    /// <inheritdoc/>
    public string Label(long id) => id switch
    {
        0 => "⟨pad⟩",
        1 => "⟨bos⟩",
        2 => "⟨eos⟩",
        _ when id < 0 || id >= NumTokens => $"⟨{id}⟩",
        _ => Character(id).ToString() switch { " " => "␣", "\n" => "⏎", "\t" => "⇥", var text => text },
    };

    /// <inheritdoc/>
    public string ClassOf(long id) => id is >= 0 and < Special ? "special"
        : id >= 0 && id < NumTokens && Character(id) is { IsBmp: true } rune ? CharacterClass.Of((char)rune.Value) : "other";

    private Rune Character(long id) => id >= Special && id < NumTokens ? characters[id - Special]
        : throw new ArgumentException($"{id} is no token; this tokenizer's ids are 0 to {NumTokens - 1}.");

    private static string Short(string text) => text.Length <= 30 ? text : text[..30] + "…";
}
