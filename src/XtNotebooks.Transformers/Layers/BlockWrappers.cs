namespace XtNotebooks.Transformers;

/// <summary>Multiplies a block's output by a constant.</summary>
internal sealed class Scale : NamedModule, IBlock
{
    private readonly double _value;
    private readonly IBlock _fn;

    public Scale(double value, IBlock fn) : base(nameof(Scale))
    {
        _value = value;
        _fn = fn;
        Child("fn", (nn.Module)fn);
    }

    public BlockOutput Apply(Tensor x, AttentionInputs inputs)
    {
        using var scope = NewDisposeScope();
        var output = _fn.Apply(x, inputs);
        output = output with { Out = output.Out * _value };
        scope.MoveToOuter(output.Tensors);
        return output;
    }
}

/// <summary>Multiplies a block's output by one learned factor per feature (CaiT, Touvron et al. 2021, arXiv:2103.17239).</summary>
internal sealed class LayerScale : NamedModule, IBlock
{
    private readonly bool _unitOffset;
    private readonly IBlock _fn;
    private Parameter gamma;

    public LayerScale(IBlock fn, long dim, double initial, bool unitOffset) : base(nameof(LayerScale))
    {
        _unitOffset = unitOffset;
        _fn = fn;
        Child("fn", (nn.Module)fn);
        gamma = NewParameter(nameof(gamma), full([dim], initial - (unitOffset ? 1 : 0), dtype: ScalarType.Float32));
    }

    public BlockOutput Apply(Tensor x, AttentionInputs inputs)
    {
        using var scope = NewDisposeScope();
        var output = _fn.Apply(x, inputs);
        output = output with { Out = output.Out * (_unitOffset ? gamma + 1 : gamma) };
        scope.MoveToOuter(output.Tensors);
        return output;
    }
}

/// <summary>Gives parts of the features from neighbouring positions, so that a block sees more than one token at once.</summary>
internal sealed class ShiftTokens : NamedModule, IBlock
{
    private readonly int[] _shifts;
    private readonly IBlock _fn;

    /// <param name="shifts">For each equal part of the features, by how many positions it moves: 1 means from the token before.</param>
    /// <param name="fn">The block that reads the result.</param>
    public ShiftTokens(IEnumerable<int> shifts, IBlock fn) : base(nameof(ShiftTokens))
    {
        _shifts = [.. shifts];
        _fn = fn;
        Child("fn", (nn.Module)fn);
    }

    public BlockOutput Apply(Tensor x, AttentionInputs inputs)
    {
        using var scope = NewDisposeScope();
        var width = x.shape[^1] / _shifts.Length;
        var parts = _shifts.Select((shift, i) => Shift(x.narrow(-1, i * width, width), shift, inputs.Mask)).ToList();
        var rest = x.shape[^1] - width * _shifts.Length;
        if (rest > 0) parts.Add(x.narrow(-1, width * _shifts.Length, rest));
        var output = _fn.Apply(cat(parts, -1), inputs);
        scope.MoveToOuter(output.Tensors);
        return output;
    }

    private static Tensor Shift(Tensor part, int amount, Tensor? mask)
    {
        if (amount == 0) return part;
        if (mask is not null) part = part.masked_fill(~mask.unsqueeze(-1), 0);
        var by = Math.Clamp(amount, -part.shape[^2], part.shape[^2]);
        return part.PadAt(-2, by, -by);
    }
}
