namespace XtNotebooks.Transformers;

/// <summary>Positions counted by gates that the content opens (CoPE, Golovneva et al. 2024, arXiv:2405.18719, appendix B).</summary>
internal sealed class ContextualPositions : NamedModule
{
    private readonly long _maxPos;
    private readonly Conv2d? talking_heads;
    private readonly Tensor? positions;
    private Parameter pos_emb;

    /// <param name="dimHead">Width of a head.</param>
    /// <param name="maxPos">Number of positions told apart.</param>
    /// <param name="talkingHeads">Number of heads that are mixed before counting, or null.</param>
    /// <param name="softOnehot">Weighs all positions by their distance instead of interpolating between two.</param>
    public ContextualPositions(long dimHead, long maxPos, long? talkingHeads, bool softOnehot = false) : base(nameof(ContextualPositions))
    {
        _maxPos = maxPos;
        if (talkingHeads is { } heads) talking_heads = Child(nameof(talking_heads), nn.Conv2d(heads, heads, 1, bias: false));
        pos_emb = NewParameter(nameof(pos_emb), zeros(maxPos, dimHead));
        if (softOnehot) register_buffer(nameof(positions), positions = arange(maxPos, dtype: ScalarType.Int64).DetachFromDisposeScope());
    }

    /// <param name="queries">[batch, heads, i, dimHead].</param>
    /// <param name="logits">[batch, heads, i, j], masked.</param>
    public Tensor forward(Tensor queries, Tensor logits)
    {
        using var scope = NewDisposeScope();
        if (talking_heads is not null)
        {
            using var ahead = CausalMasks.Create(logits.shape[2], logits.shape[3], logits.device);
            logits = talking_heads.call(logits).masked_fill(ahead, logits.MaskValue());
        }
        var counted = logits.sigmoid().flip(-1).cumsum(-1).flip(-1).clamp(max: _maxPos - 1);
        var whole = matmul(queries, pos_emb.t()); // [batch, heads, i, maxPos]
        if (positions is not null)
        {
            const double temperature = 0.05;
            var weights = ((counted.unsqueeze(-1) - positions).abs() / -temperature).softmax(-1); // [batch, heads, i, j, maxPos]
            return scope.MoveToOuter(matmul(weights, whole.unsqueeze(-1)).squeeze(-1));
        }
        var floor = counted.floor();
        var above = whole.gather(-1, counted.ceil().to(ScalarType.Int64));
        var below = whole.gather(-1, floor.to(ScalarType.Int64));
        return scope.MoveToOuter(below.lerp(above, counted - floor));
    }
}

/// <summary>A bias on attention logits that depends on what the tokens say.</summary>
internal abstract class ContentBias(string name) : NamedModule(name)
{
    /// <param name="x">[batch, seq, dim].</param>
    /// <returns>[batch, heads, seq, seq].</returns>
    public abstract Tensor forward(Tensor x);
}

/// <summary>Decay between two tokens learned from what lies between them (Forgetting Transformer, Lin et al. 2025).</summary>
internal sealed class DataDependentAlibi : ContentBias
{
    private readonly bool _causal;
    private readonly double _scale;
    private readonly Linear _gates;

    public DataDependentAlibi(long dim, long heads, bool causal, double biasInit = 5, double scale = 1) : base(nameof(DataDependentAlibi))
    {
        (_causal, _scale) = (causal, scale);
        _gates = nn.Linear(dim, causal ? heads : 2 * heads);
        nn.init.constant_(_gates.bias!, biasInit);
        Child("to_forget_gates", new Slots(_gates));
    }

    /// <param name="x">[batch, seq, dim].</param>
    /// <returns>[batch, heads, seq, seq].</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var kept = (F.logsigmoid(_gates.call(x).transpose(1, 2)) * _scale).cumsum(-1); // [batch, heads, seq]
        if (_causal) return scope.MoveToOuter(kept.unsqueeze(-1) - kept.unsqueeze(-2));
        var parts = kept.chunk(2, 1);
        var back = parts[0].unsqueeze(-1) - parts[0].unsqueeze(-2);
        var ahead = parts[1].unsqueeze(-2) - parts[1].unsqueeze(-1);
        return scope.MoveToOuter(back.tril() + ahead.triu());
    }
}
