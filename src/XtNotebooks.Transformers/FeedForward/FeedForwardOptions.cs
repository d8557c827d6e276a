namespace XtNotebooks.Transformers;

/// <summary>What <see cref="FeedForward"/> is built from: upstream's names in PascalCase, upstream's defaults.</summary>
public sealed record FeedForwardOptions
{
    /// <summary>Width of the input.</summary>
    public int Dim { get; init; }
    /// <summary>Width of the output, where it differs from <see cref="Dim"/>.</summary>
    public int? DimOut { get; init; }
    /// <summary>Width of the hidden layer in multiples of <see cref="Dim"/>.</summary>
    public double Mult { get; init; } = 4;
    /// <summary>Gates the hidden layer by a second projection (arXiv:2002.05202).</summary>
    public bool Glu { get; init; }
    /// <summary>A learned factor for every gated feature.</summary>
    public bool GluMultBias { get; init; }
    /// <summary>SiLU as the activation.</summary>
    public bool Swish { get; init; }
    /// <summary>Squared ReLU as the activation (Primer, arXiv:2109.08668).</summary>
    public bool ReluSquared { get; init; }
    /// <summary>Softmax linear units as the activation (Elhage et al. 2022).</summary>
    public bool Solu { get; init; }
    /// <summary>An activation of one's own, [batch, seq, inner] to the same shape; it has nothing to learn, and a configuration cannot hold it.</summary>
    public Func<Tensor, Tensor>? CustomActivation { get; init; }
    /// <summary>Layer normalisation after the activation.</summary>
    public bool PostActLn { get; init; }
    /// <summary>Dropout probability of the hidden layer, in training.</summary>
    public double Dropout { get; init; }
    /// <summary>Dropout probability of the output, in training.</summary>
    public double SublayerDropout { get; init; }
    /// <summary>Leaves out the biases of both projections (the gated projection keeps its own).</summary>
    public bool NoBias { get; init; }
    /// <summary>Starts the output projection at zero.</summary>
    public bool ZeroInitOutput { get; init; }
    /// <summary>Limits the hidden layer smoothly before the activation.</summary>
    public double? SoftclampValue { get; init; }
    /// <summary>Limits the gate smoothly before its activation.</summary>
    public double? GluGateSoftclampValue { get; init; }

    internal void Validate()
    {
        Require.Positive(Dim, nameof(Dim));
        Dependences.OfFeedForward.Check(this);
        Require.PositiveWhereGiven((DimOut, nameof(DimOut)));
        Require.Limit(SoftclampValue, nameof(SoftclampValue));
        Require.Limit(GluGateSoftclampValue, nameof(GluGateSoftclampValue));
        if (!double.IsFinite(Mult) || (int)(Dim * Mult) <= 0) throw new ArgumentException(FormattableString.Invariant($"Dim ({Dim}) times Mult ({Mult}) must be at least 1."));
        Require.AtMostOne((ReluSquared, nameof(ReluSquared)), (Solu, nameof(Solu)), (Swish, nameof(Swish)), (CustomActivation is not null, nameof(CustomActivation)));
        Require.Probability(Dropout, nameof(Dropout));
        Require.Probability(SublayerDropout, nameof(SublayerDropout));
    }
}
