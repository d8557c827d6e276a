namespace XtNotebooks.Data;

/// <summary>The class of a character for tables.</summary>
internal static class CharacterClass
{
    public static string Of(char c) =>
        char.IsLetter(c) ? "letters"
        : char.IsDigit(c) ? "digits"
        : char.IsWhiteSpace(c) ? "spaces"
        : char.IsPunctuation(c) || char.IsSymbol(c) ? "punctuation"
        : "other";
}
