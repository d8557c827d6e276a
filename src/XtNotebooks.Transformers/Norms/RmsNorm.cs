namespace XtNotebooks.Transformers;

/// <summary>Root mean square normalisation (Zhang and Sennrich 2019, arXiv:1910.07467) with one gain per feature.</summary>
internal sealed class RmsNorm : TensorModule
{
    private readonly double _scale;
    private readonly bool _unitOffset;
    private Parameter g;

    public RmsNorm(long dim, bool unitOffset = false) : base(nameof(RmsNorm))
    {
        _scale = Math.Sqrt(dim);
        _unitOffset = unitOffset;
        g = NewParameter(nameof(g), unitOffset ? zeros(dim) : ones(dim));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(F.normalize(x, dim: -1) * ((_unitOffset ? g + 1 : g) * _scale));
    }
}

/// <summary>torch's own root mean square normalisation, under its own parameter name.</summary>
internal sealed class PlainRmsNorm : TensorModule
{
    private Parameter weight;

    public PlainRmsNorm(long dim) : base(nameof(PlainRmsNorm)) => weight = NewParameter(nameof(weight), ones(dim));

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(x * (x.square().mean([-1], keepdim: true) + finfo(x.dtype).eps).rsqrt() * weight);
    }
}

/// <summary>Root mean square normalisation with nothing to learn.</summary>
internal sealed class SimpleRmsNorm(long dim) : TensorModule(nameof(SimpleRmsNorm))
{
    private readonly double _scale = Math.Sqrt(dim);

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(F.normalize(x, dim: -1) * _scale);
    }
}

/// <summary>Unit length times one learned scalar (Nguyen and Salazar 2019, arXiv:1910.05895).</summary>
internal sealed class ScaleNorm : TensorModule
{
    private readonly double _scale;
    private readonly bool _unitOffset;
    private Parameter g;

    public ScaleNorm(long dim, bool unitOffset = false) : base(nameof(ScaleNorm))
    {
        _scale = Math.Sqrt(dim);
        _unitOffset = unitOffset;
        g = NewParameter(nameof(g), unitOffset ? zeros(1) : ones(1));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(F.normalize(x, dim: -1) * ((_unitOffset ? g + 1 : g) * _scale));
    }
}

/// <summary>Root mean square normalisation of every attention head by itself, gains stored as offsets from one.</summary>
internal sealed class MultiheadRmsNorm : TensorModule
{
    private readonly double _scale;
    private Parameter gamma;

    public MultiheadRmsNorm(long dimHead, long heads) : base(nameof(MultiheadRmsNorm))
    {
        _scale = Math.Sqrt(dimHead);
        gamma = NewParameter(nameof(gamma), zeros(heads, 1, dimHead));
    }

    /// <param name="x">[batch, heads, seq, dimHead].</param>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(F.normalize(x, dim: -1) * ((gamma + 1) * _scale));
    }
}
