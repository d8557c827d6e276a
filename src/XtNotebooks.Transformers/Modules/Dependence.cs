namespace XtNotebooks.Transformers;

/// <summary>An option that acts only where another one lets it: set without that one, it would be ignored, so it is refused.</summary>
/// <typeparam name="T">The record of options.</typeparam>
/// <param name="Option">The option's name; at its default nobody has set it.</param>
/// <param name="On">The option it depends on.</param>
/// <param name="Acts">Whether it acts among these options.</param>
internal sealed record Dependence<T>(string Option, string On, Func<T, bool> Acts);

/// <summary>Which options depend on which others.</summary>
internal static class Dependences
{
    public static IReadOnlyList<Dependence<TransformerWrapperOptions>> OfWrapper { get; } =
    [
        new("NumClsTokens", "UseClsToken", o => o.UseClsToken),
        new("MixtureOfSoftmaxK", "MixtureOfSoftmax", o => o.MixtureOfSoftmax),
        new("MemoryTokensInterspersedEvery", "NumMemoryTokens", o => o.NumMemoryTokens > 0),
        new("ShiftMemDown", "MaxMemLen", o => o.MaxMemLen > 0),
        new("TrainMaxRecycleSteps", "Recycling", o => o.Recycling),
        new("MaxLoopedSteps", "Looped", o => o.Looped),
        new("NumPooledTokens", "AttnPool", o => o.AttnPool),
        new("AttnPoolDepth", "AttnPool", o => o.AttnPool),
        new("DimPooledTokens", "AttnPool", o => o.AttnPool),
        new("LogitsDim", "ReturnOnlyEmbed = false", o => !o.ReturnOnlyEmbed),
        new("SqueezeOutLastDim", "LogitsDim = 1", o => o.ReturnOnlyEmbed || o.ToLogits is not null || (o.LogitsDim ?? o.NumTokens) == 1),
        new("AttnZLossWeight", "AttnFlash = false, since that kernel holds no attention map", o => o.AttnLayers?.Options.AttnFlash is not true),
        new("SigsoftmaxLogits", "ReturnOnlyEmbed = false", o => !o.ReturnOnlyEmbed),
        new("ScaledSinuPosEmb", "MaxSeqLen", o => o.MaxSeqLen > 0),
        // Turning absolute positions off by name wins, as upstream; where other positions do it, nobody has said so.
        new("ScaledSinuPosEmb", "DisableAbsPosEmb = false, since other positions turn the absolute ones off", o => !o.UseAbsPosEmb || o.AttnLayers?.DisableAbsPosEmb is not true),
    ];

    public static IReadOnlyList<Dependence<AttentionLayersOptions>> OfStack { get; } =
    [
        new("OnlyCross", "CrossAttend", o => o.CrossAttend),
        new("OnlyCross", "CustomLayers left out", o => o.CustomLayers is null),
        new("CrossAttend", "a \"c\" among the CustomLayers", o => o.CustomLayers is null || o.CustomLayers.Contains("c")),
        new("CrossResidualAttn", "CrossAttend", o => o.CrossAttend),
        new("CrossAttnTokensDropout", "CrossAttend", o => o.CrossAttend),
        new("CrossAttnDimContext", "CrossAttend", o => o.CrossAttend),
        new("CrossAttnInvertedAttention", "CrossAttend", o => o.CrossAttend),
        new("ResidualAttn", "OnlyCross = false", o => !o.OnlyCross),
        new("AlibiPosBias", "OnlyCross = false", o => !o.OnlyCross),
        new("DynamicPosBias", "OnlyCross = false", o => !o.OnlyCross),

        new("DimCondition", "UseAdaptiveLayernorm, UseAdaptiveRmsnorm or UseAdaptiveLayerscale", o => o.NeedsCondition()),
        new("AdaptiveConditionMlp", "UseAdaptiveLayernorm, UseAdaptiveRmsnorm or UseAdaptiveLayerscale", o => o.NeedsCondition()),
        new("AdaptiveConditionMlpExpansion", "AdaptiveConditionMlp", o => o.AdaptiveConditionMlp),
        new("AttnResidualsLastOutputAsQuery", "AttnAggregatedResiduals", o => o.AttnAggregatedResiduals),
        new("DynamicTanhInitAlpha", "UseDynamicTanh", o => o.UseDynamicTanh),
        new("NormAddUnitOffset", "a norm with a gain, not UseSimpleRmsnorm", o => !o.UseSimpleRmsnorm || o.UseLayerscale),
        new("NormAddUnitOffset", "a norm with a gain of its own, not UseAdaptiveLayernorm or UseAdaptiveRmsnorm", o => !o.HasAdaptiveNorm() || o.UseLayerscale),
        new("PreNormHasFinalNorm", "PreNorm", o => o.PreNorm),
        new("PreNormHasFinalNorm", "PreAndPostNorm = false", o => !o.PreAndPostNorm),
        new("PreNorm", "PreAndPostNorm = false", o => !o.PreAndPostNorm),

        new("AlibiNumHeads", "AlibiPosBias", o => o.AlibiPosBias),
        new("RelPosNumBuckets", "RelPosBias", o => o.RelPosBias),
        new("RelPosMaxDistance", "RelPosBias", o => o.RelPosBias),
        new("DynamicPosBiasLogDistance", "DynamicPosBias", o => o.DynamicPosBias),
        new("DynamicPosBiasMlpDepth", "DynamicPosBias", o => o.DynamicPosBias),
        new("DynamicPosBiasNorm", "DynamicPosBias", o => o.DynamicPosBias),
        new("RotaryEmbDim", "RotaryPosEmb", Rotates),
        new("RotateNumHeads", "RotaryPosEmb", Rotates),
        new("RotaryInterpolationFactor", "RotaryPosEmb", Rotates),
        new("RotaryBaseRescaleFactor", "RotaryPosEmb", Rotates),
        new("RotaryXposScaleBase", "RotaryXpos", o => o.RotaryXpos),
        new("PolarBiasUniformInit", "PolarPosEmb", o => o.PolarPosEmb),

        new("QkvReceiveDiffResiduals", "NumResidualStreams above 1", o => o.NumResidualStreams > 1 || o.IntegrateLayers),
        new("QkvReceiveDiffResiduals", "IntegrateLayers = false, since with it queries, keys and values have different inputs anyway", o => !o.IntegrateLayers),
        new("LayerIntegrateUseSoftmax", "IntegrateLayers", o => o.IntegrateLayers),
        new("LearnedReinjectInputGate", "ReinjectInput", o => o.ReinjectInput),
        new("LearnedValueResidualMix", "AddValueResidual", o => o.AddValueResidual),
        new("LearnedValueResidualMix", "OnlyCross = false, since cross-attention mixes by half", o => !o.OnlyCross),
        new("LayerscaleInitValue", "UseLayerscale", o => o.UseLayerscale),
        new("SoftclampOutputValue", "SoftclampOutput", o => o.SoftclampOutput),
    ];

    public static IReadOnlyList<Dependence<AttentionOptions>> OfAttention { get; } =
    [
        new("SwigluValues", "GateValues (or OutputGate)", o => o.GateValues || o.OutputGate),
        new("GateValuesRank", "GateValues", o => o.GateValues),
        new("GateValuesHeadwise", "GateValues", o => o.GateValues),
        new("OutputGateRank", "OutputGate", o => o.OutputGate),
        new("OutputGateHeadwise", "OutputGate", o => o.OutputGate),
        new("LowRankSiluGates", "GateValuesRank (or OutputGateRank)", o => o.GateValuesRank is not null || o.OutputGateRank is not null),
        new("QkNormDimScale", "QkNorm", o => o.QkNorm),
        new("QkNormGroups", "QkNorm", o => o.QkNorm),
        new("QkNormScale", "QkNorm", o => o.QkNorm),
        new("QkNormScale", "QkNormDimScale = false", o => !o.QkNormDimScale),
        new("SparseTopkStraightThrough", "SparseTopk", o => o.SparseTopk is not null),
        new("GumbelSoftmaxTemp", "GumbelSoftmax", o => o.GumbelSoftmax),
        new("GumbelSoftmaxHard", "GumbelSoftmax", o => o.GumbelSoftmax),
        new("CopeSoftOnehotPos", "UseCope", o => o.UseCope),
        new("LatentRopeSubheads", "UseLatentKv", o => o.UseLatentKv),
        new("DataDependentAlibiPerRow", "DataDependentAlibi", o => o.DataDependentAlibi),
        new("DataDependentAlibiPerRowDimHead", "DataDependentAlibiPerRow", o => o.DataDependentAlibiPerRow),
        new("RelProjNumDistanceBasis", "UseRelProjPosBias", o => o.UseRelProjPosBias),
        new("RelProjMaxDist", "UseRelProjPosBias", o => o.UseRelProjPosBias),
        new("CopeMaxPos", "UseCope", o => o.UseCope),
        new("CopeTalkingHeads", "UseCope", o => o.UseCope),
        new("LogitSoftclampValue", "SoftclampLogits", o => o.SoftclampLogits),
        new("LaserSoftclampValue", "Laser", o => o.Laser),
        new("UseLatentQ", "DimLatentQ", o => o.DimLatentQ is not null),
        new("DimLatentQ", "UseLatentQ", o => o.UseLatentQ),
        new("UseLatentKv", "DimLatentKv", o => o.DimLatentKv is not null),
        new("DimLatentKv", "UseLatentKv", o => o.UseLatentKv),
    ];

    public static IReadOnlyList<Dependence<FeedForwardOptions>> OfFeedForward { get; } =
    [
        new("GluMultBias", "Glu", o => o.Glu),
        new("GluGateSoftclampValue", "Glu", o => o.Glu),
    ];

    public static IReadOnlyList<Dependence<BeamSearchOptions>> OfBeamSearch { get; } =
    [
        new("Temperature", "Stochastic", o => o.Stochastic),
        new("FilterLogitsFn", "Stochastic", o => o.Stochastic),
    ];

    /// <summary>Refuses the first option that is set, but cannot act.</summary>
    public static void Check<T>(this IReadOnlyList<Dependence<T>> dependences, T options) where T : new()
    {
        var defaults = new T();
        foreach (var (option, on, acts) in dependences)
        {
            if (acts(options)) continue;
            var property = typeof(T).GetProperty(option)!;
            var value = property.GetValue(options);
            if (!Equals(value, property.GetValue(defaults))) throw new ArgumentException($"{option}{Said(value)} needs {on}; without that, it would do nothing.");
        }
    }

    private static string Said(object? value) => value switch
    {
        true => "",
        false => " = false",
        IFormattable number => FormattableString.Invariant($" = {number}"),
        _ => "",
    };

    private static bool Rotates(AttentionLayersOptions o) => o.RotaryPosEmb || o.RotaryXpos;
}
