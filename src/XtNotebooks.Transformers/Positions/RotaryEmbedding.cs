namespace XtNotebooks.Transformers;

/// <summary>Rotation angles (and xPos scales) for a run of positions.</summary>
/// <param name="Turn">[seq, dim / 2], or [batch, 1, seq, dim / 2] where sequences begin at different places; complex: the unit numbers that queries and keys are multiplied by.</param>
/// <param name="Scale">Of the same shape, or null: xPos magnifies queries by it and shrinks keys.</param>
internal sealed record Rotation(Tensor Turn, Tensor? Scale)
{
    /// <summary>That of the last positions alone.</summary>
    public Rotation Last(long count) =>
        Turn.shape[^2] == count ? this : new Rotation(Turn.narrow(-2, Turn.shape[^2] - count, count), Scale?.narrow(-2, Turn.shape[^2] - count, count));
}

/// <summary>Rotates pairs of neighbouring features by angles that grow with the position (RoFormer, arXiv:2104.09864).</summary>
internal sealed class RotaryEmbedding : NamedModule
{
    private readonly double _interpolation;
    private readonly double _scaleBase;
    private Tensor inv_freq;
    private Tensor? scale;

    /// <param name="dim">How many features of a head are rotated.</param>
    /// <param name="xpos">Length extrapolation by decaying magnitudes (Sun et al. 2022, arXiv:2212.10554).</param>
    /// <param name="scaleBase">Positions per unit of xPos decay.</param>
    /// <param name="interpolation">Positions are divided by it (at least 1).</param>
    /// <param name="baseRescale">NTK-aware rescaling of the base.</param>
    public RotaryEmbedding(long dim, bool xpos, double scaleBase, double interpolation, double baseRescale) : base(nameof(RotaryEmbedding))
    {
        if (!(interpolation >= 1)) throw new ArgumentException(FormattableString.Invariant($"RotaryInterpolationFactor must be at least 1, but is {interpolation}."));
        (_interpolation, _scaleBase) = (interpolation, scaleBase);
        var theta = 10000 * Math.Pow(baseRescale, (double)dim / (dim - 2));
        using var scope = NewDisposeScope();
        var steps = arange(0, dim, 2, dtype: ScalarType.Float32);
        inv_freq = (1 / pow(theta, steps / dim)).DetachFromDisposeScope();
        register_buffer(nameof(inv_freq), inv_freq);
        if (!xpos) return;
        scale = ((steps + 0.4 * dim) / (1.4 * dim)).DetachFromDisposeScope();
        register_buffer(nameof(scale), scale);
    }

    // A model in half precision still turns by these angles: rounded, far positions would turn by others.
    protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
    {
        var own = dtype is ScalarType.Float32 or ScalarType.Float64 ? dtype : null;
        if (own is not null || device is not null) base._toEpilog(own, device, non_blocking);
    }

    /// <param name="start">First position.</param>
    /// <param name="count">How many positions.</param>
    /// <param name="length">Length of the sequence: the xPos scale is one at its middle; any common choice gives the same attention where only
    /// distances count.</param>
    /// <param name="begins">[batch], whole numbers, or null: where each left-padded sequence begins; positions count from there.</param>
    public Rotation forward(long start, long count, long length, Tensor? begins = null)
    {
        using var scope = NewDisposeScope();
        var positions = arange(start, start + count, dtype: inv_freq.dtype, device: inv_freq.device);
        if (begins is not null) positions = positions - begins.to(positions.dtype).view(-1, 1, 1); // [batch, 1, seq]
        var angles = positions.unsqueeze(-1) * inv_freq / _interpolation; // [seq, dim / 2], or [batch, 1, seq, dim / 2]
        var turn = polar(ones_like(angles), angles);
        var centred = begins is null || length == 0 ? positions - length / 2 : positions - ((length - begins.to(positions.dtype)) / 2).floor().view(-1, 1, 1);
        var scales = scale?.pow((centred / _scaleBase).unsqueeze(-1));
        scope.MoveToOuter(turn);
        if (scales is not null) scope.MoveToOuter(scales);
        return new Rotation(turn, scales);
    }

    /// <summary>Rotates the first features of every head; the rest passes through.</summary>
    /// <param name="x">[batch, heads, seq, dimHead].</param>
    /// <param name="rotation">Angles of the same positions.</param>
    /// <param name="isKey">xPos shrinks keys where it magnifies queries.</param>
    public static Tensor Rotate(Tensor x, Rotation rotation, bool isKey)
    {
        using var scope = NewDisposeScope();
        var rotated = 2 * rotation.Turn.shape[^1];
        var dimHead = x.shape[^1];
        var head = rotated == dimHead ? x : x.narrow(-1, 0, rotated);
        var pairs = view_as_complex(head.to(x.AtLeastFloat32()).SplitDim(-1, -1, 2).contiguous());
        var turn = rotation.Turn;
        if (rotation.Scale is { } scale) turn = isKey ? turn / scale : turn * scale;
        var turned = view_as_real(pairs * turn).flatten(-2).to(x.dtype);
        return scope.MoveToOuter(rotated == dimHead ? turned : cat([turned, x.narrow(-1, rotated, dimHead - rotated)], -1));
    }
}
