namespace XtNotebooks.Transformers;

/// <summary>Hidden states that a later segment can attend to (Transformer-XL, Dai et al. 2019, arXiv:1901.02860).</summary>
internal static class SegmentMemories
{
    /// <summary>Adds a segment's hidden states behind what is remembered and keeps the last ones, without their gradients.</summary>
    /// <param name="held">[batch, memLen, dim] for each self-attention layer; null for a first segment.</param>
    /// <param name="hiddens">[batch, seq, dim] for each.</param>
    /// <param name="longest">How many positions are kept.</param>
    public static IReadOnlyList<Tensor> Extend(IReadOnlyList<Tensor>? held, IReadOnlyList<Tensor> hiddens, int longest)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return [.. hiddens.Select((hidden, i) =>
        {
            var all = held is null ? hidden : cat([held[i], hidden], 1);
            var kept = Math.Min(longest, all.shape[1]);
            return scope.MoveToOuter(all.narrow(1, all.shape[1] - kept, kept).detach().clone());
        })];
    }

    /// <summary>Every layer gets the memories of the layer <paramref name="by"/> above it, the last ones those of the first.</summary>
    public static IReadOnlyList<Tensor>? ShiftDown(IReadOnlyList<Tensor>? mems, int by) =>
        mems is null || by == 0 ? mems : [.. mems.Skip(by), .. mems.Take(by)];

    public static void ValidateMemories(this TransformerWrapperOptions options)
    {
        if (options.MaxMemLen < 0) throw new ArgumentException($"MaxMemLen must be at least 0, but is {options.MaxMemLen}.");
        if (options.ShiftMemDown < 0) throw new ArgumentException($"ShiftMemDown must be at least 0, but is {options.ShiftMemDown}.");
        var layers = options.AttnLayers!.Options;
        foreach (var (set, name) in new[]
                 {
                     (layers.NumResidualStreams > 1, nameof(layers.NumResidualStreams)), (layers.LayerDropout > 0, nameof(layers.LayerDropout)),
                     (layers.AttnDataDependentAlibi, nameof(layers.AttnDataDependentAlibi)),
                     (layers is { AddValueResidual: true, LearnedValueResidualMix: true }, nameof(layers.LearnedValueResidualMix)),
                     (layers.AttnOrthogProjectedValues, nameof(layers.AttnOrthogProjectedValues)),
                     (layers.AttnOrthogProjectedValuesPerHead, nameof(layers.AttnOrthogProjectedValuesPerHead)),
                 })
            Require.NotBoth(options.MaxMemLen > 0, nameof(options.MaxMemLen), set, name);
    }

    /// <summary>Memories fit: one for each self-attention layer, all equally long.</summary>
    public static void Check(TransformerWrapper net, TransformerInputs inputs, long batch)
    {
        if (inputs.Mems is not { } mems) return;
        if (net.Options.MaxMemLen == 0) throw new ArgumentException("Mems were passed, but MaxMemLen is 0: set it to how many positions the model may remember.");
        if (mems.Count != net.AttnLayers.SelfAttentionCount)
            throw new ArgumentException($"Mems must hold one tensor for each of the {net.AttnLayers.SelfAttentionCount} self-attention layers, but hold {mems.Count}.");
        if (inputs.Cache is not null) throw new ArgumentException("Mems and Cache cannot be used together: pass only one of them.");
        if (inputs.AttnMask is not null) throw new ArgumentException("Mems and AttnMask cannot be used together: pass only one of them.");
        if (inputs.Condition is { Dimensions: 3 }) throw new ArgumentException("Mems and a Condition of every position cannot be used together: pass a Condition of [batch, dimCondition].");
        for (var i = 0; i < mems.Count; i++)
        {
            InputChecks.CheckHidden(mems[i], $"Mems[{i}]", net.AttnLayers.Dim, net.TokenEmbedding.Weight);
            if (mems[i].shape[0] != batch || mems[i].shape[1] != mems[0].shape[1])
                throw new ArgumentException($"Mems[{i}] must be [{batch}, {mems[0].shape[1]}, {net.AttnLayers.Dim}], but is {mems[i].Shape()}.");
        }
    }
}

/// <summary>Logits, and what the next segment may remember.</summary>
/// <param name="Logits">[batch, seq, numTokens]; embeddings where the wrapper has no output head.</param>
/// <param name="Mems">For each self-attention layer, [batch, memLen, dim], at most MaxMemLen positions, without gradients.</param>
public sealed record SegmentOutput(Tensor Logits, IReadOnlyList<Tensor> Mems);
