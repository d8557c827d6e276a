using System.Text.Json;

namespace XtNotebooks.Views;

/// <summary>What can be shown of a Plotly figure without running a script: lines as a picture, anything else as a list.</summary>
internal sealed record FigureStill(string Text, Html Html)
{
    public static FigureStill Read(string json)
    {
        using var figure = JsonDocument.Parse(json);
        var traces = figure.RootElement.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Array
            ? data.EnumerateArray().ToList()
            : [];
        var title = Title(figure.RootElement);
        var names = traces.Select((trace, i) => $"{Label(trace, "name") ?? $"trace {i + 1}"} ({Label(trace, "type") ?? "scatter"}{Points(trace)})").ToList();
        var text = $"{title ?? "Plotly figure"}: {string.Join(", ", names.Take(12))}{(names.Count > 12 ? $" and {names.Count - 12} more" : "")}";
        var lines = traces.Select(Line).OfType<ChartLine>().Select((line, i) => line with { Style = i }).ToList();
        var html = lines.Count == 0 || lines.Count < traces.Count
            ? Html.Of($"<p>{text}</p>")
            : LineChartHtml.Picture(new LineChart
            {
                Sentence = text,
                XLabel = Label(Child(Child(figure.RootElement, "layout"), "xaxis"), "title") ?? "",
                Panels = [new ChartPanel(title ?? "", Label(Child(Child(figure.RootElement, "layout"), "yaxis"), "title") ?? "", [.. lines.Take(12)])],
            });
        return new FigureStill(text, html);
    }

    private static ChartLine? Line(JsonElement trace, int index)
    {
        if ((Label(trace, "type") ?? "scatter") is not ("scatter" or "scattergl") || Numbers(trace, "y") is not { Count: > 0 } y)
            return null;
        var x = Numbers(trace, "x");
        if (x is null || x.Count != y.Count)
            x = [.. Enumerable.Range(0, y.Count).Select(i => (double)i)];
        return new ChartLine(Label(trace, "name") ?? $"trace {index + 1}", x, y, index);
    }

    private static List<double>? Numbers(JsonElement trace, string name)
    {
        if (Child(trace, name) is not { ValueKind: JsonValueKind.Array } array)
            return null;
        var numbers = array.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Number ? v.GetDouble() : double.NaN).ToList();
        return numbers.Exists(double.IsFinite) ? numbers : null;
    }

    private static string? Title(JsonElement figure) => Label(Child(figure, "layout"), "title");

    private static string Points(JsonElement trace) =>
        Child(trace, "y") is { ValueKind: JsonValueKind.Array } y ? $", {Words.Count(y.GetArrayLength(), "point")}" : "";

    /// <summary>A text, or the text of an object that holds one, as titles are written in two ways.</summary>
    private static string? Label(JsonElement? element, string name) => Child(element, name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Object } node when Child(node, "text") is { ValueKind: JsonValueKind.String } text => text.GetString(),
        _ => null,
    };

    private static JsonElement? Child(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } node && node.TryGetProperty(name, out var child) ? child : null;
}
