using System.Text.Json;

namespace XtNotebooks.Views;

/// <summary>A trace of a Plotly figure and the marks that it becomes.</summary>
/// <param name="Json">The trace.</param>
/// <param name="Name">As the legend has it.</param>
/// <param name="Style">Which colour and dash.</param>
internal sealed record StillTrace(JsonElement Json, string Name, int Style)
{
    /// <summary>How many cells a picture has along each side; more are put together.</summary>
    public const int MostCells = 48;

    public string Kind { get; } = FigureJson.Kind(Json);

    /// <summary>Whether bars lie instead of standing.</summary>
    public bool Lies { get; } = FigureJson.Label(Json, "orientation") is { } said ? said == "h"
        : FigureJson.Kind(Json) == "histogram" && FigureJson.Child(Json, "x") is null && FigureJson.Child(Json, "y") is not null;

    /// <summary>Why it is in no picture; null where it can be drawn.</summary>
    public string? Hindrance { get; } = FigureJson.Kind(Json) switch
    {
        "scatter" or "scattergl" => FigureJson.Label(Json, "stackgroup") is { Length: > 0 } ? "stacked areas" : Values(Json, "x", "y"),
        "bar" => Values(Json, "x", "y") ?? Many(Json),
        "histogram" => FigureJson.Label(Json, "histfunc") is { } function && function != "count" ? $"histogram of a {function}"
            : FigureJson.Child(FigureJson.Child(Json, "cumulative"), "enabled") is { ValueKind: JsonValueKind.True } ? "cumulative histogram" : Values(Json, "x", "y"),
        "heatmap" => FigureJson.Elements(Json, "z") is { Count: > 0 } rows && rows.TrueForAll(row => row.ValueKind == JsonValueKind.Array && row.GetArrayLength() > 0) ? null : "heatmap without rows",
        var kind => kind,
    };

    /// <summary>A line, markers or both.</summary>
    public StillCurve Curve(StillAxis x, StillAxis y, bool faint)
    {
        var (xs, ys) = (FigureJson.Elements(Json, "x"), FigureJson.Elements(Json, "y"));
        var count = xs is null ? ys!.Count : ys is null ? xs.Count : Math.Min(xs.Count, ys.Count);
        var mode = FigureJson.Label(Json, "mode") ?? (count < 20 ? "lines+markers" : "lines");
        var line = mode.Contains("lines", StringComparison.Ordinal) || mode == "none";
        return new(Name, Style, Places(xs, x, "x"), Places(ys, y, "y"), line, !line || mode.Contains("markers", StringComparison.Ordinal), faint);

        List<double> Places(List<JsonElement>? values, StillAxis axis, string name) => values is not null
            ? [.. values.Take(count).Select(axis.Place)]
            : [.. Enumerable.Range(0, count).Select(i => axis.Place((FigureJson.Number(Json, name + "0") ?? 0) + i * (FigureJson.Number(Json, "d" + name) ?? 1)))];
    }

    /// <summary>A grid of colours; where the figure has more cells than the picture, each is the mean of several.</summary>
    public StillCells Cells(StillAxis x, StillAxis y)
    {
        var rows = FigureJson.Elements(Json, "z")!.Select(row => row.EnumerateArray()
            .Select(value => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN).ToArray()).ToList();
        var columns = rows.Max(row => row.Length);
        if (FigureJson.Child(Json, "transpose") is { ValueKind: JsonValueKind.True })
            (rows, columns) = ([.. Enumerable.Range(0, columns).Select(c => rows.Select(row => c < row.Length ? row[c] : double.NaN).ToArray())], rows.Count);
        var (down, along) = (Block(rows.Count), Block(columns));
        var cells = Enumerable.Range(0, (rows.Count + down - 1) / down).Select(r => Enumerable.Range(0, (columns + along - 1) / along).Select(c =>
            rows.Skip(r * down).Take(down).SelectMany(row => row.Skip(c * along).Take(along)).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average()).ToArray()).ToList();
        return new(Name, Style, Edges("x", x, columns, along), Edges("y", y, rows.Count, down), cells);

        // Where the figure names centres, an edge lies half-way between two.
        List<double> Edges(string name, StillAxis axis, int count, int block)
        {
            var given = (FigureJson.Elements(Json, name) ?? []).Select(axis.Place).ToList();
            if (given.Count < count || given.Exists(double.IsNaN))
                given = [.. Enumerable.Range(0, count).Select(i => axis.Place((FigureJson.Number(Json, name + "0") ?? 0) + i * (FigureJson.Number(Json, "d" + name) ?? 1)))];
            var edges = given.Count > count ? given
                : [given[0] - Half(given, 1), .. given.Zip(given.Skip(1), (a, b) => (a + b) / 2), given[^1] + Half(given, given.Count - 1)];
            return [.. Enumerable.Range(0, (count + block - 1) / block).Select(i => edges[i * block]), edges[count]];
        }

        static double Half(List<double> at, int i) => at.Count < 2 ? 0.5 : (at[i] - at[i - 1]) / 2;
    }

    /// <summary>How many cells of the figure make one of the picture; null where it shows each.</summary>
    public string? Together(StillCells cells)
    {
        var rows = FigureJson.Elements(Json, "z")!;
        var (down, along) = (Block(rows.Count), Block(rows.Max(row => row.GetArrayLength())));
        if (FigureJson.Child(Json, "transpose") is { ValueKind: JsonValueKind.True })
            (down, along) = (along, down);
        return down * along == 1 ? null : $"{Name}: each of the picture’s {Words.Number(cells.Z.Count)} × {Words.Number(cells.X.Count - 1)} cells is the mean of {down} × {along}.";
    }

    private static int Block(int count) => (count + MostCells - 1) / MostCells;

    private static string? Values(JsonElement trace, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (FigureJson.Elements(trace, name) is { Count: > 0 })
                return null;
        }
        return "without points";
    }

    private static string? Many(JsonElement trace) => Math.Max(FigureJson.Elements(trace, "x")?.Count ?? 0, FigureJson.Elements(trace, "y")?.Count ?? 0) > StillBins.MostBars
        ? $"more than {Words.Number(StillBins.MostBars)} bars" : null;
}
