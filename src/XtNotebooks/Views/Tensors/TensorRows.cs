using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Copies small tensors into plain arrays, from any device.</summary>
internal static class TensorRows
{
    /// <summary>Token ids, [batch, seq] or [seq], as rows.</summary>
    public static IReadOnlyList<long[]> Ids(Tensor ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.dim() is not (1 or 2) || ids.is_floating_point() || ids.is_complex())
            throw new ArgumentException(
                $"Token ids are whole numbers of shape [batch, seq] or [seq], not {ids.dtype} of shape [{string.Join(", ", ids.shape)}].", nameof(ids));
        using var scope = NewDisposeScope();
        return Split(ids.to(int64).cpu().contiguous().data<long>().ToArray(), ids.dim() == 1 ? 1 : ids.shape[0], ids.shape[^1]);
    }

    /// <summary>Booleans, [batch, seq], as rows.</summary>
    public static IReadOnlyList<bool[]> Flags(Tensor flags)
    {
        ArgumentNullException.ThrowIfNull(flags);
        if (flags.dim() != 2)
            throw new ArgumentException($"A mask has the shape [batch, seq], not [{string.Join(", ", flags.shape)}].", nameof(flags));
        using var scope = NewDisposeScope();
        return Split(flags.to(@bool).cpu().contiguous().data<bool>().ToArray(), flags.shape[0], flags.shape[1]);
    }

    /// <summary>Numbers of any shape as float32, in row-major order.</summary>
    public static float[] Floats(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var scope = NewDisposeScope();
        return values.detach().to(float32).cpu().contiguous().data<float>().ToArray();
    }

    private static T[][] Split<T>(T[] values, long rows, long columns) =>
        [.. Enumerable.Range(0, (int)rows).Select(r => values.AsSpan((int)(r * columns), (int)columns).ToArray())];
}
