namespace XtNotebooks.Transformers;

/// <summary>How <see cref="AutoregressiveWrapper.Generate(Tensor, int, GenerateOptions?, CancellationToken)"/> continues its prompts.</summary>
public sealed record GenerateOptions
{
    /// <summary>0 takes the most probable token, 1 samples as the model predicts; the higher, the more varied.</summary>
    public double Temperature { get; init; } = 1;
    /// <summary>Token that ends a sequence; what would follow it is filled with the wrapper's pad value.</summary>
    public long? EosToken { get; init; }
    /// <summary>[batch], int64: real length of each right-padded prompt.</summary>
    public Tensor? PromptLens { get; init; }
    /// <summary>Which tokens may be chosen, by chance or as the most probable; see <see cref="LogitFilters"/>. Takes and returns [batch, numTokens].</summary>
    public Func<Tensor, Tensor> FilterLogitsFn { get; init; } = UsualFilter;
    /// <summary>Looks back at most as far as the model's MaxSeqLen.</summary>
    public bool RestrictToMaxSeqLen { get; init; } = true;
    /// <summary>Keeps keys and values between steps; the tokens are the same without, only later.</summary>
    public bool CacheKv { get; init; } = true;
    /// <summary>Weaker models whose predictions are subtracted (contrastive decoding, arXiv:2210.15097), which filters by itself.</summary>
    public IReadOnlyList<ContrastiveModel> AmateurModels { get; init; } = [];
    /// <summary>[batch, keys, dim]: what cross-attention reads.</summary>
    public Tensor? Context { get; init; }
    /// <summary>[batch, keys], bool: context positions that may be read.</summary>
    public Tensor? ContextMask { get; init; }
    /// <summary>[batch, dimCondition]: what adaptive norms and layer scales depend on.</summary>
    public Tensor? Condition { get; init; }
    /// <summary>How often the layers run for each token where the model recycles.</summary>
    public int? RecycleSteps { get; init; }
    /// <summary>How often the layers run for each token where the model loops; its MaxLoopedSteps where absent.</summary>
    public int? LoopedSteps { get; init; }
    /// <summary>Source of randomness; torch's own where absent.</summary>
    public Generator? Generator { get; init; }

    /// <summary>Whether a filter was asked for.</summary>
    internal bool HasOwnFilter => !ReferenceEquals(FilterLogitsFn, UsualFilter);

    private static Func<Tensor, Tensor> UsualFilter { get; } = LogitFilters.TopK();

    internal void Validate(Device device)
    {
        if (!double.IsFinite(Temperature) || Temperature < 0)
            throw new ArgumentException(FormattableString.Invariant($"Temperature must be at least 0, but is {Temperature}."));
        if (FilterLogitsFn is null || AmateurModels is null) throw new ArgumentException("FilterLogitsFn and AmateurModels must not be null: use LogitFilters.None, and an empty list.");
        Require.NotBoth(HasOwnFilter, nameof(FilterLogitsFn), AmateurModels.Count > 0, nameof(AmateurModels));
        foreach (var model in AmateurModels) model.Validate();
        if (Generator is not null && Generator.device.type != device.type)
            throw new ArgumentException($"Generator is on {Generator.device}, but the model is on {device}: make it with new torch.Generator(seed, device).");
    }
}

/// <summary>A weaker model in contrastive decoding (arXiv:2309.09117, appendix A, algorithm 2).</summary>
/// <param name="Net">The model.</param>
/// <param name="Alpha">Tokens less probable than this fraction of the most probable one are out.</param>
/// <param name="Beta">How strongly the weaker model's logits are subtracted.</param>
public sealed record ContrastiveModel(TransformerWrapper Net, double Alpha = 0.1, double Beta = 0.5)
{
    /// <summary>Logits in which what the expert knows better stands out.</summary>
    /// <param name="expert">[batch, numTokens].</param>
    /// <param name="amateur">[batch, numTokens].</param>
    /// <returns>[batch, numTokens].</returns>
    public Tensor Combine(Tensor expert, Tensor amateur)
    {
        Validate();
        if (!expert.shape.SequenceEqual(amateur.shape))
            throw new ArgumentException($"Expert and amateur must share a vocabulary, but their logits are {expert.Shape()} and {amateur.Shape()}.");
        using var scope = NewDisposeScope();
        var cutoff = expert.amax([-1], keepdim: true) + Math.Log(Alpha);
        return scope.MoveToOuter(((1 + Beta) * expert - Beta * amateur).masked_fill(expert < cutoff, expert.MaskValue()));
    }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Net);
        if (Alpha is not (> 0 and <= 1)) throw new ArgumentException(FormattableString.Invariant($"Alpha must be above 0 and at most 1, but is {Alpha}."));
        if (!double.IsFinite(Beta) || Beta < 0) throw new ArgumentException(FormattableString.Invariant($"Beta must be at least 0 and finite, but is {Beta}."));
    }
}
