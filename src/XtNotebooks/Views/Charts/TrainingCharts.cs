using System.Globalization;
using Plotly.NET;
using XtNotebooks.Training;

namespace XtNotebooks.Views;

/// <summary>Training runs as charts: what is reported beside what the real tokens say.</summary>
public static class TrainingCharts
{
    private const int Last = 20;

    /// <summary>Reported, real-token and pad loss of one run over its steps; below it, as a picture, rate, gradient, speed and memory.</summary>
    /// <param name="run">The run.</param>
    /// <param name="smoothing">Over how many steps the lines are averaged, the raw values kept behind them; 1 for none.</param>
    public static LineChart ToChart(this TrainingRun run, int smoothing = Last)
    {
        ArgumentNullException.ThrowIfNull(run);
        var steps = run.Steps.Select(s => (double)s.Step).ToArray();
        var lines = new List<ChartLine>();
        Add("reported", 2, s => s.ReportedLoss);
        Add("real tokens", 0, s => s.RealLoss);
        Add("pads", 1, s => s.PadLoss);
        if (HeldOut(run) is { } heldOut)
            lines.Add(new ChartLine(run.HeldOutRealLoss is null ? "held-out" : "held-out real", heldOut.X, heldOut.Y, 3));
        return new LineChart
        {
            Sentence = RunSentence(run),
            XLabel = "step",
            Panels = [new ChartPanel(run.Name, run.InNats ? "nats" : "", lines)],
            Below = Workings(run),
        };

        void Add(string name, int style, Func<TrainingStep, double?> value)
        {
            var y = run.Steps.Select(s => value(s) ?? double.NaN).ToArray();
            if (y.Any(double.IsFinite))
                lines.Add(ChartLine.Smoothed(name, steps, y, style, smoothing));
        }
    }

    /// <summary>Runs side by side: what each reports, and what its real tokens cost; one colour and dash for each run.</summary>
    /// <param name="runs">Runs over the same batches.</param>
    /// <param name="smoothing">Over how many steps the lines are averaged, the raw values kept behind them; 1 for none.</param>
    /// <param name="pads">Whether a third panel shows what pads cost as targets.</param>
    /// <exception cref="ArgumentException">There is no run.</exception>
    public static LineChart ToChart(this IEnumerable<TrainingRun> runs, int smoothing = Last, bool pads = false)
    {
        ArgumentNullException.ThrowIfNull(runs);
        var all = Named([.. runs]);
        if (all.Count == 0)
            throw new ArgumentException("There is no run to draw; train one first.", nameof(runs));
        var split = all.Any(run => run.Steps.Any(step => step.RealLoss is not null));
        List<ChartPanel> panels = [Panel("What is reported", all.All(run => run.InNats) ? "nats per counted target" : "loss", s => s.ReportedLoss)];
        if (split)
            panels.Add(Panel("Real tokens only", "nats per real token", s => s.RealLoss));
        if (pads)
            panels.Add(Panel("Pads as targets", "nats per pad", s => s.PadLoss));
        return new LineChart
        {
            Sentence = ComparisonSentence(all),
            XLabel = "step",
            Panels = panels,
            Summary = LastSteps(all),
        };

        ChartPanel Panel(string title, string unit, Func<TrainingStep, double?> value) => new(title, unit,
            [.. all.Select((run, style) => ChartLine.Smoothed(run.Name, [.. run.Steps.Select(s => (double)s.Step)],
                [.. run.Steps.Select(s => value(s) ?? double.NaN)], style, smoothing)).Where(line => line.Y.Any(double.IsFinite))]);
    }

    /// <inheritdoc cref="ToChart(IEnumerable{TrainingRun}, int, bool)"/>
    public static LineChart ToChart(this TrainingComparison comparison, int smoothing = Last, bool pads = false)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        return comparison.Runs.ToChart(smoothing, pads);
    }

    /// <summary>One run as a Plotly.NET figure, to style or combine further.</summary>
    public static GenericChart ToPlotly(this TrainingRun run, int smoothing = Last) => run.ToChart(smoothing).ToPlotly();

    /// <summary>Runs side by side as a Plotly.NET figure, to style or combine further.</summary>
    public static GenericChart ToPlotly(this TrainingComparison comparison, int smoothing = Last) => comparison.ToChart(smoothing).ToPlotly();

    /// <summary>One run as an XPlot.Plotly chart.</summary>
    public static XPlot.Plotly.PlotlyChart ToXPlot(this TrainingRun run, int smoothing = Last) => run.ToChart(smoothing).ToXPlot();

    /// <summary>Runs side by side as an XPlot.Plotly chart.</summary>
    public static XPlot.Plotly.PlotlyChart ToXPlot(this TrainingComparison comparison, int smoothing = Last) => comparison.ToChart(smoothing).ToXPlot();

    private static string RunSentence(TrainingRun run)
    {
        if (run.Steps.Count == 0)
            return $"{Words.Label(run.Name)} no step was taken. {run.EndReason}".TrimEnd();
        var (reported, real, pad) = run.Last(Last);
        var sentence = $"{Words.Label(run.Name)} {Words.Nats(reported ?? double.NaN)}{(run.InNats ? " nats" : "")} reported {(run.Steps.Count == 1 ? "in its one step" : $"over the last {Math.Min(Last, run.Steps.Count)} steps")}";
        if (real is { } r && pad is not null && Math.Abs(r - (reported ?? r)) > 0.005)
            sentence += $", {Words.Nats(r)} on real tokens";
        if (run.HeldOutLoss is { } heldOut)
            sentence += $", {Words.Nats(heldOut)} on held-out {(run.HeldOutRealLoss is null ? "batches" : "real tokens")}";
        return $"{sentence}. {run.EndReason}".TrimEnd();
    }

    /// <summary>Runs of one name, as those of one setting have, are numbered, so that lines and sentences can be told apart.</summary>
    private static List<TrainingRun> Named(List<TrainingRun> runs) =>
    [
        .. runs.Select((run, i) => runs.Count(other => other.Name == run.Name) == 1 ? run
            : run with { Name = $"{run.Name} ({runs.Take(i + 1).Count(other => other.Name == run.Name)})" }),
    ];

    private static string ComparisonSentence(List<TrainingRun> runs)
    {
        var last = runs.Select(run => (run.Name, Values: run.Last(Last), Held: run.HeldOutRealLoss)).ToList();
        if (runs.Count == 1 || last.Any(l => l.Values.Reported is null) || last.Any(l => l.Values.Real is null))
            return string.Join(" ", runs.Select(RunSentence));
        var heldOut = last.All(l => l.Held is not null);
        double Real((string, (double? Reported, double? Real, double? Pad) Values, double? Held) l) => heldOut ? l.Held!.Value : l.Values.Real!.Value;
        // What is no number is neither better nor worse.
        if (last.Any(l => !double.IsFinite(Real(l)) || !double.IsFinite(l.Values.Reported!.Value)))
            return string.Join(" ", runs.Select(RunSentence));
        var (cheapest, best) = (last.MinBy(l => l.Values.Reported!.Value), last.MinBy(Real));
        var where = heldOut ? "held-out real tokens" : "real tokens";
        var ends = runs[0].EndReason.Length > 0 && runs.All(run => run.EndReason == runs[0].EndReason) ? $" All runs: {runs[0].EndReason}"
            : string.Concat(runs.Where(run => run.EndReason.Length > 0).Select(run => $" {Words.Label(run.Name)} {run.EndReason}"));
        return (cheapest.Name == best.Name || Math.Abs(Real(cheapest) - Real(best)) < 0.005
            ? $"`{cheapest.Name}` reports the least, {Words.Nats(cheapest.Values.Reported!.Value)} nats, and no other run is better on {where}: {Words.Nats(Real(cheapest))}."
            : $"`{cheapest.Name}` reports the least, {Words.Nats(cheapest.Values.Reported!.Value)} nats, yet on {where} `{best.Name}` is better: "
                + $"{Words.Nats(Real(best))} against {Words.Nats(Real(cheapest))}.") + ends;
    }

    private static ViewTable LastSteps(List<TrainingRun> runs)
    {
        var heldOut = runs.Any(run => run.HeldOutLoss is not null);
        var whose = runs.Any(run => run.HeldOutRealLoss is not null) ? "held-out real tokens" : "held-out batches";
        return new ViewTable(
            ["", "first step, reported", $"last {Last}, reported", $"last {Last}, real tokens", $"last {Last}, pads", .. heldOut ? [whose] : Array.Empty<string>()],
            [.. runs.Select(run =>
            {
                var (reported, real, pad) = run.Last(Last);
                return (IReadOnlyList<string>)[run.Name, Text(run.Steps.Count > 0 ? run.Steps[0].ReportedLoss : null), Text(reported), Text(real), Text(pad),
                    .. heldOut ? [Text(run.HeldOutLoss)] : Array.Empty<string>()];
            })]);

        static string Text(double? value) => value is not { } v || !double.IsFinite(v) ? "–" : Math.Abs(v) >= 1e9 ? Words.Short(v) : v.ToString("0.000", CultureInfo.InvariantCulture);
    }

    private static (double[] X, double[] Y)? HeldOut(TrainingRun run) => run.Evaluations.Count == 0
        ? null
        : ([.. run.Evaluations.Select(e => (double)e.Step)], [.. run.Evaluations.Select(e => e.Loss)]);

    /// <summary>What a training step did besides lowering the loss, as far as it was recorded.</summary>
    private static LineChart? Workings(TrainingRun run)
    {
        var steps = run.Steps.Select(s => (double)s.Step).ToArray();
        var panels = new List<ChartPanel>();
        Add("Learning rate", "", s => s.LearningRate, smoothing: 1);
        Add("Gradient norm", "before clipping", s => s.GradientNorm, Last);
        Add("Speed", "tokens/s", s => s.TokensPerSecond > 0 ? s.TokensPerSecond : null, Last);
        Add("Memory", "MiB, of the process", s => s.MemoryBytes / 1048576.0, smoothing: 1);
        return panels.Count == 0 ? null : new LineChart
        {
            Sentence = "Learning rate, gradient norm, speed and memory, as far as they were recorded.",
            XLabel = "step",
            Panels = panels,
            SharedScale = false,
            Height = 190,
        };

        void Add(string title, string unit, Func<TrainingStep, double?> value, int smoothing)
        {
            var y = run.Steps.Select(s => value(s) ?? double.NaN).ToArray();
            if (y.Any(v => double.IsFinite(v) && v != 0))
                panels.Add(new ChartPanel(title, unit, [ChartLine.Smoothed("", steps, y, 5, smoothing)]));
        }
    }
}
