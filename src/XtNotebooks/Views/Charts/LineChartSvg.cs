using System.Globalization;
using System.Text;

namespace XtNotebooks.Views;

/// <summary>Draws a chart as a static picture that follows the system's light or dark theme and brings its own background.</summary>
internal static class LineChartSvg
{
    private const int Top = 44, Bottom = 38;
    private const int MaxPoints = 400;

    public static string Write(LineChart chart)
    {
        chart = LineChartThinning.Of(chart, MaxPoints);
        var svg = new HtmlWriter();
        svg.Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {chart.Width} {chart.Height}\" width=\"{chart.Width}\" height=\"{chart.Height}\">");
        svg.Add(new Html($"<style>{PictureStyle.Css}</style><rect class=\"bg\" width=\"100%\" height=\"100%\"/>"));
        var shared = chart.SharedScale ? YScale(chart.Panels) : null;
        var width = chart.Width / Math.Max(1, chart.Panels.Count);
        for (var i = 0; i < chart.Panels.Count; i++)
            Panel(svg, chart, chart.Panels[i], shared ?? YScale([chart.Panels[i]]), i * width, width);
        svg.Add($"</svg>");
        return svg.Done().Value;
    }

    internal static ChartScale YScale(IEnumerable<ChartPanel> panels) =>
        ChartScale.Around(panels.SelectMany(p => p.Lines).SelectMany(l => (l.Raw ?? l.Y).Concat(l.Y)));

    /// <summary>The name and the last value, as they stand at the line's end.</summary>
    internal static string Label(ChartLine line, ChartScale y) => $"{Cut(line.Name)} {y.Value(line.End.Y)}".TrimStart();

    /// <summary>What the names at the lines' ends need.</summary>
    internal static double LabelRoom(ChartPanel panel, ChartScale y) => ChartKeys.Room([.. panel.Lines.Select(line => Label(line, y))], IsKeyed(panel));

    /// <summary>Whether names have samples of their lines beside them.</summary>
    internal static bool IsKeyed(ChartPanel panel) => panel.Lines.Count > 1;

    private static void Panel(HtmlWriter svg, LineChart chart, ChartPanel panel, ChartScale y, int offset, int width)
    {
        var (x0, x1) = (offset + ChartScale.Room(y.Ticks.Select(ChartScale.Label)), offset + width - LabelRoom(panel, y));
        var (y0, y1) = (chart.Height - Bottom, Top);
        var x = ChartScale.Tight(panel.Lines.SelectMany(l => l.X));
        svg.Add($"<text class=\"title\" x=\"{x0:0.#}\" y=\"16\">{panel.Title}</text>");
        foreach (var tick in y.Ticks)
        {
            var at = y.At(tick, y0, y1);
            svg.Add($"<path class=\"grid\" d=\"M{x0:0.#} {at:0.#}H{x1:0.#}\"/><text class=\"tick\" x=\"{x0 - 6:0.#}\" y=\"{at + 4:0.#}\" text-anchor=\"end\">{ChartScale.Label(tick)}</text>");
        }
        foreach (var (at, text) in ChartLabels.Along(x.Ticks.Select(tick => (x.At(tick, x0, x1), ChartScale.Label(tick)))))
            svg.Add($"<text class=\"tick\" x=\"{at:0.#}\" y=\"{y0 + 16}\" text-anchor=\"middle\">{text}</text>");
        svg.Add($"<text class=\"tick\" x=\"{(x0 + x1) / 2:0.#}\" y=\"{y0 + 32}\" text-anchor=\"middle\">{chart.XLabel}</text>");
        svg.Add($"<text class=\"tick\" x=\"{x0:0.#}\" y=\"32\">{panel.YLabel}</text>");
        foreach (var line in panel.Lines.Where(l => l.Raw is not null))
            svg.Add(new Html($"<path class=\"raw s{Style(line)}\" d=\"{Path(line.X, line.Raw!, x, y, x0, x1, y0, y1)}\"/>"));
        foreach (var line in panel.Lines)
        {
            if (line.Y.Count(double.IsFinite) == 1)
                svg.Add($"<circle class=\"s{Style(line)}\" fill=\"none\" stroke-width=\"{Palette.LineWidth}\" cx=\"{x.At(line.End.X, x0, x1):0.#}\" cy=\"{y.At(line.End.Y, y0, y1):0.#}\" r=\"3\"/>");
            else
                svg.Add(new Html($"<path class=\"l s{Style(line)}{(chart.IsOfOneStyle ? " only" : "")}\" d=\"{Path(line.X, line.Y, x, y, x0, x1, y0, y1)}\"/>"));
        }
        Labels(svg, panel, x, y, x0, x1, y0, y1);
    }

    private static void Labels(HtmlWriter svg, ChartPanel panel, ChartScale x, ChartScale y, double x0, double x1, double y0, double y1)
    {
        var lines = panel.Lines.Where(l => double.IsFinite(l.End.Y)).ToList();
        var places = ChartLabels.Spread([.. lines.Select(l => y.At(l.End.Y, y0, y1))], 15, y1 - 8, y0 + 8);
        for (var i = 0; i < lines.Count; i++)
        {
            var end = (x.At(lines[i].End.X, x0, x1), y.At(lines[i].End.Y, y0, y1));
            svg.Add(ChartKeys.Line(Label(lines[i], y), Style(lines[i]), IsKeyed(panel), end, x1, places[i]));
        }
    }

    private static string Path(IReadOnlyList<double> xs, IReadOnlyList<double> ys, ChartScale x, ChartScale y, double x0, double x1, double y0, double y1)
    {
        var path = new StringBuilder();
        var pen = 'M';
        for (var i = 0; i < xs.Count; i++)
        {
            if (!double.IsFinite(ys[i]))
            {
                pen = 'M';
                continue;
            }
            path.Append(CultureInfo.InvariantCulture, $"{pen}{x.At(xs[i], x0, x1):0.#} {y.At(ys[i], y0, y1):0.#}");
            pen = 'L';
        }
        return path.ToString();
    }

    private static int Style(ChartLine line) => line.Style % Palette.Series.Count;

    private static string Cut(string name) => name.Length <= 26 ? name : name[..25] + "…";
}
