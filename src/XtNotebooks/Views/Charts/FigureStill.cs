using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace XtNotebooks.Views;

/// <summary>What can be shown of a Plotly figure without running a script: lines as pictures, anything else as a list.</summary>
/// <param name="Text">The title, and the traces with their kinds.</param>
/// <param name="Html">The text, and one picture for each row of a figure of lines.</param>
/// <param name="Rows">Some of the points as a table; empty where no trace lies over one axis.</param>
internal sealed partial record FigureStill(string Text, Html Html, Html Rows)
{
    private const int MaxLines = 12, MaxPanels = 4;

    public static FigureStill Read(string json)
    {
        using var figure = JsonDocument.Parse(json);
        var layout = Child(figure.RootElement, "layout");
        var traces = figure.RootElement.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Array
            ? data.EnumerateArray().ToList()
            : [];
        var title = Label(layout, "title");
        var names = traces.Select((trace, i) => $"{Name(trace, i)} ({Label(trace, "type") ?? "scatter"}{Points(trace)})").ToList();
        var text = $"{title ?? "Plotly figure"}: {string.Join(", ", names.Take(MaxLines))}{(names.Count > MaxLines ? $" and {names.Count - MaxLines} more" : "")}";
        var lines = traces.Select(Line).ToList();
        return new FigureStill(text,
            Html.Of($"<p>{text}</p>\n{(lines.Contains(null) || !traces.Exists(IsVisible) ? default : Pictures(text, title, layout, traces, lines!))}"),
            FigureRows.Of(traces, Label(Child(layout, "xaxis"), "title") ?? ""));
    }

    /// <summary>A trace's name as a reader sees it.</summary>
    public static string Name(JsonElement trace, int index) => Label(trace, "name") ?? $"trace {index + 1}";

    /// <summary>One picture for each row of subplots, a panel for each pair of axes.</summary>
    private static Html Pictures(string text, string? title, JsonElement? layout, List<JsonElement> traces, List<ChartLine> lines)
    {
        var shown = traces.Zip(lines).Where(pair => IsVisible(pair.First)).ToList();
        var names = shown.Select(pair => pair.Second.Name).Distinct().ToList();
        var panels = shown.Where(pair => !IsBehind(pair.First, pair.Second.Name)).Take(MaxLines)
            .GroupBy(pair => (X: Axis(Label(pair.First, "xaxis") ?? "x"), Y: Axis(Label(pair.First, "yaxis") ?? "y"))).ToList();
        var headings = Headings(layout);
        var rows = panels.Select((panel, i) =>
        {
            var (x, y) = (Child(layout, panel.Key.X), Child(layout, panel.Key.Y));
            var (heading, unit) = headings.Count == panels.Count ? headings[i] : (i == 0 ? title ?? "" : "", Label(y, "title") ?? "");
            return (
                Row: Child(y, "domain")?.GetRawText() ?? "",
                XLabel: Label(x, "title") ?? "",
                Scale: Label(y, "matches") is { } other ? Axis(other) : panel.Key.Y,
                Range: Child(y, "range")?.GetRawText(),
                Panel: new ChartPanel(heading, unit, [.. panel.Select(pair => pair.Second with
                {
                    Name = pair.Second.Name == heading ? "" : pair.Second.Name,
                    Style = Style(pair.First) ?? names.IndexOf(pair.Second.Name),
                })]));
        }).GroupBy(panel => panel.Row).SelectMany(row => row.Chunk(MaxPanels)).ToList();
        return Html.Join("\n", rows.Select((row, i) => LineChartHtml.Picture(new LineChart
        {
            Sentence = i == 0 ? text : "",
            XLabel = row[0].XLabel,
            Panels = [.. row.Select(panel => panel.Panel)],
            SharedScale = row.DistinctBy(panel => panel.Scale).Count() == 1 || row[0].Range is { } range && row.All(panel => panel.Range == range),
            Height = i == 0 ? 360 : 190,
        })));

        // As unsmoothed values stand behind the curve that their group is called by.
        bool IsBehind(JsonElement trace, string name) =>
            Label(trace, "hoverinfo") == "skip" && Label(trace, "legendgroup") is { } group && group != name && names.Contains(group);
    }

    /// <summary>"yaxis2" of "y2".</summary>
    private static string Axis(string name) => name.Length == 0 ? "" : $"{name[0]}axis{name[1..]}";

    /// <summary>The style of the views' own lines that has this line's colour.</summary>
    private static int? Style(JsonElement trace) =>
        Label(Child(trace, "line"), "color") is { } colour && Palette.Series.ToList().IndexOf(colour) is >= 0 and var style ? style : null;

    /// <summary>Not switched off, nor waiting in the legend.</summary>
    private static bool IsVisible(JsonElement trace) => Child(trace, "visible") is not { ValueKind: JsonValueKind.False or JsonValueKind.String };

    /// <summary>What is written in bold above each panel, with what follows it.</summary>
    private static List<(string Title, string Unit)> Headings(JsonElement? layout) => Child(layout, "annotations") is not { ValueKind: JsonValueKind.Array } notes ? [] :
    [
        .. notes.EnumerateArray().Select(note => Child(note, "text")).Where(text => text is { ValueKind: JsonValueKind.String } && text.Value.GetString()!.StartsWith("<b>", StringComparison.Ordinal))
            .Select(text => Plain(text!.Value.GetString()!).Split(" · ", 2)).Select(parts => (parts[0], parts.Length > 1 ? parts[1] : "")),
    ];

    private static ChartLine? Line(JsonElement trace, int index)
    {
        if ((Label(trace, "type") ?? "scatter") is not ("scatter" or "scattergl") || Numbers(trace, "y") is not { Count: > 0 } y)
            return null;
        var x = Numbers(trace, "x");
        if (x is null || x.Count != y.Count)
            x = [.. Enumerable.Range(0, y.Count).Select(i => (double)i)];
        return new ChartLine(Name(trace, index), x, y, index);
    }

    private static List<double>? Numbers(JsonElement trace, string name)
    {
        if (Child(trace, name) is not { ValueKind: JsonValueKind.Array } array)
            return null;
        var numbers = array.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Number ? v.GetDouble() : double.NaN).ToList();
        return numbers.Exists(double.IsFinite) ? numbers : null;
    }

    private static string Points(JsonElement trace) =>
        Child(trace, "y") is { ValueKind: JsonValueKind.Array } y ? $", {Words.Count(y.GetArrayLength(), "point")}" : "";

    /// <summary>A text, or the text of an object that holds one, as titles are written in two ways.</summary>
    private static string? Label(JsonElement? element, string name) => Child(element, name) switch
    {
        { ValueKind: JsonValueKind.String } text => Plain(text.GetString()!),
        { ValueKind: JsonValueKind.Object } node when Child(node, "text") is { ValueKind: JsonValueKind.String } text => Plain(text.GetString()!),
        _ => null,
    };

    /// <summary>A text of Plotly's without the tags that it may hold.</summary>
    private static string Plain(string text) => WebUtility.HtmlDecode(Tag().Replace(text, ""));

    private static JsonElement? Child(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } node && node.TryGetProperty(name, out var child) ? child : null;

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();
}
