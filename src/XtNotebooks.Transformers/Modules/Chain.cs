namespace XtNotebooks.Transformers;

/// <summary>Modules applied one after the other, named "0", "1", … as in torch's <c>Sequential</c>.</summary>
internal sealed class Chain : TensorModule
{
    private readonly nn.Module<Tensor, Tensor>[] _steps;

    /// <param name="steps">Absent steps (null) are left out and do not count in the names.</param>
    public Chain(params nn.Module<Tensor, Tensor>?[] steps) : base(nameof(Chain))
    {
        _steps = [.. steps.OfType<nn.Module<Tensor, Tensor>>()];
        for (var i = 0; i < _steps.Length; i++) Child(i.ToString(System.Globalization.CultureInfo.InvariantCulture), _steps[i]);
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        foreach (var step in _steps) x = step.call(x);
        return scope.MoveToOuter(x);
    }
}

/// <summary>A parameterless step of a <see cref="Chain"/>.</summary>
internal sealed class Step(string name, Func<Tensor, Tensor> function) : TensorModule(name)
{
    public override Tensor forward(Tensor x) => function(x);
}

/// <summary>Children named "0", "1", … of which some may be absent, as in torch's <c>ModuleList</c>.</summary>
internal sealed class Slots : NamedModule
{
    public Slots(params nn.Module?[] children) : base(nameof(Slots))
    {
        for (var i = 0; i < children.Length; i++)
            if (children[i] is { } child) Child(i.ToString(System.Globalization.CultureInfo.InvariantCulture), child);
    }

    /// <summary>Children with names of their own, as in torch's <c>ModuleDict</c>.</summary>
    public Slots(params (string Name, nn.Module Child)[] children) : base(nameof(Slots))
    {
        foreach (var (name, child) in children) Child(name, child);
    }
}
