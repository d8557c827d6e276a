using System.Globalization;

namespace XtNotebooks.Views;

/// <summary>A range of values with round ticks.</summary>
internal sealed record ChartScale(double Low, double High, IReadOnlyList<double> Ticks)
{
    /// <summary>What is smaller is drawn and labelled as 0.</summary>
    private const double Zero = 1e-12;

    /// <summary>The range that holds all finite values, widened to round ticks.</summary>
    public static ChartScale Around(IEnumerable<double> values, int ticks = 5)
    {
        var (low, high) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var value in values)
        {
            if (double.IsFinite(value))
                (low, high) = (Math.Min(low, value), Math.Max(high, value));
        }
        if (low > high)
            (low, high) = (0, 1);
        var largest = Math.Max(Math.Abs(low), Math.Abs(high));
        if (largest < Zero)
            (low, high) = (-0.5, 0.5);
        else if (high - low < 1e-12 * largest)
        {
            // One value: near enough around it that it differs from 0, and that the labels differ from each other.
            var margin = Math.Max(Math.Min(0.5, largest / 2), largest / 1000);
            (low, high) = (low - margin, high + margin);
        }
        var step = Round((high - low) / ticks);
        var (first, last) = (Math.Floor(low / step + 1e-9), Math.Ceiling(high / step - 1e-9));
        return new ChartScale(first * step, last * step,
            [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)]);
    }

    /// <summary>The same ticks, but the range ends where the values do. What is counted, as steps are, has none between two.</summary>
    public static ChartScale Tight(IEnumerable<double> values, int most = 5)
    {
        var all = values.Where(double.IsFinite).ToList();
        if (all.Count == 0)
            return Around(all, most);
        var scale = Around(all, most);
        var (low, high) = (all.Min(), all.Max());
        var ticks = all.TrueForAll(double.IsInteger) && high - low < 1e6 && !scale.Ticks.All(double.IsInteger) ? Counted() : scale.Ticks;
        return low == high ? scale with { Ticks = ticks } : new ChartScale(low, high, [.. ticks.Where(t => t >= low && t <= high)]);

        List<double> Counted()
        {
            var step = Math.Ceiling(scale.Ticks[1] - scale.Ticks[0] - 1e-9);
            return [.. Enumerable.Range(0, (int)((high - low) / step) + 2).Select(i => (Math.Ceiling(low / step) + i) * step).Where(t => t <= high)];
        }
    }

    public double At(double value, double from, double to) => from + (value - Low) / (High - Low) * (to - from);

    /// <summary>What stands at a tick: six digits at most, grouped from five on.</summary>
    public static string Label(double tick) => Math.Abs(tick) switch
    {
        < Zero => "0",
        < 1e-4 or >= 1e9 => tick.ToString("0.#####e0", CultureInfo.InvariantCulture),
        >= 1e4 => tick.ToString("#,0.##", CultureInfo.InvariantCulture),
        _ => tick.ToString("G6", CultureInfo.InvariantCulture),
    };

    /// <summary>A value of the scale, to read beside its mark: no less exact than the ticks are.</summary>
    public string Value(double value)
    {
        var (size, step) = (Math.Abs(value), Ticks.Count > 1 ? Ticks[1] - Ticks[0] : double.PositiveInfinity);
        return step < 1 && size is >= 100 and < 1e6 ? value.ToString("#,0.00", CultureInfo.InvariantCulture)
            : step < 0.0099 && size is >= 0.01 and < 100 ? Words.Short(value) : Words.Value(value);
    }

    /// <summary>What the ticks' labels need beside the panel.</summary>
    public static double Room(IEnumerable<string> labels) => Math.Max(44, 12 + ChartLabels.Letter * labels.Select(label => label.Length).DefaultIfEmpty(0).Max());

    private static double Round(double step)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return (step / power) switch { <= 1.0001 => 1, <= 2.0001 => 2, <= 2.5001 => 2.5, <= 5.0001 => 5, _ => 10 } * power;
    }
}
