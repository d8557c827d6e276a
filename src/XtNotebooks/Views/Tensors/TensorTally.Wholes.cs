using System.Numerics;
using System.Runtime.InteropServices;

namespace XtNotebooks.Views;

// Whole numbers: extremes and sums are exact to the last digit, and so are the moments of those of 8 and 16 bits.
internal sealed partial class TensorTally
{
    // So many vectors add up in lanes of twice the width without an overflow.
    private const int Run = 128;

    // A double's bits from 2^52 on count in ones: a number below 2^52, put in there, needs no conversion.
    private const double Ones = 1L << 52, SignedOnes = 3L << 51;

    // Of numbers nearer than this to a block's first, which most are, everything fits into doubles: extremes, distances, and the sum of some thousand.
    private const long Near = 1L << 41;

    private bool far;

    // One of the numbers, or near them: means are kept as distances from it, so that those of more digits than a double has keep their deviation.
    private long? origin;

    public long WholeMin { get; private set; } = long.MaxValue;
    public long WholeMax { get; private set; } = long.MinValue;
    public Int128 WholeSum { get; private set; }

    /// <summary>Counts bytes, with or without a sign.</summary>
    public void Add(ReadOnlySpan<byte> run, bool signed = false)
    {
        // With its sign flipped, a signed byte is one without, 128 above.
        var zero = (byte)(signed ? 128 : 0);
        var (vMin, vMax, vZero) = (new Vector<byte>(byte.MaxValue), default(Vector<byte>), new Vector<byte>(zero));
        long sum = 0, squares = 0;
        var vectors = MemoryMarshal.Cast<byte, Vector<byte>>(run);
        for (var at = 0; at < vectors.Length; at += Run)
        {
            Vector<ushort> vSum = default;
            Vector<uint> vSquares = default;
            foreach (var each in vectors.Slice(at, Math.Min(Run, vectors.Length - at)))
            {
                var v = each ^ vZero;
                (vMin, vMax) = (Vector.Min(v, vMin), Vector.Max(v, vMax));
                Vector.Widen(v, out Vector<ushort> low, out var high);
                vSum += low + high;
                Vector.Widen(low * low, out Vector<uint> a, out var b);
                Vector.Widen(high * high, out Vector<uint> c, out var d);
                vSquares += a + b + (c + d);
            }
            Vector.Widen(vSum, out Vector<uint> lowSum, out var highSum);
            sum += Vector.Sum(lowSum + highSum);
            squares += Vector.Sum(vSquares);
        }
        var (min, max) = Extremes(vMin, vMax, vectors.Length);
        foreach (var each in run[(vectors.Length * Vector<byte>.Count)..])
        {
            var value = each ^ zero;
            (min, max, sum, squares) = (Math.Min(min, value), Math.Max(max, value), sum + value, squares + value * value);
        }
        AddExact(run.Length, min, max, sum, squares, zero);
    }

    /// <summary>Counts whole numbers of 16 bits.</summary>
    public void Add(ReadOnlySpan<short> run)
    {
        var (vMin, vMax) = (new Vector<short>(short.MaxValue), new Vector<short>(short.MinValue));
        long sum = 0, squares = 0;
        var vectors = MemoryMarshal.Cast<short, Vector<short>>(run);
        for (var at = 0; at < vectors.Length; at += Run)
        {
            Vector<int> vSum = default;
            Vector<ulong> vSquares = default;
            foreach (var v in vectors.Slice(at, Math.Min(Run, vectors.Length - at)))
            {
                (vMin, vMax) = (Vector.Min(v, vMin), Vector.Max(v, vMax));
                Vector.Widen(v, out var low, out var high);
                vSum += low + high;
                // Two squares are 2^31 at most.
                Vector.Widen(Vector.AsVectorUInt32(low * low) + Vector.AsVectorUInt32(high * high), out Vector<ulong> a, out var b);
                vSquares += a + b;
            }
            sum += Vector.Sum(vSum);
            squares += (long)Vector.Sum(vSquares);
        }
        var (min, max) = Extremes(vMin, vMax, vectors.Length);
        foreach (var value in run[(vectors.Length * Vector<short>.Count)..])
            (min, max, sum, squares) = (Math.Min(min, value), Math.Max(max, value), sum + value, squares + value * value);
        AddExact(run.Length, min, max, sum, squares, 0);
    }

    /// <summary>Counts a block of some thousand whole numbers of 32 bits; squares run around the block's first one, as those of floats do.</summary>
    public void Add(ReadOnlySpan<int> block)
    {
        var shift = block[0];
        var (vMin, vMax) = (new Vector<int>(int.MaxValue), new Vector<int>(int.MinValue));
        var (ones, zero) = (new Vector<long>(BitConverter.DoubleToInt64Bits(SignedOnes)), new Vector<double>(SignedOnes + shift));
        Vector<double> vAway = default, vSquares = default;
        var vectors = MemoryMarshal.Cast<int, Vector<int>>(block);
        foreach (var v in vectors)
        {
            (vMin, vMax) = (Vector.Min(v, vMin), Vector.Max(v, vMax));
            Vector.Widen(v, out var low, out var high);
            var (a, b) = (Vector.AsVectorDouble(low + ones) - zero, Vector.AsVectorDouble(high + ones) - zero);
            vAway += a + b;
            vSquares += a * a + b * b;
        }
        var (min, max) = Extremes(vMin, vMax, vectors.Length);
        // Distances are below 2^33, so that the sum of a block's is exact.
        var (away, squares) = (Vector.Sum(vAway), Vector.Sum(vSquares));
        foreach (var value in block[(vectors.Length * Vector<int>.Count)..])
        {
            (min, max) = (Math.Min(min, value), Math.Max(max, value));
            var distance = (double)value - shift;
            (away, squares) = (away + distance, squares + distance * distance);
        }
        AddWhole(block.Length, min, max, (Int128)shift * block.Length + (long)away, shift, squares - away / block.Length * away);
    }

    /// <summary>Counts a block of some thousand whole numbers of 64 bits.</summary>
    public void Add(ReadOnlySpan<long> block)
    {
        // Where one block is spread widely, the next are not tried.
        if (far || !AddNear(block))
            AddFar(block);
    }

    /// <returns>Whether it could: no number is far from the first.</returns>
    private bool AddNear(ReadOnlySpan<long> block)
    {
        var shift = block[0];
        // Beyond, a distance could overflow and seem a small one.
        far = shift is <= long.MinValue / 2 or >= long.MaxValue / 2;
        var vectors = MemoryMarshal.Cast<long, Vector<long>>(block);
        if (far || vectors.Length == 0)
            return false;
        var (lowest, ones, zero) = (new Vector<long>(shift - Near), new Vector<long>(BitConverter.DoubleToInt64Bits(Ones)), new Vector<double>(Ones + Near));
        var (vMin, vMax) = (new Vector<double>(double.PositiveInfinity), new Vector<double>(double.NegativeInfinity));
        Vector<long> bits = default;
        Vector<double> vAway = default, vSquares = default;
        foreach (var v in vectors)
        {
            var above = v - lowest;
            bits |= above;
            var away = Vector.AsVectorDouble(above | ones) - zero;
            (vMin, vMax) = (Vector.MinNative(away, vMin), Vector.MaxNative(away, vMax));
            vAway += away;
            vSquares += away * away;
        }
        var (sum, squares, min, max) = (Vector.Sum(vAway), Vector.Sum(vSquares), 0.0, 0.0);
        for (var lane = 0; lane < Vector<long>.Count; lane++)
        {
            far |= bits[lane] is < 0 or >= 2 * Near;
            (min, max) = (Math.Min(min, vMin[lane]), Math.Max(max, vMax[lane]));
        }
        foreach (var value in block[(vectors.Length * Vector<long>.Count)..])
        {
            var away = (double)((Int128)value - shift);
            far |= Math.Abs(away) >= Near;
            (min, max, sum, squares) = (Math.Min(min, away), Math.Max(max, away), sum + away, squares + away * away);
        }
        if (!far)
            AddWhole(block.Length, shift + (long)min, shift + (long)max, (Int128)shift * block.Length + (long)sum, shift, squares - sum / block.Length * sum);
        return !far;
    }

    /// <summary>The sums of upper and lower halves cannot overflow.</summary>
    private void AddFar(ReadOnlySpan<long> block)
    {
        var shift = block[0];
        var (vMin, vMax) = (new Vector<long>(long.MaxValue), new Vector<long>(long.MinValue));
        // With its sign flipped, a number is one without, 2^63 above.
        var (sign, half, ones) = (new Vector<long>(long.MinValue), new Vector<ulong>(uint.MaxValue), new Vector<ulong>(BitConverter.DoubleToUInt64Bits(Ones)));
        var flipped = (ulong)shift ^ (1UL << 63);
        var (zeroLow, zeroHigh, upper) = (new Vector<double>(Ones + (uint)flipped), new Vector<double>(Ones + (flipped >> 32)), new Vector<double>(1L << 32));
        Vector<ulong> vLow = default, vHigh = default;
        Vector<double> vSquares = default;
        var vectors = MemoryMarshal.Cast<long, Vector<long>>(block);
        foreach (var v in vectors)
        {
            (vMin, vMax) = (Vector.Min(v, vMin), Vector.Max(v, vMax));
            var bits = Vector.AsVectorUInt64(v ^ sign);
            var (low, high) = (bits & half, Vector.ShiftRightLogical(bits, 32));
            vLow += low;
            vHigh += high;
            // Both halves' distances are exact, so that their sum is rounded once.
            var away = (Vector.AsVectorDouble(high | ones) - zeroHigh) * upper + (Vector.AsVectorDouble(low | ones) - zeroLow);
            vSquares += away * away;
        }
        var (min, max) = Extremes(vMin, vMax, vectors.Length);
        var counted = vectors.Length * Vector<long>.Count;
        var sum = ((Int128)Vector.Sum(vHigh) << 32) + Vector.Sum(vLow) - ((Int128)counted << 63);
        var squares = Vector.Sum(vSquares);
        foreach (var value in block[counted..])
        {
            (min, max, sum) = (Math.Min(min, value), Math.Max(max, value), sum + value);
            var distance = (double)((Int128)value - shift);
            squares += distance * distance;
        }
        var all = (double)(sum - (Int128)shift * block.Length);
        AddWhole(block.Length, min, max, sum, shift, squares - all / block.Length * all);
    }

    /// <summary>Adds what is known of whole numbers.</summary>
    /// <param name="n">How many they are.</param>
    /// <param name="min">The smallest.</param>
    /// <param name="max">The largest.</param>
    /// <param name="sum">Their sum.</param>
    /// <param name="shift">One of them, or near them.</param>
    /// <param name="squares">The sum of squares around their mean.</param>
    public void AddWhole(long n, long min, long max, Int128 sum, long shift, double squares)
    {
        (WholeMin, WholeMax) = (Math.Min(WholeMin, min), Math.Max(WholeMax, max));
        WholeSum += sum;
        Merge(n, (double)(sum - (Int128)shift * n) / n + Away(shift), Math.Max(0, squares));
    }

    /// <summary>The extremes of all lanes; where there was no vector, what every number is less and more than.</summary>
    private static (long Min, long Max) Extremes<T>(Vector<T> low, Vector<T> high, int vectors)
        where T : IBinaryInteger<T>
    {
        var (min, max) = (long.MaxValue, long.MinValue);
        for (var lane = 0; vectors > 0 && lane < Vector<T>.Count; lane++)
            (min, max) = (Math.Min(min, long.CreateChecked(low[lane])), Math.Max(max, long.CreateChecked(high[lane])));
        return (min, max);
    }

    private void AddExact(int n, long min, long max, long sum, long squares, long zero)
    {
        if (n > 0)
            AddWhole(n, min - zero, max - zero, sum - n * zero, -zero, (double)((Int128)squares * n - (Int128)sum * sum) / n);
    }

    private double Away(long? from)
    {
        if (from is not { } there)
            return 0;
        origin ??= there;
        return (double)((Int128)there - origin.Value);
    }
}
