namespace XtNotebooks.Data;

/// <summary>Text to token ids and back.</summary>
public interface ITokenizer
{
    /// <summary>Size of the vocabulary; ids are 0 to NumTokens - 1.</summary>
    int NumTokens { get; }

    /// <summary>The id that fills rows up. No text encodes to it.</summary>
    long PadId { get; }

    /// <summary>The id that a text begins with, where the data has one. No text encodes to it.</summary>
    long BosId { get; }

    /// <summary>The id that a text ends with, where the data has one. No text encodes to it.</summary>
    long EosId { get; }

    /// <summary>The ids of a text, without begin and end.</summary>
    /// <exception cref="ArgumentException">The text holds something that the vocabulary does not; the message says what and where.</exception>
    long[] Encode(string text);

    /// <summary>The text of ids; pads, begin and end give nothing, and decoding ends at the first end.</summary>
    string Decode(IEnumerable<long> ids);

    /// <summary>A token as a label: a visible form of spaces, line ends and special tokens. An id that is no token, as models have whose vocabulary is larger,
    /// is labelled by its number.</summary>
    string Label(long id);

    /// <summary>The class of a token for tables: "letters", "digits", "spaces", "punctuation", "special", "other".</summary>
    string ClassOf(long id);
}
