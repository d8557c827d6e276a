namespace XtNotebooks.Transformers;

/// <summary>Angles for a run of positions, and the learned phase that keys get on top.</summary>
internal sealed record PolarPhases(Tensor Angles, Tensor KeyBias)
{
    /// <summary>Angles of the last positions alone.</summary>
    public Tensor Last(long count) => Angles.shape[0] == count ? Angles : Angles.narrow(0, Angles.shape[0] - count, count);
}

/// <summary>Magnitudes from features, angles from positions (PoPE, arXiv:2509.10534).</summary>
internal sealed class PolarEmbedding : NamedModule
{
    private Tensor inv_freq;
    private Parameter learned_bias;

    public PolarEmbedding(long dimHead, long heads, bool uniformBias) : base(nameof(PolarEmbedding))
    {
        using var scope = NewDisposeScope();
        inv_freq = (1 / pow(10000, arange(dimHead, dtype: ScalarType.Float32) / dimHead)).DetachFromDisposeScope();
        register_buffer(nameof(inv_freq), inv_freq);
        learned_bias = NewParameter(nameof(learned_bias), uniformBias ? rand(heads, 1, dimHead) * (-2 * Math.PI) : zeros(heads, 1, dimHead));
    }

    // A model in half precision still turns by these angles: rounded, far positions would turn by others.
    protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
    {
        using var exact = inv_freq.clone().DetachFromDisposeScope();
        base._toEpilog(dtype, device, non_blocking);
        if (inv_freq.dtype is ScalarType.Float32 or ScalarType.Float64) return;
        var kept = exact.to(inv_freq.device, copy: true).DetachFromDisposeScope();
        inv_freq.Dispose();
        inv_freq = kept;
        ConditionallyRegisterBuffer(nameof(inv_freq), inv_freq);
    }

    public PolarPhases forward(long start, long count)
    {
        using var scope = NewDisposeScope();
        var positions = arange(start, start + count, dtype: inv_freq.dtype, device: inv_freq.device);
        var angles = positions.unsqueeze(-1) * inv_freq; // [seq, dimHead]
        var bias = learned_bias.clamp(-2 * Math.PI, 0);
        scope.MoveToOuter(angles, bias);
        return new PolarPhases(angles, bias);
    }

    /// <param name="x">[batch, heads, seq, dimHead].</param>
    /// <param name="angles">[seq, dimHead] or [heads, seq, dimHead].</param>
    /// <returns>[batch, heads, seq, 2 * dimHead].</returns>
    public static Tensor Apply(Tensor x, Tensor angles)
    {
        using var scope = NewDisposeScope();
        var magnitude = F.softplus(x.to(x.AtLeastFloat32()));
        return scope.MoveToOuter(cat([magnitude * angles.cos(), magnitude * angles.sin()], -1).to(x.dtype));
    }
}
