namespace XtNotebooks.Transformers;

/// <summary>The position-wise network of a transformer block: project up, activate, project down.</summary>
public sealed class FeedForward : NamedModule, IBlock
{
    private readonly Chain _ff;
    private readonly Linear _projectOut;
    private readonly int _dim;

    /// <summary>Builds a randomly initialised feed-forward block.</summary>
    /// <param name="options">Its shape and variants.</param>
    /// <exception cref="ArgumentException">Two options exclude each other.</exception>
    public FeedForward(FeedForwardOptions options) : base(nameof(FeedForward))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var inner = (int)(options.Dim * options.Mult);
        var activation = Activation(options, inner);
        var projectOut = nn.Linear(inner, options.DimOut ?? options.Dim, hasBias: !options.NoBias);
        (_projectOut, _dim) = (projectOut, options.Dim);
        if (options.ZeroInitOutput) projectOut.ZeroInit();
        nn.Module<Tensor, Tensor> projectIn = options.Glu
            ? new GatedProjection(options, inner, activation)
            : new Chain(
                nn.Linear(options.Dim, inner, hasBias: !options.NoBias),
                options.SoftclampValue is { } limit ? new Step("softclamp", x => x.SoftClamp(limit)) : null,
                activation);
        _ff = Child("ff", new Chain(
            projectIn,
            options.PostActLn ? new LayerNorm(inner) : null,
            nn.Dropout(options.Dropout),
            projectOut,
            options.SublayerDropout > 0 ? nn.Dropout(options.SublayerDropout) : null));
    }

    /// <summary>Applies the block to every position by itself.</summary>
    /// <param name="x">[batch, seq, dim], float.</param>
    /// <returns>[batch, seq, dimOut].</returns>
    /// <exception cref="ArgumentException">The shape, dtype or device does not fit; the message says which.</exception>
    public Tensor forward(Tensor x)
    {
        InputChecks.CheckHidden(x, nameof(x), _dim, _projectOut.weight);
        return _ff.call(x);
    }

    BlockOutput IBlock.Apply(Tensor x, AttentionInputs inputs)
    {
        using var scope = NewDisposeScope();
        var output = _ff.call(x);
        return new BlockOutput(scope.MoveToOuter(inputs.DeepEmbed is { } factors ? output * factors : output), null);
    }

    private static nn.Module<Tensor, Tensor> Activation(FeedForwardOptions options, int inner) => options switch
    {
        { CustomActivation: { } custom } => new Step("custom", x => InputChecks.CheckReturned(custom(x), nameof(options.CustomActivation), x)),
        { ReluSquared: true } => new Step("relu_squared", x => x.relu().square()),
        { Solu: true } => new SoftmaxLinearUnit(inner),
        { Swish: true } => new Step("silu", x => F.silu(x)),
        _ => new Step("gelu", x => F.gelu(x)),
    };
}

/// <summary>A projection whose one half is gated by the activated other half.</summary>
internal sealed class GatedProjection : TensorModule
{
    private readonly nn.Module<Tensor, Tensor> _activation;
    private readonly double? _softclamp;
    private readonly double? _gateSoftclamp;
    private readonly Linear proj;
    private Parameter? mult_bias;

    public GatedProjection(FeedForwardOptions options, int inner, nn.Module<Tensor, Tensor> activation) : base(nameof(GatedProjection))
    {
        (_softclamp, _gateSoftclamp) = (options.SoftclampValue, options.GluGateSoftclampValue);
        _activation = Child("act", activation);
        proj = Child(nameof(proj), nn.Linear(options.Dim, inner * 2));
        if (options.GluMultBias) mult_bias = NewParameter(nameof(mult_bias), ones(inner));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var halves = proj.call(x).chunk(2, -1);
        var (value, gate) = (halves[0], halves[1]);
        if (_softclamp is { } limit) value = value.SoftClamp(limit);
        if (_gateSoftclamp is { } gateLimit) gate = gate.SoftClamp(gateLimit);
        var gated = value * _activation.call(gate);
        return scope.MoveToOuter(mult_bias is null ? gated : gated * mult_bias);
    }
}

/// <summary>x times softmax(x), normalised (Elhage et al. 2022).</summary>
internal sealed class SoftmaxLinearUnit : TensorModule
{
    private readonly LayerNorm norm;

    public SoftmaxLinearUnit(long dim) : base(nameof(SoftmaxLinearUnit)) => norm = Child(nameof(norm), new LayerNorm(dim));

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(norm.call(x.softmax(-1) * x));
    }
}
