using System.Globalization;
using System.Text;

namespace XtNotebooks.Views;

/// <summary>Text from data, made safe for HTML and for the eye.</summary>
internal static class HtmlText
{
    /// <summary>Encodes for element text and for attributes in either kind of quotes.</summary>
    public static string Encode(string? value)
    {
        var text = new StringBuilder();
        Encode(value, text);
        return text.ToString();
    }

    public static void Encode(string? value, StringBuilder text)
    {
        if (value is null)
            return;
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            switch (c)
            {
                case '&': text.Append("&amp;"); break;
                case '<': text.Append("&lt;"); break;
                case '>': text.Append("&gt;"); break;
                case '"': text.Append("&quot;"); break;
                case '\'': text.Append("&#39;"); break;
                case '\n' or '\t': text.Append(c); break;
                case < ' ' or (>= '\u007f' and < '\u00a0'): text.Append('\ufffd'); break;
                // These turn the direction of what follows: a token could rewrite the line it stands in.
                case (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200e' or '\u200f': text.Append('\ufffd'); break;
                case >= '\ud800' and <= '\udfff':
                    if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
                        text.Append(c).Append(value[++i]);
                    else
                        text.Append('\ufffd');
                    break;
                default: text.Append(c); break;
            }
        }
    }

    private const int LongestToken = 40;

    /// <summary>A name or a text of at most so many characters; a longer one ends with a sign that says so.</summary>
    public static string Cut(string text, int most = 80) =>
        text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1)] + "…";

    /// <summary>A token's text as one sees it: spaces, line ends and control characters get signs of their own; a very long one is cut.</summary>
    public static string Visible(string? token)
    {
        token = token is null ? null : Cut(token, LongestToken);
        if (string.IsNullOrEmpty(token))
            return "∅";
        if (token == " ")
            return "·";
        var text = new StringBuilder(token.Length);
        var runes = token.EnumerateRunes().ToList();
        if (runes.TrueForAll(IsUnseen))
            return $"⟨{string.Join(' ', runes.Take(3).Select(rune => $"U+{rune.Value:X4}"))}{(runes.Count > 3 ? " …" : "")}⟩";
        // An accent alone would stand on what is before it.
        if (Rune.GetUnicodeCategory(runes[0]) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark)
            text.Append('◌');
        // Half a pair, as a tokenizer of chars gives it, is a replacement character here.
        foreach (var rune in runes)
        {
            text.Append(rune.Value switch
            {
                ' ' => "·",
                '\u00a0' => "⍽",
                '\n' => "⏎",
                '\t' => "⇥",
                '\r' => "␍",
                < ' ' => ((char)('\u2400' + rune.Value)).ToString(),
                '\u007f' => "␡",
                _ => rune.ToString(),
            });
        }
        return text.ToString();
    }

    /// <summary>Whether nothing is seen of it: joiners, marks of direction, and blanks other than the plain one.</summary>
    private static bool IsUnseen(Rune rune) => rune.Value != ' ' && Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Format or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    /// <summary>JSON or script text that can stand inside a script element: no <c>&lt;</c> is left to end it.</summary>
    public static Html ForScript(string json) =>
        new(json.Replace("<", "\\u003c", StringComparison.Ordinal)
            .Replace("\u2028", "\\u2028", StringComparison.Ordinal)
            .Replace("\u2029", "\\u2029", StringComparison.Ordinal));
}
