namespace XtNotebooks.Transformers;

/// <summary>What <see cref="TransformerWrapper"/> is built from: upstream's names in PascalCase, upstream's defaults.</summary>
public sealed record TransformerWrapperOptions
{
    /// <summary>Size of the vocabulary.</summary>
    public int NumTokens { get; init; }
    /// <summary>Longest sequence that absolute positions reach, and the window of generation; 0 for no absolute positions.</summary>
    public int MaxSeqLen { get; init; }
    /// <summary>The stack between embeddings and logits: a <see cref="Decoder"/> or an <see cref="Encoder"/>.</summary>
    public AttentionLayers? AttnLayers { get; init; }
    /// <summary>Names and vocabulary sizes of further embeddings that are added to the tokens' (types, segments, …); their ids are a forward pass's EmbedIds.</summary>
    public IReadOnlyDictionary<string, int> EmbedNumTokens { get; init; } = new Dictionary<string, int>();
    /// <summary>Width of the embeddings, where it differs from the stack's.</summary>
    public int? EmbDim { get; init; }
    /// <summary>How many positions <see cref="TransformerWrapper.ForwardWithMems"/> remembers of earlier segments (Transformer-XL, arXiv:1901.02860).</summary>
    public int MaxMemLen { get; init; }
    /// <summary>Layers read the memories of layers so many above, the uppermost those of the lowest (ERNIE-Doc, arXiv:2012.15688).</summary>
    public int ShiftMemDown { get; init; }
    /// <summary>Dropout probability of the embeddings, in training.</summary>
    public double EmbDropout { get; init; }
    /// <summary>Normalises the embeddings.</summary>
    public bool PostEmbNorm { get; init; }
    /// <summary>Learned tokens put before the sequence (Memory Transformer, arXiv:2006.11527).</summary>
    public int? NumMemoryTokens { get; init; }
    /// <summary>Repeats them before every so many tokens; decoders only.</summary>
    public int? MemoryTokensInterspersedEvery { get; init; }
    /// <summary>Uses the token embeddings as the output head.</summary>
    public bool TieEmbedding { get; init; }
    /// <summary>Width of the output, where it differs from <see cref="NumTokens"/>.</summary>
    public int? LogitsDim { get; init; }
    /// <summary>Leaves out the output head: the output is embeddings.</summary>
    public bool ReturnOnlyEmbed { get; init; }
    /// <summary>Number of output heads; with several the output has a first dimension for them.</summary>
    public int NumOutputHeads { get; init; } = 1;
    /// <summary>Adds absolute positions, unless the stack's own positions make them needless.</summary>
    public bool UseAbsPosEmb { get; init; } = true;
    /// <summary>Sines and cosines instead of learned absolute positions.</summary>
    public bool ScaledSinuPosEmb { get; init; }
    /// <summary>Embeddings of unit length.</summary>
    public bool L2normEmbed { get; init; }
    /// <summary>Runs the layers several times, each time with a projection of what they made added to their input; the gradient is the last run's (AlphaFold 2).</summary>
    public bool Recycling { get; init; }
    /// <summary>How many runs there are at most, in training.</summary>
    public int TrainMaxRecycleSteps { get; init; } = 4;
    /// <summary>Runs the layers over their own output and learns when to stop (arXiv:2510.25741); needs the stack's PreAndPostNorm.</summary>
    public bool Looped { get; init; }
    /// <summary>How many loops there are.</summary>
    public int MaxLoopedSteps { get; init; } = 4;
    /// <summary>Part of the gradient that reaches the embeddings (arXiv:2105.13290).</summary>
    public double EmbFracGradient { get; init; } = 1;
    /// <summary>Weight of the attention z-loss (<see cref="ForwardTrace.AttnZLoss"/>, and an AutoregressiveWrapper's addAttnZLoss).</summary>
    public double AttnZLossWeight { get; init; } = 1e-4;
    /// <summary>The output is of the mean over all tokens: [batch, numTokens].</summary>
    public bool AveragePoolEmbed { get; init; }
    /// <summary>The output is of learned class tokens put in front.</summary>
    public bool UseClsToken { get; init; }
    /// <summary>Number of class tokens.</summary>
    public int NumClsTokens { get; init; } = 1;
    /// <summary>Gathers the sequence into a few tokens by attention; an encoder's output are these, a decoder's are in its trace.</summary>
    public bool AttnPool { get; init; }
    /// <summary>How many of them there are.</summary>
    public int NumPooledTokens { get; init; } = 1;
    /// <summary>Blocks of cross-attention that gather them; 1 for a single attention.</summary>
    public int AttnPoolDepth { get; init; } = 1;
    /// <summary>Their width, where it differs from the stack's.</summary>
    public int? DimPooledTokens { get; init; }
    /// <summary>Leaves out the output's last dimension where it is one: [batch, seq].</summary>
    public bool SqueezeOutLastDim { get; init; }
    /// <summary>Mixes several softmaxes; the output is log probabilities (arXiv:1711.03953).</summary>
    public bool MixtureOfSoftmax { get; init; }
    /// <summary>Number of softmaxes mixed.</summary>
    public int MixtureOfSoftmaxK { get; init; } = 4;
    /// <summary>An output head of one's own, [batch, seq, dim] to [batch, seq, anything]; the model's weights hold it, a configuration cannot.</summary>
    public nn.Module<Tensor, Tensor>? ToLogits { get; init; }
    /// <summary>Adds the logarithm of the logits' sigmoid to them (sigsoftmax, arXiv:1805.10829).</summary>
    public bool SigsoftmaxLogits { get; init; }

    /// <summary>Factors of every feed-forward block's output, learned for each token of the vocabulary and block.</summary>
    public bool FfDeepEmbed { get; init; }
    /// <summary>A second head that predicts the next token's embedding; an AutoregressiveWrapper adds its loss.</summary>
    public bool AddContinuousPredHead { get; init; }

    internal void Validate()
    {
        if (AttnLayers is null) throw new ArgumentException("AttnLayers must be given: new Decoder(new() { … }) or new Encoder(new() { … }).");
        Require.NotNull(EmbedNumTokens, nameof(EmbedNumTokens));
        Require.Positive(NumTokens, nameof(NumTokens));
        Require.PositiveWhereGiven((EmbDim, nameof(EmbDim)), (LogitsDim, nameof(LogitsDim)));
        Dependences.OfWrapper.Check(this);
        if (MaxSeqLen < 0) throw new ArgumentException($"MaxSeqLen must be at least 0, but is {MaxSeqLen}.");
        Require.NotBoth(AveragePoolEmbed, nameof(AveragePoolEmbed), UseClsToken, nameof(UseClsToken));
        Require.NotBoth(TieEmbedding, nameof(TieEmbedding), ReturnOnlyEmbed, nameof(ReturnOnlyEmbed));
        Require.NotBoth(TieEmbedding, nameof(TieEmbedding), LogitsDim is not null && LogitsDim != NumTokens, nameof(LogitsDim));
        Require.NotBoth(MixtureOfSoftmax, nameof(MixtureOfSoftmax), ReturnOnlyEmbed, nameof(ReturnOnlyEmbed));
        if (TieEmbedding && EmbDim is { } width && width != AttnLayers.Dim)
            throw new ArgumentException($"TieEmbedding needs EmbDim ({width}) to equal the stack's Dim ({AttnLayers.Dim}).");
        if (MemoryTokensInterspersedEvery is { } every)
        {
            if (every <= 0) throw new ArgumentException($"MemoryTokensInterspersedEvery must be at least 1, but is {every}.");
            if (!AttnLayers.Causal) throw new ArgumentException("MemoryTokensInterspersedEvery needs AttnLayers to be a Decoder.");
            if (UseClsToken) throw new ArgumentException("MemoryTokensInterspersedEvery and UseClsToken cannot be used together: set only one of them.");
        }
        if (NumMemoryTokens < 0) throw new ArgumentException($"NumMemoryTokens must be at least 0, but is {NumMemoryTokens}.");
        if (EmbFracGradient is not (> 0 and <= 1)) throw new ArgumentException(FormattableString.Invariant($"EmbFracGradient must be above 0 and at most 1, but is {EmbFracGradient}."));
        Require.Positive(NumOutputHeads, nameof(NumOutputHeads));
        foreach (var (set, name) in new[]
                 {
                     (TieEmbedding, nameof(TieEmbedding)), (ReturnOnlyEmbed, nameof(ReturnOnlyEmbed)), (MixtureOfSoftmax, nameof(MixtureOfSoftmax)),
                 })
            Require.NotBoth(NumOutputHeads > 1, nameof(NumOutputHeads), set, name);
        Require.NotBoth(SqueezeOutLastDim, nameof(SqueezeOutLastDim), ReturnOnlyEmbed, nameof(ReturnOnlyEmbed));
        Require.NotNegative(AttnZLossWeight, nameof(AttnZLossWeight));
        this.ValidateMemories();
        ValidateDepthAndPools();
        Require.Positive(NumClsTokens, nameof(NumClsTokens));
        Require.Positive(MixtureOfSoftmaxK, nameof(MixtureOfSoftmaxK));
        Require.Probability(EmbDropout, nameof(EmbDropout));
    }

    private void ValidateDepthAndPools()
    {
        foreach (var (set, name) in new[]
                 {
                     (TieEmbedding, nameof(TieEmbedding)), (ReturnOnlyEmbed, nameof(ReturnOnlyEmbed)), (NumOutputHeads > 1, nameof(NumOutputHeads)), (LogitsDim is not null, nameof(LogitsDim)),
                 })
            Require.NotBoth(ToLogits is not null, nameof(ToLogits), set, name);
        Require.NotBoth(Recycling, nameof(Recycling), Looped, nameof(Looped));
        Require.Positive(TrainMaxRecycleSteps, nameof(TrainMaxRecycleSteps));
        Require.Positive(MaxLoopedSteps, nameof(MaxLoopedSteps));
        if (Looped && !AttnLayers!.Options.PreAndPostNorm) throw new ArgumentException("Looped needs the stack's PreAndPostNorm: set both, or neither.");
        Require.NotBoth(Looped, nameof(Looped), MixtureOfSoftmax, nameof(MixtureOfSoftmax));
        Require.NotBoth(Looped, nameof(Looped), NumOutputHeads > 1, nameof(NumOutputHeads));
        Require.NotBoth(AttnPool, nameof(AttnPool), UseClsToken, nameof(UseClsToken));
        Require.NotBoth(AttnPool, nameof(AttnPool), AveragePoolEmbed, nameof(AveragePoolEmbed));
        Require.Positive(NumPooledTokens, nameof(NumPooledTokens));
        Require.Positive(AttnPoolDepth, nameof(AttnPoolDepth));
        if (DimPooledTokens is { } width) Require.Positive(width, nameof(DimPooledTokens));
        foreach (var (name, size) in EmbedNumTokens)
        {
            if (name.Length == 0 || name.Contains('.', StringComparison.Ordinal)) throw new ArgumentException($"EmbedNumTokens names \"{name}\", but a name must not be empty or hold a dot.");
            if (size <= 0) throw new ArgumentException($"EmbedNumTokens[\"{name}\"] must be at least 1, but is {size}.");
        }
        Require.NotBoth(FfDeepEmbed, nameof(FfDeepEmbed), NumMemoryTokens > 0, nameof(NumMemoryTokens));
        Require.NotBoth(FfDeepEmbed, nameof(FfDeepEmbed), UseClsToken, nameof(UseClsToken));
        foreach (var (set, name) in new[]
                 {
                     (ReturnOnlyEmbed, nameof(ReturnOnlyEmbed)), (MixtureOfSoftmax, nameof(MixtureOfSoftmax)), (UseClsToken, nameof(UseClsToken)),
                     (AveragePoolEmbed, nameof(AveragePoolEmbed)), (EmbDim is { } embDim && embDim != AttnLayers!.Dim, nameof(EmbDim)),
                 })
            Require.NotBoth(AddContinuousPredHead, nameof(AddContinuousPredHead), set, name);
    }
}
