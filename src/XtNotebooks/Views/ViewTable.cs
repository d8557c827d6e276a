using System.Text;

namespace XtNotebooks.Views;

/// <summary>A small table of finished texts: the first column names the rows, the others hold numbers.</summary>
/// <param name="Headings">One for each column.</param>
/// <param name="Rows">As many cells as there are headings.</param>
public sealed record ViewTable(IReadOnlyList<string> Headings, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    internal Html ToHtml()
    {
        var html = new HtmlWriter();
        html.Add($"<div class=\"scroll\"><table class=\"numbers\">\n<thead><tr>");
        foreach (var heading in Headings)
            html.Add($"<th>{heading}");
        html.Add($"</thead>\n<tbody>\n");
        foreach (var row in Rows)
        {
            html.Add($"<tr><th>{row[0]}");
            foreach (var cell in row.Skip(1))
                html.Add($"<td>{cell}");
            html.Add($"</tr>\n");
        }
        html.Add($"</tbody></table></div>\n");
        return html.Done();
    }

    internal string ToText()
    {
        var text = new StringBuilder();
        var widths = Headings.Select((heading, c) => Rows.Select(row => row[c].Length).Append(heading.Length).Max()).ToArray();
        foreach (var row in Rows.Prepend(Headings))
            text.Append(string.Join("  ", row.Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c]))).TrimEnd()).Append('\n');
        return text.ToString();
    }
}
