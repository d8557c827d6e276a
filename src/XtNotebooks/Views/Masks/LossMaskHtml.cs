using System.Globalization;

namespace XtNotebooks.Views;

/// <summary>Draws a batch grid. Without styles a pad that counts is still marked and an ignored token struck out.</summary>
internal static class LossMaskHtml
{
    // Token texts are 40 characters or fewer.
    private static readonly int[] LongestTexts = [40, 12, 4];

    /// <remarks>A batch of long tokens may need more than its share, and more still when they are encoded: then their texts are cut.</remarks>
    public static string Write(LossMaskView view)
    {
        var html = "";
        foreach (var most in LongestTexts)
        {
            html = Write(view, most);
            if (ViewFrame.Fits(html))
                break;
        }
        return html;
    }

    private static string Write(LossMaskView view, int most)
    {
        var html = new HtmlWriter();
        if (view.Title is not null)
            html.Add($"<p><strong>{view.Title}</strong></p>\n");
        html.Add(Remarks.ToHtml(view.Remarks));
        if (view.Rows.Count > 0 && view.Columns.Count > 0)
        {
            Grid(html, view, most);
            html.Add(GridScript.Line);
            Legend(html, view);
        }
        return ViewFrame.Render("mask", "Loss mask of a batch: " + view.Remarks[0].Text, Css, html.Done(), GridScript.For(Meanings));
    }

    private static void Grid(HtmlWriter html, LossMaskView view, int most)
    {
        html.Add($"<div class=\"scroll\"><table class=\"grid\">\n<thead><tr><th>");
        foreach (var column in view.Columns)
        {
            if (column is not { } position)
                html.Add($"<th>…");
            else
                html.Add($"<th data-t=\"position {position}\">{(position % 5 == 0 ? position.ToString(CultureInfo.InvariantCulture) : "")}");
        }
        html.Add($"</thead>\n<tbody>\n");
        foreach (var row in view.Rows)
        {
            if (row is null)
            {
                html.Add($"<tr><th>⋮</tr>\n");
                continue;
            }
            html.Add($"<tr><th data-t=\"row {row.Index}\">{row.Index}");
            foreach (var cell in row.Cells)
                html.Add(Cell(cell is null ? null : cell with { Text = HtmlText.Cut(cell.Text, most) }));
            html.Add($"</tr>\n");
        }
        html.Add($"</tbody></table></div>\n");
    }

    private static Html Cell(LossMaskCell? cell) => cell switch
    {
        null => new("<td class=gap>…"),
        { State: TargetState.Ignored } => Html.Of($"<td class=i><s>{cell.Text}</s>"),
        { State: TargetState.RealIgnored } => Html.Of($"<td class=r><s>{cell.Text}</s>"),
        { State: TargetState.PadCounts } => Html.Of($"<td class=p><mark>{cell.Text}</mark>"),
        { State: TargetState.NotATarget } => Html.Of($"<td class=n>{cell.Text}"),
        _ => Html.Of($"<td class=c>{cell.Text}"),
    };

    private static void Legend(HtmlWriter html, LossMaskView view)
    {
        var totals = view.Totals;
        html.Add($"<table class=\"legend\"><tbody><tr><td class=c>a<td>counts: {totals.Counts}");
        if (totals.PadCounts > 0)
            html.Add($"<td class=p><mark>a</mark><td>pad that counts: {totals.PadCounts}");
        if (totals.Ignored > 0)
            html.Add($"<td class=i><s>a</s><td>ignored: {totals.Ignored}");
        if (totals.RealIgnored > 0)
            html.Add($"<td class=r><s>a</s><td>real, but ignored: {totals.RealIgnored}");
        html.Add($"<td class=n>a<td>never a target</tr></tbody></table>");
    }

    private const string Meanings =
        """{"c":"counts","p":"a pad that counts as a target","i":"ignored","r":"a real token that is ignored","n":"read, never predicted"}""";

    private const string Css = """
        .xt-mask .grid{border-collapse:separate;border-spacing:2px}
        .xt-mask .grid th{padding:0 .2em;font-weight:400;font-size:10px}
        .xt-mask .grid thead th{max-width:1.6em;overflow:visible;text-align:center}
        .xt-mask td.c,.xt-mask td.p,.xt-mask td.i,.xt-mask td.r,.xt-mask td.n{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;text-align:center;min-width:1.6em;padding:.05em .25em;border:1px solid var(--line);border-radius:3px;white-space:pre;cursor:default}
        .xt-mask td.c{background:var(--soft)}
        .xt-mask td.n{color:var(--muted);border-style:dotted}
        .xt-mask td.i,.xt-mask td.r{color:var(--muted);background:repeating-linear-gradient(135deg,var(--hatch) 0 1px,transparent 1px 5px)}
        .xt-mask td.i s,.xt-mask td.r s{background:var(--bg);padding:0 .1em;border-radius:2px}
        .xt-mask td.p{border:2px solid var(--warn);background:var(--warnbg);color:var(--warn);font-weight:600}
        .xt-mask td.r{border:2px dashed var(--warn)}
        .xt-mask td.gap{color:var(--muted);text-align:center}
        .xt-mask .legend{border-collapse:separate;border-spacing:2px}
        .xt-mask .legend td:nth-child(even){text-align:left;padding-right:1.2em;color:var(--muted)}
        """;
}
