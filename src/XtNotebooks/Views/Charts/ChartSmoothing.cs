namespace XtNotebooks.Views;

/// <summary>Smooths what <see cref="ChartLine.Smoothed"/> describes, for all places that draw a chart.</summary>
internal static class ChartSmoothing
{
    /// <param name="x">Ascending.</param>
    /// <param name="y">As many values; what is no number is passed over and stays a gap.</param>
    /// <param name="window">Over about how many points, half of them on either side.</param>
    public static double[] Of(IReadOnlyList<double> x, IReadOnlyList<double> y, int window)
    {
        var smooth = new double[y.Count];
        var widest = Math.Min(window / 2, y.Count / 6);
        for (var i = 0; i < y.Count; i++)
            smooth[i] = double.IsFinite(y[i]) ? At(x, y, i, Math.Min(widest, (i + 1) / 2)) : double.NaN;
        return smooth;
    }

    /// <summary>The height, at one point, of the line with the least squared distance from the points within <paramref name="half"/> of it, or from as many
    /// of the last ones.</summary>
    private static double At(IReadOnlyList<double> x, IReadOnlyList<double> y, int i, int half)
    {
        var to = Math.Min(y.Count - 1, i + half);
        var from = to - 2 * half;
        var (count, sumX, sumY, low, high) = (0, 0.0, 0.0, y[i], y[i]);
        for (var k = from; k <= to; k++)
        {
            if (double.IsFinite(y[k]))
                (count, sumX, sumY, low, high) = (count + 1, sumX + x[k], sumY + y[k], Math.Min(low, y[k]), Math.Max(high, y[k]));
        }
        var (meanX, meanY) = (sumX / count, sumY / count);
        double along = 0, across = 0;
        for (var k = from; k <= to; k++)
        {
            if (double.IsFinite(y[k]))
                (along, across) = (along + (x[k] - meanX) * (x[k] - meanX), across + (x[k] - meanX) * (y[k] - meanY));
        }
        // Far from a spike the line may dip below everything that was measured.
        return Math.Clamp(meanY + (along > 0 ? across / along * (x[i] - meanX) : 0), low, high);
    }
}
