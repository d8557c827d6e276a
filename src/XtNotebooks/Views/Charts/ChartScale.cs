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

    /// <summary>The same ticks, but the range ends where the values do.</summary>
    public static ChartScale Tight(IEnumerable<double> values, int ticks = 5)
    {
        var all = values.Where(double.IsFinite).ToList();
        if (all.Count == 0)
            return Around(all, ticks);
        var scale = Around(all, ticks);
        var (low, high) = (all.Min(), all.Max());
        return low == high ? scale : new ChartScale(low, high, [.. scale.Ticks.Where(t => t >= low && t <= high)]);
    }

    public double At(double value, double from, double to) => from + (value - Low) / (High - Low) * (to - from);

    public static string Label(double tick) => Math.Abs(tick) < Zero ? "0" : tick.ToString("G6", CultureInfo.InvariantCulture);

    private static double Round(double step)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return (step / power) switch { <= 1.0001 => 1, <= 2.0001 => 2, <= 2.5001 => 2.5, <= 5.0001 => 5, _ => 10 } * power;
    }
}
