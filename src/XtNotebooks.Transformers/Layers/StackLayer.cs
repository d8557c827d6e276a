namespace XtNotebooks.Transformers;

/// <summary>One layer of a stack: a block, its norms, and its way back into the residual stream.</summary>
internal sealed class StackLayer : NamedModule
{
    /// <param name="options">The stack's options.</param>
    /// <param name="causal">Whether the stack is a decoder.</param>
    /// <param name="type">a attention, c cross-attention, f feed-forward.</param>
    /// <param name="index">Position among the stack's layers.</param>
    /// <param name="isFirstAttention">Whether no self-attention layer comes before.</param>
    /// <param name="skipFrom">Index of the layer whose input is merged in (U-Net skips), or null.</param>
    public StackLayer(AttentionLayersOptions options, bool causal, char type, int index, bool isFirstAttention, int? skipFrom)
        : base(nameof(StackLayer))
    {
        Type = type;
        var threeViews = type == 'a' && (options.QkvReceiveDiffResiduals || options.IntegrateLayers) && !(isFirstAttention && options.IntegrateLayers);
        Block = CreateBlock(options, causal, isFirstAttention, threeViews);
        Residual = CreateResidual(options, index, threeViews);
        PreBranch = options.PreNorm || options.PreAndPostNorm ? options.CreateNorm() : null;
        PostBranch = options.SandwichNorm ? options.CreateNorm() : null;
        PostMain = !options.PreNorm || options.PreAndPostNorm ? options.CreateNorm() : null;
        if (skipFrom is { } from) SkipCombine = new ConcatCombine(options.Dim, from);
        if (options.IntegrateLayers) Integrator = new DynamicLime(options.Dim, index + 1, threeViews ? 3 : 1, options.LayerIntegrateUseSoftmax);
        else if (options.AttnAggregatedResiduals) Integrator = new AttentionAggregatedResidual(options);

        Child("0", new Slots(PreBranch, PostBranch, PostMain));
        Child("1", (nn.Module)Block);
        Child("2", Residual);
    }

    public char Type { get; }
    public IBlock Block { get; }
    public Attention? Attention { get; private set; }
    public ResidualConnection Residual { get; }
    public nn.Module<Tensor, Tensor>? PreBranch { get; }
    public nn.Module<Tensor, Tensor>? PostBranch { get; }
    public nn.Module<Tensor, Tensor>? PostMain { get; }

    // Registered by the stack, in lists of their own.
    public ConcatCombine? SkipCombine { get; }
    public LayerIntegrator? Integrator { get; }

    private IBlock CreateBlock(AttentionLayersOptions options, bool causal, bool isFirstAttention, bool threeViews)
    {
        IBlock block;
        if (Type == 'f')
        {
            var feedForward = PrefixedOptions.With(new FeedForwardOptions(), options, "Ff") with { Dim = options.Dim };
            if (options.ZeroInitBranchOutput) feedForward = feedForward with { ZeroInitOutput = true };
            block = new FeedForward(feedForward);
            if (options.Macaron) block = new Scale(0.5, block);
        }
        else
        {
            var attention = PrefixedOptions.With(new AttentionOptions(), options, "Attn") with { Dim = options.Dim, Heads = options.Heads };
            if (options.ZeroInitBranchOutput) attention = attention with { ZeroInitOutput = true };
            attention = Type == 'c'
                ? attention with { DimContext = options.CrossAttnDimContext, InvertedAttention = options.CrossAttnInvertedAttention }
                : attention with
                {
                    Causal = causal,
                    QkvReceiveDiffResiduals = threeViews,
                    LearnedValueResidualMix = options is { AddValueResidual: true, LearnedValueResidualMix: true } && !isFirstAttention,
                    RotateNumHeads = options.RotateNumHeads,
                };
            block = Attention = new Attention(attention);
        }
        if (options.ShiftTokens > 0)
        {
            var lowest = causal ? 0 : -options.ShiftTokens;
            block = new ShiftTokens(Enumerable.Range(lowest, options.ShiftTokens - lowest + 1), block);
        }
        if (options.UseAdaptiveLayerscale) return new AdaptiveLayerScale(block, options.Dim, options.InnerConditionWidth());
        return options.UseLayerscale ? new LayerScale(block, options.Dim, options.LayerscaleInitValue, options.NormAddUnitOffset) : block;
    }

    private static ResidualConnection CreateResidual(AttentionLayersOptions options, int index, bool threeViews) => options switch
    {
        { NumResidualStreams: > 1 } => new HyperConnection(
            options.Dim, index, options.NumResidualStreams, threeViews && !options.IntegrateLayers ? 3 : 1),
        { GateResidual: true } => new GruGating(options.Dim, options.ScaleResidual),
        { MvSplitResidual: true } => new MeanSplitResidual(options.Dim),
        { OrthogResidual: true } => new OrthogonalResidual(options.Dim, options.ScaleResidual),
        _ => new Residual(options.Dim, options.ScaleResidual, options.ScaleResidualConstant),
    };
}

/// <summary>Which norm a stack uses.</summary>
internal static class NormChoice
{
    public static nn.Module<Tensor, Tensor> CreateNorm(this AttentionLayersOptions options) => options switch
    {
        { UseScalenorm: true } => new ScaleNorm(options.Dim, options.NormAddUnitOffset),
        { UseRmsnorm: true } => new RmsNorm(options.Dim, options.NormAddUnitOffset),
        { UseSimpleRmsnorm: true } => new SimpleRmsNorm(options.Dim),
        { UseDynamicTanh: true } => new DynamicTanh(options.Dim, options.DynamicTanhInitAlpha, options.NormAddUnitOffset),
        { UseDerf: true } => new Derf(options.Dim, options.NormAddUnitOffset),
        { UseAdaptiveLayernorm: true } => new AdaptiveLayerNorm(options.Dim, options.InnerConditionWidth()),
        { UseAdaptiveRmsnorm: true } => new AdaptiveRmsNorm(options.Dim, options.InnerConditionWidth()),
        _ => new LayerNorm(options.Dim, options.NormAddUnitOffset),
    };

    public static RelativeBias? CreateRelativeBias(this AttentionLayersOptions options, bool causal) => options switch
    {
        { RelPosBias: true } => new RelativePositionBias(
            Math.Sqrt(options.AttnDimHead), causal, options.Heads, options.RelPosNumBuckets, options.RelPosMaxDistance),
        { DynamicPosBias: true } => new DynamicPositionBias(
            options.Dim / 4, options.Heads, options.DynamicPosBiasMlpDepth, options.DynamicPosBiasLogDistance, options.DynamicPosBiasNorm),
        { AlibiPosBias: true } => new AlibiPositionalBias(options.AlibiNumHeads ?? options.Heads, options.Heads, options.RelPosKwargs.GetValueOrDefault("slopes")),
        _ => null,
    };
}
