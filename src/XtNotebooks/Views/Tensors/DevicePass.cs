using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Reads a tensor on a device, slice after slice: each comes from the device's memory once, is worked on while it is in its cache, and leaves a few
/// numbers there, which are copied together; one with NaN or infinity comes twice. No temporary is larger than a slice.</summary>
internal static class DevicePass
{
    private const int Slice = 1 << 21;
    private const long SampleLimit = 1 << 20;

    /// <summary>Floating-point numbers, and complex ones by their magnitudes.</summary>
    /// <param name="summary">What is known without its elements.</param>
    /// <param name="x">Any strides.</param>
    /// <param name="slice">Elements of a slice at most.</param>
    public static TensorSummary Floats(TensorSummary summary, Tensor x, int slice = Slice)
    {
        using var scope = NewDisposeScope();
        var (pieces, repeats) = TensorPieces.Cut(x, slice);
        var wide = Wide(x);
        var plain = Numbers(pieces, 4, wide, piece => Plain(piece, wide));
        // NaN and infinity show in these numbers, as do squares that overflow: such slices alone are read once more, with masks.
        var again = Enumerable.Range(0, pieces.Count).Where(i => plain[(i * 4)..(i * 4 + 4)].Any(number => !double.IsFinite(number))).ToList();
        var masked = again.Count == 0 ? [] : Numbers([.. again.Select(i => pieces[i])], 7, wide, piece => Moments(piece, wide));
        var place = again.Select((i, row) => (i, row)).ToDictionary(pair => pair.i, pair => pair.row * 7);
        double n = 0, mean = 0, squares = 0, low = double.PositiveInfinity, high = double.NegativeInfinity;
        for (var i = 0; i < pieces.Count; i++)
        {
            var (size, first) = (pieces[i].numel(), i * 4);
            var part = place.TryGetValue(i, out var at) ? masked[at..(at + 7)]
                : [0, 0, 0, plain[first], plain[first + 1], plain[first + 2], plain[first + 3] * plain[first + 3] * size];
            var (odd, nans, positive) = ((long)part[0], (long)part[1], (long)part[2]);
            summary = summary with
            {
                NaNs = summary.NaNs + nans * repeats,
                PositiveInfinities = summary.PositiveInfinities + positive * repeats,
                NegativeInfinities = summary.NegativeInfinities + (odd - nans - positive) * repeats,
            };
            var count = (double)(size - odd);
            if (count == 0)
                continue;
            (low, high) = (Math.Min(low, part[3]), Math.Max(high, part[4]));
            // Moments of parts as Chan, Golub and LeVeque add them.
            var delta = part[5] - mean;
            squares += part[6] + delta * delta * n * count / (n + count);
            mean += delta * count / (n + count);
            n += count;
        }
        if (n == 0)
            return summary;
        var histogram = Histogram(x, wide, low, high);
        return summary with
        {
            Min = low,
            Max = high,
            Mean = mean,
            Deviation = n * repeats > 1 ? Math.Sqrt(squares * repeats / (n * repeats - 1)) : null,
            Histogram = n * repeats < TensorReading.Bins || low == high ? [] : histogram,
            HistogramOver = histogram.Sum(),
        };
    }

    /// <summary>Whole numbers and booleans.</summary>
    /// <inheritdoc cref="Floats"/>
    public static TensorSummary Wholes(TensorSummary summary, Tensor x, int slice = Slice)
    {
        using var scope = NewDisposeScope();
        var (pieces, repeats) = TensorPieces.Cut(x, slice);
        var wide = Wide(x);
        var tables = Tables(pieces, [(5, int64), (1, wide)], piece => Sums(piece, wide));
        var (parts, deviations) = (tables[0].data<long>().ToArray(), tables[1].to(float64).data<double>().ToArray());
        var tally = new TensorTally();
        for (var i = 0; i < pieces.Count; i++)
        {
            var (n, at) = (pieces[i].numel(), i * 5);
            var sum = ((Int128)parts[at + 2] << 32) + parts[at + 3];
            tally.AddWhole(n, parts[at], parts[at + 1], sum, parts[at + 4], deviations[i] * deviations[i] * n);
        }
        return TensorReading.Wholes(summary, tally, repeats);
    }

    /// <summary>Smallest, largest, mean and deviation of a slice, without a temporary where it is of single or double precision. [4]</summary>
    private static Tensor Plain(Tensor piece, ScalarType wide)
    {
        using var scope = NewDisposeScope();
        var v = Real(piece);
        v = v.dtype is ScalarType.Float32 or ScalarType.Float64 ? v : v.to(float32);
        var (low, high) = aminmax(v);
        var (deviation, mean) = std_mean(v, unbiased: false);
        return stack([low, high, mean, deviation]).to(wide).MoveToOuterDisposeScope();
    }

    /// <summary>Not finite, NaN, positive infinities, smallest, largest, mean, and squares around the mean of a slice. [7]</summary>
    private static Tensor Moments(Tensor piece, ScalarType wide)
    {
        using var scope = NewDisposeScope();
        var v = Real(piece).to(wide, copy: true);
        var odd = v.isfinite().logical_not_();
        var count = odd.count_nonzero();
        var (nans, positive) = (v.isnan().count_nonzero(), v.eq(double.PositiveInfinity).count_nonzero());
        var low = v.masked_fill_(odd, double.PositiveInfinity).min();
        var high = v.masked_fill_(odd, double.NegativeInfinity).max();
        var mean = v.masked_fill_(odd, 0).sum() / (piece.numel() - count).clamp_min(1);
        v.sub_(mean).masked_fill_(odd, 0);
        var squares = v.mul_(v).sum();
        return stack([count.to(wide), nans.to(wide), positive.to(wide), low, high, mean, squares]).MoveToOuterDisposeScope();
    }

    /// <summary>Smallest, largest, the sums of the upper and the lower halves of a slice, which cannot overflow, and its first number, [5]; its deviation, [1].</summary>
    private static Tensor[] Sums(Tensor piece, ScalarType wide)
    {
        using var scope = NewDisposeScope();
        var v = piece.to(int64);
        var first = v;
        while (first.dim() > 0)
            first = first.select(0, 0);
        var (min, max) = aminmax(v);
        var deviation = piece.dtype == ScalarType.Bool ? zeros(1, dtype: wide, device: v.device) : Deviation(v, first, piece.dtype == int64, wide);
        return [stack([min, max, Upper(v), Lower(v), first]).MoveToOuterDisposeScope(), deviation.MoveToOuterDisposeScope()];

        static Tensor Upper(Tensor v)
        {
            using var half = v.bitwise_right_shift(tensor(32L, device: v.device));
            return half.sum();
        }

        static Tensor Lower(Tensor v)
        {
            using var half = v.bitwise_and(tensor((long)uint.MaxValue, device: v.device));
            return half.sum();
        }
    }

    /// <summary>Of the distances from one of the numbers, which keep the digits that a double does not have. [1]</summary>
    /// <param name="v">int64.</param>
    /// <param name="from">One of them, without dimensions.</param>
    /// <param name="far">Whether a distance may have more than 63 bits: halves are subtracted then.</param>
    /// <param name="wide">What is computed in.</param>
    private static Tensor Deviation(Tensor v, Tensor from, bool far, ScalarType wide)
    {
        using var scope = NewDisposeScope();
        if (!far)
            return std(v.sub(from).to(wide), unbiased: false).reshape(1).MoveToOuterDisposeScope();
        var one = tensor(1L, device: v.device);
        var away = v.bitwise_right_shift(one).sub_(from.bitwise_right_shift(one)).to(wide).mul_(2);
        away.add_(v.bitwise_and(one).sub_(from.bitwise_and(one)));
        return std(away, unbiased: false).reshape(1).MoveToOuterDisposeScope();
    }

    /// <summary>Counted on the device over a sample of a million or fewer; the counts alone are copied.</summary>
    private static long[] Histogram(Tensor x, ScalarType wide, double low, double high)
    {
        using var scope = NewDisposeScope();
        var sample = Real(Thin(x)).to(wide, copy: true);
        var odd = sample.isfinite().logical_not_();
        // What is not finite gets a bin of its own.
        var bins = sample.masked_fill_(odd, low).sub_(low).div_(high > low ? high - low : 1).mul_(TensorReading.Bins).to(int64)
            .clamp_(0, TensorReading.Bins - 1).masked_fill_(odd, TensorReading.Bins);
        return bincount(bins.reshape(-1), minlength: TensorReading.Bins + 1).to(int64).cpu().data<long>().ToArray()[..TensorReading.Bins];
    }

    /// <summary>Every k-th element along the longest dimensions, without copying, until a million or fewer are left.</summary>
    private static Tensor Thin(Tensor x)
    {
        while (x.numel() > SampleLimit)
        {
            var dim = Enumerable.Range(0, x.shape.Length).MaxBy(d => x.shape[d]);
            var step = Math.Min(x.shape[dim], (x.numel() + SampleLimit - 1) / SampleLimit);
            x = x.slice(dim, 0, x.shape[dim], step);
        }
        return x;
    }

    private static Tensor Real(Tensor x) => x.is_complex() ? x.abs() : x;

    /// <summary>Apple's devices have no float64.</summary>
    private static ScalarType Wide(Tensor x) => x.device_type == DeviceType.MPS ? float32 : float64;

    private static double[] Numbers(List<Tensor> pieces, int columns, ScalarType wide, Func<Tensor, Tensor> read) =>
        Tables(pieces, [(columns, wide)], piece => [read(piece)])[0].to(float64).data<double>().ToArray();

    /// <summary>Tables of a row of numbers for each piece, in main memory. They have a place before any piece is read: put down between two of them, they
    /// would part the memory that the next piece needs in one run.</summary>
    private static Tensor[] Tables(List<Tensor> pieces, (int Columns, ScalarType Type)[] kinds, Func<Tensor, Tensor[]> read)
    {
        Tensor[] tables = [.. kinds.Select(kind => empty([pieces.Count, kind.Columns], dtype: kind.Type, device: pieces[0].device))];
        for (var i = 0; i < pieces.Count; i++)
        {
            using var scope = NewDisposeScope();
            foreach (var (table, row) in tables.Zip(read(pieces[i])))
                table.select(0, i).copy_(row);
        }
        return [.. tables.Select(table => table.cpu())];
    }
}
