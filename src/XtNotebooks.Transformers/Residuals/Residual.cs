namespace XtNotebooks.Transformers;

/// <summary>How a block's output joins the stream that passes it by.</summary>
internal abstract class ResidualConnection(string name) : NamedModule(name)
{
    /// <returns>What the block reads, what passes it by, and what <see cref="Merge"/> needs of it.</returns>
    public virtual (Tensor BranchInput, Tensor Residual, Tensor? Gate) Prepare(Tensor x) => (x, x, null);

    /// <param name="output">[batch, seq, dim]: what the block made.</param>
    /// <param name="residual">What passed it by.</param>
    /// <param name="gate">What <see cref="Prepare"/> gave.</param>
    /// <param name="mask">[batch, seq], bool: real positions, or null for all.</param>
    public abstract Tensor Merge(Tensor output, Tensor residual, Tensor? gate, Tensor? mask);
}

/// <summary>Addition, with an optional factor on the stream.</summary>
internal sealed class Residual : ResidualConnection
{
    private readonly double _constant;
    private Parameter? residual_scale;

    public Residual(long dim, bool scale, double constant) : base(nameof(Residual))
    {
        _constant = constant;
        if (scale) residual_scale = NewParameter(nameof(residual_scale), ones(dim));
    }

    public override Tensor Merge(Tensor output, Tensor residual, Tensor? gate, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        if (residual_scale is not null) residual = residual * residual_scale;
        return scope.MoveToOuter(_constant == 1 ? output + residual : output.add(residual, _constant));
    }
}

/// <summary>A gated recurrent unit decides what to keep (Parisotto et al. 2019, arXiv:1910.06764).</summary>
internal sealed class GruGating : ResidualConnection
{
    private readonly GRUCell gru;
    private Parameter? residual_scale;

    public GruGating(long dim, bool scale) : base(nameof(GruGating))
    {
        gru = Child(nameof(gru), nn.GRUCell(dim, dim));
        if (scale) residual_scale = NewParameter(nameof(residual_scale), ones(dim));
    }

    public override Tensor Merge(Tensor output, Tensor residual, Tensor? gate, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        if (residual_scale is not null) residual = residual * residual_scale;
        return scope.MoveToOuter(gru.call(output.flatten(0, 1), residual.flatten(0, 1)).view_as(output));
    }
}

/// <summary>Adds only what is orthogonal to the stream (Oh et al. 2025, arXiv:2505.11881).</summary>
internal sealed class OrthogonalResidual : ResidualConnection
{
    private Parameter? residual_scale;

    public OrthogonalResidual(long dim, bool scale) : base(nameof(OrthogonalResidual))
    {
        if (scale) residual_scale = NewParameter(nameof(residual_scale), ones(dim));
    }

    public override Tensor Merge(Tensor output, Tensor residual, Tensor? gate, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        if (residual_scale is not null) residual = residual * residual_scale;
        return scope.MoveToOuter(residual + output.OrthogonalTo(residual));
    }
}

/// <summary>Two paths, one for the mean over the sequence and one for what deviates from it (arXiv:2605.06169).</summary>
internal sealed class MeanSplitResidual : ResidualConnection
{
    private Parameter alpha;
    private Parameter beta;

    public MeanSplitResidual(long dim) : base(nameof(MeanSplitResidual))
    {
        alpha = NewParameter(nameof(alpha), zeros(dim));
        beta = NewParameter(nameof(beta), full([dim], 0.03, dtype: ScalarType.Float32));
    }

    public override Tensor Merge(Tensor output, Tensor residual, Tensor? gate, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var (mean, residualMean) = (output.MaskedMean(mask).unsqueeze(1), residual.MaskedMean(mask).unsqueeze(1)); // [batch, 1, dim]
        return scope.MoveToOuter(residual + (output - mean) * beta + (mean - residualMean) * alpha);
    }
}
