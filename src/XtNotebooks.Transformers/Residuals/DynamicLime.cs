namespace XtNotebooks.Transformers;

/// <summary>What a layer reads instead of the stream: something of all layers so far.</summary>
internal abstract class LayerIntegrator(string name) : NamedModule(name)
{
    /// <param name="x">[batch, seq, dim].</param>
    /// <param name="hiddens">One [batch, seq, dim] for each layer so far, this one's input included.</param>
    /// <returns>[batch, seq, dim], or [views, batch, seq, dim] where there are several views.</returns>
    public abstract Tensor forward(Tensor x, IReadOnlyList<Tensor> hiddens);
}

/// <summary>Reads a learned, input-dependent mixture of all earlier layers (LIMe, arXiv:2502.09245).</summary>
internal sealed class DynamicLime : LayerIntegrator
{
    private readonly long _views;
    private readonly Chain _toWeights;
    private readonly bool _softmax;

    public DynamicLime(long dim, long layers, long views, bool softmax) : base(nameof(DynamicLime))
    {
        (_views, _softmax) = (views, softmax);
        _toWeights = Child("to_weights", new Chain(new RmsNorm(dim), nn.Linear(dim, views * layers)));
    }

    public override Tensor forward(Tensor x, IReadOnlyList<Tensor> hiddens)
    {
        using var scope = NewDisposeScope();
        var scores = _toWeights.call(x).SplitDim(-1, _views, -1); // [batch, seq, views, layers]
        var weights = _softmax ? scores.softmax(-1) : scores.relu();
        var mixed = matmul(weights, stack(hiddens, 2)); // [batch, seq, views, dim]
        return scope.MoveToOuter(_views == 1 ? mixed.squeeze(2) : mixed.permute(2, 0, 1, 3));
    }
}

/// <summary>Merges an earlier layer's hidden states into the stream, as a U-Net's skip connection does.</summary>
internal sealed class ConcatCombine : NamedModule
{
    private readonly Linear combine;

    public ConcatCombine(long dim, int from) : base(nameof(ConcatCombine))
    {
        From = from;
        combine = Child(nameof(combine), nn.Linear(2 * dim, dim, hasBias: false));
    }

    /// <summary>Index, in the order of execution, of the layer whose input is read.</summary>
    public int From { get; }

    public Tensor forward(Tensor x, IReadOnlyList<Tensor> earlier)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(combine.call(cat([earlier[From], x], -1)));
    }
}
