namespace XtNotebooks.Transformers;

/// <summary>The core of attention: how queries weigh keys, and the values that come out.</summary>
internal sealed class Attend : NamedModule
{
    private readonly AttentionOptions _options;
    private readonly double _scale;
    private readonly bool _isOrdinary;
    private readonly Conv2d? pre_softmax_talking_heads;
    private readonly Conv2d? post_softmax_talking_heads;
    private readonly Conv2d? pre_scale_post_talking_heads;
    private readonly ContextualPositions? cope;
    private Parameter? head_attn_sink;

    public Attend(AttentionOptions options) : base(nameof(Attend))
    {
        _options = options;
        _isOrdinary = options is
        {
            PreTalkingHeads: false, PostTalkingHeads: false, PreScalePostTalkingHeads: false, L2Distance: false, Sigmoid: false, Hard: false,
            SparseTopk: null, SoftclampLogits: false, CogSigned: false, UseCope: false, Selective: false, HeadLearnedSink: false,
            GumbelSoftmax: false, CustomAttnFn: null, InvertedAttention: false,
        };
        var dimScale = 1 / Math.Sqrt(options.DimHead);
        _scale = options.QkNorm && !options.QkNormDimScale ? options.QkNormScale : dimScale;
        if (options.PreTalkingHeads) pre_softmax_talking_heads = Child(nameof(pre_softmax_talking_heads), TalkingHeads(options.Heads));
        if (options.PostTalkingHeads) post_softmax_talking_heads = Child(nameof(post_softmax_talking_heads), TalkingHeads(options.Heads));
        if (options.PreScalePostTalkingHeads) pre_scale_post_talking_heads = Child(nameof(pre_scale_post_talking_heads), TalkingHeads(options.Heads));
        if (options.UseCope) cope = Child(nameof(cope), new ContextualPositions(
            options.DimHead, options.CopeMaxPos, options.CopeTalkingHeads ? options.Heads : null, options.CopeSoftOnehotPos));
        if (options.HeadLearnedSink) head_attn_sink = NewParameter(nameof(head_attn_sink), zeros(options.Heads));
    }

    /// <param name="q">[batch, heads, queries, dimHead].</param>
    /// <param name="k">[batch, kvHeads, keys, dimHead].</param>
    /// <param name="v">[batch, kvHeads, keys, valueDimHead].</param>
    /// <param name="allowed">Broadcastable to [batch, heads, queries, keys], true where attention is allowed; causality comes on top.</param>
    /// <param name="bias">Broadcastable to [batch, heads, queries, keys], added to the logits.</param>
    /// <param name="inputs">Earlier logits, shared causal masks, and what to keep.</param>
    /// <returns>[batch, heads, queries, valueDimHead].</returns>
    public (Tensor Out, AttentionTrace Trace) forward(Tensor q, Tensor k, Tensor v, Tensor? allowed, Tensor? bias, AttentionInputs inputs)
    {
        using var scope = NewDisposeScope();
        // Polar positions give even a single key head a phase for every query head: keys can be more than values.
        (k, v) = (ForEveryHead(k, q.shape[1] / k.shape[1]), ForEveryHead(v, q.shape[1] / v.shape[1]));
        if (_options.AddZeroKv)
        {
            (k, v) = (k.PadAt(-2, 1), v.PadAt(-2, 1));
            allowed = allowed?.PadAt(-1, 1, value: 1);
            bias = bias?.PadAt(-1, 1);
        }
        if (_options.Flash || NeedsNoMap(q, k, allowed, bias, inputs))
            return (scope.MoveToOuter(Fused(q, k, v, allowed, bias, inputs)), new AttentionTrace());

        var (logits, similarities, postScale) = Logits(q, k, allowed, bias, inputs);
        var weights = Weights(logits.Masked, logits.Sign, allowed);
        var trace = new AttentionTrace
        {
            QkSimilarities = similarities,
            PreSoftmaxAttn = inputs.KeepMaps || inputs.KeepLogits ? logits.Masked : null,
            PostSoftmaxAttn = inputs.KeepMaps ? weights : null,
        };

        if (head_attn_sink is not null) weights = weights.narrow(-1, 1, weights.shape[^1] - 1);
        if (_options.Dropout > 0) weights = F.dropout(weights, _options.Dropout, training);
        if (post_softmax_talking_heads is not null) weights = post_softmax_talking_heads.call(weights);
        if (postScale is not null) weights = weights * postScale;
        var mixed = ZeroWhereNothingAllowed(matmul(weights, v), allowed);
        scope.MoveToOuter(trace.Tensors);
        return (scope.MoveToOuter(mixed), trace);
    }

    // Ordinary attention of which nobody wants to see the weights: torch's fused kernel computes the same in less time and memory.
    private bool NeedsNoMap(Tensor q, Tensor k, Tensor? allowed, Tensor? bias, AttentionInputs inputs) =>
        _isOrdinary && allowed is null && bias is null && inputs is { KeepMaps: false, KeepLogits: false, PreviousLogits: null } &&
        (_options.Dropout == 0 || !training) && (!_options.Causal || q.shape[2] == 1 || q.shape[2] == k.shape[2]);

    private ((Tensor Masked, Tensor? Sign) Logits, Tensor? Similarities, Tensor? PostScale) Logits(
        Tensor q, Tensor k, Tensor? allowed, Tensor? bias, AttentionInputs inputs)
    {
        // Scaling the queries is the same as scaling the much larger map.
        var logits = _options.L2Distance ? cdist(q, k).square() * -_scale : matmul(q * _scale, k.transpose(-2, -1)); // [batch, heads, queries, keys]
        if (inputs.PreviousLogits is { } previous) logits = logits + previous;
        var similarities = inputs.KeepMaps ? logits.clone() : null;
        var postScale = pre_scale_post_talking_heads?.call(logits.clone());
        if (pre_softmax_talking_heads is not null) logits = logits + pre_softmax_talking_heads.call(logits);
        if (bias is not null) logits = logits + bias;
        if (_options.SoftclampLogits) logits = logits.SoftClamp(_options.LogitSoftclampValue);

        Tensor? sign = null;
        if (_options.CogSigned) (sign, logits) = (logits.sign(), logits.abs());

        // In place: no step so far needs its own output to compute a gradient.
        var (queries, keys, masked) = (logits.shape[2], logits.shape[3], logits.MaskValue());
        // Where queries compete for keys, those that are none must not; keys that may not be read are left out afterwards.
        var taking = _options.InvertedAttention ? inputs.Mask?.unsqueeze(1).unsqueeze(-1) : allowed;
        if (taking is not null) logits = logits.masked_fill_(~taking, masked);
        if (_options.Causal && queries > 1) logits = logits.masked_fill_(CausalMask(inputs, queries, keys, q.device), masked);

        if (cope is not null) logits = logits + cope.forward(q, logits);
        if (_options.Selective) logits = logits - Hidden(logits);
        if (head_attn_sink is not null)
        {
            var sink = head_attn_sink.view(1, -1, 1, 1).expand(logits.shape[0], -1, queries, 1);
            if (sign is not null) (sink, sign) = (sink.abs(), cat([sink.sign(), sign], -1));
            logits = cat([sink, logits], -1);
        }
        return ((logits, sign), similarities, postScale);
    }

    private Tensor Weights(Tensor logits, Tensor? sign, Tensor? allowed)
    {
        var weights = _options.InvertedAttention ? Inverted(logits, allowed) : OverKeys(logits);
        return sign is null ? weights : weights * sign;
    }

    // Queries share each key's attention; what a query got is scaled to a sum of one.
    private Tensor Inverted(Tensor logits, Tensor? allowed)
    {
        var shares = OverKeys(logits.transpose(-2, -1)).transpose(-2, -1);
        if (allowed is not null) shares = shares.masked_fill(~allowed, 0);
        return F.normalize(shares, p: 1, dim: -1, eps: 1e-8);
    }

    private Tensor OverKeys(Tensor logits) => _options switch
    {
        { CustomAttnFn: { } custom } => InputChecks.CheckReturned(custom(logits), nameof(_options.CustomAttnFn), logits),
        { GumbelSoftmax: true } => Gumbel(logits),
        { Sigmoid: true } => logits.sigmoid(),
        { Hard: true } => OneHot(logits),
        { SparseTopk: { } count } => Sparse(logits, count),
        _ => logits.softmax(-1, _options.QkNorm || logits.dtype == ScalarType.Float64 ? null : ScalarType.Float32).to(logits.dtype),
    };

    // Keys drawn as their softmax says: the greatest of logits with Gumbel noise, or a softmax of them.
    private Tensor Gumbel(Tensor logits)
    {
        var noisy = (logits - empty_like(logits).exponential_().log()) / _options.GumbelSoftmaxTemp;
        return _options.GumbelSoftmaxHard ? OneHot(noisy) : noisy.softmax(-1);
    }

    // The greatest logit takes all; gradients are the softmax's.
    private static Tensor OneHot(Tensor logits)
    {
        var soft = logits.softmax(-1);
        var hard = zeros_like(logits).scatter_(-1, logits.argmax(-1, keepdim: true), ones_like(logits).narrow(-1, 0, 1));
        return hard + soft - soft.detach();
    }

    private Tensor Sparse(Tensor logits, int count)
    {
        var masked = logits.MaskValue();
        var (top, _) = logits.topk((int)Math.Min(count, logits.shape[^1]), -1);
        var threshold = top.narrow(-1, top.shape[^1] - 1, 1);
        var kept = logits.masked_fill((logits < threshold) | (logits <= masked), masked).softmax(-1);
        if (!_options.SparseTopkStraightThrough) return kept;
        var soft = logits.softmax(-1);
        return kept.detach() + soft - soft.detach();
    }

    // How much earlier tokens were hidden by tokens before the query (Leviathan et al. 2024, arXiv:2410.02703, section 3.3).
    private static Tensor Hidden(Tensor logits)
    {
        var (queries, keys) = (logits.shape[2], logits.shape[3]);
        var gate = logits.select(1, 0).relu(); // the first head decides, [batch, queries, keys]
        var keep = 1 - eye(queries, dtype: logits.dtype, device: logits.device);
        if (keys > queries) keep = keep.PadAt(-1, keys - queries);
        // The first token cannot be hidden: the first after the pads, which nobody sees.
        var seen = (logits.narrow(1, 0, 1).narrow(-1, keys - queries, queries) > logits.MaskValue()).any(-2).to(ScalarType.Int32); // [batch, 1, queries]
        var first = seen.argmax(-1, keepdim: true) + (keys - queries); // [batch, 1, 1]
        keep = keep.expand(logits.shape[0], -1, -1).scatter(-1, first.expand(-1, queries, 1), zeros_like(first, dtype: logits.dtype).expand(-1, queries, 1));
        gate = (gate * keep).PadAt(-2, 1, -1); // a token hides others from later tokens only
        return gate.cumsum(-2).unsqueeze(1);
    }

    // torch's kernel scales by 1/sqrt(dim) itself and takes one mask: boolean, or additive where there is a bias.
    private Tensor Fused(Tensor q, Tensor k, Tensor v, Tensor? allowed, Tensor? bias, AttentionInputs inputs)
    {
        if (_options.L2Distance)
        {
            // -|q - k|² = 2 q·k - |q|² - |k|², written as one dot product.
            var (qq, kk) = (q.square().sum(-1, keepdim: true), k.square().sum(-1, keepdim: true));
            q = cat([2 * q, qq, full_like(qq, -1)], -1);
            k = cat([k, full_like(kk, -1), kk], -1);
        }
        var ownScale = 1 / Math.Sqrt(q.shape[^1]);
        if (Math.Abs(_scale - ownScale) > 1e-12) q = q * (_scale / ownScale);

        var (queries, keys) = (q.shape[2], k.shape[2]);
        var causal = _options.Causal && queries > 1;
        if (causal && (allowed is not null || bias is not null || keys > queries))
        {
            var past = ~CausalMask(inputs, queries, keys, q.device);
            allowed = allowed is null ? past.unsqueeze(0).unsqueeze(0) : allowed & past;
            causal = false;
        }
        var mask = allowed?.expand(q.shape[0], q.shape[1], queries, keys);
        if (bias is not null)
        {
            bias = bias.to(q.dtype).expand(q.shape[0], q.shape[1], queries, keys);
            mask = mask is null ? bias : bias.masked_fill(~mask, q.MaskValue() / 2);
        }
        var mixed = F.scaled_dot_product_attention(q, k, v, mask, training ? _options.Dropout : 0, causal);
        return ZeroWhereNothingAllowed(mixed, allowed);
    }

    // Query head h reads key head h % kvHeads; a single one needs no copies.
    private static Tensor ForEveryHead(Tensor x, long groups) =>
        groups == 1 ? x : x.shape[1] == 1 ? x.expand(-1, groups, -1, -1) : x.repeat(1, groups, 1, 1);

    private static Tensor ZeroWhereNothingAllowed(Tensor mixed, Tensor? allowed) =>
        allowed is null ? mixed : mixed.masked_fill(~allowed.any(-1, keepdim: true), 0);

    private static Tensor CausalMask(AttentionInputs inputs, long queries, long keys, Device device) =>
        inputs.CausalMasks?.For(queries, keys, device) ?? CausalMasks.Create(queries, keys, device);

    private static Conv2d TalkingHeads(long heads)
    {
        var mixing = nn.Conv2d(heads, heads, 1, bias: false);
        nn.init.dirac_(mixing.weight);
        return mixing;
    }
}
