namespace XtNotebooks.Transformers;

/// <summary>Learned tokens that join the sequence before the layers and leave it after them.</summary>
/// <param name="count">How many, each time.</param>
/// <param name="every">Before every so many tokens; null for once, in front.</param>
internal sealed class MemoryTokens(int count, int? every)
{
    /// <param name="x">[batch, seq, dim].</param>
    /// <param name="mask">[batch, seq], bool, or null.</param>
    /// <param name="inputs">Whose masks of keys grow with the sequence.</param>
    /// <param name="tokens">[count, dim].</param>
    /// <remarks>As upstream, <see cref="TransformerInputs.SeqStartPos"/> counts memories as positions.</remarks>
    public (Tensor X, Tensor? Mask, TransformerInputs Inputs) Add(Tensor x, Tensor? mask, TransformerInputs inputs, Tensor tokens) =>
        (Widen(x, tokens), WidenMask(mask), inputs with { SelfAttnKvMask = WidenMask(inputs.SelfAttnKvMask) });

    /// <param name="x">[batch, seq with memories, dim].</param>
    /// <param name="length">Length of the sequence without them.</param>
    public Tensor Remove(Tensor x, long length)
    {
        if (every is not { } run) return x.narrow(1, count, length);
        var parts = x.SplitDim(1, -1, run + count).narrow(2, count, run); // [batch, runs, every, dim]
        return parts.flatten(1, 2).narrow(1, 0, length);
    }

    public long WholeLength(long length) => every is not { } run ? length + count : (length + Missing(length, run)) / run * (run + count);

    private Tensor Widen(Tensor x, Tensor tokens)
    {
        if (every is not { } run) return cat([tokens.unsqueeze(0).expand(x.shape[0], -1, -1), x], 1);
        var parts = x.PadAt(-2, 0, Missing(x.shape[1], run)).SplitDim(1, -1, run); // [batch, runs, every, dim]
        var memories = tokens.unsqueeze(0).unsqueeze(0).expand(parts.shape[0], parts.shape[1], -1, -1);
        return cat([memories, parts], 2).flatten(1, 2);
    }

    private Tensor? WidenMask(Tensor? mask)
    {
        if (mask is null) return null;
        if (every is not { } run) return mask.PadAt(-1, count, value: 1);
        var parts = mask.PadAt(-1, 0, Missing(mask.shape[1], run)).SplitDim(1, -1, run); // [batch, runs, every]
        return parts.PadAt(-1, count, value: 1).flatten(1, 2);
    }

    private static long Missing(long length, int run) => (run - length % run) % run;
}
