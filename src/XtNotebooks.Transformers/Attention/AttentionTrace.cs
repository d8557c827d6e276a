namespace XtNotebooks.Transformers;

/// <summary>What one attention layer computed on the way to its output.</summary>
public sealed record AttentionTrace
{
    /// <summary>Whether the layer attended to a context (true) or to its own sequence (false).</summary>
    public bool IsCross { get; init; }
    /// <summary>Scaled similarities before biases and masks, [batch, heads, queries, keys]; null with flash attention.</summary>
    public Tensor? QkSimilarities { get; init; }
    /// <summary>Logits as the softmax saw them, [batch, heads, queries, keys]; null with flash attention.</summary>
    public Tensor? PreSoftmaxAttn { get; init; }
    /// <summary>Attention weights, [batch, heads, queries, keys]; null with flash attention.</summary>
    public Tensor? PostSoftmaxAttn { get; init; }
    /// <summary>The layer's own values, [batch, kvHeads, keys, valueDimHead].</summary>
    public Tensor? Values { get; init; }

    internal IEnumerable<Tensor> Tensors => new[] { QkSimilarities, PreSoftmaxAttn, PostSoftmaxAttn, Values }.OfType<Tensor>();
}
