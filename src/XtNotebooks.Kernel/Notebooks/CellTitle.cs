using System.Text.RegularExpressions;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>What a reader would call a cell: the heading above it, else the first line of its code.</summary>
internal static partial class CellTitle
{
    private const int Width = 56;

    public static string Of(IReadOnlyList<NotebookCell> cells, int index)
    {
        for (var above = index - 1; above >= 0 && cells[above].Kind == CellKind.Markdown; above--)
        {
            if (Heading().Matches(cells[above].Source).LastOrDefault() is { } heading)
                return Shorten(heading.Groups[1].Value);
        }
        var lines = cells[index].Source.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return Shorten(lines.FirstOrDefault()?.TrimStart('/', ' ') ?? "");
    }

    private static string Shorten(string title) => title.Length <= Width ? title : string.Concat(title.AsSpan(0, Width - 1).TrimEnd(), "…");

    [GeneratedRegex(@"^#{1,6}[ \t]+(.+?)[ \t#]*\r?$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
