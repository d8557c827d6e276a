namespace XtNotebooks.Transformers;

/// <summary>From embeddings to logits.</summary>
internal sealed class OutputHead
{
    private readonly Linear? _toLogits;
    private readonly Linear? _toMixture;
    private readonly Linear? _combineMixture;
    private readonly int _mixtures;
    private readonly bool _sigsoftmax;

    public OutputHead(TransformerWrapperOptions options, int dim, Action<string, nn.Module> register)
    {
        (_mixtures, _sigsoftmax) = (options.MixtureOfSoftmaxK, options.SigsoftmaxLogits);
        if (options.MixtureOfSoftmax)
        {
            _toMixture = nn.Linear(dim, dim * _mixtures, hasBias: false);
            register("to_mixture", new Slots(_toMixture));
            register("combine_mixture", _combineMixture = nn.Linear(dim, _mixtures, hasBias: false));
        }
        if (!options.TieEmbedding) register("to_logits", _toLogits = nn.Linear(dim, options.LogitsDim ?? options.NumTokens, hasBias: false));
    }

    /// <param name="x">[batch, seq, dim] or [batch, dim].</param>
    /// <param name="embedding">The token embeddings, for tied weights.</param>
    public Tensor forward(Tensor x, TokenEmbedding embedding)
    {
        using var scope = NewDisposeScope();
        var shares = _combineMixture?.call(x).softmax(-1); // [batch, seq, mixtures]
        if (_toMixture is not null) x = _toMixture.call(x).SplitDim(-1, _mixtures, -1); // [batch, seq, mixtures, dim]
        var logits = _toLogits is null ? F.linear(x, embedding.Weight) : _toLogits.call(x);
        if (_sigsoftmax) logits = logits + F.logsigmoid(logits);
        if (shares is not null) logits = matmul(shares.unsqueeze(-2), logits.softmax(-1)).squeeze(-2).SafeLog();
        return scope.MoveToOuter(logits);
    }
}
