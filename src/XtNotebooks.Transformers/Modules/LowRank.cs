namespace XtNotebooks.Transformers;

/// <summary>Two narrow projections in place of a wide one, the second starting at zero.</summary>
internal sealed class LowRank : TensorModule
{
    private readonly bool _silu;
    private readonly Linear down;
    private readonly Linear up;

    private LowRank(long dimIn, long dimOut, long rank, bool silu) : base(nameof(LowRank))
    {
        if (rank < 1 || rank >= Math.Max(dimIn, dimOut))
            throw new ArgumentException($"GateValuesRank or OutputGateRank ({rank}) must be at least 1 and below the gate's input ({dimIn}) or output ({dimOut}).");
        _silu = silu;
        down = Child(nameof(down), nn.Linear(dimIn, rank, hasBias: false));
        up = Child(nameof(up), nn.Linear(rank, dimOut, hasBias: false));
        up.ZeroInit();
    }

    /// <summary>A gate's projection: low-rank where there is a rank, else a single one; zero at first.</summary>
    public static nn.Module<Tensor, Tensor> Gate(long dimIn, long dimOut, int? rank, bool silu)
    {
        if (rank is { } given) return new LowRank(dimIn, dimOut, given, silu);
        var single = nn.Linear(dimIn, dimOut, hasBias: false);
        single.ZeroInit();
        return single;
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var narrow = down.call(x);
        return scope.MoveToOuter(up.call(_silu ? F.silu(narrow) : narrow));
    }
}
