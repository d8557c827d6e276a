namespace XtNotebooks.Transformers;

/// <summary>The rearrangements and clamps that transformer code writes again and again.</summary>
internal static class TensorShapes
{
    /// <summary>Splits one dimension into several, of which one may be -1: what is left.</summary>
    public static Tensor SplitDim(this Tensor x, int dim, params ReadOnlySpan<long> sizes)
    {
        var shape = x.shape;
        if (dim < 0) dim += shape.Length;
        return x.reshape([.. shape[..dim], .. sizes, .. shape[(dim + 1)..]]);
    }

    /// <summary>[batch, seq, heads * dimHead] to [batch, heads, seq, dimHead].</summary>
    public static Tensor SplitHeads(this Tensor x, long dimHead) =>
        x.SplitDim(-1, -1, dimHead).transpose(1, 2);

    /// <summary>[batch, heads, seq, dimHead] to [batch, seq, heads * dimHead].</summary>
    public static Tensor MergeHeads(this Tensor x) => x.transpose(1, 2).flatten(2);

    /// <summary>Adds entries before (and after) a dimension counted from the end: -1 is the last.</summary>
    public static Tensor PadAt(this Tensor x, int dim, long before, long after = 0, double value = 0)
    {
        if (before == 0 && after == 0) return x;
        var pad = new long[2 * -dim];
        pad[^2] = before;
        pad[^1] = after;
        return x.dtype == ScalarType.Bool
            ? F.pad(x.to(ScalarType.Byte), pad, PaddingModes.Constant, value).to(ScalarType.Bool)
            : F.pad(x, pad, PaddingModes.Constant, value);
    }

    /// <summary>Limits values smoothly to (-value, value): <c>tanh(x / value) * value</c>.</summary>
    public static Tensor SoftClamp(this Tensor x, double value) => (x / value).tanh() * value;

    /// <summary>Logarithm that never sees a zero.</summary>
    public static Tensor SafeLog(this Tensor x) => x.clamp(min: 1e-20).log();

    /// <summary>Float64 where <paramref name="x"/> is, else float32: what positions are counted in whatever the model's type.</summary>
    public static ScalarType AtLeastFloat32(this Tensor x) => x.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    /// <summary>The most negative finite value of a floating type: what masked logits are set to.</summary>
    public static double MaskValue(this Tensor x) => finfo(x.dtype).min;

    /// <summary>Unit length along the last dimension, in <paramref name="groups"/> equal parts of it.</summary>
    public static Tensor L2Norm(this Tensor x, long groups = 1) => groups == 1
        ? F.normalize(x, dim: -1)
        : F.normalize(x.SplitDim(-1, groups, -1), dim: -1).flatten(-2);

    /// <summary>What is left of <paramref name="x"/> without its part along <paramref name="y"/>, [batch, …], each sequence taken as one vector;
    /// in double precision, as upstream.</summary>
    public static Tensor OrthogonalTo(this Tensor x, Tensor y)
    {
        var flat = x.flatten(1).to(ScalarType.Float64);
        var unit = F.normalize(y.flatten(1).to(ScalarType.Float64), dim: -1);
        return (flat - (flat * unit).sum(-1, keepdim: true) * unit).to(x.dtype).view_as(x);
    }

    /// <summary>Mean over dim 1 of the positions where <paramref name="mask"/> [batch, seq] is true (all when null).</summary>
    public static Tensor MaskedMean(this Tensor x, Tensor? mask)
    {
        if (mask is null) return x.mean([1]);
        var keep = mask.unsqueeze(-1);
        var count = keep.sum(1, type: x.dtype).clamp(min: 1e-5);
        return x.masked_fill(~keep, 0).sum(1) / count;
    }
}
