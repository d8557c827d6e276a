namespace XtNotebooks.Transformers;

/// <summary>Combinations of <see cref="AttentionLayersOptions"/> that make no sense, each refused by name.</summary>
internal static class AttentionLayersValidation
{
    public static void Validate(this AttentionLayersOptions o, bool causal)
    {
        Require.Positive(o.Dim, nameof(o.Dim));
        Require.Positive(o.Heads, nameof(o.Heads));
        Require.NotNull(o.RelPosKwargs, nameof(o.RelPosKwargs));
        Require.NotNull(o.AttnDataDependentAlibiKwargs, nameof(o.AttnDataDependentAlibiKwargs));
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
                     (o.UnetSkips, nameof(o.UnetSkips)), // one block has no other half to read
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
        o.ValidateCrossAttention();
        o.ValidatePolar();
        if (o.CrossAttnInvertedAttention && causal) throw new ArgumentException("CrossAttnInvertedAttention and Causal cannot be used together, since positions would see later ones: use an Encoder.");
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
            if (name != "slopes" || slopes?.Count != (o.AlibiNumHeads ?? o.Heads))
                throw new ArgumentException($"RelPosKwargs may hold slopes, one for each of the {o.AlibiNumHeads ?? o.Heads} AlibiNumHeads (or Heads), but holds {slopes?.Count ?? 0} {name}.");
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
        foreach (var (set, name) in new[] { (o.ResidualAttn, nameof(o.ResidualAttn)), (o.CrossResidualAttn, nameof(o.CrossResidualAttn)) })
            Require.NotBoth(set, name, o.AttnHeadLearnedSink, nameof(o.AttnHeadLearnedSink)); // the sink's logit is none of a key
        Require.Limit(o.SoftclampOutputValue, nameof(o.SoftclampOutputValue));
        if (o.ShiftTokens < 0) throw new ArgumentException($"ShiftTokens must be at least 0, but is {o.ShiftTokens}.");
        Require.Probability(o.LayerDropout, nameof(o.LayerDropout));
        Require.Probability(o.CrossAttnTokensDropout, nameof(o.CrossAttnTokensDropout));
    }

    // What a layer computes among its own positions says nothing of a context's.
    private static void ValidateCrossAttention(this AttentionLayersOptions o)
    {
        foreach (var (set, name) in new[]
                 {
                     (o.AttnOrthogProjectedValues, nameof(o.AttnOrthogProjectedValues)), (o.AttnOrthogProjectedValuesPerHead, nameof(o.AttnOrthogProjectedValuesPerHead)),
                     (o.AttnDataDependentAlibi, nameof(o.AttnDataDependentAlibi)), (o.AttnUseCope, nameof(o.AttnUseCope)), (o.AttnSelective, nameof(o.AttnSelective)),
                 })
            Require.NotBoth(o.CrossAttend, nameof(o.CrossAttend), set, name);
        // Another part of the context is dropped for every layer, so that what they keep of it has other lengths.
        foreach (var (set, name) in new[] { (o.AddValueResidual, nameof(o.AddValueResidual)), (o.CrossResidualAttn, nameof(o.CrossResidualAttn)) })
            Require.NotBoth(o.CrossAttnTokensDropout > 0, nameof(o.CrossAttnTokensDropout), set, name);
    }

    // Polar positions double the width of queries and keys, and give every head's keys a phase of their own.
    private static void ValidatePolar(this AttentionLayersOptions o)
    {
        Require.NotBoth(o.PolarPosEmb, nameof(o.PolarPosEmb), o.AttnUseCope, nameof(o.AttnUseCope));
        Require.NotBoth(o.PolarPosEmb, nameof(o.PolarPosEmb), o.AttnNumMemKv > 0, nameof(o.AttnNumMemKv));
        if (o.PolarPosEmb && !o.AttnOneKvHead && (o.AttnKvHeads ?? o.Heads) is var keys && keys != 1 && keys != o.Heads)
            throw new ArgumentException($"PolarPosEmb and AttnKvHeads ({keys}) cannot be used together unless it is 1 or Heads ({o.Heads}).");
    }
}
