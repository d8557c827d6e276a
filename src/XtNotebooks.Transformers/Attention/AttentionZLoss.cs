namespace XtNotebooks.Transformers;

/// <summary>Keeps attention logits small: the square of their log-sum-exp (ST-MoE, arXiv:2202.08906; PaLM, arXiv:2204.02311).</summary>
internal static class AttentionZLoss
{
    /// <summary>Log-sum-exps add up over the layers; their squares add up over the heads and are averaged over batch and positions.</summary>
    /// <param name="layers">Each with its logits, [batch, heads, queries, keys].</param>
    /// <param name="weight">What the loss is multiplied by.</param>
    /// <returns>A scalar; null where there is no attention, or where it keeps no logits.</returns>
    public static Tensor? Of(IReadOnlyList<AttentionTrace> layers, double weight)
    {
        if (layers.Count == 0 || layers.Any(l => l.PreSoftmaxAttn is null)) return null;
        using var scope = NewDisposeScope();
        var total = layers.Select(l => Sums(l.PreSoftmaxAttn!)).Aggregate((a, b) => a + b); // [batch, heads, queries]
        return scope.MoveToOuter(total.square().sum(1).mean() * weight);
    }

    // A query that may see nothing says nothing of its logits: they are the mask's.
    private static Tensor Sums(Tensor logits)
    {
        var sums = logits.logsumexp(-1);
        return sums.masked_fill(sums < logits.MaskValue() / 2, 0);
    }
}
