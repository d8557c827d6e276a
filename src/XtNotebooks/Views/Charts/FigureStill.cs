using System.Text;
using System.Text.Json;

namespace XtNotebooks.Views;

/// <summary>What can be shown of a Plotly figure without running a script: pictures of its lines, markers, bars, histograms and heatmaps, and a list of all its traces.</summary>
/// <remarks>Compiled into the package and into the tool, which draws the figures of notebooks that load no package.</remarks>
/// <param name="Text">The title, and the traces with their kinds.</param>
/// <param name="Html">The text, one picture for each row of panels, and what is in none of them.</param>
internal sealed record FigureStill(string Text, Html Html)
{
    private const int MostNames = 12, TallestRow = 360, LowestRow = 190, FigureHeight = 450;

    public static FigureStill Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        var figure = document.RootElement;
        var text = Describe(figure);
        var still = StillFigure.Read(figure);
        var html = new HtmlWriter();
        html.Add($"<p>{text}</p>");
        if (still.Rows.Count == 0)
            return new FigureStill(text, html.Done());
        var height = FigureJson.Number(FigureJson.Child(figure, "layout"), "height") ?? FigureHeight;
        foreach (var row in still.Rows)
        {
            var svg = StillSvg.Write(row, still.Rows.Count == 1 ? TallestRow : (int)Math.Clamp(height * row[0].Share, LowestRow, TallestRow));
            html.Add($"\n<img style=\"max-width:100%;height:auto\" alt=\"{string.Join("\n", row.Select(Told))}\" src=\"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(svg))}\">");
        }
        foreach (var remark in still.Remarks)
            html.Add($"\n<p class=\"muted\">{remark}</p>");
        return new FigureStill(text, html.Done());
    }

    /// <summary>The title, and the traces with their kinds.</summary>
    public static string Describe(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Describe(document.RootElement);
    }

    private static string Describe(JsonElement figure)
    {
        var names = FigureJson.Traces(figure).Select((trace, i) => $"{FigureJson.Name(trace, i)} ({FigureJson.Kind(trace)}{Points(trace)})").ToList();
        return $"{FigureJson.Label(FigureJson.Child(figure, "layout"), "title") ?? "Plotly figure"}: {string.Join(", ", names.Take(MostNames))}{(names.Count > MostNames ? $" and {names.Count - MostNames} more" : "")}";
    }

    private static string Told(StillPanel panel)
    {
        var heading = string.Join(", ", new[] { panel.Title, panel.YLabel }.Where(part => part.Length > 0));
        var marks = panel.Marks.Where(mark => mark is not StillCurve { Faint: true }).Select(mark => mark.Name == panel.Title ? mark.Told(panel.Y) : $"{mark.Name} {mark.Told(panel.Y)}");
        return $"{heading}{(heading.Length > 0 ? ": " : "")}{string.Join(", ", marks)}{(panel.X.Title.Length > 0 ? $" over {panel.X.Title}" : "")}.";
    }

    private static string Points(JsonElement trace) => FigureJson.Elements(trace, "y") is { } y ? $", {Words.Count(y.Count, "point")}" : "";
}
