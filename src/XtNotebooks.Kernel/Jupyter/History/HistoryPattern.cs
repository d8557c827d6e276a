using System.Text.RegularExpressions;

namespace XtNotebooks.Kernel.Jupyter.History;

/// <summary>A glob over whole texts: * is any text, also over lines, ? is one character.</summary>
internal sealed class HistoryPattern(string pattern)
{
    // Without backtracking a pattern of many stars cannot hang the kernel.
    private readonly Regex regex = new(
        @"\A" + Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal) + @"\z",
        RegexOptions.Singleline | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    public bool Matches(string text) => regex.IsMatch(text);
}
