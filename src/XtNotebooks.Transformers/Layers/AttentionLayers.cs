namespace XtNotebooks.Transformers;

/// <summary>A stack of attention and feed-forward layers around a residual stream; see <see cref="Decoder"/> and <see cref="Encoder"/>.</summary>
public abstract class AttentionLayers : NamedModule
{
    private readonly LayerPlan _plan;
    private readonly StackLayer[] _layers;
    private readonly Chain? adaptive_mlp;
    private readonly nn.Module<Tensor, Tensor>? final_norm;
    private readonly RotaryEmbedding? rotary_pos_emb;
    private readonly PolarEmbedding? polar_pos_emb;
    private readonly RelativeBias? rel_pos;
    private readonly Linear? reinject_input_proj;
    private readonly Linear? learned_reinject_input_gate;
    private Parameter? stream_emb;

    private protected AttentionLayers(string name, AttentionLayersOptions options, bool causal) : base(name)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(causal);
        (Options, Causal) = (options, causal);
        _plan = LayerPlan.From(options);
        var rotary = options.RotaryPosEmb || options.RotaryXpos;
        DisableAbsPosEmb = options.DisableAbsPosEmb ?? (options.RelPosBias || rotary || options.PolarPosEmb);

        if (options.NumResidualStreams > 1) stream_emb = NewParameter(nameof(stream_emb), zeros(options.NumResidualStreams, options.Dim));
        if (rotary)
            rotary_pos_emb = Child(nameof(rotary_pos_emb), new RotaryEmbedding(
                options.RotaryEmbDim ?? options.AttnDimHead / 2, options.RotaryXpos, options.RotaryXposScaleBase,
                options.RotaryInterpolationFactor, options.RotaryBaseRescaleFactor));
        if (options.PolarPosEmb)
            polar_pos_emb = Child(nameof(polar_pos_emb), new PolarEmbedding(options.AttnDimHead, options.Heads, options.PolarBiasUniformInit));
        rel_pos = options.CreateRelativeBias(causal);
        if (rel_pos is not null) Child(nameof(rel_pos), rel_pos);
        if (options.AdaptiveConditionMlp)
            adaptive_mlp = Child(nameof(adaptive_mlp), new Chain(
                nn.Linear(options.ConditionWidth(), options.InnerConditionWidth(), hasBias: false), new Step("silu", x => F.silu(x))));
        if (options is { PreNorm: true, PreNormHasFinalNorm: true, PreAndPostNorm: false }) final_norm = Child(nameof(final_norm), options.CreateNorm());
        if (options.ReinjectInput) reinject_input_proj = Child(nameof(reinject_input_proj), nn.Linear(options.Dim, options.Dim, hasBias: false));
        if (options.LearnedReinjectInputGate)
            learned_reinject_input_gate = Child(nameof(learned_reinject_input_gate), nn.Linear(options.Dim, 1, hasBias: false));

        _layers = [.. CreateLayers()];
        CheckOrder();
        Child("layers", new Slots([.. _layers]));
        Child("skip_combines", new Slots([.. _layers.Select(l => l.SkipCombine)]));
        Child("layer_integrators", new Slots([.. _layers.Select(l => l.Integrator)]));
        Registration.Keep(this);
    }

    /// <summary>The options that the stack was built from.</summary>
    public AttentionLayersOptions Options { get; }

    /// <summary>Whether a position sees only itself and what is before it.</summary>
    public bool Causal { get; }

    /// <summary>What each layer is: a attention, c cross-attention, f feed-forward.</summary>
    public IReadOnlyList<char> LayerTypes => _plan.Types;

    /// <summary>Indices into <see cref="LayerTypes"/> in the order in which the layers run; a layer may run more than once.</summary>
    public IReadOnlyList<int> LayersExecuteOrder => _plan.Order;

    /// <summary>Width of the residual stream.</summary>
    public int Dim => Options.Dim;

    /// <summary>Number of blocks (1 where their weights are tied).</summary>
    internal int Depth => _plan.Depth;

    /// <summary>Whether the wrapper should leave out absolute positions.</summary>
    public bool DisableAbsPosEmb { get; }

    /// <summary>Whether a step can reuse the keys and values of earlier positions.</summary>
    /// <remarks>Token shifting, content-dependent decay and means over the sequence look at hidden states of earlier positions, which a cache does not hold.
    /// What depends on how long the sequence is by now would have to change in what is held: the centre of xPos where something reads more of queries and
    /// keys than their distance, and distances between queries and a context, which are counted from their ends.</remarks>
    public bool CanCacheKv => Causal && Options.ShiftTokens == 0 && !Options.MvSplitResidual && !Options.OrthogResidual
        && !(Options.RotaryXpos && (Options.AttnNumMemKv > 0 || Options.AttnL2Distance || Options.AttnUseCope))
        && !(Options.CrossAttend && (Options.AttnMaxAttendPast is not null || Options.AttnUseRelProjPosBias))
        && _layers.All(l => l.Attention?.CanCacheKv ?? true);

    /// <summary>How many self-attention layers a forward pass goes through.</summary>
    internal int SelfAttentionCount => _plan.Order.Count(i => _layers[i].Type == 'a');

    /// <summary>How many attention layers of either kind a forward pass goes through.</summary>
    internal int AttentionCount => _plan.Order.Count(i => _layers[i].Attention is not null);

    /// <summary>Runs the stack over embeddings.</summary>
    /// <param name="x">[batch, seq, dim], float.</param>
    /// <param name="mask">[batch, seq], bool: real positions.</param>
    /// <param name="context">[batch, keys, dimContext]: what cross-attention reads.</param>
    /// <param name="contextMask">[batch, keys], bool: context positions that may be read.</param>
    /// <param name="condition">[batch, dimCondition] or [batch, seq, dimCondition], float: what adaptive norms and layer scales depend on.</param>
    /// <returns>[batch, seq, dim].</returns>
    /// <exception cref="ArgumentException">A shape or dtype does not fit; the message says which.</exception>
    public Tensor forward(Tensor x, Tensor? mask = null, Tensor? context = null, Tensor? contextMask = null, Tensor? condition = null)
    {
        var weight = parameters().First();
        InputChecks.CheckHidden(x, nameof(x), Dim, weight);
        InputChecks.CheckDevice(mask, nameof(mask), weight.device);
        InputChecks.CheckMask(mask, nameof(mask), x.shape[0], x.shape[1]);
        if (context is null && contextMask is not null) throw new ArgumentException("A contextMask was passed without a context: pass both, or neither.");
        if (context is not null && Options.CrossAttend) InputChecks.CheckContext(context, contextMask, x.shape[0], Options.CrossAttnDimContext ?? Dim, weight);
        return Run(x, mask, new TransformerInputs { Context = context, ContextMask = contextMask, Condition = condition }, keep: null);
    }

    /// <param name="x">[batch, seq, dim], float: the new positions where there is a cache.</param>
    /// <param name="mask">[batch, seq], bool.</param>
    /// <param name="inputs">Context, masks and cache; its own Mask is ignored.</param>
    /// <param name="keep">Gathers what the layers computed, or null.</param>
    /// <param name="round">How often the layers have run before: each time has its own part of the cache.</param>
    internal Tensor Run(Tensor x, Tensor? mask, TransformerInputs inputs, ForwardTrace.Builder? keep, int round = 0)
    {
        if (Options.CrossAttend != (inputs.Context is not null))
            throw new ArgumentException(Options.CrossAttend ? "CrossAttend is set, so a Context must be passed." : "A Context was passed, but CrossAttend is not set.");
        Conditions.Check(Options, inputs.Condition, x);
        using var scope = NewDisposeScope();
        using var causalMasks = new CausalMasks();
        var pass = Prepare(x, mask, inputs, causalMasks, keep);
        // Pads before a sequence must be no part of what is computed over all of it.
        if (Options.OrthogResidual) x = WithoutPads(x, pass);
        var injected = Injected(x);
        if (stream_emb is not null) x = (x.unsqueeze(1) + stream_emb.unsqueeze(1)).flatten(0, 1); // [batch * streams, seq, dim]

        var stream = new StreamState();
        var attentionIndex = round * AttentionCount;
        var selfAttentionIndex = 0;
        var feedForwardIndex = 0;
        foreach (var index in _plan.Order)
        {
            var layer = _layers[index];
            var cache = layer.Attention is null ? null : inputs.Cache?.Layer(attentionIndex++);
            stream.Skips.Add(x);
            if (layer.SkipCombine is { } combine) x = combine.forward(x, stream.Skips);
            if (training && Options.LayerDropout > 0 && Chance() < Options.LayerDropout) continue;
            if (layer.Type == 'c' && training && Options.CrossAttnTokensDropout > 0) pass = DropContext(pass);
            if (layer.Type == 'a') keep?.Memorable.Add(x);
            var mem = layer.Type == 'a' ? inputs.Mems?[selfAttentionIndex++] : null;
            var own = pass;
            if (layer.Type == 'f' && inputs.DeepEmbeds is { } factors && feedForwardIndex < factors.shape[2])
                own = pass with { FeedForward = pass.FeedForward with { DeepEmbed = factors.select(2, feedForwardIndex++) } };
            x = RunLayer(layer, x, own, injected, cache, mem, stream, keep);
        }

        keep?.LayerHiddens.Add(x);
        if (Options.SoftclampOutput) x = x.SoftClamp(Options.SoftclampOutputValue);
        if (stream_emb is not null) x = x.SplitDim(0, -1, Options.NumResidualStreams).sum(1);
        if (final_norm is not null) x = final_norm.Normalise(x, pass.FeedForward.Condition);
        if (keep is not null) keep.LastHidden = x;
        keep?.MoveToOuter(scope);
        return scope.MoveToOuter(x);
    }

    private Tensor RunLayer(StackLayer layer, Tensor x, Pass pass, Tensor? injected, LayerCache? cache, Tensor? mem, StreamState stream, ForwardTrace.Builder? keep)
    {
        using var scope = NewDisposeScope();
        var (branch, residual, gate) = layer.Residual.Prepare(x);
        stream.LayerInputs.Add(branch);
        keep?.LayerHiddens.Add(branch);
        scope.MoveToOuter(branch);

        var read = layer.Integrator is { } integrate ? integrate.forward(branch, stream.LayerInputs) : branch;
        if (injected is not null) read = read + injected;
        var condition = pass.FeedForward.Condition;
        if (layer.PreBranch is { } preNorm)
        {
            read = preNorm.Normalise(read, condition);
            if (mem is not null) mem = preNorm.Normalise(mem, condition);
        }

        var output = layer.Block.Apply(read, layer.Type switch
        {
            'a' => pass.Own with { Cache = cache, Mem = mem, PreviousLogits = stream.Logits, ValueResidual = stream.Values },
            'c' => pass.Cross with { Cache = cache, PreviousLogits = stream.CrossLogits, ValueResidual = stream.CrossValues },
            _ => pass.FeedForward,
        });
        if (output.Trace is { } trace) stream.Remember(trace, Options, scope, keep);

        var written = layer.PostBranch is { } postBranch ? postBranch.Normalise(output.Out, condition) : output.Out;
        if (Options.OrthogResidual) written = WithoutPads(written, pass);
        var merged = layer.Residual.Merge(written, residual, gate, pass.Own.Mask ?? pass.Own.Begun);
        if (layer.PostMain is { } postMain) merged = postMain.Normalise(merged, condition);
        return scope.MoveToOuter(merged);
    }

    private Pass Prepare(Tensor x, Tensor? mask, TransformerInputs inputs, CausalMasks causalMasks, ForwardTrace.Builder? keep)
    {
        var (count, offset) = (x.shape[1], inputs.Cache?.Length ?? 0);
        var total = offset + count;
        var memories = inputs.Mems is [{ } first, ..] ? first.shape[1] : 0;
        var (keepMaps, keepLogits) = (keep is { Maps: true }, keep is { Logits: true });
        var condition = inputs.Condition is { Dimensions: 2 } ofSequence ? ofSequence.unsqueeze(1) : inputs.Condition;
        if (adaptive_mlp is not null) condition = adaptive_mlp.call(condition!);
        var keyMask = inputs.SelfAttnKvMask;
        Tensor? real = null;
        if (inputs.SeqStartPos is { } start)
        {
            real = arange(total, dtype: ScalarType.Int64, device: x.device) >= start.unsqueeze(-1); // [batch, total]
            keyMask = keyMask is null ? real : keyMask & real;
        }
        var own = new AttentionInputs
        {
            Mask = mask,
            Begun = real?.narrow(1, offset, count),
            ContextMask = keyMask,
            AttnMask = inputs.AttnMask,
            Bias = rel_pos?.forward(count, memories + total, x).to(x.dtype),
            // Without a cache the xPos scale is centred as upstream does; with one, all steps must share a centre.
            // Memories stand before the first position; a sequence behind left pads begins at zero, as it would alone.
            Rotation = rotary_pos_emb?.forward(offset - memories, memories + count, inputs.Cache is null ? total : 0, inputs.SeqStartPos),
            Polar = polar_pos_emb?.forward(offset - memories, memories + count),
            CausalMasks = causalMasks,
            Condition = condition,
            KeepMaps = keepMaps,
            KeepLogits = Options.ResidualAttn || keepLogits,
            KeepValues = Options.AddValueResidual,
        };
        var cross = new AttentionInputs
        {
            Context = inputs.Context,
            Mask = mask,
            ContextMask = inputs.ContextMask,
            Condition = condition,
            KeepMaps = keepMaps,
            KeepLogits = Options.CrossResidualAttn || keepLogits,
            KeepValues = Options.AddValueResidual,
        };
        // As upstream, feed-forward layers are not told which positions are real.
        return new Pass(own, cross, new AttentionInputs { Condition = condition });
    }

    private IEnumerable<StackLayer> CreateLayers()
    {
        // The second half of the blocks reads the first half's inputs, the last block the first one's.
        var skipsLeft = Options.UnetSkips ? _plan.Depth / _plan.BlockLength : 0;
        if (Options.UnetSkips && skipsLeft == 0)
            throw new ArgumentException($"UnetSkips needs a Depth of at least {_plan.BlockLength}, but Depth is {_plan.Depth}.");
        var seenAttention = false;
        for (var i = 0; i < _plan.Types.Count; i++)
        {
            var joins = Options.UnetSkips && i % _plan.BlockLength == 0 && i / _plan.BlockLength >= _plan.Depth / 2.0 && skipsLeft > 0;
            yield return new StackLayer(Options, Causal, _plan.Types[i], i, !seenAttention, joins ? --skipsLeft * _plan.BlockLength : null);
            seenAttention |= _plan.Types[i] == 'a';
        }
    }

    // Skips read, and integrators mix, what has run before a layer: as many layers as there are below it in the stack.
    private void CheckOrder()
    {
        for (var step = 0; step < _plan.Order.Count; step++)
        {
            var index = _plan.Order[step];
            var order = Options.WeightTieLayers ? nameof(Options.WeightTieLayers) : nameof(Options.LayersExecuteOrder);
            if (Options.IntegrateLayers && index != step)
                throw new ArgumentException($"IntegrateLayers and {order} cannot be used together unless every layer runs once and in its place: layer {index} mixes {index + 1} layers, but runs as number {step + 1}.");
            if (_layers[index].SkipCombine is { From: var from } && from > step)
                throw new ArgumentException($"UnetSkips and {order}: layer {index} reads what the layer that runs as number {from + 1} has read, but runs as number {step + 1} itself.");
        }
    }

    private Tensor? Injected(Tensor x)
    {
        if (reinject_input_proj is null) return null;
        var injected = reinject_input_proj.call(x);
        return learned_reinject_input_gate is null ? injected : injected * learned_reinject_input_gate.call(x).sigmoid();
    }

    private static Tensor WithoutPads(Tensor x, Pass pass) => pass.Own.Begun is { } begun ? x.masked_fill(~begun.unsqueeze(-1), 0) : x;

    private Pass DropContext(Pass pass)
    {
        var (context, contextMask) = ContextDropout.Apply(pass.Cross.Context!, pass.Cross.ContextMask, Options.CrossAttnTokensDropout);
        return pass with { Cross = pass.Cross with { Context = context, ContextMask = contextMask } };
    }

    private static double Chance()
    {
        using var draw = rand(1, device: CPU);
        return draw.item<float>();
    }

    private sealed record Pass(AttentionInputs Own, AttentionInputs Cross, AttentionInputs FeedForward);

    /// <summary>What later layers read of earlier ones.</summary>
    private sealed class StreamState
    {
        public List<Tensor> Skips { get; } = [];
        public List<Tensor> LayerInputs { get; } = [];
        public Tensor? Logits { get; private set; }
        public Tensor? CrossLogits { get; private set; }
        public Tensor? Values { get; private set; }
        public Tensor? CrossValues { get; private set; }

        public void Remember(AttentionTrace trace, AttentionLayersOptions options, DisposeScope scope, ForwardTrace.Builder? keep)
        {
            scope.MoveToOuter(trace.Tensors);
            keep?.Attention.Add(trace);
            if (options.AddValueResidual && trace.IsCross) CrossValues ??= trace.Values;
            if (options.AddValueResidual && !trace.IsCross) Values ??= trace.Values;
            if (options.ResidualAttn && !trace.IsCross) Logits = trace.PreSoftmaxAttn;
            if (options.CrossResidualAttn && trace.IsCross) CrossLogits = trace.PreSoftmaxAttn;
        }
    }
}
