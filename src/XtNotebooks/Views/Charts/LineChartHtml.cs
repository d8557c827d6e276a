using System.Globalization;
using System.Text;

namespace XtNotebooks.Views;

/// <summary>A chart with its sentence above and its numbers below.</summary>
internal static class LineChartHtml
{
    private const int TableRows = 11, MostPoints = 2_000, LeastPoints = 100;

    public static string Write(LineChart chart) => Write(chart, OfflinePlotly.Payload);

    /// <summary>The same with a given script element, so that expectation files need not hold the script.</summary>
    /// <remarks>A long run may need more than its share, its script apart: then fewer of its points are drawn.</remarks>
    internal static string Write(LineChart chart, Html payload)
    {
        var (longest, room) = (LineChartThinning.Longest(chart), ViewFrame.Room + payload.Value.Length);
        var html = longest > MostPoints ? "" : Write(chart, payload, longest);
        for (var most = Math.Min(longest, MostPoints); html.Length == 0 || !ViewFrame.Fits(html, room) && most >= LeastPoints; most = most * 3 / 4)
            html = Write(LineChartThinning.Of(chart, most), payload, longest);
        return html;
    }

    private static string Write(LineChart chart, Html payload, int longest)
    {
        var (place, script) = OfflinePlotly.Draw(LineChartFigure.Of(chart).ToJsonString(PlotlyFigure.Json), Picture(chart), themed: true);
        var html = new HtmlWriter();
        html.Add($"<p class=\"lead\">{Remarks.Code(chart.Sentence)}</p>\n");
        html.Add(place);
        if (chart.Below is not null)
            html.Add($"<div>{Picture(chart.Below)}</div>\n");
        if (chart.Summary is not null)
            html.Add(chart.Summary.ToHtml());
        Table(html, chart);
        if (LineChartThinning.Longest(chart) < longest)
            html.Add($"<p class=\"muted\">{Words.Number(LineChartThinning.Longest(chart))} of {Words.Number(longest)} points of a line are drawn, the lowest and the highest of each stretch; ToPlotly() holds all of them.</p>\n");
        html.Add(payload);
        return ViewFrame.Render("chart", "Chart: " + Plain(chart), OfflinePlotly.Css + FigureTable.Css, html.Done(), script + "\n" + FigureTable.Further(chart) + FigureTable.Script);
    }

    public static string Text(LineChart chart)
    {
        var text = new StringBuilder();
        text.Append(Plain(chart)).Append('\n');
        foreach (var panel in chart.Panels)
        {
            text.Append(CultureInfo.InvariantCulture, $"{panel.Heading}, first and last {chart.XLabel}:\n");
            foreach (var line in panel.Lines)
                text.Append(CultureInfo.InvariantCulture, $"  {Words.Label(line.Name)} {Words.Nats(First(line))} → {Words.Nats(line.End.Y)}\n");
        }
        return text.Append(chart.Summary?.ToText()).ToString();
    }

    private static string Plain(LineChart chart) => chart.Sentence.Replace("`", "", StringComparison.Ordinal);

    internal static Html Picture(LineChart chart) =>
        Html.Of($"<img alt=\"{Text(chart with { Summary = null })}\" src=\"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(chart.ToSvg()))}\">");

    private static double First(ChartLine line) => (line.Raw ?? line.Y).FirstOrDefault(double.IsFinite, double.NaN);

    private static void Table(HtmlWriter html, LineChart chart)
    {
        var lines = chart.Panels.SelectMany(p => p.Lines).ToList();
        var below = chart.Below?.Panels.SelectMany(p => p.Lines).ToList() ?? [];
        if (lines.Count == 0)
            return;
        var table = new HtmlWriter();
        table.Add($"<table>\n<thead><tr><th>");
        foreach (var panel in chart.Panels.Concat(chart.Below?.Panels ?? []))
            table.Add($"<th colspan=\"{panel.Lines.Count}\">{panel.Title}{(panel.YLabel.Length > 0 ? ", " + panel.YLabel : "")}");
        table.Add($"</tr>\n<tr><th>{chart.XLabel}");
        foreach (var line in lines.Concat(below))
            table.Add($"<th>{line.Name}");
        table.Add($"</thead>\n<tbody>\n");
        var at = lines.Concat(below).SelectMany(l => l.X).Distinct().Order().ToList();
        foreach (var x in Picked(at, TableRows))
        {
            table.Add($"<tr><th>{ChartScale.Label(x)}");
            foreach (var line in lines)
                table.Add($"<td>{Value(line.X, line.Y, x, Number)}");
            foreach (var line in below)
                table.Add($"<td>{Value(line.X, line.Raw ?? line.Y, x, Words.Value)}");
            table.Add($"</tr>\n");
        }
        table.Add($"</tbody></table>");
        var smooth = lines.Any(l => l.Raw is not null) ? (below.Count > 0 ? "Losses are smoothed, as the lines are. " : "Smoothed, as the lines are. ") : "";
        var left = at.Count > TableRows ? $"{TableRows} of {at.Count} rows; where scripts run all of them, and ToPlotly() holds them too." : "";
        if (smooth.Length + left.Length > 0)
            table.Add($"<p class=\"muted\">{smooth}{left}</p>");
        html.Add(FigureTable.Of("Numbers", table.Done()));
    }

    /// <summary>Three decimals, as losses are read; a number that is smaller than they tell is not written as nothing.</summary>
    private static string Number(double y) => y != 0 && Math.Abs(y) is < 0.0005 or >= 1e9 ? Words.Short(y) : y.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>So many of them, the first and the last, the others as far apart as they can be.</summary>
    internal static IEnumerable<T> Picked<T>(List<T> all, int most) => all.Count <= most
        ? all
        : Enumerable.Range(0, most).Select(i => all[(int)Math.Round(i * (all.Count - 1) / (most - 1.0))]);

    private static string Value(IReadOnlyList<double> xs, IReadOnlyList<double> ys, double x, Func<double, string> write)
    {
        for (var i = 0; i < xs.Count; i++)
        {
            if (xs[i] == x)
                return double.IsFinite(ys[i]) ? write(ys[i]) : "–";
        }
        return "–";
    }
}
