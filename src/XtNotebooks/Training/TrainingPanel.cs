using System.Globalization;
using System.Text;
using XtNotebooks.Extensibility;
using XtNotebooks.Views;

namespace XtNotebooks.Training;

/// <summary>Where a run stands, to be drawn while it goes on: bar, time left, speed, and what the loss is made of from the first step.</summary>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record TrainingPanel : IView
{
    private const int Width = 560, Height = 120;

    /// <summary>The run's name.</summary>
    public required string Name { get; init; }

    /// <summary>The latest step.</summary>
    public required TrainingStep Latest { get; init; }

    /// <summary>How many steps there will be.</summary>
    public required int PlannedSteps { get; init; }

    /// <summary>Time since this call began.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Steps taken by this call.</summary>
    public required int StepsTaken { get; init; }

    /// <summary>Where it runs.</summary>
    public required string Device { get; init; }

    /// <summary>Losses to draw, thinned to a few hundred.</summary>
    public required IReadOnlyList<(int Step, double Reported, double? Real, double? Pad)> Curve { get; init; }

    /// <summary>The latest look at held-out data.</summary>
    public TrainingEvaluation? Evaluation { get; init; }

    /// <summary>Steps per second of this call.</summary>
    public double StepsPerSecond => Elapsed > TimeSpan.Zero ? StepsTaken / Elapsed.TotalSeconds : 0;

    /// <summary>Time left at this speed; null before there is one.</summary>
    public TimeSpan? Left => StepsPerSecond > 0 ? TimeSpan.FromSeconds((PlannedSteps - Latest.Step) / StepsPerSecond) : null;

    /// <inheritdoc/>
    public string ToText()
    {
        var done = PlannedSteps == 0 ? 0 : 20 * Latest.Step / PlannedSteps;
        return $"{Name} [{new string('#', done)}{new string('.', 20 - done)}] {Facts()}";
    }

    /// <inheritdoc/>
    public string ToHtml() => ViewFrame.Render("train", $"{Name}: step {Latest.Step} of {PlannedSteps}", """
        .xt-train .bar{height:6px;background:var(--soft);border-radius:3px;overflow:hidden;max-width:560px;margin:.3em 0 .5em}
        .xt-train .bar i{display:block;height:100%;background:var(--good)}
        .xt-train svg{display:block;max-width:100%;height:auto}
        .xt-train .key svg{display:inline-block;vertical-align:middle;margin:0 .3em 0 .8em}
        """, Html.Of($"""
        <p><b>{Name}</b> · {Facts()}</p>
        <div class="bar"><i style="width:{100.0 * Latest.Step / Math.Max(1, PlannedSteps):0.0}%"></i></div>
        {Chart()}
        """));

    private string Facts() => string.Join(" · ", new[]
    {
        $"step {Words.Number(Latest.Step)} of {Words.Number(PlannedSteps)}",
        Left is { } left ? $"{Clock(left)} left" : "",
        string.Create(CultureInfo.InvariantCulture, $"{StepsPerSecond:0.0} it/s"),
        Latest.RealTokens + Latest.PadTokens > 0 ? $"{Words.Number((long)Latest.TokensPerSecond)} tokens/s" : "",
        $"reported {Words.Nats(Latest.ReportedLoss)}",
        Latest.RealLoss is { } real ? $"real tokens {Words.Nats(real)}" : "",
        Latest.PadLoss is { } pad ? $"pads {Words.Nats(pad)}" : "",
        Evaluation is { } held ? $"held-out {(held.RealLoss is null ? "loss" : "real tokens")} {Words.Nats(held.Loss)} (step {held.Step})" : "",
        Latest.GradientNorm is { } norm ? $"gradient {Words.Short(norm)}" : "",
        Latest.MemoryBytes is { } bytes ? $"{Words.Number(bytes >> 20)} MiB in the process" : "",
        Device,
    }.Where(fact => fact.Length > 0));

    private Html Chart()
    {
        if (Curve.Count < 2)
            return new("");
        var values = Curve.SelectMany(p => new[] { p.Reported, p.Real, p.Pad }).OfType<double>().Where(double.IsFinite).Append(0).ToList();
        var (bottom, top) = (values.Min(), values.Max());
        if (top <= bottom)
            return new("");
        var (first, last) = (Curve[0].Step, Math.Max(Curve[^1].Step, PlannedSteps));
        (string Name, Func<(int Step, double Reported, double? Real, double? Pad), double?> Value, string Colour, string Dash)[] lines =
            [("reported", p => p.Reported, Palette.Series[2], Palette.SvgDashes[2]), ("real tokens", p => p.Real, "var(--real)", Palette.SvgDashes[0]), ("pads", p => p.Pad, "var(--pad)", Palette.SvgDashes[1])];
        var drawn = lines.Where(line => Curve.Any(p => line.Value(p) is not null)).ToList();
        var unit = Latest.InNats ? " nats" : "";
        return Html.Of($"""
            <svg viewBox="0 0 {Width} {Height}" width="{Width}" role="img" aria-label="losses so far, {Words.Nats(bottom)} to {Words.Nats(top)}{unit}">{Html.Join("", drawn.Select(line => Html.Of($"<polyline fill=\"none\" stroke-width=\"1.6\" stroke=\"{line.Colour}\"{Dash(line.Dash)} points=\"{Points(line.Value)}\"/>")))}</svg>
            <p class="key muted">{Words.Nats(bottom)} to {Words.Nats(top)}{unit} {Html.Join("", drawn.Select(line => Html.Of($"<svg width=\"34\" height=\"4\" aria-hidden=\"true\"><path d=\"M0 2h34\" stroke-width=\"2\" stroke=\"{line.Colour}\"{Dash(line.Dash)}/></svg>{line.Name}")))}</p>
            """);

        // A second sign besides the colour; both are the same as in a run's chart.
        static Html Dash(string dash) => dash.Length > 0 ? Html.Of($" stroke-dasharray=\"{dash}\"") : new("");

        string Points(Func<(int Step, double Reported, double? Real, double? Pad), double?> value)
        {
            var points = new StringBuilder(Curve.Count * 10);
            foreach (var point in Curve)
            {
                if (value(point) is not { } y || !double.IsFinite(y))
                    continue;
                points.Append(points.Length > 0 ? " " : "");
                Tenths(points, (point.Step - first) * (double)Width / Math.Max(1, last - first)).Append(',');
                Tenths(points, Height - 2 - (y - bottom) / (top - bottom) * (Height - 4));
            }
            return points.ToString();
        }

        // As "0.#" writes it, for which a format is read anew for every number.
        static StringBuilder Tenths(StringBuilder text, double number)
        {
            var tenths = (long)Math.Round(number * 10, MidpointRounding.AwayFromZero);
            text.Append(CultureInfo.InvariantCulture, $"{tenths / 10}");
            return tenths % 10 == 0 ? text : text.Append('.').Append((char)('0' + tenths % 10));
        }
    }

    private static string Clock(TimeSpan time) => time.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
        : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00}");
}
