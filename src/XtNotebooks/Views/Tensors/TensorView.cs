using TorchSharp;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>A tensor to look at: one line of numbers, and its elements as coloured cells, any rank as nested facets.</summary>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record TensorView : IView
{
    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>The tensor in numbers.</summary>
    public required TensorSummary Summary { get; init; }

    /// <summary>The axes, outermost first, with the indices that are shown of each; null stands for those left out.</summary>
    public required IReadOnlyList<TensorAxis> Axes { get; init; }

    /// <summary>The shown elements in row-major order of the shown indices; booleans are 0 and 1; real parts of complex ones.</summary>
    public required IReadOnlyList<double> Values { get; init; }

    /// <summary>The imaginary parts of the shown elements of a complex tensor, whose colour is the magnitude; empty for others.</summary>
    public IReadOnlyList<double> Imaginary { get; init; } = [];

    /// <summary>The shown elements of whole numbers, exact where a double is not; empty for others.</summary>
    internal IReadOnlyList<long> Whole { get; init; } = [];

    /// <summary>Whether the page stays small; not where the reader asked for more than the standard.</summary>
    internal bool Bounded { get; init; } = true;

    /// <summary>The size at which colours are full: three deviations from zero, or the largest element where that is less; of whole numbers the largest.</summary>
    public double Scale { get; init; }

    /// <summary>Which way an element lies further than three deviations from the mean, or beyond where colours are full: 1 above, -1 below, 0 not, as of whole numbers.</summary>
    internal int Beyond(double value) =>
        Summary is not { Mean: { } mean, Deviation: { } sigma, Kind: not TensorKind.WholeNumber } || Summary.Min == Summary.Max || !double.IsFinite(value)
        || Math.Abs(value - mean) <= 3 * sigma * (1 + 1e-9) && Math.Abs(value) <= Scale * (1 + 1e-6) ? 0
        : value > mean ? 1 : -1;

    /// <summary>Looks at a tensor on any device; only what is shown is copied.</summary>
    /// <exception cref="ArgumentException">The tensor was disposed of, or an option does not fit its shape.</exception>
    public static TensorView From(torch.Tensor tensor, TensorViewOptions? options = null) => TensorSampling.Read(tensor, options ?? new());

    /// <inheritdoc/>
    public string ToHtml() => TensorHtml.Write(this);

    /// <summary>The line of numbers, and below it the elements where they are at most ten.</summary>
    public string ToText() => (Title is null ? "" : Title + "\n") + Summary.Line + "\n" + (TensorValues.Of(this) is { } values ? values + "\n" : "");

    /// <summary>Shows every tensor of the notebook this way.</summary>
    public static void Register(INotebook notebook)
    {
        ArgumentNullException.ThrowIfNull(notebook);
        var shown = new LastShown();
        notebook.RegisterFormatter(typeof(torch.Tensor), "text/html", value => value is torch.Tensor { IsInvalid: false } t ? shown.Read(t).ToHtml() : null);
        notebook.RegisterFormatter(typeof(torch.Tensor), "text/plain", value => value switch
        {
            torch.Tensor { IsInvalid: false } t => (shown.Take(t) ?? From(t)).ToText().TrimEnd('\n'),
            torch.Tensor => "a tensor that was disposed of",
            _ => null,
        });
    }

    /// <summary>One reading serves both forms of an output: a host asks for the page and at once, on the same thread, for the text.</summary>
    private sealed class LastShown
    {
        private sealed record Reading(WeakReference<torch.Tensor> Tensor, TensorView View, int Thread, long At);

        private Reading? last;

        public TensorView Read(torch.Tensor tensor)
        {
            var view = From(tensor);
            Volatile.Write(ref last, new(new(tensor), view, Environment.CurrentManagedThreadId, Environment.TickCount64));
            return view;
        }

        /// <summary>The reading of a moment ago, once: the next text reads anew, as the tensor may have changed.</summary>
        public TensorView? Take(torch.Tensor tensor) =>
            Interlocked.Exchange(ref last, null) is { } was && was.Thread == Environment.CurrentManagedThreadId
            && Environment.TickCount64 - was.At < 100 && was.Tensor.TryGetTarget(out var same) && ReferenceEquals(same, tensor) ? was.View : null;
    }
}

/// <summary>One dimension of a tensor.</summary>
/// <param name="Name">For example "seq".</param>
/// <param name="Size">Its size.</param>
/// <param name="Shown">The indices that are shown; null stands for those left out.</param>
/// <param name="Labels">A label for each index, for example token texts; null for the numbers.</param>
public sealed record TensorAxis(string Name, long Size, IReadOnlyList<int?> Shown, IReadOnlyList<string>? Labels = null);

/// <summary>What a tensor view is told besides the tensor.</summary>
public sealed record TensorViewOptions
{
    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>Names of the axes, outermost first; null for "dim 0" and so on.</summary>
    public IReadOnlyList<string>? AxisNames { get; init; }

    /// <summary>Labels of indices by axis, for example token texts for the last one.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<string>>? AxisLabels { get; init; }

    /// <summary>Rows of a facet shown at most.</summary>
    public int MaxRows { get; init; } = 24;

    /// <summary>Columns of a facet shown at most.</summary>
    public int MaxColumns { get; init; } = 48;

    /// <summary>Facets shown at most along each outer axis.</summary>
    public int MaxFacets { get; init; } = 4;
}
