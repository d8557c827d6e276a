namespace XtNotebooks.Transformers;

/// <summary>What a layer may need besides its input; everything is optional.</summary>
internal sealed record AttentionInputs
{
    /// <summary>[batch, keys, dimContext]: attend to this instead of to the input itself.</summary>
    public Tensor? Context { get; init; }
    /// <summary>[batch, seq], bool: which positions of the input are real.</summary>
    public Tensor? Mask { get; init; }
    /// <summary>[batch, seq], bool: where left-padded sequences have begun; null where all are whole.</summary>
    public Tensor? Begun { get; init; }
    /// <summary>[batch, keys], bool: which keys may be attended to; <see cref="Mask"/> where absent.</summary>
    public Tensor? ContextMask { get; init; }
    /// <summary>[queries, keys], [heads, queries, keys] or [batch, heads, queries, keys], bool: true where attention is allowed.</summary>
    public Tensor? AttnMask { get; init; }
    /// <summary>[heads, queries, keys]: added to the logits.</summary>
    public Tensor? Bias { get; init; }
    public Rotation? Rotation { get; init; }
    public PolarPhases? Polar { get; init; }
    /// <summary>[batch, heads, queries, keys]: an earlier layer's logits (residual attention).</summary>
    public Tensor? PreviousLogits { get; init; }
    /// <summary>[batch, kvHeads, seq, valueDimHead]: the first layer's values (value residual).</summary>
    public Tensor? ValueResidual { get; init; }
    /// <summary>[batch, memLen, dim]: hidden states of earlier segments, normalised as the input; keys and values are of them, too.</summary>
    public Tensor? Mem { get; init; }
    /// <summary>[batch, 1 or seq, width]: what adaptive blocks depend on.</summary>
    public Tensor? Condition { get; init; }
    /// <summary>[batch, seq, dim]: factors of a feed-forward block's output.</summary>
    public Tensor? DeepEmbed { get; init; }
    /// <summary>Keys and values of earlier positions; the new ones are added to it.</summary>
    public LayerCache? Cache { get; init; }
    /// <summary>Causal masks by size, shared by the layers of one forward pass.</summary>
    public CausalMasks? CausalMasks { get; init; }
    /// <summary>Keeps logits, weights and values for whoever asked for them.</summary>
    public bool KeepMaps { get; init; }
    /// <summary>Keeps the logits alone, as residual attention needs.</summary>
    public bool KeepLogits { get; init; }
    /// <summary>Keeps the values alone, as the value residual needs.</summary>
    public bool KeepValues { get; init; }
}

/// <summary>Causal masks, each built once in a forward pass however many layers use it.</summary>
internal sealed class CausalMasks : IDisposable
{
    private readonly Dictionary<(long, long), Tensor> _masks = [];

    /// <returns>[queries, keys], true where a query must not look: the keys after its own, the last query standing at the last key.</returns>
    public Tensor For(long queries, long keys, Device device)
    {
        if (_masks.TryGetValue((queries, keys), out var mask)) return mask;
        return _masks[(queries, keys)] = Create(queries, keys, device).DetachFromDisposeScope();
    }

    public static Tensor Create(long queries, long keys, Device device)
    {
        using var all = ones([queries, keys], dtype: ScalarType.Bool, device: device);
        return all.triu(keys - queries + 1);
    }

    public void Dispose()
    {
        foreach (var mask in _masks.Values) mask.Dispose();
    }
}
