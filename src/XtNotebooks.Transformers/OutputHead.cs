namespace XtNotebooks.Transformers;

/// <summary>From embeddings to logits.</summary>
internal sealed class OutputHead
{
    private readonly nn.Module<Tensor, Tensor>[] _toLogits = [];
    private readonly bool _squeeze;
    private readonly Linear? _toMixture;
    private readonly Linear? _combineMixture;
    private readonly int _mixtures;
    private readonly bool _sigsoftmax;

    public OutputHead(TransformerWrapperOptions options, int dim, Action<string, nn.Module> register)
    {
        (_mixtures, _sigsoftmax, _squeeze) = (options.MixtureOfSoftmaxK, options.SigsoftmaxLogits, options.SqueezeOutLastDim);
        if (options.MixtureOfSoftmax)
        {
            _toMixture = nn.Linear(dim, dim * _mixtures, hasBias: false);
            register("to_mixture", new Slots(_toMixture));
            register("combine_mixture", _combineMixture = nn.Linear(dim, _mixtures, hasBias: false));
        }
        if (options.TieEmbedding) return;
        _toLogits = options.ToLogits is { } own ? [own] : [.. Enumerable.Range(0, options.NumOutputHeads).Select(_ => nn.Linear(dim, options.LogitsDim ?? options.NumTokens, hasBias: false))];
        register("to_logits", _toLogits is [var single] ? single : new Slots(_toLogits));
    }

    /// <param name="x">[batch, seq, dim] or [batch, dim].</param>
    /// <param name="embedding">The token embeddings, for tied weights.</param>
    /// <returns>[batch, seq, logitsDim] or [batch, logitsDim], behind a first dimension where there are several heads; the last one left out if it is one and to be squeezed.</returns>
    public Tensor forward(Tensor x, TokenEmbedding embedding)
    {
        using var scope = NewDisposeScope();
        var shares = _combineMixture?.call(x).softmax(-1); // [batch, seq, mixtures]
        if (_toMixture is not null) x = _toMixture.call(x).SplitDim(-1, _mixtures, -1); // [batch, seq, mixtures, dim]
        var logits = _toLogits switch
        {
            [] => F.linear(x, embedding.Weight),
            [var single] => single.call(x),
            _ => stack(_toLogits.Select(head => head.call(x)).ToArray(), 0),
        };
        if (_sigsoftmax) logits = logits + F.logsigmoid(logits);
        if (shares is not null) logits = matmul(shares.unsqueeze(-2), logits.softmax(-1)).squeeze(-2).SafeLog();
        if (_squeeze) logits = logits.squeeze(-1);
        return scope.MoveToOuter(logits);
    }
}
