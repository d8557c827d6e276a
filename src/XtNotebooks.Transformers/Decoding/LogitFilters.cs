namespace XtNotebooks.Transformers;

/// <summary>Filters that leave only some tokens to be sampled: the others' logits become minus infinity.</summary>
/// <remarks>Each returns a function from logits [batch, numTokens] to logits of the same shape.</remarks>
public static class LogitFilters
{
    /// <summary>Leaves everything.</summary>
    public static Func<Tensor, Tensor> None { get; } = logits => logits;

    /// <summary>Leaves the greatest logits (Fan et al. 2018).</summary>
    /// <param name="fracNumTokens">Part of the vocabulary that stays, rounded up.</param>
    /// <param name="k">Number of tokens that stay, instead.</param>
    public static Func<Tensor, Tensor> TopK(double fracNumTokens = 0.1, int? k = null)
    {
        if (k is <= 0) throw new ArgumentException($"k must be at least 1, but is {k}.", nameof(k));
        if (fracNumTokens is not (> 0 and <= 1)) throw new ArgumentException(FormattableString.Invariant($"fracNumTokens must be above 0 and at most 1, but is {fracNumTokens}."), nameof(fracNumTokens));
        return logits =>
        {
            using var scope = NewDisposeScope();
            var numTokens = logits.shape[^1];
            var kept = (int)Math.Min(k ?? (long)Math.Ceiling(fracNumTokens * numTokens), numTokens);
            var (values, indices) = logits.topk(kept, -1);
            return scope.MoveToOuter(full_like(logits, double.NegativeInfinity).scatter_(-1, indices, values));
        };
    }

    /// <summary>Leaves the most probable tokens that together reach a probability (nucleus sampling, arXiv:1904.09751).</summary>
    /// <param name="thres">That probability.</param>
    public static Func<Tensor, Tensor> TopP(double thres = 0.9)
    {
        CheckFraction(thres, nameof(thres));
        return logits =>
        {
            using var scope = NewDisposeScope();
            var (sorted, indices) = logits.sort(-1, descending: true);
            var before = sorted.to(sorted.AtLeastFloat32()).softmax(-1).cumsum(-1).PadAt(-1, 1, -1); // probability of all more probable tokens
            return scope.MoveToOuter(zeros_like(logits).scatter_(-1, indices, sorted.masked_fill(before > thres, double.NegativeInfinity)));
        };
    }

    /// <summary>Leaves tokens whose probability is at least a ratio of a power of the greatest one.</summary>
    /// <param name="minPPow">The power.</param>
    /// <param name="minPRatio">The ratio.</param>
    public static Func<Tensor, Tensor> TopA(double minPPow = 2, double minPRatio = 0.02)
    {
        if (!double.IsFinite(minPPow) || minPPow < 0) throw new ArgumentException(FormattableString.Invariant($"minPPow must be at least 0 and finite, but is {minPPow}."), nameof(minPPow));
        CheckFraction(minPRatio, nameof(minPRatio));
        return logits => FilterByProbability(logits, greatest => greatest.pow(minPPow) * minPRatio);
    }

    /// <summary>Leaves tokens whose probability is at least a fraction of the greatest one (arXiv:2407.01082).</summary>
    /// <param name="minP">The fraction.</param>
    public static Func<Tensor, Tensor> MinP(double minP = 0.1)
    {
        CheckFraction(minP, nameof(minP));
        return logits => FilterByProbability(logits, greatest => greatest * minP);
    }

    private static void CheckFraction(double value, string name)
    {
        if (value is not (>= 0 and <= 1)) throw new ArgumentException(FormattableString.Invariant($"{name} must be from 0 to 1, but is {value}."), name);
    }

    private static Tensor FilterByProbability(Tensor logits, Func<Tensor, Tensor> limit)
    {
        using var scope = NewDisposeScope();
        var probabilities = logits.to(logits.AtLeastFloat32()).softmax(-1);
        var greatest = probabilities.amax([-1], keepdim: true);
        return scope.MoveToOuter(logits.masked_fill(probabilities < limit(greatest), double.NegativeInfinity));
    }
}
