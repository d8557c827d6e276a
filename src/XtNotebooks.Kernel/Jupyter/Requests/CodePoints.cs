namespace XtNotebooks.Kernel.Jupyter.Requests;

/// <summary>Jupyter counts positions in Unicode code points, C# in UTF-16 code units.</summary>
internal static class CodePoints
{
    /// <summary>The position in UTF-16 code units of a position in code points; one outside the text becomes its nearer end.</summary>
    public static int ToUtf16(string text, int codePoints)
    {
        var at = 0;
        for (var left = codePoints; left > 0 && at < text.Length; left--)
            at += IsPair(text, at) ? 2 : 1;
        return at;
    }

    /// <summary>The position in code points of a position in UTF-16 code units; one outside the text becomes its nearer end.</summary>
    public static int FromUtf16(string text, int utf16)
    {
        var count = 0;
        for (var at = 0; at < utf16 && at < text.Length; count++)
            at += IsPair(text, at) ? 2 : 1;
        return count;
    }

    private static bool IsPair(string text, int at) =>
        char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]);
}
