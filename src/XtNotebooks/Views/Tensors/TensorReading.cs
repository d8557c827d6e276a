using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Reads a tensor's numbers where it lies: in one pass in main memory, by torch's own reductions on a device, of which only single
/// values and a histogram are copied.</summary>
internal static class TensorReading
{
    private const int Bins = 12;
    private const long HistogramLimit = 1 << 20;

    public static TensorSummary Summarize(Tensor source)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var x = source.detach();
        var kind = Kind(source);
        var summary = new TensorSummary
        {
            Shape = source.shape,
            DType = Short(source.dtype),
            Kind = kind,
            Device = source.device_type == DeviceType.CPU ? "cpu" : source.device.ToString(),
            Count = source.numel(),
            Bytes = source.numel() * source.element_size(),
            RequiresGrad = source.requires_grad,
            HasGrad = source.is_leaf && source.grad is { IsInvalid: false },
            Contiguous = source.is_sparse || source.is_contiguous(),
            Sparse = source.is_sparse,
        };
        if (summary.Count == 0 || !HasElements(source))
            return summary;
        // Of complex numbers the magnitudes are told.
        x = kind == TensorKind.Complex ? x.abs() : x;
        if (TensorPass.Reads(x))
            return OfPass(summary, x);
        return kind switch
        {
            TensorKind.Boolean => summary with { Mean = x.count_nonzero().item<long>() / (double)summary.Count },
            TensorKind.WholeNumber => Integers(summary, x),
            _ => Floats(summary, x),
        };
    }

    /// <summary>Whether there are elements to read at indices: not on the meta device, and not in a sparse tensor.</summary>
    public static bool HasElements(Tensor x) => x.device_type != DeviceType.META && !x.is_sparse;

    private static TensorSummary OfPass(TensorSummary summary, Tensor x)
    {
        var floats = summary.Kind is TensorKind.FloatingPoint or TensorKind.Complex;
        var (tally, repeats, sample) = TensorPass.Run(x.resolve_neg(), floats ? (int)HistogramLimit : 0);
        if (!floats)
        {
            var mean = (double)tally.WholeSum * repeats / summary.Count;
            return summary.Kind == TensorKind.Boolean ? summary with { Mean = mean }
                : summary with { Min = tally.WholeMin, Max = tally.WholeMax, WholeMin = tally.WholeMin, WholeMax = tally.WholeMax, Mean = mean };
        }
        summary = summary with
        {
            NaNs = tally.NaNs * repeats,
            PositiveInfinities = tally.PositiveInfinities * repeats,
            NegativeInfinities = tally.NegativeInfinities * repeats,
        };
        var n = tally.Finite * repeats;
        if (n == 0)
            return summary;
        return summary with
        {
            Min = tally.Min,
            Max = tally.Max,
            Mean = tally.Mean,
            Deviation = n > 1 ? Math.Sqrt(tally.Squares * repeats / (n - 1)) : null,
            Histogram = n < Bins || tally.Min == tally.Max ? [] : Count(sample, tally.Min, tally.Max),
            HistogramOver = sample.Count,
        };
    }

    public static TensorKind Kind(Tensor x) =>
        x.dtype == ScalarType.Bool ? TensorKind.Boolean
        : x.is_complex() ? TensorKind.Complex
        : x.is_floating_point() ? TensorKind.FloatingPoint
        : TensorKind.WholeNumber;

    private static TensorSummary Integers(TensorSummary summary, Tensor x)
    {
        var (min, max) = (x.min().to(int64).item<long>(), x.max().to(int64).item<long>());
        return summary with { Min = min, Max = max, WholeMin = min, WholeMax = max, Mean = (x.dtype == int64 ? x.sum(float64).item<double>() : x.sum(int64).item<long>()) / summary.Count };
    }

    /// <summary>By torch's own reductions, those of half precision in slices: a copy of the whole in float32 would be twice the tensor.</summary>
    internal static TensorSummary Floats(TensorSummary summary, Tensor x, int slice = 1 << 26)
    {
        if (x.dtype is not (ScalarType.Float16 or ScalarType.BFloat16))
            return Reduced(summary, x, histogram: true);
        var (pieces, repeats) = TensorPieces.Cut(x, slice);
        var (n, mean, squares, whole) = (0.0, 0.0, 0.0, summary);
        foreach (var piece in pieces)
        {
            using var scope = NewDisposeScope();
            var part = Reduced(summary, piece.to(float32), histogram: false);
            whole = whole with
            {
                NaNs = whole.NaNs + part.NaNs * repeats,
                PositiveInfinities = whole.PositiveInfinities + part.PositiveInfinities * repeats,
                NegativeInfinities = whole.NegativeInfinities + part.NegativeInfinities * repeats,
            };
            if (part is not { Min: { } low, Max: { } high, Mean: { } average })
                continue;
            // Moments of parts as Chan, Golub and LeVeque add them.
            var count = (double)(piece.numel() - part.NaNs - part.PositiveInfinities - part.NegativeInfinities);
            var delta = average - mean;
            squares += Math.Pow(part.Deviation ?? 0, 2) * (count - 1) + delta * delta * n * count / (n + count);
            mean += delta * count / (n + count);
            n += count;
            whole = whole with { Min = Math.Min(whole.Min ?? low, low), Max = Math.Max(whole.Max ?? high, high) };
        }
        if (n == 0)
            return whole;
        var sample = Thin(x).to(float64).cpu().contiguous().data<double>().ToArray().Where(double.IsFinite).ToList();
        return whole with
        {
            Mean = mean,
            Deviation = n * repeats > 1 ? Math.Sqrt(squares * repeats / (n * repeats - 1)) : null,
            Histogram = n * repeats < Bins || whole.Min == whole.Max ? [] : Count(sample, whole.Min!.Value, whole.Max!.Value),
            HistogramOver = sample.Count,
        };
    }

    private static TensorSummary Reduced(TensorSummary summary, Tensor x, bool histogram)
    {
        // NaN and infinity show in the extremes; only then are they counted and set aside.
        var (min, max) = aminmax(x);
        var (low, high) = (min.to(float64).item<double>(), max.to(float64).item<double>());
        if (!double.IsFinite(low) || !double.IsFinite(high))
        {
            var infinite = x.isinf();
            var positive = infinite.logical_and(x.gt(0)).count_nonzero().item<long>();
            summary = summary with
            {
                NaNs = x.isnan().count_nonzero().item<long>(),
                PositiveInfinities = positive,
                NegativeInfinities = infinite.count_nonzero().item<long>() - positive,
            };
            x = x.masked_select(x.isfinite());
            if (x.numel() == 0)
                return summary;
            (low, high) = (x.min().to(float64).item<double>(), x.max().to(float64).item<double>());
        }
        var (mean, deviation) = Moments(x);
        summary = summary with { Min = low, Max = high, Mean = mean, Deviation = x.numel() > 1 ? deviation : null };
        if (!histogram)
            return summary;
        var sample = Thin(x);
        return summary with
        {
            Histogram = x.numel() < Bins || low == high ? [] : Count(sample.to(float64).cpu().contiguous().data<double>().ToArray(), low, high),
            HistogramOver = sample.numel(),
        };
    }

    /// <summary>Mean and deviation. A large tensor's come from its sum and its norm, which cost a tenth of torch's own deviation.</summary>
    private static (double Mean, double Deviation) Moments(Tensor x)
    {
        var n = (double)x.numel();
        if (n == 1)
            return (x.to(float64).item<double>(), double.NaN);
        if (n > HistogramLimit)
        {
            var average = x.sum().to(float64).item<double>() / n;
            var square = Math.Pow(x.norm().to(float64).item<double>(), 2) / n;
            var variance = square - average * average;
            // Where the mean is far larger than the deviation, the difference would be rounding.
            if (double.IsFinite(variance) && variance > 1e-2 * average * average)
                return (average, Math.Sqrt(variance * n / (n - 1)));
        }
        var (deviation, mean) = std_mean(x, unbiased: true);
        return (mean.to(float64).item<double>(), deviation.to(float64).item<double>());
    }

    private static long[] Count(IReadOnlyList<double> values, double low, double high)
    {
        var bins = new long[Bins];
        foreach (var value in values)
            bins[Math.Clamp((int)((value - low) / (high - low) * Bins), 0, Bins - 1)]++;
        return bins;
    }

    /// <summary>Every k-th element along the longest dimensions, without copying, until a million or fewer are left.</summary>
    private static Tensor Thin(Tensor x)
    {
        while (x.numel() > HistogramLimit)
        {
            var dim = Enumerable.Range(0, x.shape.Length).MaxBy(d => x.shape[d]);
            var step = Math.Min(x.shape[dim], (x.numel() + HistogramLimit - 1) / HistogramLimit);
            x = x.slice(dim, 0, x.shape[dim], step);
        }
        return x;
    }

    internal static string Short(ScalarType type) => type switch
    {
        ScalarType.Float32 => "f32",
        ScalarType.Float64 => "f64",
        ScalarType.Float16 => "f16",
        ScalarType.BFloat16 => "bf16",
        ScalarType.Int64 => "i64",
        ScalarType.Int32 => "i32",
        ScalarType.Int16 => "i16",
        ScalarType.Int8 => "i8",
        ScalarType.Byte => "u8",
        ScalarType.Bool => "bool",
        ScalarType.ComplexFloat32 => "c64",
        ScalarType.ComplexFloat64 => "c128",
        _ => type.ToString(),
    };
}
