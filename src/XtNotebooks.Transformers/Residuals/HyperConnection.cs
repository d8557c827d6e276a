namespace XtNotebooks.Transformers;

/// <summary>
/// Several residual streams, mixed before each block and written to after it by learned, input-dependent weights
/// (Zhu et al. 2024, arXiv:2409.19606).
/// </summary>
/// <remarks>
/// Upstream 2.26.4 means the streams' mixing matrix to be doubly stochastic (arXiv:2512.24880), but normalises each of its rows as a
/// matrix of one row: all weights come out as one, whatever is learned. Here they are one from the start, for the same result.
/// </remarks>
internal sealed class HyperConnection : ResidualConnection
{
    private readonly long _streams;
    private readonly long _views;
    private readonly PlainLayerNorm norm;
    private Parameter static_beta;
    private Parameter static_alpha;
    private Parameter dynamic_alpha_fn;
    private Parameter dynamic_alpha_scale;
    private Parameter dynamic_beta_fn;
    private Parameter dynamic_beta_scale;

    /// <param name="dim">Width of a stream.</param>
    /// <param name="layerIndex">Which stream the block reads first: layers take turns.</param>
    /// <param name="streams">Number of streams, kept in the batch dimension as [batch * streams, seq, dim].</param>
    /// <param name="views">Number of mixtures the block reads (3: queries, keys and values each its own).</param>
    public HyperConnection(long dim, int layerIndex, long streams, long views) : base(nameof(HyperConnection))
    {
        (_streams, _views) = (streams, views);
        norm = Child(nameof(norm), new PlainLayerNorm(dim));
        static_beta = NewParameter(nameof(static_beta), ones(streams));
        using (var scope = NewDisposeScope())
        {
            var reads = zeros(streams, views);
            reads[layerIndex % (int)streams] = 1;
            static_alpha = NewParameter(nameof(static_alpha), cat([reads, eye(streams)], 1));
        }
        dynamic_alpha_fn = NewParameter(nameof(dynamic_alpha_fn), zeros(dim, streams + views));
        dynamic_alpha_scale = NewParameter(nameof(dynamic_alpha_scale), tensor(1e-2f));
        dynamic_beta_fn = NewParameter(nameof(dynamic_beta_fn), zeros(dim));
        dynamic_beta_scale = NewParameter(nameof(dynamic_beta_scale), tensor(1e-2f));
    }

    public override (Tensor BranchInput, Tensor Residual, Tensor? Gate) Prepare(Tensor x)
    {
        using var scope = NewDisposeScope();
        var streams = x.SplitDim(0, -1, _streams).transpose(1, 2); // [batch, seq, streams, dim]
        var normed = norm.call(streams);

        var alpha = matmul(normed, dynamic_alpha_fn) * dynamic_alpha_scale + static_alpha; // [batch, seq, streams, views + streams]
        var reads = alpha.narrow(-1, 0, _views).sigmoid();
        var mixes = ones_like(alpha.narrow(-1, _views, _streams)); // see the remarks
        var beta = (matmul(normed, dynamic_beta_fn).sigmoid() * 2 * dynamic_beta_scale + static_beta).sigmoid() * 2; // [batch, seq, streams]

        var mixed = matmul(cat([reads, mixes], -1).transpose(-2, -1), streams); // [batch, seq, views + streams, dim]
        var branch = _views == 1 ? mixed.select(2, 0) : mixed.narrow(2, 0, _views).permute(2, 0, 1, 3);
        var residual = mixed.narrow(2, _views, _streams);
        return scope.MoveToOuter(branch, residual, beta);
    }

    public override Tensor Merge(Tensor output, Tensor residual, Tensor? gate, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var written = output.unsqueeze(2) * gate!.unsqueeze(-1) + residual; // [batch, seq, streams, dim]
        return scope.MoveToOuter(written.transpose(1, 2).flatten(0, 1));
    }
}
