using System.Globalization;

namespace XtNotebooks.Bench;

/// <summary>The results for people.</summary>
internal static class Table
{
    public static void Write(TextWriter to, IReadOnlyList<Summary> summaries, LiveTensors? live)
    {
        foreach (var summary in summaries)
        {
            to.WriteLine();
            to.WriteLine(summary.Contestant);
            Line(to, $"  SGEMM 1024: {summary.SgemmFlops / 1e9:F0} GFLOP/s");
            foreach (var workload in summary.Results.Where(r => r.Kind != "sgemm").GroupBy(r => r.Workload)) Write(to, summary, workload.Key, [.. workload]);
        }
        if (live is not null)
            Line(to, $"\nLive tensors ({live.Workload}): {live.Early} after {live.EarlySteps} steps, {live.Late} after {live.LateSteps}");
        to.WriteLine();
        to.WriteLine("Medians of interleaved rounds. \"of SGEMM\" is the part of the measured matrix-product rate that the step's own matrix products reach.");
    }

    private static void Write(TextWriter to, Summary summary, string name, IReadOnlyList<Result> results)
    {
        var workload = Workload.Named(name);
        Line(to, $"  {name}: dim {workload.Dim}, depth {workload.Depth}, heads {workload.Heads}, batch {workload.Batch} x {workload.Length}{(workload.Flash ? ", flash" : "")}");
        foreach (var result in results)
        {
            var flop = result.Kind switch { "step" => 3 * workload.ForwardFlop, "forward" => workload.ForwardFlop, _ => 0 };
            var parts = result.Seconds.Where(p => p.Key != "total").Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Key} {p.Value * 1e3:F1}"));
            if (flop > 0)
                Line(to, $"    {result.Kind,-9} {result.Total * 1e3,8:F1} ms  {flop / result.Total / summary.SgemmFlops,5:P0} of SGEMM  {string.Join(", ", parts)}");
            else
                Line(to, $"    {result.Kind,-9} {result.Amount / result.Total,8:F1} tokens/s");
        }
        if (summary.PeakMemoryMiB.TryGetValue(name, out var peak)) Line(to, $"    peak memory {peak:F0} MiB");
    }

    private static void Line(TextWriter to, FormattableString line) => to.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
