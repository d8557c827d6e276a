using XPlot.Plotly;

namespace XtNotebooks.Views;

/// <summary>Writes a chart with XPlot.Plotly's own types.</summary>
internal static class LineChartXPlot
{
    public static PlotlyChart Of(LineChart chart)
    {
        if (chart.Panels.Count > 2)
            throw new NotSupportedException($"XPlot's layout holds two panels and the chart has {chart.Panels.Count}; use ToPlotly().");
        IEnumerable<Trace> traces = chart.Panels.SelectMany((panel, index) => panel.Lines.Where(line => line.Raw is not null).Select(line => Raw(chart, panel, line, index))
            .Concat(panel.Lines.Select(line => Line(chart, panel, line, index))));
        if (Workings(chart) is { } below)
        {
            traces = traces.Concat(below.Panels.SelectMany(panel => panel.Lines.Select(line => (Trace)new Scatter
            {
                x = line.X.ToArray(),
                y = Values(line.Raw ?? line.Y),
                mode = "lines",
                name = HtmlText.Encode($"{panel.Title} {line.Name}".TrimEnd() + (panel.YLabel.Length > 0 ? $", {panel.YLabel}" : "")),
                visible = "legendonly",
                xaxis = "x",
                yaxis = "y2",
            })));
        }
        var figure = Chart.Plot(traces.ToArray());
        figure.WithLayout(Layout(chart));
        figure.WithSize(880, chart.Height);
        return figure;
    }

    private static Scatter Line(LineChart chart, ChartPanel panel, ChartLine line, int index) => new()
    {
        x = line.X.ToArray(),
        y = Values(line.Y),
        mode = line.Y.Count(double.IsFinite) == 1 ? "markers" : "lines",
        name = Name(chart, panel, line),
        legendgroup = Name(chart, panel, line),
        xaxis = index == 0 ? "x" : "x2",
        yaxis = index == 0 ? "y" : "y2",
        line = new Line
        {
            color = Palette.Series[line.Style % Palette.Series.Count],
            dash = chart.Dash(line),
            width = Palette.LineWidth,
        },
    };

    /// <summary>The unsmoothed curve behind its line; a click in the legend hides both.</summary>
    private static Scatter Raw(LineChart chart, ChartPanel panel, ChartLine line, int index)
    {
        var trace = Line(chart, panel, line, index);
        trace.y = Values(line.Raw!);
        trace.name += " (raw)";
        trace.showlegend = false;
        trace.hoverinfo = "skip";
        trace.opacity = Palette.RawOpacity;
        trace.line = new Line { color = Palette.Series[line.Style % Palette.Series.Count], width = Palette.RawWidth };
        return trace;
    }

    private static string Name(LineChart chart, ChartPanel panel, ChartLine line) =>
        HtmlText.Encode(chart.Panels.Count > 1 ? $"{line.Name} · {panel.Title}" : line.Name);

    private static double?[] Values(IReadOnlyList<double> values) => [.. values.Select(v => double.IsFinite(v) ? v : (double?)null)];

    /// <summary>XPlot's layout has no room for a second row: its lines wait in the legend, on an axis of their own.</summary>
    private static LineChart? Workings(LineChart chart) => chart.Panels.Count == 1 ? chart.Below : null;

    private static Layout.Layout Layout(LineChart chart)
    {
        var two = chart.Panels.Count == 2;
        var scale = LineChartSvg.YScale(chart.Panels);
        var layout = new Layout.Layout
        {
            showlegend = true,
            hovermode = "x",
            margin = new Margin { l = 55, r = 10, t = 25, b = 45 },
            xaxis = new Xaxis { title = HtmlText.Encode(chart.XLabel) },
            yaxis = new Yaxis { title = HtmlText.Encode(chart.Panels.Count > 0 ? chart.Panels[0].Heading : "") },
        };
        if (two)
        {
            layout.xaxis.domain = new[] { 0, 0.45 };
            layout.xaxis2 = new Xaxis { title = HtmlText.Encode(chart.XLabel), domain = new[] { 0.55, 1 }, anchor = "y2" };
            layout.yaxis2 = new Yaxis { title = HtmlText.Encode(chart.Panels[1].Heading), anchor = "x2" };
            if (chart.SharedScale)
            {
                layout.yaxis.range = new[] { scale.Low, scale.High };
                layout.yaxis2.range = new[] { scale.Low, scale.High };
            }
        }
        if (Workings(chart) is not null)
            layout.yaxis2 = new Yaxis { overlaying = "y", side = "right", showgrid = false };
        return layout;
    }
}
