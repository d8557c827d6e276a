using System.Text.Json.Nodes;

namespace XtNotebooks.Views;

/// <summary>Reads the figure out of the script that XPlot.Plotly writes, its only face to other programs.</summary>
internal static class XPlotFigure
{
    /// <exception cref="NotSupportedException">The script is not what version 4.1 writes.</exception>
    public static string Json(XPlot.Plotly.PlotlyChart chart)
    {
        var script = chart.GetPlottingJS();
        var layout = Line(script, "var layout = ");
        var figure = new JsonObject
        {
            ["data"] = JsonNode.Parse(Line(script, "var data = ")),
            ["layout"] = JsonNode.Parse(layout) as JsonObject ?? [],
        };
        figure["layout"]!["width"] ??= chart.Width;
        figure["layout"]!["height"] ??= chart.Height;
        return figure.ToJsonString(PlotlyFigure.Json);
    }

    // JSON escapes line ends, so a statement ends with its line.
    private static string Line(string script, string start)
    {
        var from = script.IndexOf(start, StringComparison.Ordinal);
        var to = from < 0 ? -1 : script.IndexOf(";\n", from, StringComparison.Ordinal);
        if (to < 0)
            to = from < 0 ? -1 : script.IndexOf(";\r\n", from, StringComparison.Ordinal);
        return to < 0
            ? throw new NotSupportedException("This XPlot.Plotly writes its charts in another way than version 4.1; use Plotly.NET, or XPlot.Plotly 4.1.0.")
            : script[(from + start.Length)..to];
    }
}
