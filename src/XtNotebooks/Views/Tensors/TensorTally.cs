using System.Numerics;

namespace XtNotebooks.Views;

/// <summary>What one pass over elements has counted; tallies of pieces add up.</summary>
/// <remarks>Moments are merged after Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979).</remarks>
internal sealed partial class TensorTally
{
    public long Finite { get; private set; }

    /// <summary>Of whole numbers it is the distance from one of them; their mean is their exact sum's.</summary>
    public double Mean { get; private set; }

    public double Squares { get; private set; }
    public double Min { get; private set; } = double.PositiveInfinity;
    public double Max { get; private set; } = double.NegativeInfinity;
    public long NaNs { get; private set; }
    public long PositiveInfinities { get; private set; }
    public long NegativeInfinities { get; private set; }

    public void Add(TensorTally other)
    {
        Merge(other.Finite, other.Mean + Away(other.origin), other.Squares);
        (Min, Max) = (Math.Min(Min, other.Min), Math.Max(Max, other.Max));
        NaNs += other.NaNs;
        PositiveInfinities += other.PositiveInfinities;
        NegativeInfinities += other.NegativeInfinities;
        (WholeMin, WholeMax) = (Math.Min(WholeMin, other.WholeMin), Math.Max(WholeMax, other.WholeMax));
        WholeSum += other.WholeSum;
    }

    /// <summary>Counts a block of some thousand elements. Sums run around the block's own first number, so that a large mean does not round them.</summary>
    public void Add(ReadOnlySpan<double> block)
    {
        var first = 0;
        while (first < block.Length && !double.IsFinite(block[first]))
            first++;
        if (first == block.Length)
        {
            var nans = 0;
            foreach (var value in block)
                nans += double.IsNaN(value) ? 1 : 0;
            var positive = block.Count(double.PositiveInfinity);
            (NaNs, PositiveInfinities, NegativeInfinities) = (NaNs + nans, PositiveInfinities + positive, NegativeInfinities + block.Length - nans - positive);
            return;
        }
        var shift = block[first];
        var (vShift, limit) = (new Vector<double>(shift), new Vector<double>(double.MaxValue));
        var (vMin, vMax) = (new Vector<double>(double.PositiveInfinity), new Vector<double>(double.NegativeInfinity));
        Vector<double> vSum = default, vSquares = default;
        Vector<long> vNaNs = default, vPositive = default, vNegative = default;
        double min = double.PositiveInfinity, max = double.NegativeInfinity, sum = 0, squares = 0;
        long lanes = 0, single = 0, odd = 0;
        var i = 0;
        for (; i <= block.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            var v = new Vector<double>(block[i..]);
            if (!Vector.LessThanOrEqualAll(Vector.Abs(v), limit))
            {
                // A lane that is not finite is counted, and then is the block's first number, which adds nothing.
                vNaNs += Vector.Equals(v, v);
                vPositive -= Vector.Equals(v, new Vector<double>(double.PositiveInfinity));
                vNegative -= Vector.Equals(v, new Vector<double>(double.NegativeInfinity));
                odd += Vector<double>.Count;
                v = Vector.ConditionalSelect(Vector.LessThanOrEqual(Vector.Abs(v), limit), v, vShift);
            }
            (vMin, vMax) = (Vector.ConditionalSelect(Vector.LessThan(v, vMin), v, vMin), Vector.ConditionalSelect(Vector.GreaterThan(v, vMax), v, vMax));
            var away = v - vShift;
            vSum += away;
            vSquares += away * away;
            lanes += Vector<double>.Count;
        }
        var (notNumbers, above, below) = (odd + Vector.Sum(vNaNs), Vector.Sum(vPositive), Vector.Sum(vNegative));
        (NaNs, PositiveInfinities, NegativeInfinities) = (NaNs + notNumbers, PositiveInfinities + above, NegativeInfinities + below);
        lanes -= notNumbers + above + below;
        Singly(block[i..]);
        for (var lane = 0; lane < Vector<double>.Count; lane++)
        {
            (min, max) = (Math.Min(min, vMin[lane]), Math.Max(max, vMax[lane]));
            sum += vSum[lane];
            squares += vSquares[lane];
        }
        (Min, Max) = (Math.Min(Min, min), Math.Max(Max, max));
        var n = lanes + single;
        Merge(n, shift + sum / n, Math.Max(0, squares - sum / n * sum));

        void Singly(ReadOnlySpan<double> values)
        {
            foreach (var value in values)
            {
                if (double.IsFinite(value))
                {
                    (min, max) = (value < min ? value : min, value > max ? value : max);
                    var away = value - shift;
                    sum += away;
                    squares += away * away;
                    single++;
                }
                else if (double.IsNaN(value))
                    NaNs++;
                else if (value > 0)
                    PositiveInfinities++;
                else
                    NegativeInfinities++;
            }
        }
    }

    private void Merge(long n, double mean, double squares)
    {
        if (n == 0)
            return;
        var all = Finite + n;
        var apart = mean - Mean;
        Squares += squares + (Finite == 0 ? 0 : apart * apart * Finite / all * n);
        Mean = Finite == 0 ? mean : Mean + apart * n / all;
        Finite = all;
    }
}
