namespace XtNotebooks.Transformers;

/// <summary>Decay whose gates are computed for each query from small queries and keys.</summary>
internal sealed class PerRowDataDependentAlibi : ContentBias
{
    private readonly long _heads;
    private readonly double _scale;
    private readonly double _decayScale;
    private readonly Linear _gates;

    public PerRowDataDependentAlibi(long dim, long heads, long dimHead, double decayScale = 1) : base(nameof(PerRowDataDependentAlibi))
    {
        (_heads, _scale, _decayScale) = (heads, 1 / Math.Sqrt(dimHead), decayScale);
        _gates = nn.Linear(dim, heads * dimHead * 2, hasBias: false);
        Child("to_forget_gates", new Slots(_gates));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var both = _gates.call(x).SplitDim(-1, 2, _heads, -1).permute(2, 0, 3, 1, 4); // [2, batch, heads, seq, dimHead]
        var gates = F.logsigmoid(matmul(both[0], both[1].transpose(-2, -1)) * _scale) * _decayScale; // [batch, heads, seq, seq]
        var ahead = ones([x.shape[1], x.shape[1]], dtype: ScalarType.Bool, device: x.device).triu();
        return scope.MoveToOuter(gates.masked_fill(ahead, 0).flip(-1).cumsum(-1).flip(-1));
    }
}

/// <summary>Curves over distance, learned once and mixed for each token and head by its content.</summary>
internal sealed class ProjectedDistanceBias : NamedModule
{
    private readonly long _heads;
    private readonly long _maxDistance;
    private readonly Linear _weights;
    private Parameter distance_bank;

    public ProjectedDistanceBias(long dim, long heads, long curves, long maxDistance) : base(nameof(ProjectedDistanceBias))
    {
        (_heads, _maxDistance) = (heads, maxDistance);
        _weights = nn.Linear(dim, heads * curves);
        Child("to_distance_weights", new Slots(_weights));
        distance_bank = NewParameter(nameof(distance_bank), randn(curves, maxDistance) * 0.02);
    }

    /// <param name="x">[batch, seq, dim]: the last positions of <paramref name="keys"/>.</param>
    /// <param name="keys">Number of keys.</param>
    /// <returns>[batch, heads, seq, keys].</returns>
    public Tensor forward(Tensor x, long keys)
    {
        using var scope = NewDisposeScope();
        var queries = x.shape[1];
        var distance = arange(keys - queries, keys, dtype: ScalarType.Int64, device: x.device).unsqueeze(-1) -
                       arange(keys, dtype: ScalarType.Int64, device: x.device); // [queries, keys]
        var curves = matmul(_weights.call(x).SplitDim(-1, _heads, -1).transpose(1, 2), distance_bank); // [batch, heads, queries, maxDistance]
        var index = distance.clamp(0, _maxDistance - 1).expand(x.shape[0], _heads, -1, -1);
        return scope.MoveToOuter(curves.gather(-1, index).masked_fill((distance < 0) | (distance >= _maxDistance), 0));
    }
}
