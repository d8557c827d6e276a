namespace XtNotebooks.Transformers;

/// <summary>Layer normalisation without a bias; the gain is stored as an offset from one unless told otherwise.</summary>
internal sealed class LayerNorm : TensorModule
{
    private readonly long[] _shape;
    private readonly bool _unitOffset;
    private Parameter gamma;

    public LayerNorm(long dim, bool unitOffset = false) : base(nameof(LayerNorm))
    {
        _shape = [dim];
        _unitOffset = unitOffset;
        gamma = NewParameter(nameof(gamma), unitOffset ? zeros(dim) : ones(dim));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(F.layer_norm(x, _shape, _unitOffset ? gamma + 1 : gamma));
    }
}

/// <summary>torch's own layer normalisation, without a bias, under its own parameter name.</summary>
internal sealed class PlainLayerNorm : TensorModule
{
    private readonly long[] _shape;
    private Parameter weight;

    public PlainLayerNorm(long dim) : base(nameof(PlainLayerNorm))
    {
        _shape = [dim];
        weight = NewParameter(nameof(weight), ones(dim));
    }

    public override Tensor forward(Tensor x) => F.layer_norm(x, _shape, weight);
}
