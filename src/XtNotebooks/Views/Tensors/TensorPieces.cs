using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Cuts a tensor in main memory into pieces that lie in one run, or are soon copied into one.</summary>
internal static class TensorPieces
{
    /// <summary>Elements of a piece at most; fixed, so that results do not depend on how many threads read.</summary>
    public const int Length = 1 << 20;

    /// <summary>Views that hold every stored element once, in the order of memory where that is possible.</summary>
    /// <returns>The pieces, and how often the shape repeats each element (along expanded dimensions).</returns>
    /// <param name="x">Any strides.</param>
    /// <param name="length">Elements of a piece at most.</param>
    public static (List<Tensor> Pieces, long Repeats) Cut(Tensor x, int length = Length)
    {
        var repeats = 1L;
        for (var d = 0; d < x.dim(); d++)
        {
            if (x.stride(d) != 0 || x.shape[d] < 2)
                continue;
            repeats *= x.shape[d];
            x = x.narrow(d, 0, 1);
        }
        // Neither moments nor a histogram ask for order: a transposed tensor is read as it lies.
        var strides = x.stride();
        x = x.permute([.. Enumerable.Range(0, strides.Length).OrderByDescending(d => x.shape[d] == 1 ? long.MaxValue : strides[d]).Select(d => (long)d)]);
        var pieces = new List<Tensor>();
        Cut(x.is_contiguous() ? x.reshape(-1) : x, pieces, length);
        return (pieces, repeats);
    }

    private static void Cut(Tensor x, List<Tensor> pieces, int length)
    {
        var n = x.numel();
        if (n <= length)
        {
            pieces.Add(x);
            return;
        }
        var inner = n / x.shape[0];
        if (inner > length)
        {
            for (var i = 0L; i < x.shape[0]; i++)
                Cut(x.select(0, i), pieces, length);
            return;
        }
        var rows = length / inner;
        for (var at = 0L; at < x.shape[0]; at += rows)
            pieces.Add(x.narrow(0, at, Math.Min(rows, x.shape[0] - at)));
    }
}
