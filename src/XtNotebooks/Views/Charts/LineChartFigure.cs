using System.Globalization;
using System.Text.Json.Nodes;

namespace XtNotebooks.Views;

/// <summary>Writes a chart as a Plotly figure.</summary>
/// <remarks>Source of the names: plotly.js 2.28 figure reference.</remarks>
internal static class LineChartFigure
{
    private const double AssumedWidth = 900, Margins = 85, MostSteps = 8;

    /// <param name="chart">What is drawn.</param>
    /// <param name="whole">Whether the chart below it is a second row of the figure.</param>
    public static JsonObject Of(LineChart chart, bool whole = false)
    {
        var below = whole ? chart.Below : null;
        var height = chart.Height + (below?.Height ?? 0);
        var data = new JsonArray();
        var annotations = new JsonArray();
        var layout = new JsonObject
        {
            ["height"] = height,
            ["margin"] = new JsonObject { ["l"] = 50, ["r"] = 10, ["t"] = 40, ["b"] = 45 },
            ["showlegend"] = false,
            ["hovermode"] = "x unified",
            ["hoverlabel"] = new JsonObject { ["namelength"] = -1 },
            ["annotations"] = annotations,
            ["shapes"] = new JsonArray(),
        };
        for (var i = 0; i < chart.Panels.Count; i++)
            AddPanel(chart, i, i, below is null ? (0, 1) : (1 - Row(chart), 1), data, layout, annotations);
        for (var i = 0; i < (below?.Panels.Count ?? 0); i++)
            AddPanel(below!, i, chart.Panels.Count + i, (0, Row(below!)), data, layout, annotations);
        return new JsonObject { ["data"] = data, ["layout"] = layout };

        double Row(LineChart part) => (part.Height - Margins) / (height - Margins);
    }

    private static void AddPanel(LineChart chart, int index, int axis, (double Low, double High) rows, JsonArray data, JsonObject layout, JsonArray annotations)
    {
        var panel = chart.Panels[index];
        var n = axis == 0 ? "" : $"{axis + 1}";
        var share = 1.0 / chart.Panels.Count;
        var left = index * share + (index == 0 ? 0 : 42 / AssumedWidth);
        var scale = LineChartSvg.YScale(chart.SharedScale ? chart.Panels : [panel]);
        var right = (index + 1) * share - LineChartSvg.LabelRoom(panel, scale) / AssumedWidth;
        layout["xaxis" + n] = new JsonObject
        {
            ["domain"] = new JsonArray(Number(left), Number(right)),
            ["anchor"] = "y" + n,
            ["title"] = new JsonObject { ["text"] = Escape(chart.XLabel), ["font"] = new JsonObject { ["size"] = 12 } },
            ["zeroline"] = false,
        };
        // Of few steps each has a tick, and none stands between two.
        var at = panel.Lines.SelectMany(line => line.X).ToList();
        if (at.Count > 0 && at.TrueForAll(double.IsInteger) && at.Max() - at.Min() <= MostSteps)
            layout["xaxis" + n]!["dtick"] = 1;
        var y = new JsonObject
        {
            ["anchor"] = "x" + n,
            ["range"] = new JsonArray(Number(scale.Low), Number(scale.High)),
            ["zeroline"] = false,
        };
        if (rows != (0, 1))
            y["domain"] = new JsonArray(Number(rows.Low), Number(rows.High));
        if (chart.SharedScale && index > 0)
            y["matches"] = "y";
        layout["yaxis" + n] = y;

        annotations.Add(Text($"<b>{Escape(panel.Title)}</b>{(panel.YLabel.Length > 0 ? " · " + Escape(panel.YLabel) : "")}", left, rows.High, "left", "bottom"));
        foreach (var line in panel.Lines.Where(l => l.Raw is not null))
            data.Add(Trace(line, Name(line), line.Raw!, n, raw: true, "solid"));
        foreach (var line in panel.Lines)
            data.Add(Trace(line, Name(line), line.Y, n, raw: false, chart.Dash(line)));

        var lines = panel.Lines.Where(l => double.IsFinite(l.End.Y)).ToList();
        var inner = chart.Height - Margins;
        var places = ChartLabels.Spread([.. lines.Select(l => scale.At(l.End.Y, 0, inner))], 16, 0, inner);
        for (var i = 0; i < lines.Count; i++)
        {
            var place = rows.Low + places[i] / inner * (rows.High - rows.Low);
            if (LineChartSvg.IsKeyed(panel))
                layout["shapes"]!.AsArray().Add(Sample(lines[i], chart.Dash(lines[i]), right, place));
            var label = Text(Escape(LineChartSvg.Label(lines[i], scale)), right + (LineChartSvg.IsKeyed(panel) ? 34 : 4) / AssumedWidth, place, "left", "middle");
            label["font"] = new JsonObject { ["size"] = 12 };
            annotations.Add(label);
        }

        string Name(ChartLine line) => Escape(line.Name.Length > 0 ? line.Name : panel.Title);
    }

    /// <summary>A line as a table's column.</summary>
    public static JsonObject Column(ChartPanel panel, ChartLine line, LineChart beside)
    {
        var column = new JsonObject
        {
            ["name"] = Escape(string.Join(", ", new[] { panel.Title, panel.YLabel, line.Name }.Where(part => part.Length > 0))),
            ["y"] = new JsonArray([.. (line.Raw ?? line.Y).Select(Number)]),
        };
        if (beside.Panels is not [{ Lines: [var first, ..] }, ..] || !first.X.SequenceEqual(line.X))
            column["x"] = new JsonArray([.. line.X.Select(Number)]);
        return column;
    }

    private static JsonObject Trace(ChartLine line, string name, IReadOnlyList<double> values, string n, bool raw, string dash)
    {
        var trace = new JsonObject
        {
            ["type"] = "scatter",
            // One value alone makes no line.
            ["mode"] = values.Count(double.IsFinite) == 1 ? "markers" : "lines",
            ["name"] = name + (raw ? " (raw)" : ""),
            ["legendgroup"] = name,
            ["x"] = new JsonArray([.. line.X.Select(Number)]),
            ["y"] = new JsonArray([.. values.Select(Number)]),
            ["xaxis"] = "x" + n,
            ["yaxis"] = "y" + n,
            ["line"] = new JsonObject
            {
                ["color"] = Colour(line),
                ["width"] = raw ? Palette.RawWidth : Palette.LineWidth,
                ["dash"] = dash,
            },
        };
        if (raw)
        {
            trace["opacity"] = Palette.RawOpacity;
            trace["hoverinfo"] = "skip";
        }
        else
        {
            trace["hovertemplate"] = "%{y:.4f}";
        }
        return trace;
    }

    /// <summary>A piece of the line beside its name, so that the dash too tells which it is.</summary>
    private static JsonObject Sample(ChartLine line, string dash, double right, double place) => new()
    {
        ["type"] = "line",
        ["xref"] = "paper",
        ["yref"] = "paper",
        ["x0"] = Number(right + 10 / AssumedWidth),
        ["x1"] = Number(right + 30 / AssumedWidth),
        ["y0"] = Number(place),
        ["y1"] = Number(place),
        ["line"] = new JsonObject { ["color"] = Colour(line), ["width"] = 2.2, ["dash"] = dash },
    };

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
