namespace XtNotebooks.Transformers;

/// <summary>A scaled tanh in place of a norm (Zhu et al. 2025, arXiv:2503.10622).</summary>
internal sealed class DynamicTanh : TensorModule
{
    private readonly double _scaleOffset;
    private readonly double _gammaOffset;
    private Parameter pre_tanh_scale;
    private Parameter gamma;
    private Parameter beta;

    public DynamicTanh(long dim, double initAlpha = 1, bool unitOffset = false) : base(nameof(DynamicTanh))
    {
        _scaleOffset = unitOffset ? initAlpha : 0;
        _gammaOffset = unitOffset ? 1 : 0;
        pre_tanh_scale = NewParameter(nameof(pre_tanh_scale), tensor((float)(unitOffset ? 0 : initAlpha)));
        gamma = NewParameter(nameof(gamma), unitOffset ? zeros(dim) : ones(dim));
        beta = NewParameter(nameof(beta), zeros(dim));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(beta.addcmul((x * (pre_tanh_scale + _scaleOffset)).tanh(), gamma + _gammaOffset, 1));
    }
}

/// <summary>A shifted and scaled error function in place of a norm (arXiv:2512.10938).</summary>
internal sealed class Derf : TensorModule
{
    private readonly double _offset;
    private Parameter alpha;
    private Parameter s;
    private Parameter gamma;
    private Parameter beta;

    public Derf(long dim, bool unitOffset = false) : base(nameof(Derf))
    {
        const float initialAlpha = 0.5f;
        _offset = unitOffset ? 1 : 0;
        alpha = NewParameter(nameof(alpha), tensor(initialAlpha - (float)_offset));
        s = NewParameter(nameof(s), tensor(0f));
        gamma = NewParameter(nameof(gamma), unitOffset ? zeros(dim) : ones(dim));
        beta = NewParameter(nameof(beta), zeros(dim));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var activated = (x * (alpha + _offset) + s).erf();
        return scope.MoveToOuter(activated * (gamma + _offset) + beta);
    }
}
