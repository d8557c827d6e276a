using System.Text.Json;

namespace XtNotebooks.Views;

/// <summary>Bars and histograms of one panel: what they are as edges of bars, side by side, on top of each other, or before each other.</summary>
internal static class StillBins
{
    /// <summary>More are thinner than a pixel.</summary>
    public const int MostBars = 1000;

    private const double BarGap = 0.2;

    private sealed record Column(StillTrace Trace, bool Lies, List<double> At, List<double> Value, List<double> Base, double Width);

    public static IEnumerable<StillMark> Read(IReadOnlyList<StillTrace> traces, string mode, StillAxis x, StillAxis y)
    {
        var columns = Counts(traces.Where(trace => trace.Kind == "histogram").ToList(), x, y)
            .Concat(traces.Where(trace => trace.Kind == "bar").Select(trace => Bar(trace, x, y))).ToList();
        var step = columns.Select(column => column.Width).Where(width => width > 0).DefaultIfEmpty(0).Min();
        if (step == 0)
        {
            var at = columns.SelectMany(column => column.At).Where(double.IsFinite).Distinct().Order().ToList();
            step = at.Zip(at.Skip(1), (a, b) => b - a).DefaultIfEmpty(1).Min() * (1 - BarGap);
        }
        var (above, below) = (new Dictionary<double, double>(), new Dictionary<double, double>());
        for (var i = 0; i < columns.Count; i++)
        {
            var column = columns[i];
            var ground = (column.Lies ? x : y).Ground(column.Value);
            var bars = new List<StillBar>();
            var (from, width) = mode == "group" ? (-step / 2 + i * step / columns.Count, step / columns.Count) : (-step / 2, step);
            for (var k = 0; k < column.At.Count; k++)
            {
                var (at, value, foot) = (column.At[k], column.Value[k], k < column.Base.Count && double.IsFinite(column.Base[k]) ? column.Base[k] : ground);
                if (!double.IsFinite(at) || !double.IsFinite(value))
                    continue;
                if (mode is "stack" or "relative")
                {
                    var pile = value < 0 ? below : above;
                    foot = pile.GetValueOrDefault(at, ground);
                    pile[at] = foot + value;
                }
                var head = foot + value - ground;
                bars.Add(column.Lies ? new(Math.Min(foot, head), Math.Max(foot, head), at + from, at + from + width)
                    : new(at + from, at + from + width, Math.Min(foot, head), Math.Max(foot, head)));
            }
            if (bars.Count > 0)
                yield return new StillBars(column.Trace.Name, column.Trace.Style, bars);
        }
    }

    private static Column Bar(StillTrace trace, StillAxis x, StillAxis y)
    {
        var lies = trace.Lies;
        var (along, across) = lies ? (y, x) : (x, y);
        var values = FigureJson.Elements(trace.Json, lies ? "x" : "y") ?? [];
        var at = FigureJson.Elements(trace.Json, lies ? "y" : "x") ?? [];
        var value = values.Select(across.Place).ToList();
        return new(trace, lies, [.. value.Select((_, i) => i < at.Count ? along.Place(at[i]) : at.Count == 0 ? along.Place(i) : double.NaN)], value,
            [.. (FigureJson.Elements(trace.Json, "base") ?? []).Select(across.Place)], 0);
    }

    /// <summary>Histograms of one panel count in the same bins.</summary>
    private static IEnumerable<Column> Counts(List<StillTrace> traces, StillAxis x, StillAxis y)
    {
        var places = traces.Select(trace => (FigureJson.Elements(trace.Json, trace.Lies ? "y" : "x") ?? []).Select((trace.Lies ? y : x).Place).Where(double.IsFinite).ToList()).ToList();
        var all = places.SelectMany(at => at).ToList();
        if (all.Count == 0)
            yield break;
        var (start, size) = Bins(traces, all, traces.Exists(trace => (trace.Lies ? y : x).IsCategory));
        for (var i = 0; i < traces.Count; i++)
        {
            var counts = places[i].GroupBy(at => Math.Floor((at - start) / size + 1e-9)).OrderBy(bin => bin.Key).ToList();
            var norm = FigureJson.Label(traces[i].Json, "histnorm") switch
            {
                "percent" => 100.0 / places[i].Count,
                "probability" => 1.0 / places[i].Count,
                "density" => 1 / size,
                "probability density" => 1 / size / places[i].Count,
                _ => 1,
            };
            var across = traces[i].Lies ? x : y;
            yield return new(traces[i], traces[i].Lies, [.. counts.Select(bin => start + (bin.Key + 0.5) * size)], [.. counts.Select(bin => across.Place(bin.Count() * norm))], [], size);
        }
    }

    private static (double Start, double Size) Bins(List<StillTrace> traces, List<double> all, bool isCategory)
    {
        if (isCategory)
            return (-0.5, 1);
        var bins = traces.Select(trace => FigureJson.Child(trace.Json, trace.Lies ? "ybins" : "xbins")).FirstOrDefault(given => FigureJson.Number(given, "size") > 0);
        if (FigureJson.Number(bins, "size") is { } size && (all.Max() - all.Min()) / size < MostBars)
            return (FigureJson.Number(bins, "start") ?? Math.Floor(all.Min() / size) * size, size);
        var most = traces.Select(trace => FigureJson.Number(trace.Json, trace.Lies ? "nbinsy" : "nbinsx")).FirstOrDefault(given => given is > 0 and < MostBars) ?? Math.Clamp(Math.Sqrt(all.Count), 5, 40);
        var scale = ChartScale.Around(all, (int)most);
        return (scale.Low, scale.Ticks[1] - scale.Ticks[0]);
    }
}
