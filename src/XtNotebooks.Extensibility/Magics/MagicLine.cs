using System.Text;

namespace XtNotebooks.Extensibility;

/// <summary>A magic's line cut into words; quotes keep blanks together.</summary>
internal sealed record MagicLine(string Name, IReadOnlyList<string> Words)
{
    public static string NameOf(string line)
    {
        var text = line.Trim();
        var end = text.IndexOfAny([' ', '\t']);
        return end < 0 ? text : text[..end];
    }

    /// <exception cref="MagicException">A quote is not closed.</exception>
    public static MagicLine Parse(string line)
    {
        var name = NameOf(line);
        return new MagicLine(name, Split(line.Trim()[name.Length..]));
    }

    private static List<string> Split(string text)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is ' ' or '\t')
            {
                if (word is not null)
                    words.Add(word.ToString());
                word = null;
            }
            else if (c is '"' or '\'')
            {
                var end = text.IndexOf(c, i + 1);
                if (end < 0)
                    throw new MagicException($"A quote {c} is opened and not closed in: {text.Trim()}");
                (word ??= new StringBuilder()).Append(text, i + 1, end - i - 1);
                i = end;
            }
            else
            {
                (word ??= new StringBuilder()).Append(c);
            }
        }
        if (word is not null)
            words.Add(word.ToString());
        return words;
    }
}
