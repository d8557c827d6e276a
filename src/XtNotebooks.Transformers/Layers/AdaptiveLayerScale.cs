namespace XtNotebooks.Transformers;

/// <summary>Multiplies a block's output by factors from 0 to 1 that depend on a condition; almost closed at first (adaLN-Zero, arXiv:2212.09748).</summary>
internal sealed class AdaptiveLayerScale : NamedModule, IBlock
{
    private readonly IBlock _fn;
    private readonly Linear to_gamma;

    public AdaptiveLayerScale(IBlock fn, long dim, long dimCondition) : base(nameof(AdaptiveLayerScale))
    {
        const double initialBias = -2;
        _fn = fn;
        Child("fn", (nn.Module)fn);
        to_gamma = Child(nameof(to_gamma), nn.Linear(dimCondition, dim));
        nn.init.zeros_(to_gamma.weight);
        nn.init.constant_(to_gamma.bias!, initialBias);
    }

    public BlockOutput Apply(Tensor x, AttentionInputs inputs)
    {
        using var scope = NewDisposeScope();
        var output = _fn.Apply(x, inputs);
        output = output with { Out = output.Out * to_gamma.call(inputs.Condition!).sigmoid() };
        scope.MoveToOuter(output.Tensors);
        return output;
    }
}
