namespace XtNotebooks.Transformers;

/// <summary>What a forward pass may be given besides token ids; everything is optional.</summary>
public sealed record TransformerInputs
{
    /// <summary>[batch, seq], bool: which tokens are real.</summary>
    public Tensor? Mask { get; init; }
    /// <summary>[batch, keys, dimContext], float: what cross-attention reads.</summary>
    public Tensor? Context { get; init; }
    /// <summary>[batch, keys], bool: which context positions may be read.</summary>
    public Tensor? ContextMask { get; init; }
    /// <summary>[queries, keys], [heads, queries, keys] or [batch, heads, queries, keys], bool: true where self-attention is allowed.</summary>
    public Tensor? AttnMask { get; init; }
    /// <summary>[batch, seq], bool: which positions self-attention may read, whatever <see cref="Mask"/> says of the queries.</summary>
    public Tensor? SelfAttnKvMask { get; init; }
    /// <summary>[batch], int64: where each left-padded sequence begins.</summary>
    public Tensor? SeqStartPos { get; init; }
    /// <summary>[batch, dimCondition], or [batch, seq, dimCondition] for a condition of every position (the new ones where there is a cache), float:
    /// what adaptive norms and layer scales depend on.</summary>
    public Tensor? Condition { get; init; }
    /// <summary>For every self-attention layer, [batch, memLen, dim]: hidden states of earlier segments, as
    /// <see cref="TransformerWrapper.ForwardWithMems"/> returns them.</summary>
    public IReadOnlyList<Tensor>? Mems { get; init; }
    /// <summary>How often the layers run where the model recycles; by chance in training where absent.</summary>
    public int? RecycleSteps { get; init; }
    /// <summary>How often the layers run where the model loops; its MaxLoopedSteps where absent.</summary>
    public int? LoopedSteps { get; init; }
    /// <summary>[batch, seq], int64, by the names of the model's EmbedNumTokens: ids whose embeddings are added.</summary>
    public IReadOnlyDictionary<string, Tensor>? EmbedIds { get; init; }
    /// <summary>Keys and values of earlier positions; the ids are then those of the new positions alone.</summary>
    public KvCache? Cache { get; init; }
    /// <summary>[batch, seq, depth, dim]: factors of the feed-forward blocks' outputs; the wrapper's own.</summary>
    internal Tensor? DeepEmbeds { get; init; }
}
