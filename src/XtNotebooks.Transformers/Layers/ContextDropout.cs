namespace XtNotebooks.Transformers;

/// <summary>Leaves out whole context tokens in training, a different choice for each sequence.</summary>
internal static class ContextDropout
{
    /// <param name="context">[batch, keys, dim].</param>
    /// <param name="mask">[batch, keys], bool, or null where all are real.</param>
    /// <param name="probability">Part of the (real) tokens that is left out; at least one stays.</param>
    public static (Tensor Context, Tensor? Mask) Apply(Tensor context, Tensor? mask, double probability)
    {
        using var scope = NewDisposeScope();
        var (batch, count) = (context.shape[0], context.shape[1]);
        var kept = Math.Max(1, (int)((1 - probability) * count));
        var scores = randn(batch, count, device: context.device);
        if (mask is not null) scores = scores.masked_fill(~mask, scores.MaskValue());
        var (_, chosen) = scores.topk(kept, 1); // [batch, kept], real tokens first
        var remaining = context.gather(1, chosen.unsqueeze(-1).expand(-1, -1, context.shape[2]));
        if (mask is null) return (scope.MoveToOuter(remaining), null);
        var wanted = (mask.sum(-1, type: ScalarType.Float32) * (1 - probability)).ceil().unsqueeze(-1);
        var remainingMask = mask.gather(1, chosen) & (arange(kept, device: context.device) < wanted);
        return scope.MoveToOuter(remaining, remainingMask);
    }
}
