namespace XtNotebooks.Transformers;

/// <summary>What a forward pass computed on the way to its logits.</summary>
/// <remarks>The tensors belong to the dispose scope that was open at the call, or to the caller where there was none.</remarks>
public sealed record ForwardTrace
{
    /// <summary>[batch, seq, numTokens] (log probabilities with a mixture of softmaxes); null where the wrapper has no output head.</summary>
    public Tensor? Logits { get; init; }
    /// <summary>[batch, seq, dim]: what the output head reads.</summary>
    public required Tensor Embeddings { get; init; }
    /// <summary>[batch, seq, dim]: what the last layer made, after the final norm; memory tokens included.</summary>
    public required Tensor LastHidden { get; init; }
    /// <summary>What each layer read from the residual stream, in order, and what the last one left there.</summary>
    public required IReadOnlyList<Tensor> LayerHiddens { get; init; }
    /// <summary>What each attention layer computed, in order; maps only without flash attention.</summary>
    public required IReadOnlyList<AttentionTrace> Attention { get; init; }

    /// <summary>Attention weights of each layer, [batch, heads, queries, keys]; empty with flash attention.</summary>
    public IReadOnlyList<Tensor> AttentionMaps => [.. Attention.Select(a => a.PostSoftmaxAttn).OfType<Tensor>()];

    /// <summary>Gathers a trace while the layers run.</summary>
    internal sealed class Builder
    {
        public List<Tensor> LayerHiddens { get; } = [];
        public List<AttentionTrace> Attention { get; } = [];
        public Tensor? LastHidden { get; set; }

        public void MoveToOuter(DisposeScope scope)
        {
            scope.MoveToOuter(LayerHiddens);
            scope.MoveToOuter(Attention.SelectMany(a => a.Tensors));
            if (LastHidden is not null) scope.MoveToOuter(LastHidden);
        }
    }
}
