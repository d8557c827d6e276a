namespace XtNotebooks.Transformers;

/// <summary>A norm whose gains are projected from a condition; they are one at first.</summary>
internal abstract class AdaptiveNorm : TensorModule
{
    private readonly Linear to_gamma;

    private protected AdaptiveNorm(string name, long dim, long dimCondition) : base(name)
    {
        to_gamma = Child(nameof(to_gamma), nn.Linear(dimCondition, dim, hasBias: false));
        to_gamma.ZeroInit();
    }

    /// <param name="x">[batch, seq, dim].</param>
    /// <param name="condition">[batch, 1 or seq, dimCondition].</param>
    public Tensor forward(Tensor x, Tensor condition)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(forward(x) * (to_gamma.call(condition) + 1));
    }
}

/// <summary>Layer normalisation with gains from a condition (as in DiT, arXiv:2212.09748, without its shift).</summary>
internal sealed class AdaptiveLayerNorm(long dim, long dimCondition) : AdaptiveNorm(nameof(AdaptiveLayerNorm), dim, dimCondition)
{
    private readonly long[] _shape = [dim];

    public override Tensor forward(Tensor x) => F.layer_norm(x, _shape);
}

/// <summary>Root mean square normalisation with gains from a condition.</summary>
internal sealed class AdaptiveRmsNorm(long dim, long dimCondition) : AdaptiveNorm(nameof(AdaptiveRmsNorm), dim, dimCondition)
{
    private readonly double _scale = Math.Sqrt(dim);

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(F.normalize(x, dim: -1) * _scale);
    }
}

/// <summary>Norms of either kind, called alike.</summary>
internal static class AnyNorm
{
    public static Tensor Normalise(this nn.Module<Tensor, Tensor> norm, Tensor x, Tensor? condition) =>
        norm is AdaptiveNorm adaptive ? adaptive.forward(x, condition!) : norm.call(x);
}
