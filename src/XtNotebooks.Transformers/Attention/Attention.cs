namespace XtNotebooks.Transformers;

/// <summary>Multi-head attention (Vaswani et al. 2017) with the variants that x-transformers collects.</summary>
public sealed class Attention : NamedModule, IBlock
{
    private readonly AttentionOptions _options;
    private readonly int _valueDimHead;
    private readonly Attend attend;
    private readonly Linear? to_latent_q;
    private readonly Linear? to_latent_kv;
    private readonly Linear? to_rotateable_k;
    private readonly Linear to_q;
    private readonly Linear to_k;
    private readonly Linear to_v;
    private readonly nn.Module<Tensor, Tensor>? to_out;
    private readonly nn.Module<Tensor, Tensor>? to_v_gate;
    private readonly nn.Module<Tensor, Tensor>? to_output_gate;
    private readonly Linear? to_v_head_gate;
    private readonly Linear? _valueMix;
    private readonly MultiheadRmsNorm? q_rmsnorm;
    private readonly MultiheadRmsNorm? k_rmsnorm;
    private readonly MultiheadRmsNorm? value_rmsnorm;
    private readonly ContentBias? data_dependent_alibi;
    private readonly ProjectedDistanceBias? rel_proj_pos_bias;
    private readonly Dropout? _sublayerDropout;
    private Parameter? qk_norm_q_scale;
    private Parameter? qk_norm_k_scale;
    private Parameter? head_scale_params;
    private Parameter? mem_k;
    private Parameter? mem_v;

    /// <summary>Builds a randomly initialised attention layer.</summary>
    /// <param name="options">Its shape and variants.</param>
    /// <exception cref="ArgumentException">Two options exclude each other.</exception>
    public Attention(AttentionOptions options) : base(nameof(Attention))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        var (dim, dimHead, heads, keyHeads) = (options.Dim, options.DimHead, options.Heads, options.KeyHeads);
        var dimContext = options.DimContext ?? dim;
        _valueDimHead = options.ValueDimHead ?? dimHead;
        var outDim = _valueDimHead * heads;

        if (options.UseLatentQ) to_latent_q = Child(nameof(to_latent_q), nn.Linear(dim, options.DimLatentQ!.Value, hasBias: false));
        if (options.UseLatentKv) to_latent_kv = Child(nameof(to_latent_kv), nn.Linear(dimContext, options.DimLatentKv!.Value, hasBias: false));
        if (options.LatentRopeSubheads is { } subheads) to_rotateable_k = Child(nameof(to_rotateable_k), nn.Linear(dim, dimHead * subheads, hasBias: false));
        var dimKeys = options.DimLatentKv ?? dimContext;
        to_q = Child(nameof(to_q), nn.Linear(options.DimLatentQ ?? dim, dimHead * heads, hasBias: false));
        to_k = Child(nameof(to_k), nn.Linear(dimKeys, dimHead * (keyHeads - (options.LatentRopeSubheads ?? 0)), hasBias: false));
        to_v = Child(nameof(to_v), nn.Linear(dimKeys, _valueDimHead * keyHeads, hasBias: false));

        if (options.GateValues)
            to_v_gate = Child(nameof(to_v_gate), LowRank.Gate(dim, options.GateValuesHeadwise ? heads : outDim, options.GateValuesRank, options.LowRankSiluGates));
        if (options.OutputGate)
            to_output_gate = Child(nameof(to_output_gate), LowRank.Gate(outDim, options.OutputGateHeadwise ? heads : outDim, options.OutputGateRank, options.LowRankSiluGates));
        if (options.GateValueHeads)
        {
            to_v_head_gate = Child(nameof(to_v_head_gate), nn.Linear(dim, heads));
            nn.init.zeros_(to_v_head_gate.weight);
            nn.init.constant_(to_v_head_gate.bias!, 10);
        }
        if (options is { QkNorm: true, QkNormDimScale: true })
        {
            var scale = Math.Pow(dimHead, 0.25);
            qk_norm_q_scale = NewParameter(nameof(qk_norm_q_scale), full([heads, 1, dimHead], scale, dtype: ScalarType.Float32));
            qk_norm_k_scale = NewParameter(nameof(qk_norm_k_scale), full([keyHeads, 1, dimHead], scale, dtype: ScalarType.Float32));
        }
        if (options.QkRmsnorm) q_rmsnorm = Child(nameof(q_rmsnorm), new MultiheadRmsNorm(dimHead, heads));
        if (options.QkRmsnorm || options.KRmsnorm) k_rmsnorm = Child(nameof(k_rmsnorm), new MultiheadRmsNorm(dimHead, keyHeads));
        if (options.ValueRmsnorm) value_rmsnorm = Child(nameof(value_rmsnorm), new MultiheadRmsNorm(dimHead, heads));
        if (options.DataDependentAlibi)
            data_dependent_alibi = Child<ContentBias>(nameof(data_dependent_alibi), options.DataDependentAlibiPerRow
                ? new PerRowDataDependentAlibi(dim, heads, options.DataDependentAlibiPerRowDimHead, options.DataDependentAlibiKwargs.GetValueOrDefault("post_log_scale", 1))
                : new DataDependentAlibi(
                    dim, heads, options.Causal, options.DataDependentAlibiKwargs.GetValueOrDefault("bias_init", 5), options.DataDependentAlibiKwargs.GetValueOrDefault("post_log_scale", 1)));
        if (options.UseRelProjPosBias)
            rel_proj_pos_bias = Child(nameof(rel_proj_pos_bias), new ProjectedDistanceBias(dim, heads, options.RelProjNumDistanceBasis, options.RelProjMaxDist));

        attend = Child(nameof(attend), new Attend(options));

        if (options.HeadScale) head_scale_params = NewParameter(nameof(head_scale_params), ones(1, heads, 1, 1));
        if (options.NumMemKv > 0)
        {
            mem_k = NewParameter(nameof(mem_k), randn(keyHeads, options.NumMemKv, dimHead));
            mem_v = NewParameter(nameof(mem_v), randn(keyHeads, options.NumMemKv, _valueDimHead));
        }
        if (options.LearnedValueResidualMix)
        {
            _valueMix = nn.Linear(dim, heads);
            Child("to_value_residual_mix", new Slots(_valueMix));
        }
        to_out = ProjectOut(options, outDim);
        if (options.SublayerDropout > 0) _sublayerDropout = Child("sublayer_dropout", nn.Dropout(options.SublayerDropout));
    }

    /// <summary>Floating-point operations of attention between positions for one sequence, forward: of the two products that have no weight, queries with keys
    /// and attention weights with values.</summary>
    /// <remarks>2 · heads · queries · keys · (DimHead + ValueDimHead). Every pair of positions counts, also those that causality or a mask hides: without
    /// flash the whole map is computed, and the fused kernel computes it in blocks, of which it leaves out those that are hidden whole, few in short sequences.
    /// Fewer key heads save projections and memory, but none of this. Additions on the map, its softmax, and what variants do to it (talking heads, CoPE)
    /// are left out.</remarks>
    /// <param name="queries">Positions that attend.</param>
    /// <param name="keys">Positions that are attended to, without the layer's own memories, which are added.</param>
    public long ProductFlops(long queries, long keys)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(queries);
        ArgumentOutOfRangeException.ThrowIfNegative(keys);
        keys += _options.NumMemKv + (_options.AddZeroKv ? 1 : 0);
        return 2 * _options.Heads * queries * keys * (_options.DimHead + _valueDimHead);
    }

    // A step sees the new positions alone: what looks at the hidden states of all positions cannot use cached keys.
    internal bool CanCacheKv => !_options.Selective && !_options.DataDependentAlibi && !_options.OrthogProjectedValues && !_options.OrthogProjectedValuesPerHead;

    /// <summary>Attends to the input itself, or to a context.</summary>
    /// <param name="x">[batch, seq, dim], float.</param>
    /// <param name="context">[batch, keys, dimContext], or null for self-attention.</param>
    /// <param name="mask">[batch, seq], bool: real positions of <paramref name="x"/>; the output is zero elsewhere.</param>
    /// <param name="contextMask">[batch, keys], bool: keys that may be attended to.</param>
    /// <returns>[batch, seq, dimOut].</returns>
    /// <exception cref="ArgumentException">A shape or dtype does not fit; the message says which.</exception>
    public Tensor forward(Tensor x, Tensor? context = null, Tensor? mask = null, Tensor? contextMask = null)
    {
        var weight = to_q.weight;
        ArgumentNullException.ThrowIfNull(x);
        if (_options.QkvReceiveDiffResiduals && (x.Dimensions != 4 || x.shape[0] != 3))
            throw new ArgumentException($"x must be [3, batch, seq, {_options.Dim}], queries', keys' and values' inputs, but is {x.Shape()}.");
        if (_options.QkvReceiveDiffResiduals && context is not null) throw new ArgumentException("context and QkvReceiveDiffResiduals cannot be used together: x holds the keys' and values' inputs.");
        if (_options.DataDependentAlibi && context is not null) throw new ArgumentException("context and DataDependentAlibi cannot be used together: the decay is between positions of x itself.");
        using var scope = NewDisposeScope();
        var queryInput = _options.QkvReceiveDiffResiduals ? x[0] : x;
        InputChecks.CheckHidden(queryInput, nameof(x), _options.Dim, weight);
        InputChecks.CheckDevice(mask, nameof(mask), weight.device);
        InputChecks.CheckMask(mask, nameof(mask), queryInput.shape[0], queryInput.shape[1]);
        if (context is null && _options.DimContext is { } width && width != _options.Dim)
            throw new ArgumentException($"A context must be passed, since DimContext ({width}) differs from Dim ({_options.Dim}).");
        InputChecks.CheckContext(context ?? queryInput, contextMask, queryInput.shape[0], context is null ? _options.Dim : _options.DimContext ?? _options.Dim, weight);
        return scope.MoveToOuter(Apply(x, new AttentionInputs { Context = context, Mask = mask, ContextMask = contextMask }).Out);
    }

    BlockOutput IBlock.Apply(Tensor x, AttentionInputs inputs) => Apply(x, inputs);

    private BlockOutput Apply(Tensor x, AttentionInputs inputs)
    {
        using var scope = NewDisposeScope();

        var (q, k, v, ownValues) = QueriesKeysValues(x, inputs);
        var queryInput = _options.QkvReceiveDiffResiduals ? x[0] : x; // [batch, seq, dim]
        var (queries, keys) = (q.shape[2], k.shape[2]);
        var keyMask = inputs.ContextMask ?? (inputs.Context is null ? inputs.Mask : null);
        if (inputs.Mem is { } mem) keyMask = keyMask?.PadAt(-1, mem.shape[1], value: 1);
        var bias = data_dependent_alibi is { } alibi ? alibi.forward(queryInput) : inputs.Bias;

        if (rel_proj_pos_bias is not null)
        {
            var projected = rel_proj_pos_bias.forward(queryInput, keys);
            bias = bias is null ? projected : bias + projected;
        }

        if (mem_k is not null && mem_v is not null)
        {
            var memories = _options.NumMemKv;
            var memoryKeys = _options.QkNorm ? NormaliseKeys(mem_k) : mem_k;
            k = cat([memoryKeys.unsqueeze(0).expand(k.shape[0], -1, -1, -1), k], -2);
            v = cat([mem_v.unsqueeze(0).expand(v.shape[0], -1, -1, -1), v], -2);
            keyMask = keyMask?.PadAt(-1, memories, value: 1);
            bias = bias?.PadAt(-1, memories);
        }

        var allowed = AllowedKeys(keyMask, inputs.AttnMask, queries, keys, x.device);
        if (_options.Laser) v = v.SoftClamp(_options.LaserSoftclampValue).exp();
        var (out_, trace) = attend.forward(q, k, v, allowed, bias, inputs); // [batch, heads, seq, valueDimHead]
        if (_options.Laser) out_ = out_.SafeLog();

        if (head_scale_params is not null) out_ = out_ * head_scale_params;
        if (to_v_head_gate is not null) out_ = out_ * to_v_head_gate.call(queryInput).sigmoid().transpose(1, 2).unsqueeze(-1);

        var merged = out_.MergeHeads(); // [batch, seq, heads * valueDimHead]
        if (GateLogits(queryInput, merged) is { } gate) merged = merged * (_options.SwigluValues ? F.silu(gate) : gate.sigmoid());
        if (_options.OrthogProjectedValues || _options.OrthogProjectedValuesPerHead) merged = OrthogonalToOwn(merged, ownValues, inputs.Begun);
        if (to_out is not null) merged = to_out.call(merged);
        if (_sublayerDropout is not null) merged = _sublayerDropout.call(merged);
        if (inputs.Mask is { } mask && inputs.Cache is null) merged = merged.masked_fill(~mask.unsqueeze(-1), 0);

        trace = trace with { IsCross = inputs.Context is not null, Values = inputs.KeepMaps || inputs.KeepValues ? ownValues : null };
        var output = new BlockOutput(merged, trace);
        scope.MoveToOuter(output.Tensors);
        return output;
    }

    /// <returns>Queries, keys and values by head, normalised and turned to their positions, cached ones in front; and the layer's own new values.</returns>
    private (Tensor Q, Tensor K, Tensor V, Tensor OwnValues) QueriesKeysValues(Tensor x, AttentionInputs inputs)
    {
        var (queryInput, keyInput, valueInput) = _options.QkvReceiveDiffResiduals
            ? (x[0], x[1], x[2])
            : (x, inputs.Context ?? x, inputs.Context ?? x);

        var mixInput = queryInput;
        if (to_latent_q is not null) queryInput = to_latent_q.call(queryInput);
        var q = to_q.call(queryInput).SplitHeads(_options.DimHead);
        if (_options.QkNorm) q = NormaliseQueries(q);
        if (q_rmsnorm is not null) q = q_rmsnorm.call(q);

        // A context does not change between steps: its keys and values are computed once.
        if (inputs is { Context: not null, Cache.IsEmpty: false })
        {
            var (heldKeys, heldValues) = inputs.Cache.Held;
            return (q, heldKeys, heldValues, heldValues);
        }

        if (inputs.Mem is { } mem) (keyInput, valueInput) = (cat([mem, keyInput], 1), cat([mem, valueInput], 1)); // [batch, memLen + seq, dim]
        var rotatedKeys = to_rotateable_k?.call(keyInput).SplitHeads(_options.DimHead); // [batch, subheads, keys, dimHead]
        if (to_latent_kv is not null) keyInput = valueInput = to_latent_kv.call(keyInput);
        var k = to_k.call(keyInput).SplitHeads(_options.DimHead);
        if (rotatedKeys is not null) k = cat([k, rotatedKeys], 1);
        var v = to_v.call(valueInput).SplitHeads(_valueDimHead);
        var ownValues = v;
        if (inputs.ValueResidual is { } first)
            v = _valueMix is null ? first.lerp(v, full([], 0.5, dtype: v.dtype, device: v.device)) : first.lerp(v, ValueMix(mixInput));
        if (_options.QkNorm) k = NormaliseKeys(k);
        if (k_rmsnorm is not null) k = k_rmsnorm.call(k);
        if (value_rmsnorm is not null) v = value_rmsnorm.call(v);

        if (inputs.Rotation is { } rotation)
        {
            q = Rotate(q, rotation.Last(q.shape[2]), isKey: false);
            k = Rotate(k, rotation, isKey: true);
        }
        if (inputs.Polar is { } polar)
        {
            q = PolarEmbedding.Apply(q, polar.Last(q.shape[2]));
            k = PolarEmbedding.Apply(k, polar.Angles + polar.KeyBias);
        }
        if (inputs.Cache is { } cache) (k, v) = cache.Append(k, v);
        return (q, k, v, ownValues);
    }

    /// <returns>[batch, seq, heads * valueDimHead]: the input's gate and the output's, added; null without gates.</returns>
    private Tensor? GateLogits(Tensor x, Tensor merged)
    {
        Tensor? PerFeature(nn.Module<Tensor, Tensor>? gate, Tensor input, bool headwise)
        {
            if (gate is null) return null;
            var logits = gate.call(input);
            return headwise ? logits.repeat_interleave(_valueDimHead, -1) : logits;
        }
        var (ofInput, ofOutput) = (PerFeature(to_v_gate, x, _options.GateValuesHeadwise), PerFeature(to_output_gate, merged, _options.OutputGateHeadwise));
        return ofInput is null || ofOutput is null ? ofInput ?? ofOutput : ofInput + ofOutput;
    }

    // What the position's own values could have said is taken out ("belief attention"); in double precision, as upstream.
    private Tensor OrthogonalToOwn(Tensor merged, Tensor ownValues, Tensor? begun)
    {
        var own = ownValues.repeat(1, _options.Heads / _options.KeyHeads, 1, 1).MergeHeads(); // [batch, seq, heads * valueDimHead]
        if (own.shape[1] != merged.shape[1])
            throw new ArgumentException($"OrthogProjectedValues needs as many values as queries, but there are {own.shape[1]} and {merged.shape[1]}.");
        if (begun is not null) (merged, own) = (merged.masked_fill(~begun.unsqueeze(-1), 0), own.masked_fill(~begun.unsqueeze(-1), 0));
        var orthogonal = merged.OrthogonalTo(own);
        return _options.Projections == 1 ? orthogonal : cat([orthogonal, orthogonal], -1);
    }

    // [batch, heads, seq, 1]: how much of the layer's own values to take.
    private Tensor ValueMix(Tensor x) => _valueMix!.call(x).sigmoid().transpose(1, 2).unsqueeze(-1);

    private Tensor NormaliseQueries(Tensor q) => Scaled(q.L2Norm(_options.QkNormGroups), qk_norm_q_scale);

    private Tensor NormaliseKeys(Tensor k) => Scaled(k.L2Norm(_options.QkNormGroups), qk_norm_k_scale);

    private static Tensor Scaled(Tensor x, Tensor? scale) => scale is null ? x : x * scale;

    private Tensor Rotate(Tensor x, Rotation rotation, bool isKey)
    {
        if (_options.RotatedHeads is not { } count || count >= x.shape[1]) return RotaryEmbedding.Rotate(x, rotation, isKey);
        var still = x.shape[1] - count;
        return cat([x.narrow(1, 0, still), RotaryEmbedding.Rotate(x.narrow(1, still, count), rotation, isKey)], 1);
    }

    /// <returns>Broadcastable to [batch, heads, queries, memories + keys], true where attention is allowed; null when everywhere.</returns>
    private Tensor? AllowedKeys(Tensor? keyMask, Tensor? attnMask, long queries, long keys, Device device)
    {
        var allowed = keyMask?.unsqueeze(1).unsqueeze(1); // [batch, 1, 1, keys]
        if (attnMask is not null)
        {
            while (attnMask.Dimensions < 4) attnMask = attnMask.unsqueeze(0);
            attnMask = attnMask.PadAt(-1, _options.NumMemKv, value: 1);
            allowed = allowed is null ? attnMask : allowed & attnMask;
        }
        if (_options.MaxAttendPast is { } reach)
        {
            var distance = arange(keys - queries, keys, device: device).unsqueeze(-1) - arange(keys, device: device);
            var near = (distance <= reach).PadAt(-1, _options.NumMemKv, value: 1);
            allowed = allowed is null ? near.unsqueeze(0).unsqueeze(0) : allowed & near;
        }
        return allowed;
    }

    private nn.Module<Tensor, Tensor>? ProjectOut(AttentionOptions options, int outDim)
    {
        var dimOut = options.DimOut ?? options.Dim;
        if (!(options.ProjectOut ?? (options.Heads > 1 || options.Dim != dimOut || options.OnAttn))) return null;
        var projection = nn.Linear(outDim * options.Projections, options.OnAttn ? dimOut * 2 : dimOut, hasBias: false);
        if (options.ZeroInitOutput) projection.ZeroInit();
        return Child<nn.Module<Tensor, Tensor>>(nameof(to_out), options.OnAttn ? new Chain(projection, nn.GLU()) : projection);
    }
}
