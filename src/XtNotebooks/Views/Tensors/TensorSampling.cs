using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Chooses what is shown of a tensor and copies just that.</summary>
internal static class TensorSampling
{
    private static readonly TensorViewOptions Standard = new();

    public static TensorView Read(Tensor tensor, TensorViewOptions options)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.IsInvalid)
            throw new ArgumentException("This tensor was disposed of; show it before its scope ends, or move it out of the scope.", nameof(tensor));
        Check(tensor, options);
        var summary = TensorReading.Summarize(tensor);
        var axes = Axes(tensor, options);
        var (values, imaginary, whole) = summary.Count == 0 || !TensorReading.HasElements(tensor) ? ([], [], []) : Values(tensor, axes);
        return new TensorView
        {
            Title = options.Title,
            Summary = summary,
            Axes = axes,
            Values = values,
            Imaginary = imaginary,
            Whole = whole,
            Scale = Scale(summary),
            Bounded = options.MaxRows <= Standard.MaxRows && options.MaxColumns <= Standard.MaxColumns && options.MaxFacets <= Standard.MaxFacets,
        };
    }

    /// <summary>Full colour at three times the root mean square, that is three deviations around zero, the middle of the colours, so that a few outliers do not turn everything pale.</summary>
    private static double Scale(TensorSummary s)
    {
        var largest = Math.Max(Math.Abs(s.Min ?? 0), Math.Abs(s.Max ?? 0));
        // Whole numbers count or name things, such as ids: none of them is an outlier.
        var spread = s.Kind != TensorKind.WholeNumber && s.Deviation is { } sigma && s.Mean is { } mean ? 3 * Math.Sqrt(sigma * sigma + mean * mean) : largest;
        return Math.Min(largest, spread);
    }

    private static List<TensorAxis> Axes(Tensor tensor, TensorViewOptions options)
    {
        var rank = tensor.shape.Length;
        // The deeper the nesting, the fewer facets of each level, so that the whole stays small.
        var facets = Facets(tensor.shape, rank <= 4 ? options.MaxFacets : Math.Min(options.MaxFacets, 2));
        var crowd = Enumerable.Range(0, facets.Length).Aggregate(1L, (n, d) => n * Math.Min(facets[d], tensor.shape[d]));
        var (rows, columns) = crowd > 4 ? (Math.Min(options.MaxRows, 8), Math.Min(options.MaxColumns, 12))
            : crowd > 1 ? (Math.Min(options.MaxRows, 12), Math.Min(options.MaxColumns, 16))
            : (options.MaxRows, options.MaxColumns);
        return [.. Enumerable.Range(0, rank).Select(d => new TensorAxis(
            options.AxisNames?[d] ?? $"dim {d}",
            tensor.shape[d],
            d < facets.Length && facets[d] == 1 && tensor.shape[d] > 1 ? [0, null] : LossMaskReading.Kept((int)Math.Min(int.MaxValue, tensor.shape[d]), d == rank - 1 ? columns : d == rank - 2 ? rows : facets[d]),
            options.AxisLabels?.GetValueOrDefault(d)))];
    }

    /// <summary>How many indices of each outer axis are shown: inner axes come first, and when 32 facets are reached the outer ones show their first index.</summary>
    private static int[] Facets(long[] shape, int most)
    {
        var facets = new int[Math.Max(0, shape.Length - 2)];
        var left = 32L;
        for (var d = facets.Length - 1; d >= 0; d--)
        {
            facets[d] = (int)Math.Max(1, Math.Min(most, left));
            left /= Math.Max(1, Math.Min(facets[d], shape[d]));
        }
        return facets;
    }

    private static (double[] Values, double[] Imaginary, long[] Whole) Values(Tensor tensor, List<TensorAxis> axes)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var shown = tensor.detach();
        for (var d = 0; d < axes.Count; d++)
        {
            if (axes[d].Shown.Contains(null))
                shown = shown.index_select(d, tensor_(axes[d].Shown, tensor.device));
        }
        // A conjugate is a view that flips signs as it is read.
        return shown.is_complex() ? (Numbers(shown.real), Numbers(shown.imag), [])
            : TensorReading.Kind(shown) == TensorKind.WholeNumber ? (Numbers(shown), [], shown.to(int64).cpu().contiguous().data<long>().ToArray())
            : (Numbers(shown), [], []);

        static double[] Numbers(Tensor part) => part.resolve_neg().cpu().to(float64).contiguous().data<double>().ToArray();

        static Tensor tensor_(IReadOnlyList<int?> indices, Device device) =>
            TorchSharp.torch.tensor(indices.OfType<int>().Select(i => (long)i).ToArray(), device: device);
    }

    private static void Check(Tensor tensor, TensorViewOptions options)
    {
        var rank = tensor.shape.Length;
        if (options.AxisNames is { } names && names.Count != rank)
            throw new ArgumentException($"AxisNames has {names.Count} names, but the tensor has {rank} dimensions.", nameof(options));
        foreach (var (axis, labels) in options.AxisLabels ?? new Dictionary<int, IReadOnlyList<string>>())
        {
            if (axis < 0 || axis >= rank || labels.Count != tensor.shape[axis])
                throw new ArgumentException($"AxisLabels of axis {axis} has {labels.Count} labels, but the tensor is [{string.Join(", ", tensor.shape)}].", nameof(options));
        }
        if (options.MaxRows < 2 || options.MaxColumns < 2 || options.MaxFacets < 2)
            throw new ArgumentException("MaxRows, MaxColumns and MaxFacets must be 2 or more, so that a first and a last one can be shown.", nameof(options));
    }
}
