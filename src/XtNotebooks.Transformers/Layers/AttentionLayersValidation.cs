namespace XtNotebooks.Transformers;

/// <summary>Combinations of <see cref="AttentionLayersOptions"/> that make no sense, each refused by name.</summary>
internal static class AttentionLayersValidation
{
    public static void Validate(this AttentionLayersOptions o, bool causal)
    {
        Require.Positive(o.Dim, nameof(o.Dim));
        Require.Positive(o.Heads, nameof(o.Heads));
        Dependences.OfStack.Check(o);
        if (o.Depth <= 0 && o.CustomLayers is null) throw new ArgumentException($"Depth must be at least 1 (or CustomLayers given), but is {o.Depth}.");
        if (o is { Depth: > 0, CustomLayers: not null, LayersExecuteOrder: not null })
            throw new ArgumentException("Depth cannot be given where CustomLayers and LayersExecuteOrder say which layers run.");
        foreach (var type in o.CustomLayers ?? [])
            if (type is not ("a" or "c" or "f"))
                throw new ArgumentException($"CustomLayers may hold \"a\", \"c\" and \"f\", but holds \"{type}\".");
        if (o.CustomLayers?.Contains("c") is true && !o.CrossAttend)
            throw new ArgumentException("CustomLayers with \"c\" needs CrossAttend: set both, or neither.");
        foreach (var (set, name) in new[]
                 {
                     (o.CustomLayers is not null, nameof(o.CustomLayers)), (o.ParRatio is not null, nameof(o.ParRatio)),
                     (o.SandwichCoef is not null, nameof(o.SandwichCoef)), (o.LayersExecuteOrder is not null, nameof(o.LayersExecuteOrder)),
                 })
            Require.NotBoth(o.WeightTieLayers, nameof(o.WeightTieLayers), set, name);
        Require.AtMostOne((o.CustomLayers is not null, nameof(o.CustomLayers)), (o.ParRatio is not null, nameof(o.ParRatio)), (o.SandwichCoef is not null, nameof(o.SandwichCoef)));

        Require.AtMostOne(
            (o.UseScalenorm, nameof(o.UseScalenorm)), (o.UseRmsnorm, nameof(o.UseRmsnorm)), (o.UseSimpleRmsnorm, nameof(o.UseSimpleRmsnorm)),
            (o.UseDynamicTanh, nameof(o.UseDynamicTanh)), (o.UseDerf, nameof(o.UseDerf)),
            (o.UseAdaptiveLayernorm, nameof(o.UseAdaptiveLayernorm)), (o.UseAdaptiveRmsnorm, nameof(o.UseAdaptiveRmsnorm)));
        o.ValidateConditions();
        if (o.UseDynamicTanh && !o.PreNorm) throw new ArgumentException("UseDynamicTanh needs PreNorm: set PreNorm, or choose another norm.");
        if (o.SandwichNorm && !o.PreNorm) throw new ArgumentException("SandwichNorm needs PreNorm: set both, or leave SandwichNorm off.");

        Require.AtMostOne((o.RotaryPosEmb || o.RotaryXpos, o.RotaryXpos ? nameof(o.RotaryXpos) : nameof(o.RotaryPosEmb)), (o.PolarPosEmb, nameof(o.PolarPosEmb)));
        Require.NeedsCausal(o.RotaryXpos, nameof(o.RotaryXpos), causal);
        if (o.RotaryEmbDim is { } rotary && (rotary <= 0 || rotary > o.AttnDimHead || rotary % 2 != 0))
            throw new ArgumentException($"RotaryEmbDim ({rotary}) must be even and at most AttnDimHead ({o.AttnDimHead}).");
        Require.AtMostOne((o.AlibiPosBias, nameof(o.AlibiPosBias)), (o.RelPosBias, nameof(o.RelPosBias)), (o.DynamicPosBias, nameof(o.DynamicPosBias)), (o.AttnDataDependentAlibi, nameof(o.AttnDataDependentAlibi)));
        var rotates = o.RotaryPosEmb || o.RotaryXpos;
        if (rotates && o.AttnDimHead < 2) throw new ArgumentException($"RotaryPosEmb turns pairs of features, but AttnDimHead is {o.AttnDimHead}: it must be at least 2.");
        if (o.CrossAttnInvertedAttention && causal) throw new ArgumentException("CrossAttnInvertedAttention and Causal cannot be used together, since positions would see later ones: use an Encoder.");
        Require.NotBoth(o.CrossAttend, nameof(o.CrossAttend), o.AttnOrthogProjectedValues, nameof(o.AttnOrthogProjectedValues));
        Require.NotBoth(o.CrossAttend, nameof(o.CrossAttend), o.AttnOrthogProjectedValuesPerHead, nameof(o.AttnOrthogProjectedValuesPerHead));
        Require.NotBoth(o.ScaleResidual, nameof(o.ScaleResidual), o.NumResidualStreams > 1, nameof(o.NumResidualStreams));
        Require.NotBoth(o.ScaleResidual, nameof(o.ScaleResidual), o.MvSplitResidual, nameof(o.MvSplitResidual));
        foreach (var (set, name) in new[]
                 {
                     (o.GateResidual, nameof(o.GateResidual)), (o.OrthogResidual, nameof(o.OrthogResidual)),
                     (o.MvSplitResidual, nameof(o.MvSplitResidual)), (o.NumResidualStreams > 1, nameof(o.NumResidualStreams)),
                 })
            Require.NotBoth(o.ScaleResidualConstant != 1, nameof(o.ScaleResidualConstant), set, name);
        Require.PositiveWhereGiven((o.CrossAttnDimContext, nameof(o.CrossAttnDimContext)));
        var fewest = causal ? 2 : 4; // half of a direction's buckets hold one distance each
        if (o.RelPosNumBuckets < fewest) throw new ArgumentException($"RelPosNumBuckets must be at least {fewest} in {(causal ? "a Decoder" : "an Encoder")}, but is {o.RelPosNumBuckets}.");
        if (o.DynamicPosBias && o.Dim < 4) throw new ArgumentException($"DynamicPosBias has a network a quarter as wide as Dim, so Dim must be at least 4, but is {o.Dim}.");
        Require.Limit(o.RotaryXposScaleBase, nameof(o.RotaryXposScaleBase));
        Require.Limit(o.RotaryBaseRescaleFactor, nameof(o.RotaryBaseRescaleFactor));
        if (o.RelPosNumBuckets > o.RelPosMaxDistance)
            throw new ArgumentException($"RelPosNumBuckets ({o.RelPosNumBuckets}) must be at most RelPosMaxDistance ({o.RelPosMaxDistance}).");
        if (o.AlibiNumHeads is { } alibi && (alibi <= 0 || alibi > o.Heads))
            throw new ArgumentException($"AlibiNumHeads ({alibi}) must be from 1 to Heads ({o.Heads}).");
        Require.Needs(o.RelPosKwargs.Count > 0, nameof(o.RelPosKwargs), o.AlibiPosBias, nameof(o.AlibiPosBias));
        foreach (var (name, slopes) in o.RelPosKwargs)
            if (name != "slopes" || slopes.Count != (o.AlibiNumHeads ?? o.Heads))
                throw new ArgumentException($"RelPosKwargs may hold slopes, one for each of the {o.AlibiNumHeads ?? o.Heads} AlibiNumHeads (or Heads), but holds {slopes.Count} {name}.");
        Require.NotBoth(o.AttnFlash, nameof(o.AttnFlash), o.RelPosBias, nameof(o.RelPosBias));
        Require.NotBoth(o.AttnFlash, nameof(o.AttnFlash), o.DynamicPosBias, nameof(o.DynamicPosBias));
        Require.NotBoth(o.AttnFlash, nameof(o.AttnFlash), o.ResidualAttn, nameof(o.ResidualAttn));
        Require.NotBoth(o.AttnFlash, nameof(o.AttnFlash), o.CrossResidualAttn, nameof(o.CrossResidualAttn));

        if (o.NumResidualStreams <= 0) throw new ArgumentException($"NumResidualStreams must be at least 1, but is {o.NumResidualStreams}.");
        Require.NotBoth(o.NumResidualStreams > 1, nameof(o.NumResidualStreams), o.GateResidual, nameof(o.GateResidual));
        Require.NotBoth(o.NumResidualStreams > 1, nameof(o.NumResidualStreams), o.OrthogResidual, nameof(o.OrthogResidual));
        Require.NotBoth(o.NumResidualStreams > 1, nameof(o.NumResidualStreams), o.MvSplitResidual, nameof(o.MvSplitResidual));
        Require.AtMostOne((o.GateResidual, nameof(o.GateResidual)), (o.OrthogResidual, nameof(o.OrthogResidual)), (o.MvSplitResidual, nameof(o.MvSplitResidual)));
        foreach (var (set, name) in new[]
                 {
                     (o.GateResidual, nameof(o.GateResidual)), (o.OrthogResidual, nameof(o.OrthogResidual)), (o.MvSplitResidual, nameof(o.MvSplitResidual)),
                     (o.NumResidualStreams > 1, nameof(o.NumResidualStreams)), (o.IntegrateLayers, nameof(o.IntegrateLayers)),
                 })
            Require.NotBoth(o.AttnAggregatedResiduals, nameof(o.AttnAggregatedResiduals), set, name);
        Require.NotBoth(o.IntegrateLayers, nameof(o.IntegrateLayers), o.LayerDropout > 0, nameof(o.LayerDropout));
        Require.Limit(o.SoftclampOutputValue, nameof(o.SoftclampOutputValue));
        if (o.ShiftTokens < 0) throw new ArgumentException($"ShiftTokens must be at least 0, but is {o.ShiftTokens}.");
        Require.Probability(o.LayerDropout, nameof(o.LayerDropout));
        Require.Probability(o.CrossAttnTokensDropout, nameof(o.CrossAttnTokensDropout));
    }
}
