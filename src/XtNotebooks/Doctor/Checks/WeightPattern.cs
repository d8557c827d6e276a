using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>What a loss divides by, read from the weights it gives to tokens.</summary>
/// <param name="Kind">The denominator; <see cref="Denominator.Unsaid"/> where the weights fit none.</param>
/// <param name="Words">The same in words.</param>
/// <param name="Wrong">Whether it is a denominator that padding or masked tokens change.</param>
internal sealed record WeightPattern(Denominator Kind, string Words, bool Wrong)
{
    private const double Close = 2e-4;

    public static WeightPattern Of(TargetReading reading, Sequences texts)
    {
        var rows = Enumerable.Range(0, reading.Rows).Where(r => reading.Trained[r].Contains(true)).ToList();
        var perRow = rows.Select(r => (Count: reading.Trained[r].Count(t => t), Weights: reading.Weight[r].Where(w => w > 0).ToList())).ToList();
        if (perRow.Count == 0)
            return new(Denominator.Unsaid, "nothing is trained", false);
        if (perRow.Any(r => r.Weights.Max() > r.Weights.Min() * (1 + Close)))
            return new(Denominator.Unsaid, "tokens have weights of their own", false);
        var first = perRow[0];
        if (perRow.Any(r => Apart(r.Weights[0], first.Weights[0])))
        {
            return perRow.All(r => !Apart(r.Weights[0] * r.Count, first.Weights[0] * first.Count))
                ? new(Denominator.RowMeans, "a mean of row means", false)
                : new(Denominator.Unsaid, "rows have weights of their own", false);
        }
        return Uniform(reading, texts, perRow.Sum(r => r.Count));
    }

    private static WeightPattern Uniform(TargetReading reading, Sequences texts, int count)
    {
        var total = reading.TotalWeight;
        if (double.IsNaN(total))
            total = reading.Weight.Sum(row => row.Sum());
        if (!Apart(total, 1))
            return new(Denominator.ValidTokens, $"a mean over {Number(count)} trained tokens", false);
        if (!Apart(total, count))
            return new(Denominator.Sum, "a sum", false);
        if (!Apart(total, (double)count / reading.Rows))
            return new(Denominator.Sum, "a sum divided by the number of rows", false);
        var (rows, columns, places) = (reading.Rows, reading.Columns, texts.Places);
        foreach (var (size, name) in new[] { (rows * columns, "all positions"), (rows * (columns - 1), "all positions"), (rows * places, "all positions"), (rows * (places - 1), "all positions") })
        {
            if (size != count && !Apart(total, (double)count / size))
                return new(Denominator.AllTokens, $"a sum over {Number(count)} trained tokens divided by {Number(size)}, the number of {name}", true);
        }
        var before = new[]
        {
            (Size: texts.Real.Sum(r => r.Count(x => x)), Name: "the real tokens before the shift"),
            (Size: texts.Labels?.Sum(r => r.Count(l => l >= 0)) ?? 0, Name: "the labels before the shift"),
        };
        foreach (var (size, name) in before)
        {
            if (size > 0 && size != count && !Apart(total, (double)count / size))
                return new(Denominator.Unsaid, $"a sum over {Number(count)} trained tokens divided by {Number(size)}, {name}", true);
        }
        return new(Denominator.Unsaid, "every trained token weighs the same", false);
    }

    private static bool Apart(double a, double b) => Math.Abs(a - b) > Close * Math.Max(Math.Abs(a), Math.Abs(b));

    private static string Number(long n) => Views.Words.Number(n);
}
