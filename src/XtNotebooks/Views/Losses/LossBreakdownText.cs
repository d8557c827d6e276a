using System.Text;

namespace XtNotebooks.Views;

/// <summary>A loss breakdown in plain text.</summary>
internal static class LossBreakdownText
{
    public static string Write(LossBreakdownView view)
    {
        var b = view.Breakdown;
        var text = new StringBuilder();
        if (view.Title is not null)
            text.Append(view.Title).Append('\n');
        text.Append(b.Summary).Append('\n');
        if (b.Fix is not null)
            text.Append("The cure: ").Append(b.Fix).Append('\n');
        foreach (var warning in LossBreakdownHtml.Warnings(b))
            text.Append("⚠ ").Append(warning).Append('\n');
        text.Append('\n').Append(LossBreakdownHtml.Parts(b).ToText());
        if (b.Counterfactuals.Count > 0)
        {
            var table = LossBreakdownHtml.Counterfactuals(b);
            text.Append("\nThe same batch and weights under other settings:\n")
                .Append(new ViewTable([.. table.Headings.Take(3)], [.. table.Rows.Select(r => (IReadOnlyList<string>)[.. r.Take(3)])]).ToText());
            foreach (var row in table.Rows.Where(row => row[4].Length > 0))
                text.Append(row[0].TrimEnd(':')).Append(": ").Append(row[4]).Append(".\n");
        }
        return text.ToString();
    }
}
