using System.Globalization;
using System.Text.Json.Nodes;

namespace XtNotebooks.Views;

/// <summary>Writes a chart as a Plotly figure.</summary>
/// <remarks>Source of the names: plotly.js 2.28 figure reference.</remarks>
internal static class LineChartFigure
{
    private const double AssumedWidth = 900;

    public static JsonObject Of(LineChart chart)
    {
        var data = new JsonArray();
        var annotations = new JsonArray();
        var layout = new JsonObject
        {
            ["height"] = chart.Height,
            ["margin"] = new JsonObject { ["l"] = 50, ["r"] = 10, ["t"] = 40, ["b"] = 45 },
            ["showlegend"] = false,
            ["hovermode"] = "x unified",
            ["hoverlabel"] = new JsonObject { ["namelength"] = -1 },
            ["annotations"] = annotations,
        };
        for (var i = 0; i < chart.Panels.Count; i++)
            AddPanel(chart, i, data, layout, annotations);
        return new JsonObject { ["data"] = data, ["layout"] = layout };
    }

    private static void AddPanel(LineChart chart, int index, JsonArray data, JsonObject layout, JsonArray annotations)
    {
        var panel = chart.Panels[index];
        var n = index == 0 ? "" : $"{index + 1}";
        var share = 1.0 / chart.Panels.Count;
        var left = index * share + (index == 0 ? 0 : 42 / AssumedWidth);
        var right = (index + 1) * share - LineChartSvg.LabelRoom(panel) / AssumedWidth;
        layout["xaxis" + n] = new JsonObject
        {
            ["domain"] = new JsonArray(Number(left), Number(right)),
            ["anchor"] = "y" + n,
            ["title"] = new JsonObject { ["text"] = Escape(chart.XLabel), ["font"] = new JsonObject { ["size"] = 12 } },
            ["zeroline"] = false,
        };
        var scale = LineChartSvg.YScale(chart.SharedScale ? chart.Panels : [panel]);
        var y = new JsonObject
        {
            ["anchor"] = "x" + n,
            ["range"] = new JsonArray(Number(scale.Low), Number(scale.High)),
            ["zeroline"] = false,
        };
        if (chart.SharedScale && index > 0)
            y["matches"] = "y";
        layout["yaxis" + n] = y;

        annotations.Add(Text($"<b>{Escape(panel.Title)}</b> · {Escape(panel.YLabel)}", left, 1.0, "left", "bottom"));
        foreach (var line in panel.Lines.Where(l => l.Raw is not null))
            data.Add(Trace(line, line.Raw!, n, raw: true));
        foreach (var line in panel.Lines)
            data.Add(Trace(line, line.Y, n, raw: false));

        var lines = panel.Lines.Where(l => double.IsFinite(l.End.Y)).ToList();
        var inner = chart.Height - 85.0;
        var places = ChartLabels.Spread([.. lines.Select(l => scale.At(l.End.Y, 0, inner))], 16, 0, inner);
        for (var i = 0; i < lines.Count; i++)
        {
            var label = Text(Escape(LineChartSvg.Label(lines[i])), right + 4 / AssumedWidth, places[i] / inner, "left", "middle");
            label["font"] = new JsonObject { ["size"] = 12 };
            label["text"] = $"<span style=\"color:{Colour(lines[i])}\">●</span> {Escape(LineChartSvg.Label(lines[i]))}";
            annotations.Add(label);
        }
    }

    private static JsonObject Trace(ChartLine line, IReadOnlyList<double> values, string n, bool raw)
    {
        var style = line.Style % Palette.Series.Count;
        var trace = new JsonObject
        {
            ["type"] = "scatter",
            ["mode"] = "lines",
            ["name"] = Escape(line.Name) + (raw ? " (raw)" : ""),
            ["legendgroup"] = Escape(line.Name),
            ["x"] = new JsonArray([.. line.X.Select(Number)]),
            ["y"] = new JsonArray([.. values.Select(Number)]),
            ["xaxis"] = "x" + n,
            ["yaxis"] = "y" + n,
            ["line"] = new JsonObject
            {
                ["color"] = Colour(line),
                ["width"] = raw ? 1 : 2.2,
                ["dash"] = raw ? "solid" : Palette.PlotlyDashes[style],
            },
        };
        if (raw)
        {
            trace["opacity"] = 0.25;
            trace["hoverinfo"] = "skip";
        }
        else
        {
            trace["hovertemplate"] = "%{y:.4f}";
        }
        return trace;
    }

    private static JsonObject Text(string text, double x, double y, string xanchor, string yanchor) => new()
    {
        ["text"] = text,
        ["x"] = Number(x),
        ["y"] = Number(y),
        ["xref"] = "paper",
        ["yref"] = "paper",
        ["xanchor"] = xanchor,
        ["yanchor"] = yanchor,
        ["showarrow"] = false,
        ["align"] = "left",
    };

    private static string Colour(ChartLine line) => Palette.Series[line.Style % Palette.Series.Count];

    /// <summary>Plotly reads a small set of tags in texts: data must not be read as tags.</summary>
    private static string Escape(string text) => HtmlText.Encode(text);

    /// <summary>Six digits are more than a screen shows; what is no number is a gap.</summary>
    private static JsonNode? Number(double value)
    {
        if (!double.IsFinite(value))
            return null;
        return value == 0 ? JsonValue.Create(0) : JsonValue.Create(double.Parse(
            value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
    }
}
