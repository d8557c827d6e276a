namespace XtNotebooks.Transformers;

/// <summary>A bias on attention logits that depends on where query and key stand.</summary>
internal abstract class RelativeBias(string name) : NamedModule(name)
{
    /// <summary>Bias for the last <paramref name="queries"/> of <paramref name="keys"/> positions.</summary>
    /// <param name="queries">How many positions ask.</param>
    /// <param name="keys">How many are asked.</param>
    /// <param name="like">A tensor on the model's device, in its type.</param>
    /// <returns>[heads, queries, keys], in single precision at least.</returns>
    public abstract Tensor forward(long queries, long keys, Tensor like);
}

/// <summary>Learned biases for logarithmic buckets of distance (T5, Raffel et al. 2020, arXiv:1910.10683).</summary>
internal sealed class RelativePositionBias : RelativeBias
{
    private readonly double _scale;
    private readonly bool _causal;
    private readonly long _buckets;
    private readonly long _maxDistance;
    private readonly Embedding relative_attention_bias;

    public RelativePositionBias(double scale, bool causal, long heads, long buckets, long maxDistance) : base(nameof(RelativePositionBias))
    {
        (_scale, _causal, _buckets, _maxDistance) = (scale, causal, buckets, maxDistance);
        relative_attention_bias = Child(nameof(relative_attention_bias), nn.Embedding(buckets, heads));
    }

    public override Tensor forward(long queries, long keys, Tensor like)
    {
        using var scope = NewDisposeScope();
        var device = like.device;
        var queryPositions = arange(keys - queries, keys, dtype: ScalarType.Int64, device: device).unsqueeze(-1);
        var keyPositions = arange(keys, dtype: ScalarType.Int64, device: device);
        var bias = relative_attention_bias.call(Bucket(queryPositions - keyPositions)); // [queries, keys, heads]
        return scope.MoveToOuter(bias.permute(2, 0, 1) * _scale);
    }

    // Half of the buckets hold one distance each, the other half grows logarithmically up to the greatest distance.
    private Tensor Bucket(Tensor distance)
    {
        var buckets = _buckets;
        var offset = zeros_like(distance);
        if (_causal)
        {
            distance = distance.clamp(min: 0);
        }
        else
        {
            buckets /= 2;
            offset = (distance < 0).to(ScalarType.Int64) * buckets;
            distance = distance.abs();
        }
        var exact = buckets / 2;
        var ratio = (distance.to(ScalarType.Float32) / exact).log() / Math.Log((double)_maxDistance / exact);
        var logarithmic = (exact + (ratio * (buckets - exact)).to(ScalarType.Int64)).clamp(max: buckets - 1);
        return offset + where(distance < exact, distance, logarithmic);
    }
}

/// <summary>Biases from a small network of the (optionally logarithmic) distance (Liu et al. 2021, arXiv:2111.09883).</summary>
internal sealed class DynamicPositionBias : RelativeBias
{
    private readonly bool _logDistance;
    private readonly List<nn.Module<Tensor, Tensor>> _mlp = [];

    public DynamicPositionBias(long dim, long heads, int depth, bool logDistance, bool norm) : base(nameof(DynamicPositionBias))
    {
        if (depth < 1) throw new ArgumentException($"DynamicPosBiasMlpDepth must be at least 1, but is {depth}.");
        _logDistance = logDistance;
        _mlp.Add(new Chain(nn.Linear(1, dim), norm ? new LayerNorm(dim) : null, nn.SiLU()));
        for (var i = 1; i < depth; i++) _mlp.Add(new Chain(nn.Linear(dim, dim), norm ? nn.LayerNorm(dim) : null, nn.SiLU()));
        _mlp.Add(nn.Linear(dim, heads));
        Child("mlp", new Slots([.. _mlp]));
    }

    public override Tensor forward(long queries, long keys, Tensor like)
    {
        using var scope = NewDisposeScope();
        var device = like.device;
        var distances = arange(1 - keys, keys, dtype: like.AtLeastFloat32(), device: device).unsqueeze(-1);
        if (_logDistance) distances = distances.sign() * (distances.abs() + 1).log();
        var values = distances.to(_mlp[^1].parameters().First().dtype);
        foreach (var layer in _mlp) values = layer.call(values); // [2 * keys - 1, heads]
        var queryPositions = arange(keys - queries, keys, dtype: ScalarType.Int64, device: device).unsqueeze(-1);
        var index = queryPositions - arange(keys, dtype: ScalarType.Int64, device: device) + (keys - 1);
        return scope.MoveToOuter(values[index].permute(2, 0, 1));
    }
}

/// <summary>Penalties growing linearly with distance, steeper for later heads (Press et al. 2021, arXiv:2108.12409).</summary>
internal sealed class AlibiPositionalBias(long heads, long totalHeads, IReadOnlyList<double>? slopes = null) : RelativeBias(nameof(AlibiPositionalBias))
{
    // Heads without a slope keep a bias of zero.
    private readonly float[] _slopes = [.. slopes?.Select(s => (float)s) ?? Slopes(heads), .. new float[totalHeads - heads]];

    public override Tensor forward(long queries, long keys, Tensor like)
    {
        using var scope = NewDisposeScope();
        var device = like.device;
        var queryPositions = arange(keys - queries, keys, dtype: ScalarType.Int64, device: device).unsqueeze(-1);
        var distance = (arange(keys, dtype: ScalarType.Int64, device: device) - queryPositions).abs();
        return scope.MoveToOuter(-distance * tensor(_slopes, device: device).to(like.AtLeastFloat32()).view(-1, 1, 1));
    }

    private static IEnumerable<float> Slopes(long heads)
    {
        if (System.Numerics.BitOperations.IsPow2(heads)) return Geometric(heads);
        var lower = 1L << (int)Math.Floor(Math.Log2(heads));
        return [.. Geometric(lower), .. Geometric(2 * lower).Where((_, i) => i % 2 == 0).Take((int)(heads - lower))];
    }

    private static IEnumerable<float> Geometric(long n)
    {
        var start = Math.Pow(2, -Math.Pow(2, 3 - Math.Log2(n)));
        return Enumerable.Range(1, (int)n).Select(i => (float)Math.Pow(start, i));
    }
}
