using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Reads a tensor's numbers where it lies, in one pass over its memory; from a device single values and counts alone are copied.</summary>
internal static class TensorReading
{
    public const int Bins = 12;
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
        if (kind == TensorKind.Complex && x.device_type == DeviceType.CPU)
            x = x.abs();
        return TensorPass.Reads(x) ? OfPass(summary, x)
            : kind is TensorKind.Boolean or TensorKind.WholeNumber ? DevicePass.Wholes(summary, x)
            : DevicePass.Floats(summary, x);
    }

    /// <summary>Whether there are elements to read at indices: not on the meta device, and not in a sparse or quantized tensor.</summary>
    public static bool HasElements(Tensor x) => x.device_type != DeviceType.META && !x.is_sparse && !x.is_quantized();

    private static TensorSummary OfPass(TensorSummary summary, Tensor x)
    {
        var floats = summary.Kind is TensorKind.FloatingPoint or TensorKind.Complex;
        var (tally, repeats, sample) = TensorPass.Run(x.resolve_neg(), floats ? (int)HistogramLimit : 0);
        if (!floats)
            return Wholes(summary, tally, repeats);
        summary = summary with
        {
            NaNs = tally.NaNs * repeats,
            PositiveInfinities = tally.PositiveInfinities * repeats,
            NegativeInfinities = tally.NegativeInfinities * repeats,
        };
        var n = tally.Finite * repeats;
        if (n == 0)
            return summary;
        var (mean, deviation) = double.IsFinite(tally.Squares) && double.IsFinite(tally.Mean) ? (tally.Mean, Deviation(tally, repeats)) : Huge(x, tally, n);
        return summary with
        {
            Min = tally.Min,
            Max = tally.Max,
            Mean = mean,
            Deviation = deviation,
            Histogram = n < Bins || tally.Min == tally.Max ? [] : Count(sample, tally.Min, tally.Max),
            HistogramOver = sample.Count,
        };
    }

    /// <summary>Whole numbers and booleans, as they were counted.</summary>
    public static TensorSummary Wholes(TensorSummary summary, TensorTally tally, long repeats)
    {
        var mean = (double)tally.WholeSum * repeats / summary.Count;
        return summary.Kind == TensorKind.Boolean ? summary with { Mean = mean } : summary with
        {
            Min = tally.WholeMin,
            Max = tally.WholeMax,
            WholeMin = tally.WholeMin,
            WholeMax = tally.WholeMax,
            Mean = mean,
            Deviation = Deviation(tally, repeats),
        };
    }

    // Squares of doubles from about 1e154 on overflow: then all of them are taken as parts of the largest.
    private static (double Mean, double? Deviation) Huge(Tensor x, TensorTally tally, long n)
    {
        using var scope = NewDisposeScope();
        var size = Math.Max(Math.Abs(tally.Min), Math.Abs(tally.Max));
        var parts = x.to(ScalarType.Float64) / size;
        parts = parts[parts.isfinite()];
        return (parts.mean().item<double>() * size, n > 1 ? parts.std().item<double>() * size : null);
    }

    private static double? Deviation(TensorTally tally, long repeats) =>
        tally.Finite * repeats is > 1 and var n ? Math.Sqrt(tally.Squares * repeats / (n - 1)) : null;

    public static TensorKind Kind(Tensor x) =>
        x.dtype == ScalarType.Bool ? TensorKind.Boolean
        : x.is_complex() ? TensorKind.Complex
        : x.is_floating_point() ? TensorKind.FloatingPoint
        : TensorKind.WholeNumber;

    private static long[] Count(IReadOnlyList<double> values, double low, double high)
    {
        var bins = new long[Bins];
        foreach (var value in values)
            bins[Math.Clamp((int)((value - low) / (high - low) * Bins), 0, Bins - 1)]++;
        return bins;
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
