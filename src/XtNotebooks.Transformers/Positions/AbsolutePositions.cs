namespace XtNotebooks.Transformers;

/// <summary>Positions that are added to token embeddings.</summary>
internal abstract class AbsolutePositions(string name) : NamedModule(name)
{
    /// <param name="positions">[seq], or [batch, seq] where left-padded sequences start at different places; int64.</param>
    /// <returns>[seq, dim] or [batch, seq, dim].</returns>
    public abstract Tensor forward(Tensor positions);

    /// <summary>Called once by the wrapper after its own embeddings were initialised.</summary>
    public virtual void Initialise() { }
}

/// <summary>One learned vector for each position, scaled to the size of the token embeddings.</summary>
internal sealed class AbsolutePositionalEmbedding : AbsolutePositions
{
    private readonly double _scale;
    private readonly bool _l2norm;
    private readonly Embedding emb;

    public AbsolutePositionalEmbedding(long dim, long maxSeqLen, bool l2norm) : base(nameof(AbsolutePositionalEmbedding))
    {
        _scale = l2norm ? 1 : 1 / Math.Sqrt(dim);
        _l2norm = l2norm;
        emb = Child(nameof(emb), nn.Embedding(maxSeqLen, dim));
    }

    public override void Initialise()
    {
        if (_l2norm) nn.init.normal_(emb.weight!, 0, 1e-5);
    }

    public override Tensor forward(Tensor positions)
    {
        using var scope = NewDisposeScope();
        var embedded = emb.call(positions.clamp(min: 0)) * _scale;
        return scope.MoveToOuter(_l2norm ? embedded.L2Norm() : embedded);
    }
}

/// <summary>Sines and cosines of the position (Vaswani et al. 2017), times one learned scalar.</summary>
internal sealed class ScaledSinusoidalEmbedding : AbsolutePositions
{
    private readonly long _dim;
    private readonly double _theta;
    private Parameter scale;

    public ScaledSinusoidalEmbedding(long dim, double theta = 10000) : base(nameof(ScaledSinusoidalEmbedding))
    {
        if (dim % 2 != 0) throw new ArgumentException($"ScaledSinuPosEmb needs an even embedding dimension, but Dim (or EmbDim) is {dim}.");
        _dim = dim;
        _theta = theta;
        scale = NewParameter(nameof(scale), full([1], 1 / Math.Sqrt(dim), dtype: ScalarType.Float32));
    }

    public override Tensor forward(Tensor positions)
    {
        using var scope = NewDisposeScope();
        var half = _dim / 2;
        // As upstream's, the frequencies are float32 numbers, also in a float64 model.
        var steps = arange(half, dtype: ScalarType.Float32, device: positions.device) / half;
        var frequencies = full_like(steps, _theta).pow(-steps); // pow(number, tensor) would make the number a tensor on the default device
        var angles = positions.to(scale.AtLeastFloat32()).unsqueeze(-1) * frequencies;
        return scope.MoveToOuter(cat([angles.sin(), angles.cos()], -1).to(scale.dtype) * scale);
    }
}
