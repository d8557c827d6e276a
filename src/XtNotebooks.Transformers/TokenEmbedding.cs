namespace XtNotebooks.Transformers;

/// <summary>One learned vector for each token of the vocabulary.</summary>
internal sealed class TokenEmbedding : NamedModule
{
    private readonly bool _l2norm;
    private readonly Embedding emb;

    public TokenEmbedding(long dim, long numTokens, bool l2norm) : base(nameof(TokenEmbedding))
    {
        _l2norm = l2norm;
        emb = Child(nameof(emb), nn.Embedding(numTokens, dim));
        if (l2norm) nn.init.normal_(emb.weight!, 0, 1e-5);
        else nn.init.kaiming_normal_(emb.weight!);
    }

    public Parameter Weight => emb.weight!;

    public Tensor forward(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var embedded = emb.call(ids);
        return scope.MoveToOuter(_l2norm ? embedded.L2Norm() : embedded);
    }
}
