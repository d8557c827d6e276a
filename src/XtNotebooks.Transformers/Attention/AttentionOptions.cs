namespace XtNotebooks.Transformers;

/// <summary>What <see cref="Attention"/> is built from: upstream's names in PascalCase, upstream's defaults.</summary>
public sealed record AttentionOptions
{
    /// <summary>Width of the input and the output.</summary>
    public int Dim { get; init; }
    /// <summary>Width of one head's queries and keys.</summary>
    public int DimHead { get; init; } = 64;
    /// <summary>Width of the context, where it differs from <see cref="Dim"/>.</summary>
    public int? DimContext { get; init; }
    /// <summary>Number of query heads.</summary>
    public int Heads { get; init; } = 8;
    /// <summary>Whether a position sees only itself and what is before it.</summary>
    public bool Causal { get; init; }
    /// <summary>Always uses torch's fused kernel, which never holds the attention map in memory; off, it is used where nothing asks for the map.</summary>
    public bool Flash { get; init; }
    /// <summary>Mixes the heads' logits before the softmax (Shazeer et al. 2020, arXiv:2003.02436).</summary>
    public bool PreTalkingHeads { get; init; }
    /// <summary>Mixes the heads' weights after the softmax.</summary>
    public bool PostTalkingHeads { get; init; }
    /// <summary>Scales the weights after the softmax by mixed logits.</summary>
    public bool PreScalePostTalkingHeads { get; init; }
    /// <summary>One learned factor for each head's output (NormFormer, arXiv:2110.09456).</summary>
    public bool HeadScale { get; init; }
    /// <summary>Keeps only so many of the greatest logits of each query (arXiv:1912.11637).</summary>
    public int? SparseTopk { get; init; }
    /// <summary>Lets gradients pass as if nothing had been cut off (arXiv:2505.22074).</summary>
    public bool SparseTopkStraightThrough { get; init; }
    /// <summary>Learned keys and values that every query can attend to (arXiv:1907.01470).</summary>
    public int NumMemKv { get; init; }
    /// <summary>Dropout probability of attention weights, in training.</summary>
    public double Dropout { get; init; }
    /// <summary>Dropout probability of the output, in training.</summary>
    public double SublayerDropout { get; init; }
    /// <summary>Gates the output by itself (Attention on Attention, arXiv:1908.06954).</summary>
    public bool OnAttn { get; init; }
    /// <summary>One input gate for each head, starting almost open (arXiv:2306.12929).</summary>
    public bool GateValueHeads { get; init; }
    /// <summary>Uses SiLU instead of a sigmoid for <see cref="GateValues"/>.</summary>
    public bool SwigluValues { get; init; }
    /// <summary>An input gate for each feature of the output.</summary>
    public bool GateValues { get; init; }
    /// <summary>Inner width of a low-rank input gate; a single projection where absent.</summary>
    public int? GateValuesRank { get; init; }
    /// <summary>One input gate for each head instead of each feature.</summary>
    public bool GateValuesHeadwise { get; init; }
    /// <summary>A gate computed from attention's own output (HyGA, arXiv:2608.11805).</summary>
    public bool OutputGate { get; init; }
    /// <summary>Inner width of a low-rank output gate; a single projection where absent.</summary>
    public int? OutputGateRank { get; init; }
    /// <summary>One output gate for each head instead of each feature.</summary>
    public bool OutputGateHeadwise { get; init; }
    /// <summary>SiLU between the two projections of a low-rank gate.</summary>
    public bool LowRankSiluGates { get; init; } = true;
    /// <summary>Starts the output projection at zero.</summary>
    public bool ZeroInitOutput { get; init; }
    /// <summary>Attends to the one greatest logit, with the softmax's gradient.</summary>
    public bool Hard { get; init; }
    /// <summary>How many positions back a query can see.</summary>
    public int? MaxAttendPast { get; init; }
    /// <summary>Cosine similarity: queries and keys have unit length (arXiv:2010.04245).</summary>
    public bool QkNorm { get; init; }
    /// <summary>Parts of a head that are normalised separately.</summary>
    public int QkNormGroups { get; init; } = 1;
    /// <summary>What cosine similarities are multiplied by.</summary>
    public double QkNormScale { get; init; } = 10;
    /// <summary>Learns a scale for every feature instead.</summary>
    public bool QkNormDimScale { get; init; }
    /// <summary>RMS-normalises queries and keys (arXiv:2302.05442).</summary>
    public bool QkRmsnorm { get; init; }
    /// <summary>RMS-normalises the keys only.</summary>
    public bool KRmsnorm { get; init; }
    /// <summary>RMS-normalises the values.</summary>
    public bool ValueRmsnorm { get; init; }
    /// <summary>Negative squared distance in place of the dot product.</summary>
    public bool L2Distance { get; init; }
    /// <summary>A sigmoid in place of the softmax.</summary>
    public bool Sigmoid { get; init; }
    /// <summary>Samples what is attended to: a softmax of logits with Gumbel noise, outside of training, too (arXiv:1611.01144).</summary>
    public bool GumbelSoftmax { get; init; }
    /// <summary>Its temperature: the lower, the closer to a single choice.</summary>
    public double GumbelSoftmaxTemp { get; init; } = 1;
    /// <summary>Attends to the one sampled key, with the softmax's gradient.</summary>
    public bool GumbelSoftmaxHard { get; init; } = true;
    /// <summary>Weights from logits, both [batch, heads, queries, keys], in place of the softmax; masked logits are the lowest finite value.</summary>
    public Func<Tensor, Tensor>? CustomAttnFn { get; init; }
    /// <summary>Queries compete for keys: the softmax runs over the queries, then each query's weights are scaled to a sum of one (slot attention, arXiv:2006.15055).</summary>
    public bool InvertedAttention { get; init; }
    /// <summary>Tokens can hide earlier tokens from later ones (arXiv:2410.02703).</summary>
    public bool Selective { get; init; }
    /// <summary>Weights keep the sign of their logit (Cog attention, arXiv:2411.07176).</summary>
    public bool CogSigned { get; init; }
    /// <summary>All query heads share one key and value head (arXiv:1911.02150).</summary>
    public bool OneKvHead { get; init; }
    /// <summary>Number of key and value heads; query head h reads head h % KvHeads (arXiv:2305.13245).</summary>
    public int? KvHeads { get; init; }
    /// <summary>Width of one head's values, where it differs from <see cref="DimHead"/>.</summary>
    public int? ValueDimHead { get; init; }
    /// <summary>Width of the output, where it differs from <see cref="Dim"/>.</summary>
    public int? DimOut { get; init; }
    /// <summary>A key and value of zeros: somewhere to look when nothing matters.</summary>
    public bool AddZeroKv { get; init; }
    /// <summary>A learned logit for each head that takes weight away from all keys.</summary>
    public bool HeadLearnedSink { get; init; }
    /// <summary>Rotary positions for only so many of the last heads.</summary>
    public int? RotateNumHeads { get; init; }
    /// <summary>Decay learned from the content (Forgetting Transformer).</summary>
    public bool DataDependentAlibi { get; init; }
    /// <summary>Decay from queries and keys of their own instead of a gate for each token.</summary>
    public bool DataDependentAlibiPerRow { get; init; }
    /// <summary>Width of these queries and keys.</summary>
    public int DataDependentAlibiPerRowDimHead { get; init; } = 8;
    /// <summary>Further numbers of that decay: post_log_scale, what it is multiplied by (1), and bias_init, where the gates' biases start (5; not per row).</summary>
    public IReadOnlyDictionary<string, double> DataDependentAlibiKwargs { get; init; } = NoNumbers;
    /// <summary>Biases of distance, mixed for each token from learned curves.</summary>
    public bool UseRelProjPosBias { get; init; }
    /// <summary>Number of these curves.</summary>
    public int RelProjNumDistanceBasis { get; init; } = 16;
    /// <summary>Their length: there is no bias from that distance on.</summary>
    public int RelProjMaxDist { get; init; } = 1024;
    /// <summary>Positions counted by content (CoPE, arXiv:2405.18719).</summary>
    public bool UseCope { get; init; }
    /// <summary>Greatest position that CoPE tells apart.</summary>
    public int CopeMaxPos { get; init; } = 16;
    /// <summary>Weighs all of CoPE's positions by their distance instead of interpolating between two.</summary>
    public bool CopeSoftOnehotPos { get; init; }
    /// <summary>Mixes the heads' logits before CoPE counts.</summary>
    public bool CopeTalkingHeads { get; init; }
    /// <summary>Limits logits smoothly (Gemma 2).</summary>
    public bool SoftclampLogits { get; init; }
    /// <summary>The limit of <see cref="SoftclampLogits"/>.</summary>
    public double LogitSoftclampValue { get; init; } = 50;
    /// <summary>Learns for each token how much of the first layer's values is mixed in (arXiv:2410.17897).</summary>
    public bool LearnedValueResidualMix { get; init; }
    /// <summary>Attends over exponentiated values (LASER, arXiv:2411.03493).</summary>
    public bool Laser { get; init; }
    /// <summary>Limit of values before they are exponentiated.</summary>
    public double LaserSoftclampValue { get; init; } = 15;
    /// <summary>Queries are projected from a narrower latent of the input (multi-latent attention, arXiv:2405.04434).</summary>
    public bool UseLatentQ { get; init; }
    /// <summary>Width of that latent.</summary>
    public int? DimLatentQ { get; init; }
    /// <summary>Keys and values are projected from one narrower latent of the input or context (arXiv:2405.04434).</summary>
    public bool UseLatentKv { get; init; }
    /// <summary>Width of that latent.</summary>
    public int? DimLatentKv { get; init; }
    /// <summary>So many of the last heads have keys straight from the input, and they alone are rotated (decoupled rotary positions, arXiv:2405.04434).</summary>
    public int? LatentRopeSubheads { get; init; }
    /// <summary>Keeps of the output only what is orthogonal to the position's own values, whole sequences taken as vectors; not causal.</summary>
    public bool OrthogProjectedValues { get; init; }
    /// <summary>The same once more beside it: as upstream, heads are not taken one by one.</summary>
    public bool OrthogProjectedValuesPerHead { get; init; }
    /// <summary>Whether there is an output projection; by default where heads must be joined or widths differ.</summary>
    public bool? ProjectOut { get; init; }
    /// <summary>Queries, keys and values come from three different inputs, stacked in front.</summary>
    public bool QkvReceiveDiffResiduals { get; init; }

    /// <summary>How often the heads' output is laid side by side before it is projected.</summary>
    internal int Projections => Math.Max(1, (OrthogProjectedValues ? 1 : 0) + (OrthogProjectedValuesPerHead ? 1 : 0));

    internal int KeyHeads => OneKvHead ? 1 : KvHeads ?? Heads;

    /// <summary>How many of the last heads are rotated.</summary>
    internal int? RotatedHeads => LatentRopeSubheads ?? RotateNumHeads;

    internal void Validate()
    {
        ValidateWeights();
        ValidateSubheads();
        ValidateDecay();
        Require.Positive(Dim, nameof(Dim));
        Require.Positive(DimHead, nameof(DimHead));
        Require.Positive(Heads, nameof(Heads));
        Dependences.OfAttention.Check(this);
        Require.PositiveWhereGiven((DimContext, nameof(DimContext)), (DimOut, nameof(DimOut)), (ValueDimHead, nameof(ValueDimHead)),
            (DimLatentQ, nameof(DimLatentQ)), (DimLatentKv, nameof(DimLatentKv)));
        Require.NotBoth(OneKvHead, nameof(OneKvHead), KvHeads is not null, nameof(KvHeads));
        if (KeyHeads <= 0 || Heads % KeyHeads != 0)
            throw new ArgumentException($"Heads ({Heads}) must be a multiple of KvHeads ({KeyHeads}).");
        if (LearnedValueResidualMix && KeyHeads != Heads)
        {
            throw new ArgumentException($"LearnedValueResidualMix, AddValueResidual's default, and {(OneKvHead ? nameof(OneKvHead) : nameof(KvHeads))} cannot be used together, "
                + $"since the mix is for every one of Heads ({Heads}), but values are for {KeyHeads}: turn LearnedValueResidualMix off, or leave the other out.");
        }
        Require.NotBoth(QkRmsnorm, nameof(QkRmsnorm), KRmsnorm, nameof(KRmsnorm));
        if (QkNorm && (QkNormGroups <= 0 || DimHead % QkNormGroups != 0))
            throw new ArgumentException($"DimHead ({DimHead}) must be a multiple of QkNormGroups ({QkNormGroups}).");
        if (QkNorm && DimHead / QkNormGroups <= 2)
            throw new ArgumentException($"DimHead ({DimHead}) divided by QkNormGroups ({QkNormGroups}) must be more than 2.");
        if (ValueRmsnorm && ValueDimHead is { } values && values != DimHead)
            throw new ArgumentException($"ValueRmsnorm needs ValueDimHead ({values}) to equal DimHead ({DimHead}).");
        if (ValueRmsnorm && KeyHeads != Heads)
            throw new ArgumentException($"ValueRmsnorm needs KvHeads ({KeyHeads}) to equal Heads ({Heads}).");
        Require.NeedsCausal(UseCope, nameof(UseCope), Causal);
        Require.NeedsCausal(Selective, nameof(Selective), Causal);
        foreach (var (set, name) in new[]
                 {
                     (Sigmoid, nameof(Sigmoid)), (Hard, nameof(Hard)), (SparseTopk is not null, nameof(SparseTopk)),
                     (PreTalkingHeads, nameof(PreTalkingHeads)), (PostTalkingHeads, nameof(PostTalkingHeads)),
                     (PreScalePostTalkingHeads, nameof(PreScalePostTalkingHeads)), (Selective, nameof(Selective)),
                     (CogSigned, nameof(CogSigned)), (HeadLearnedSink, nameof(HeadLearnedSink)),
                     (SoftclampLogits, nameof(SoftclampLogits)), (UseCope, nameof(UseCope)),
                 })
            Require.NotBoth(Flash, nameof(Flash), set, name);
        Require.AtMostOne(
            (Sigmoid, nameof(Sigmoid)), (Hard, nameof(Hard)), (L2Distance, nameof(L2Distance)), (SparseTopk is not null, nameof(SparseTopk)));
        Require.NotBoth(GateValuesHeadwise, nameof(GateValuesHeadwise), GateValuesRank is not null, nameof(GateValuesRank));
        Require.NotBoth(OutputGateHeadwise, nameof(OutputGateHeadwise), OutputGateRank is not null, nameof(OutputGateRank));
        Require.NeedsCausal(DataDependentAlibiPerRow, nameof(DataDependentAlibiPerRow), Causal);
        Require.NotBoth(UseRelProjPosBias, nameof(UseRelProjPosBias), NumMemKv > 0, nameof(NumMemKv));
        Require.NotBoth(UseLatentKv, nameof(UseLatentKv), QkvReceiveDiffResiduals, nameof(QkvReceiveDiffResiduals));
        if (ProjectOut is null && Heads == 1 && !OnAttn && (DimOut ?? Dim) == Dim && Projections * (ValueDimHead ?? DimHead) != Dim)
        {
            throw new ArgumentException($"Heads and DimHead: a single head gets no output projection unless told, so it must be as wide as Dim ({Dim}), "
                + $"not {Projections * (ValueDimHead ?? DimHead)}; set DimHead = {Dim}, or ProjectOut = true.");
        }
        if (ProjectOut is false && Projections * Heads * (ValueDimHead ?? DimHead) != (DimOut ?? Dim))
            throw new ArgumentException($"ProjectOut is off, so the heads together ({Projections * Heads * (ValueDimHead ?? DimHead)}) must be as wide as Dim or DimOut ({DimOut ?? Dim}).");
        if (ProjectOut is false && OnAttn) throw new ArgumentException("OnAttn and ProjectOut: OnAttn needs the output projection, so do not turn ProjectOut off.");
        if (ProjectOut is false && ZeroInitOutput) throw new ArgumentException("ZeroInitOutput and ProjectOut: there is no output projection to start at zero, so do not turn ProjectOut off.");
        if (MaxAttendPast < 0) throw new ArgumentException($"MaxAttendPast must be at least 0, but is {MaxAttendPast}.");
        if (NumMemKv < 0) throw new ArgumentException($"NumMemKv must be at least 0, but is {NumMemKv}.");
        Require.Positive(DataDependentAlibiPerRowDimHead, nameof(DataDependentAlibiPerRowDimHead));
        if (!double.IsFinite(QkNormScale)) throw new ArgumentException(FormattableString.Invariant($"QkNormScale must be finite, but is {QkNormScale}."));
        if (UseCope) Require.Positive(CopeMaxPos, nameof(CopeMaxPos));
        if (UseRelProjPosBias) Require.Positive(RelProjMaxDist, nameof(RelProjMaxDist));
        if (UseRelProjPosBias) Require.Positive(RelProjNumDistanceBasis, nameof(RelProjNumDistanceBasis));
        Require.Probability(Dropout, nameof(Dropout));
        Require.Probability(SublayerDropout, nameof(SublayerDropout));
        Require.Limit(LogitSoftclampValue, nameof(LogitSoftclampValue));
        Require.Limit(LaserSoftclampValue, nameof(LaserSoftclampValue));
        if (SparseTopk is <= 0) throw new ArgumentException($"SparseTopk must be at least 1, but is {SparseTopk}.");
        if (RotateNumHeads is { } rotate && (rotate <= 0 || rotate > Heads))
            throw new ArgumentException($"RotateNumHeads ({rotate}) must be between 1 and Heads ({Heads}).");
        if (RotateNumHeads < Heads && KeyHeads != Heads)
            throw new ArgumentException($"RotateNumHeads ({RotateNumHeads}) below Heads does not go with KvHeads ({KeyHeads}) below Heads ({Heads}).");
    }

    private void ValidateWeights()
    {
        foreach (var (set, name) in new[]
                 {
                     (GumbelSoftmax, nameof(GumbelSoftmax)), (CustomAttnFn is not null, nameof(CustomAttnFn)), (InvertedAttention, nameof(InvertedAttention)),
                 })
            Require.NotBoth(Flash, nameof(Flash), set, name);
        foreach (var (set, name) in new[] { (GumbelSoftmax, nameof(GumbelSoftmax)), (CustomAttnFn is not null, nameof(CustomAttnFn)) })
            Require.AtMostOne((set, name), (Sigmoid, nameof(Sigmoid)), (Hard, nameof(Hard)), (L2Distance && GumbelSoftmax, nameof(L2Distance)), (SparseTopk is not null, nameof(SparseTopk)));
        Require.NotBoth(GumbelSoftmax, nameof(GumbelSoftmax), CustomAttnFn is not null, nameof(CustomAttnFn));
        if (!(GumbelSoftmaxTemp > 0)) throw new ArgumentException(FormattableString.Invariant($"GumbelSoftmaxTemp must be above 0, but is {GumbelSoftmaxTemp}."));
        Require.NotBoth(InvertedAttention, nameof(InvertedAttention), Causal, nameof(Causal));
        Require.NotBoth(InvertedAttention, nameof(InvertedAttention), HeadLearnedSink, nameof(HeadLearnedSink));
        Require.NotBoth(InvertedAttention, nameof(InvertedAttention), CustomAttnFn is not null, nameof(CustomAttnFn));
    }

    internal static IReadOnlyDictionary<string, double> NoNumbers { get; } = new Dictionary<string, double>();

    private void ValidateDecay()
    {
        Require.NotNull(DataDependentAlibiKwargs, nameof(DataDependentAlibiKwargs));
        Require.Needs(DataDependentAlibiKwargs.Count > 0, nameof(DataDependentAlibiKwargs), DataDependentAlibi, nameof(DataDependentAlibi));
        string[] known = DataDependentAlibiPerRow ? ["post_log_scale"] : ["post_log_scale", "bias_init"];
        if (DataDependentAlibiKwargs.Keys.FirstOrDefault(k => !known.Contains(k)) is { } unknown)
            throw new ArgumentException($"DataDependentAlibiKwargs may hold {string.Join(" and ", known)}, but holds {unknown}.");
    }

    private void ValidateSubheads()
    {
        if (LatentRopeSubheads is not { } count) return;
        Require.NotBoth(true, nameof(LatentRopeSubheads), RotateNumHeads is not null, nameof(RotateNumHeads));
        if (count <= 0 || count >= Heads) throw new ArgumentException($"LatentRopeSubheads ({count}) must be at least 1 and below Heads ({Heads}).");
        if (KeyHeads != Heads) throw new ArgumentException($"LatentRopeSubheads ({count}) does not go with KvHeads ({KeyHeads}) below Heads ({Heads}).");
        if (DimContext is { } width && width != Dim) throw new ArgumentException($"LatentRopeSubheads needs DimContext ({width}) to equal Dim ({Dim}).");
    }
}
