namespace XtNotebooks.Views;

/// <summary>A chart of very many points with fewer of them: of each stretch the lowest and the highest of every line, so that no spike is lost.</summary>
/// <remarks>Lines over the same places keep the same of them, so that pointing at one tells of all.</remarks>
internal static class LineChartThinning
{
    private const int LeastStretches = 16;

    /// <summary>The same chart where no line has more points, otherwise one with about so many.</summary>
    public static LineChart Of(LineChart chart, int most)
    {
        var lines = Lines(chart).Where(line => line.X.Count > most).ToList();
        if (lines.Count == 0)
            return chart;
        var kept = new List<(IReadOnlyList<double> X, int[] Indices)>();
        foreach (var line in lines.Where(line => !kept.Exists(known => known.X.SequenceEqual(line.X))))
            kept.Add((line.X, Indices([.. lines.Where(other => other.X.SequenceEqual(line.X))], most)));
        return With(chart);

        LineChart With(LineChart part) => part with
        {
            Panels = [.. part.Panels.Select(panel => panel with { Lines = [.. panel.Lines.Select(Thin)] })],
            Below = part.Below is null ? null : With(part.Below),
        };

        ChartLine Thin(ChartLine line)
        {
            if (line.X.Count <= most)
                return line;
            var indices = kept.Find(known => known.X.SequenceEqual(line.X)).Indices;
            return line with { X = Picked(line.X, indices), Y = Picked(line.Y, indices), Raw = line.Raw is null ? null : Picked(line.Raw, indices) };
        }
    }

    /// <summary>The most points that a line of the chart has.</summary>
    public static int Longest(LineChart chart) => Lines(chart).Select(line => line.X.Count).DefaultIfEmpty(0).Max();

    private static IEnumerable<ChartLine> Lines(LineChart chart) => chart.Panels.SelectMany(panel => panel.Lines).Concat(chart.Below is null ? [] : Lines(chart.Below));

    private static int[] Indices(List<ChartLine> lines, int most)
    {
        var count = lines[0].X.Count;
        var stretches = Math.Max(LeastStretches, most / (2 * lines.Count));
        var kept = new SortedSet<int> { 0, count - 1 };
        for (var stretch = 0; stretch < stretches; stretch++)
        {
            var (from, to) = ((int)((long)count * stretch / stretches), (int)((long)count * (stretch + 1) / stretches));
            foreach (var values in lines.Select(line => line.Raw ?? line.Y))
            {
                int low = -1, high = -1, gap = -1;
                for (var i = from; i < to; i++)
                {
                    if (!double.IsFinite(values[i]))
                        gap = gap < 0 ? i : gap;
                    else
                        (low, high) = (low < 0 || values[i] < values[low] ? i : low, high < 0 || values[i] > values[high] ? i : high);
                }
                kept.UnionWith(new[] { low, high, gap }.Where(i => i >= 0));
            }
        }
        return [.. kept];
    }

    private static double[] Picked(IReadOnlyList<double> values, int[] indices) => [.. indices.Select(i => values[i])];
}
