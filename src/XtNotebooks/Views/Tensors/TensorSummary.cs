using System.Globalization;
using System.Text;

namespace XtNotebooks.Views;

/// <summary>A tensor in numbers: what one line can tell.</summary>
public sealed record TensorSummary
{
    /// <summary>The sizes of its dimensions; empty for a scalar.</summary>
    public required IReadOnlyList<long> Shape { get; init; }

    /// <summary>Its element type by torch's short name, for example <c>f32</c>.</summary>
    public required string DType { get; init; }

    /// <summary>What its elements are.</summary>
    public required TensorKind Kind { get; init; }

    /// <summary>Where it lies, for example <c>cpu</c> or <c>cuda:0</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Its elements.</summary>
    public required long Count { get; init; }

    /// <summary>Its size in memory, bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>The smallest finite element, of complex ones the smallest magnitude; null where there is none.</summary>
    public double? Min { get; init; }

    /// <summary>The largest finite element; null where there is none.</summary>
    public double? Max { get; init; }

    /// <summary>The mean of the finite elements; for booleans the share that is true.</summary>
    public double? Mean { get; init; }

    /// <summary>The standard deviation of the finite elements (n - 1), of complex ones of their magnitudes; null for fewer than two and for booleans.</summary>
    public double? Deviation { get; init; }

    /// <summary>Elements that are not a number.</summary>
    public long NaNs { get; init; }

    /// <summary>Elements that are positive infinity.</summary>
    public long PositiveInfinities { get; init; }

    /// <summary>Elements that are negative infinity.</summary>
    public long NegativeInfinities { get; init; }

    /// <summary>How many elements fall into each of equally wide bins from <see cref="Min"/> to <see cref="Max"/>; empty for few elements.</summary>
    public IReadOnlyList<long> Histogram { get; init; } = [];

    /// <summary>How many elements the histogram was counted over; fewer than <see cref="Count"/> for large tensors.</summary>
    public long HistogramOver { get; init; }

    /// <summary>Whether operations on it are recorded for the backward pass.</summary>
    public bool RequiresGrad { get; init; }

    /// <summary>Whether it holds a gradient.</summary>
    public bool HasGrad { get; init; }

    /// <summary>Whether it shares a larger storage or has its dimensions permuted.</summary>
    public bool Contiguous { get; init; } = true;

    /// <summary>The smallest and largest whole number, exact where a double is not.</summary>
    internal long? WholeMin { get; init; }

    internal long? WholeMax { get; init; }

    /// <summary>Whether only some elements are stored, by their indices.</summary>
    internal bool Sparse { get; init; }

    /// <summary>Whether every element is zero.</summary>
    public bool AllZero => Count > 0 && Min == 0 && Max == 0 && NaNs + PositiveInfinities + NegativeInfinities == 0;

    /// <summary>The tensor in one line: shape, type, size, range, spark histogram, mean, deviation, warnings, gradient, device.</summary>
    public string Line
    {
        get
        {
            // "all zero" is told as a warning, and is all there is to tell.
            var told = AllZero && Count > 1;
            var line = new StringBuilder($"tensor[{string.Join(", ", Shape)}] {DType}");
            if (Shape.Count > 0)
                line.Append(CultureInfo.InvariantCulture, $" n={Words.Number(Count)}{(Count >= 256 ? $" ({Size(Bytes)})" : "")}");
            if (Kind == TensorKind.Boolean && Mean is { } share)
                line.Append(CultureInfo.InvariantCulture, $" {Words.Percent(share)} true");
            else if (!told && WholeMin is { } smallest && WholeMax is { } largest)
                line.Append(CultureInfo.InvariantCulture, $" x∈[{smallest}, {largest}]");
            else if (!told && Min is { } min && Max is { } max)
                line.Append(CultureInfo.InvariantCulture, $" {(Kind == TensorKind.Complex ? "|x|" : "x")}∈[{Words.Short(min)}, {Words.Short(max)}]{(Histogram.Count > 0 ? " " + Spark : "")}");
            if (Kind != TensorKind.Boolean && !told && Count > 1 && Mean is { } mean)
                line.Append(CultureInfo.InvariantCulture, $" μ={Words.Short(mean)}");
            if (!told && Deviation is { } deviation)
                line.Append(CultureInfo.InvariantCulture, $" σ={Words.Short(deviation)}");
            foreach (var warning in Warnings)
                line.Append(" ⚠ ").Append(warning);
            line.Append(HasGrad ? " grad✓" : "").Append(RequiresGrad ? " requires_grad" : "").Append(Contiguous ? "" : " strided");
            line.Append(Sparse ? " sparse" : "");
            return line.Append(Device == "cpu" ? "" : " " + Device).ToString();
        }
    }

    /// <summary>What is likely wrong with the values: NaN, infinities, and more than one element of which every one is zero.</summary>
    public IReadOnlyList<string> Warnings =>
    [
        .. AllZero && Count > 1 ? ["all zero"] : Array.Empty<string>(),
        .. NaNs > 0 ? [Words.Number(NaNs) + " NaN"] : Array.Empty<string>(),
        .. PositiveInfinities > 0 ? [Words.Number(PositiveInfinities) + " +∞"] : Array.Empty<string>(),
        .. NegativeInfinities > 0 ? [Words.Number(NegativeInfinities) + " -∞"] : Array.Empty<string>(),
    ];

    /// <summary>The histogram in block characters.</summary>
    public string Spark
    {
        get
        {
            var most = Histogram.DefaultIfEmpty(0).Max();
            return string.Concat(Histogram.Select(n => n == 0 ? ' ' : "▁▂▃▄▅▆▇█"[(int)Math.Min(7, n * 8 / (most + 1))]));
        }
    }

    internal static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.#} GiB"),
        >= 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.#} MiB"),
        >= 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 10):0.#} KiB"),
        _ => $"{bytes} B",
    };
}

/// <summary>What a tensor's elements are.</summary>
public enum TensorKind
{
    /// <summary>Floating point.</summary>
    FloatingPoint,

    /// <summary>Whole numbers.</summary>
    WholeNumber,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>Complex; range, histogram and colours are of magnitudes.</summary>
    Complex,
}
