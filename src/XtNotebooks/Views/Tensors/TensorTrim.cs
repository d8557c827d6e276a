namespace XtNotebooks.Views;

/// <summary>Shows less of a tensor where its page would be too large.</summary>
internal static class TensorTrim
{
    /// <summary>The same view with a quarter fewer indices of one axis, from its middle: of rows or columns, then of facets; null where nothing is left to
    /// leave out.</summary>
    public static TensorView? Fewer(TensorView view)
    {
        var counts = view.Axes.Select(axis => axis.Shown.Count(i => i is not null)).ToArray();
        if ((Longest(counts, inner: true, least: 7) ?? Longest(counts, inner: false, least: 3) ?? Longest(counts, inner: true, least: 3)) is not { } cut)
            return null;
        var positions = LossMaskReading.Kept(counts[cut], counts[cut] * 3 / 4).OfType<int>().ToArray();
        var (outer, inner) = (Product(counts[..cut]), Product(counts[(cut + 1)..]));
        var axis = view.Axes[cut];
        var indices = axis.Shown.OfType<int>().ToArray();
        var head = positions.TakeWhile((position, i) => position == i).Count();
        return view with
        {
            Axes = [.. view.Axes.Select((other, d) => d != cut ? other : axis with
            {
                Shown = [.. positions[..head].Select(p => (int?)indices[p]), null, .. positions[head..].Select(p => (int?)indices[p])],
            })],
            Values = Picked(view.Values),
            Imaginary = Picked(view.Imaginary),
            Whole = Picked(view.Whole),
        };

        T[] Picked<T>(IReadOnlyList<T> values) => values.Count == 0 ? []
            : [.. from o in Enumerable.Range(0, outer) from p in positions from i in Enumerable.Range(0, inner) select values[(o * counts[cut] + p) * inner + i]];
    }

    private static int? Longest(int[] counts, bool inner, int least)
    {
        var axes = Enumerable.Range(0, counts.Length).Where(d => d >= counts.Length - 2 == inner && counts[d] >= least).ToList();
        return axes.Count == 0 ? null : axes.MaxBy(d => counts[d]);
    }

    private static int Product(int[] counts) => counts.Aggregate(1, (n, count) => n * count);
}
