namespace XtNotebooks.Transformers;

/// <summary>Every position attends over what the layers so far read at it, and the next one reads the result (arXiv:2601.21582, arXiv:2603.15031).</summary>
internal sealed class AttentionAggregatedResidual : LayerIntegrator
{
    private readonly AttentionPool attn_pool;
    private readonly Chain? to_queries;
    private readonly RotaryEmbedding? _rotary;
    private readonly PolarEmbedding? _polar;

    public AttentionAggregatedResidual(AttentionLayersOptions options) : base(nameof(AttentionAggregatedResidual))
    {
        var (dim, heads, dimHead) = (options.Dim, options.Heads, options.AttnDimHead);
        attn_pool = Child(nameof(attn_pool), new AttentionPool(
            dim, new AttentionOptions { Dim = dim, DimContext = dim, Heads = heads, DimHead = dimHead, KRmsnorm = true }, options.AttnResidualsLastOutputAsQuery ? 0 : 1));
        if (options.AttnResidualsLastOutputAsQuery)
            to_queries = Child(nameof(to_queries), new Chain(new PlainRmsNorm(dim), nn.Linear(dim, dim, hasBias: false)));
        if (options.PolarPosEmb) _polar = Child("pos_emb", new PolarEmbedding(dimHead, heads, uniformBias: false));
        else if (options.RotaryPosEmb || options.RotaryXpos) _rotary = Child("pos_emb", new RotaryEmbedding(dimHead, xpos: false, scaleBase: 512, interpolation: 1, baseRescale: 1));
    }

    public override Tensor forward(Tensor x, IReadOnlyList<Tensor> hiddens)
    {
        using var scope = NewDisposeScope();
        var layers = stack(hiddens, 2).flatten(0, 1); // [batch * seq, layers, dim]
        var depth = layers.shape[1];
        var queries = to_queries?.call(x).flatten(0, 1).unsqueeze(1); // [batch * seq, 1, dim]
        var pooled = attn_pool.forward(layers, queries, new AttentionInputs { Rotation = _rotary?.forward(0, depth, 0), Polar = _polar?.forward(0, depth) });
        return scope.MoveToOuter(pooled.view_as(x));
    }
}
