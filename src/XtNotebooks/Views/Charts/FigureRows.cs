using System.Globalization;
using System.Text.Json;

namespace XtNotebooks.Views;

/// <summary>Some of a figure's points as a table that needs no script: a column for each trace that lies over the common axis, a row for each place on it.</summary>
internal static class FigureRows
{
    private const int MaxRows = 11, MaxColumns = 12;

    /// <param name="json">The figure.</param>
    public static Html Of(string json)
    {
        using var figure = JsonDocument.Parse(json);
        var xLabel = FigureJson.Label(FigureJson.Child(FigureJson.Child(figure.RootElement, "layout"), "xaxis"), "title") ?? "";
        var columns = FigureJson.Traces(figure.RootElement).Select((trace, i) => (Name: FigureJson.Name(trace, i), Points: Points(trace))).Where(column => column.Points.Count > 0).ToList();
        var at = columns.SelectMany(column => column.Points).DistinctBy(point => point.X).ToList();
        if (at.Count == 0)
            return new("<p class=\"muted\">No trace of this figure lies over one axis; the figure’s own data holds the numbers.</p>");
        if (at.TrueForAll(point => point.Place is not null))
            at.Sort((one, other) => one.Place!.Value.CompareTo(other.Place!.Value));
        var table = new HtmlWriter();
        table.Add($"<table>\n<thead><tr><th>{xLabel}");
        foreach (var column in columns.Take(MaxColumns))
            table.Add($"<th>{column.Name}");
        table.Add($"</thead>\n<tbody>\n");
        foreach (var (x, _, _) in LineChartHtml.Picked(at, MaxRows))
        {
            table.Add($"<tr><th>{x}");
            foreach (var column in columns.Take(MaxColumns))
                table.Add($"<td>{column.Points.Find(point => point.X == x).Y ?? "–"}");
            table.Add($"</tr>\n");
        }
        table.Add($"</tbody></table>");
        if (at.Count > MaxRows || columns.Count > MaxColumns)
            table.Add($"<p class=\"muted\">{Words.Number(Math.Min(at.Count, MaxRows))} of {Words.Count(at.Count, "row")}{(columns.Count > MaxColumns ? $" and {MaxColumns} of {columns.Count} columns" : "")}; where scripts run all of them.</p>");
        return table.Done();
    }

    /// <summary>Empty where the trace is not a height over an axis.</summary>
    private static List<(string X, double? Place, string? Y)> Points(JsonElement trace)
    {
        if (trace.ValueKind != JsonValueKind.Object || trace.TryGetProperty("z", out _)
            || !trace.TryGetProperty("y", out var y) || y.ValueKind != JsonValueKind.Array)
            return [];
        var xs = trace.TryGetProperty("x", out var x) && x.ValueKind == JsonValueKind.Array ? x.EnumerateArray().ToList() : null;
        return
        [
            .. y.EnumerateArray().Select((value, i) => xs is not null && i < xs.Count
                ? xs[i].ValueKind == JsonValueKind.Number ? (Place(xs[i].GetDouble()), xs[i].GetDouble(), Text(value)) : (xs[i].ToString(), (double?)null, Text(value))
                : (Place(i), i, Text(value))),
        ];
    }

    private static string Place(double x) => x.ToString(CultureInfo.InvariantCulture);

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when Math.Abs(value.GetDouble()) is >= 1e4 and < 1e9 => Words.Number((long)Math.Round(value.GetDouble())),
        JsonValueKind.Number => Words.Short(value.GetDouble()),
        JsonValueKind.String => value.GetString(),
        _ => null,
    };
}
