namespace XtNotebooks.Transformers;

/// <summary>What a forward pass computed on the way to its logits.</summary>
/// <remarks>
/// The tensors belong to the dispose scope that was open at the call, or to the caller where there was none. Where layers run again
/// (Recycling, Looped), hidden states and attention are those of the last time.
/// </remarks>
public sealed record ForwardTrace
{
    /// <summary>[batch, seq, numTokens] (log probabilities with a mixture of softmaxes; [heads, batch, seq, numTokens] with several output heads);
    /// null where the wrapper has no output head.</summary>
    public Tensor? Logits { get; init; }
    /// <summary>[batch, seq, dim]: what the output head reads.</summary>
    public required Tensor Embeddings { get; init; }
    /// <summary>[batch, seq, dim]: what the last layer made, after the final norm; memory tokens included.</summary>
    public required Tensor LastHidden { get; init; }
    /// <summary>What each layer read from the residual stream, in order, and what the last one left there.</summary>
    public required IReadOnlyList<Tensor> LayerHiddens { get; init; }
    /// <summary>What each attention layer computed, in order; maps only without flash attention.</summary>
    public required IReadOnlyList<AttentionTrace> Attention { get; init; }
    /// <summary>A scalar: how large the attention logits are (squared log-sum-exp, arXiv:2202.08906), times the wrapper's AttnZLossWeight; null with flash attention.</summary>
    public Tensor? AttnZLoss { get; init; }

    /// <summary>[batch, seq, numTokens] after each loop of a looped model; empty otherwise.</summary>
    public IReadOnlyList<Tensor> LoopLogits { get; init; } = [];
    /// <summary>[batch, seq, 1]: logits of stopping after each loop of a looped model; empty otherwise.</summary>
    public IReadOnlyList<Tensor> ExitLogits { get; init; } = [];
    /// <summary>[batch, numPooledTokens, dimPooledTokens]: what AttnPool gathers; null without it.</summary>
    public Tensor? PooledTokens { get; init; }

    /// <summary>Attention weights of each layer, [batch, heads, queries, keys]; empty with flash attention.</summary>
    public IReadOnlyList<Tensor> AttentionMaps => [.. Attention.Select(a => a.PostSoftmaxAttn).OfType<Tensor>()];

    /// <summary>Gathers a trace while the layers run.</summary>
    /// <param name="maps">Keeps attention maps, logits and values.</param>
    /// <param name="logits">Keeps the logits of attention.</param>
    internal sealed class Builder(bool maps = true, bool logits = false)
    {
        public bool Maps { get; } = maps;
        public bool Logits { get; } = logits;
        public List<Tensor> LayerHiddens { get; } = [];
        public List<AttentionTrace> Attention { get; } = [];
        public Tensor? LastHidden { get; set; }

        /// <summary>The stream before each self-attention layer: what a later segment may remember.</summary>
        public List<Tensor> Memorable { get; } = [];

        /// <summary>After each loop: what the layers made, memory tokens included, and the logits of stopping.</summary>
        public List<(Tensor Made, Tensor Exit)> Loops { get; } = [];

        /// <summary>What a continuous head learns to predict: embeddings before dropout.</summary>
        public Tensor? InitialEmbeddings { get; set; }

        public void MoveToOuter(DisposeScope scope)
        {
            foreach (var (made, exit) in Loops) scope.MoveToOuter(made, exit);
            if (InitialEmbeddings is not null) scope.MoveToOuter(InitialEmbeddings);
            scope.MoveToOuter(LayerHiddens);
            scope.MoveToOuter(Memorable);
            scope.MoveToOuter(Attention.SelectMany(a => a.Tensors));
            if (LastHidden is not null) scope.MoveToOuter(LastHidden);
        }
    }
}
