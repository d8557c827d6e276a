namespace XtNotebooks.Transformers;

/// <summary>
/// What <see cref="Decoder"/> and <see cref="Encoder"/> are built from: upstream's names in PascalCase, upstream's defaults.
/// Options beginning with Attn go to every attention layer, those beginning with Ff to every feed-forward layer.
/// </summary>
public sealed record AttentionLayersOptions
{
    /// <summary>Width of the residual stream.</summary>
    public int Dim { get; init; }
    /// <summary>Number of blocks, each of attention (with cross-attention where asked) and feed-forward.</summary>
    public int Depth { get; init; }
    /// <summary>Number of attention heads.</summary>
    public int Heads { get; init; } = 8;
    /// <summary>Adds cross-attention to a context in every block.</summary>
    public bool CrossAttend { get; init; }
    /// <summary>Leaves out self-attention where there is cross-attention.</summary>
    public bool OnlyCross { get; init; }

    /// <summary>Unit length and one learned scalar as the norm.</summary>
    public bool UseScalenorm { get; init; }
    /// <summary>Root mean square normalisation as the norm.</summary>
    public bool UseRmsnorm { get; init; }
    /// <summary>Root mean square normalisation with nothing to learn as the norm.</summary>
    public bool UseSimpleRmsnorm { get; init; }
    /// <summary>A scaled tanh as the norm (arXiv:2503.10622).</summary>
    public bool UseDynamicTanh { get; init; }
    /// <summary>First slope of the scaled tanh.</summary>
    public double DynamicTanhInitAlpha { get; init; } = 1;
    /// <summary>A scaled error function as the norm (arXiv:2512.10938).</summary>
    public bool UseDerf { get; init; }
    /// <summary>Layer normalisation whose gains are projected from a condition (DiT, arXiv:2212.09748, without its shift) as the norm.</summary>
    public bool UseAdaptiveLayernorm { get; init; }
    /// <summary>Root mean square normalisation whose gains are projected from a condition as the norm.</summary>
    public bool UseAdaptiveRmsnorm { get; init; }
    /// <summary>Factors of every block's output that are projected from a condition, almost closed at first (adaLN-Zero, arXiv:2212.09748).</summary>
    public bool UseAdaptiveLayerscale { get; init; }
    /// <summary>Width of the condition, where it differs from Dim.</summary>
    public int? DimCondition { get; init; }
    /// <summary>A hidden layer with SiLU between the condition and all that reads it.</summary>
    public bool AdaptiveConditionMlp { get; init; }
    /// <summary>Width of that layer in multiples of the condition's.</summary>
    public int AdaptiveConditionMlpExpansion { get; init; } = 4;
    /// <summary>Stores gains as offsets from one, so that weight decay pulls them towards one.</summary>
    public bool NormAddUnitOffset { get; init; } = true;
    /// <summary>Normalises what a block reads; off: what block and residual add up to.</summary>
    public bool PreNorm { get; init; } = true;
    /// <summary>Normalises once more after the last block.</summary>
    public bool PreNormHasFinalNorm { get; init; } = true;
    /// <summary>Normalises before each block and after each residual, and leaves out the final norm.</summary>
    public bool PreAndPostNorm { get; init; }
    /// <summary>Normalises what a block writes, too (CogView, arXiv:2105.13290).</summary>
    public bool SandwichNorm { get; init; }

    /// <summary>Linear distance penalties (arXiv:2108.12409); does not turn absolute positions off.</summary>
    public bool AlibiPosBias { get; init; }
    /// <summary>How many of the heads get an ALiBi slope.</summary>
    public int? AlibiNumHeads { get; init; }
    /// <summary>Slopes of one's own for ALiBi: "slopes", as many as there are ALiBi heads.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>> RelPosKwargs { get; init; } = new Dictionary<string, IReadOnlyList<double>>();
    /// <summary>T5's learned biases of distance; turns absolute positions off.</summary>
    public bool RelPosBias { get; init; }
    /// <summary>Number of T5 distance buckets.</summary>
    public int RelPosNumBuckets { get; init; } = 32;
    /// <summary>Distance from which on all share T5's last bucket.</summary>
    public int RelPosMaxDistance { get; init; } = 128;
    /// <summary>Biases of distance from a small network.</summary>
    public bool DynamicPosBias { get; init; }
    /// <summary>Feeds that network the logarithm of the distance.</summary>
    public bool DynamicPosBiasLogDistance { get; init; }
    /// <summary>Depth of that network.</summary>
    public int DynamicPosBiasMlpDepth { get; init; } = 2;
    /// <summary>Normalises inside that network.</summary>
    public bool DynamicPosBiasNorm { get; init; }
    /// <summary>Rotary positions (arXiv:2104.09864); turns absolute positions off.</summary>
    public bool RotaryPosEmb { get; init; }
    /// <summary>How many features of a head are rotated; half of AttnDimHead by default.</summary>
    public int? RotaryEmbDim { get; init; }
    /// <summary>Rotary positions with decaying magnitudes (arXiv:2212.10554).</summary>
    public bool RotaryXpos { get; init; }
    /// <summary>Positions are divided by it, to stretch a trained range.</summary>
    public double RotaryInterpolationFactor { get; init; } = 1;
    /// <summary>Positions per unit of xPos decay.</summary>
    public double RotaryXposScaleBase { get; init; } = 512;
    /// <summary>NTK-aware rescaling of the rotary base.</summary>
    public double RotaryBaseRescaleFactor { get; init; } = 1;
    /// <summary>Rotary positions for only so many of the last heads.</summary>
    public int? RotateNumHeads { get; init; }
    /// <summary>Magnitudes from features, angles from positions (arXiv:2509.10534); turns absolute positions off.</summary>
    public bool PolarPosEmb { get; init; }
    /// <summary>Starts the phases of polar positions uniformly instead of at zero.</summary>
    public bool PolarBiasUniformInit { get; init; }
    /// <summary>Whether the wrapper leaves out absolute positions; by default what the other position options imply.</summary>
    public bool? DisableAbsPosEmb { get; init; }

    /// <summary>One block's weights, used Depth times.</summary>
    public bool WeightTieLayers { get; init; }
    /// <summary>The layers in order: "a" attention, "c" cross-attention, "f" feed-forward; instead of Depth blocks.</summary>
    public IReadOnlyList<string>? CustomLayers { get; init; }
    /// <summary>Order in which the layers run, by index; layers may repeat.</summary>
    public IReadOnlyList<int>? LayersExecuteOrder { get; init; }
    /// <summary>So many attention layers first and feed-forward layers last (Press et al. 2019, arXiv:1911.03864).</summary>
    public int? SandwichCoef { get; init; }
    /// <summary>Fewer attention layers, towards the front (PAR transformer, arXiv:2009.04534).</summary>
    public int? ParRatio { get; init; }
    /// <summary>Feed-forward layers on both sides of attention, each counted half (arXiv:1906.02762).</summary>
    public bool Macaron { get; init; }
    /// <summary>Attention logits add up over the layers (RealFormer, arXiv:2012.11747).</summary>
    public bool ResidualAttn { get; init; }
    /// <summary>The same for cross-attention.</summary>
    public bool CrossResidualAttn { get; init; }

    /// <summary>A gated recurrent unit in place of the residual addition.</summary>
    public bool GateResidual { get; init; }
    /// <summary>Every layer reads what attention over all layers so far gives at its position (arXiv:2601.21582, arXiv:2603.15031).</summary>
    public bool AttnAggregatedResiduals { get; init; }
    /// <summary>The layer's input asks there, instead of a learned query.</summary>
    public bool AttnResidualsLastOutputAsQuery { get; init; }
    /// <summary>Adds only what is orthogonal to the stream, whole sequences taken as vectors (arXiv:2505.11881); not causal.</summary>
    public bool OrthogResidual { get; init; }
    /// <summary>Treats the mean over the whole sequence apart from what deviates from it (arXiv:2605.06169); not causal.</summary>
    public bool MvSplitResidual { get; init; }
    /// <summary>A learned factor for each feature of the stream.</summary>
    public bool ScaleResidual { get; init; }
    /// <summary>A constant factor on the stream (DeepNorm, arXiv:2203.00555).</summary>
    public double ScaleResidualConstant { get; init; } = 1;
    /// <summary>Number of residual streams (hyper-connections).</summary>
    public int NumResidualStreams { get; init; } = 1;
    /// <summary>Queries, keys and values each read their own mixture of residual streams.</summary>
    public bool QkvReceiveDiffResiduals { get; init; }
    /// <summary>Every layer reads a learned mixture of all earlier ones (LIMe).</summary>
    public bool IntegrateLayers { get; init; }
    /// <summary>Mixes layers with a softmax instead of a ReLU.</summary>
    public bool LayerIntegrateUseSoftmax { get; init; } = true;
    /// <summary>Later blocks also read the hidden states of earlier ones, as in a U-Net.</summary>
    public bool UnetSkips { get; init; }
    /// <summary>Every layer also reads a projection of the input.</summary>
    public bool ReinjectInput { get; init; }
    /// <summary>Gates that projection.</summary>
    public bool LearnedReinjectInputGate { get; init; }
    /// <summary>Mixes the first layer's values into the later ones' (arXiv:2410.17897).</summary>
    public bool AddValueResidual { get; init; }
    /// <summary>Learns that mixture for each token; off: one half.</summary>
    public bool LearnedValueResidualMix { get; init; } = true;
    /// <summary>A learned factor for each feature of a block's output.</summary>
    public bool UseLayerscale { get; init; }
    /// <summary>What these factors start at.</summary>
    public double LayerscaleInitValue { get; init; }
    /// <summary>Starts every block's output projection at zero.</summary>
    public bool ZeroInitBranchOutput { get; init; }
    /// <summary>Gives parts of the features from so many neighbouring positions.</summary>
    public int ShiftTokens { get; init; }
    /// <summary>Limits the stream smoothly before the final norm (Gemma 2).</summary>
    public bool SoftclampOutput { get; init; }
    /// <summary>That limit.</summary>
    public double SoftclampOutputValue { get; init; } = 30;
    /// <summary>Probability with which a layer is left out, in training (stochastic depth).</summary>
    public double LayerDropout { get; init; }
    /// <summary>Part of the context tokens that is dropped, in training.</summary>
    public double CrossAttnTokensDropout { get; init; }

    /// <inheritdoc cref="AttentionOptions.DimHead"/>
    public int AttnDimHead { get; init; } = 64;
    /// <inheritdoc cref="AttentionOptions.Flash"/>
    public bool AttnFlash { get; init; }
    /// <inheritdoc cref="AttentionOptions.PreTalkingHeads"/>
    public bool AttnPreTalkingHeads { get; init; }
    /// <inheritdoc cref="AttentionOptions.PostTalkingHeads"/>
    public bool AttnPostTalkingHeads { get; init; }
    /// <inheritdoc cref="AttentionOptions.PreScalePostTalkingHeads"/>
    public bool AttnPreScalePostTalkingHeads { get; init; }
    /// <inheritdoc cref="AttentionOptions.HeadScale"/>
    public bool AttnHeadScale { get; init; }
    /// <inheritdoc cref="AttentionOptions.SparseTopk"/>
    public int? AttnSparseTopk { get; init; }
    /// <inheritdoc cref="AttentionOptions.SparseTopkStraightThrough"/>
    public bool AttnSparseTopkStraightThrough { get; init; }
    /// <inheritdoc cref="AttentionOptions.NumMemKv"/>
    public int AttnNumMemKv { get; init; }
    /// <inheritdoc cref="AttentionOptions.Dropout"/>
    public double AttnDropout { get; init; }
    /// <inheritdoc cref="AttentionOptions.SublayerDropout"/>
    public double AttnSublayerDropout { get; init; }
    /// <inheritdoc cref="AttentionOptions.OnAttn"/>
    public bool AttnOnAttn { get; init; }
    /// <inheritdoc cref="AttentionOptions.GateValueHeads"/>
    public bool AttnGateValueHeads { get; init; }
    /// <inheritdoc cref="AttentionOptions.SwigluValues"/>
    public bool AttnSwigluValues { get; init; }
    /// <inheritdoc cref="AttentionOptions.GateValues"/>
    public bool AttnGateValues { get; init; }
    /// <inheritdoc cref="AttentionOptions.GateValuesRank"/>
    public int? AttnGateValuesRank { get; init; }
    /// <inheritdoc cref="AttentionOptions.GateValuesHeadwise"/>
    public bool AttnGateValuesHeadwise { get; init; }
    /// <inheritdoc cref="AttentionOptions.OutputGate"/>
    public bool AttnOutputGate { get; init; }
    /// <inheritdoc cref="AttentionOptions.OutputGateRank"/>
    public int? AttnOutputGateRank { get; init; }
    /// <inheritdoc cref="AttentionOptions.OutputGateHeadwise"/>
    public bool AttnOutputGateHeadwise { get; init; }
    /// <inheritdoc cref="AttentionOptions.LowRankSiluGates"/>
    public bool AttnLowRankSiluGates { get; init; } = true;
    /// <inheritdoc cref="AttentionOptions.ZeroInitOutput"/>
    public bool AttnZeroInitOutput { get; init; }
    /// <inheritdoc cref="AttentionOptions.Hard"/>
    public bool AttnHard { get; init; }
    /// <inheritdoc cref="AttentionOptions.MaxAttendPast"/>
    public int? AttnMaxAttendPast { get; init; }
    /// <inheritdoc cref="AttentionOptions.QkNorm"/>
    public bool AttnQkNorm { get; init; }
    /// <inheritdoc cref="AttentionOptions.QkNormGroups"/>
    public int AttnQkNormGroups { get; init; } = 1;
    /// <inheritdoc cref="AttentionOptions.QkNormScale"/>
    public double AttnQkNormScale { get; init; } = 10;
    /// <inheritdoc cref="AttentionOptions.QkNormDimScale"/>
    public bool AttnQkNormDimScale { get; init; }
    /// <inheritdoc cref="AttentionOptions.QkRmsnorm"/>
    public bool AttnQkRmsnorm { get; init; }
    /// <inheritdoc cref="AttentionOptions.KRmsnorm"/>
    public bool AttnKRmsnorm { get; init; }
    /// <inheritdoc cref="AttentionOptions.ValueRmsnorm"/>
    public bool AttnValueRmsnorm { get; init; }
    /// <inheritdoc cref="AttentionOptions.L2Distance"/>
    public bool AttnL2Distance { get; init; }
    /// <inheritdoc cref="AttentionOptions.Sigmoid"/>
    public bool AttnSigmoid { get; init; }
    /// <inheritdoc cref="AttentionOptions.GumbelSoftmax"/>
    public bool AttnGumbelSoftmax { get; init; }
    /// <inheritdoc cref="AttentionOptions.GumbelSoftmaxTemp"/>
    public double AttnGumbelSoftmaxTemp { get; init; } = 1;
    /// <inheritdoc cref="AttentionOptions.GumbelSoftmaxHard"/>
    public bool AttnGumbelSoftmaxHard { get; init; } = true;
    /// <inheritdoc cref="AttentionOptions.CustomAttnFn"/>
    public Func<Tensor, Tensor>? AttnCustomAttnFn { get; init; }
    /// <inheritdoc cref="AttentionOptions.Selective"/>
    public bool AttnSelective { get; init; }
    /// <inheritdoc cref="AttentionOptions.CogSigned"/>
    public bool AttnCogSigned { get; init; }
    /// <inheritdoc cref="AttentionOptions.OneKvHead"/>
    public bool AttnOneKvHead { get; init; }
    /// <inheritdoc cref="AttentionOptions.KvHeads"/>
    public int? AttnKvHeads { get; init; }
    /// <inheritdoc cref="AttentionOptions.ValueDimHead"/>
    public int? AttnValueDimHead { get; init; }
    /// <inheritdoc cref="AttentionOptions.AddZeroKv"/>
    public bool AttnAddZeroKv { get; init; }
    /// <inheritdoc cref="AttentionOptions.HeadLearnedSink"/>
    public bool AttnHeadLearnedSink { get; init; }
    /// <inheritdoc cref="AttentionOptions.DataDependentAlibi"/>
    public bool AttnDataDependentAlibi { get; init; }
    /// <inheritdoc cref="AttentionOptions.DataDependentAlibiPerRow"/>
    public bool AttnDataDependentAlibiPerRow { get; init; }
    /// <inheritdoc cref="AttentionOptions.DataDependentAlibiPerRowDimHead"/>
    public int AttnDataDependentAlibiPerRowDimHead { get; init; } = 8;
    /// <inheritdoc cref="AttentionOptions.DataDependentAlibiKwargs"/>
    public IReadOnlyDictionary<string, double> AttnDataDependentAlibiKwargs { get; init; } = AttentionOptions.NoNumbers;
    /// <inheritdoc cref="AttentionOptions.UseRelProjPosBias"/>
    public bool AttnUseRelProjPosBias { get; init; }
    /// <inheritdoc cref="AttentionOptions.RelProjNumDistanceBasis"/>
    public int AttnRelProjNumDistanceBasis { get; init; } = 16;
    /// <inheritdoc cref="AttentionOptions.RelProjMaxDist"/>
    public int AttnRelProjMaxDist { get; init; } = 1024;
    /// <inheritdoc cref="AttentionOptions.UseCope"/>
    public bool AttnUseCope { get; init; }
    /// <inheritdoc cref="AttentionOptions.CopeMaxPos"/>
    public int AttnCopeMaxPos { get; init; } = 16;
    /// <inheritdoc cref="AttentionOptions.CopeSoftOnehotPos"/>
    public bool AttnCopeSoftOnehotPos { get; init; }
    /// <inheritdoc cref="AttentionOptions.CopeTalkingHeads"/>
    public bool AttnCopeTalkingHeads { get; init; }
    /// <inheritdoc cref="AttentionOptions.SoftclampLogits"/>
    public bool AttnSoftclampLogits { get; init; }
    /// <inheritdoc cref="AttentionOptions.LogitSoftclampValue"/>
    public double AttnLogitSoftclampValue { get; init; } = 50;
    /// <inheritdoc cref="AttentionOptions.Laser"/>
    public bool AttnLaser { get; init; }
    /// <inheritdoc cref="AttentionOptions.LaserSoftclampValue"/>
    public double AttnLaserSoftclampValue { get; init; } = 15;
    /// <inheritdoc cref="AttentionOptions.UseLatentQ"/>
    public bool AttnUseLatentQ { get; init; }
    /// <inheritdoc cref="AttentionOptions.DimLatentQ"/>
    public int? AttnDimLatentQ { get; init; }
    /// <inheritdoc cref="AttentionOptions.UseLatentKv"/>
    public bool AttnUseLatentKv { get; init; }
    /// <inheritdoc cref="AttentionOptions.DimLatentKv"/>
    public int? AttnDimLatentKv { get; init; }
    /// <inheritdoc cref="AttentionOptions.LatentRopeSubheads"/>
    public int? AttnLatentRopeSubheads { get; init; }
    /// <inheritdoc cref="AttentionOptions.OrthogProjectedValues"/>
    public bool AttnOrthogProjectedValues { get; init; }
    /// <inheritdoc cref="AttentionOptions.OrthogProjectedValuesPerHead"/>
    public bool AttnOrthogProjectedValuesPerHead { get; init; }
    /// <inheritdoc cref="AttentionOptions.ProjectOut"/>
    public bool? AttnProjectOut { get; init; }
    /// <summary>Width of the context that cross-attention reads, where it differs from Dim.</summary>
    public int? CrossAttnDimContext { get; init; }
    /// <summary>In cross-attention, queries compete for keys (slot attention, arXiv:2006.15055); encoders only, since queries then see each other.</summary>
    public bool CrossAttnInvertedAttention { get; init; }

    /// <inheritdoc cref="FeedForwardOptions.Mult"/>
    public double FfMult { get; init; } = 4;
    /// <inheritdoc cref="FeedForwardOptions.Glu"/>
    public bool FfGlu { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.GluMultBias"/>
    public bool FfGluMultBias { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.Swish"/>
    public bool FfSwish { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.ReluSquared"/>
    public bool FfReluSquared { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.Solu"/>
    public bool FfSolu { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.CustomActivation"/>
    public Func<Tensor, Tensor>? FfCustomActivation { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.PostActLn"/>
    public bool FfPostActLn { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.Dropout"/>
    public double FfDropout { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.SublayerDropout"/>
    public double FfSublayerDropout { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.NoBias"/>
    public bool FfNoBias { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.ZeroInitOutput"/>
    public bool FfZeroInitOutput { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.SoftclampValue"/>
    public double? FfSoftclampValue { get; init; }
    /// <inheritdoc cref="FeedForwardOptions.GluGateSoftclampValue"/>
    public double? FfGluGateSoftclampValue { get; init; }
}
