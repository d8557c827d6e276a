namespace XtNotebooks.Transformers;

/// <summary>A transformer over token ids: embeddings, positions, a stack of layers, and logits.</summary>
/// <remarks>A port of x-transformers 2.26.4; its <c>state_dict()</c> has upstream's keys. Initial weights follow <c>torch.manual_seed</c>.</remarks>
public sealed partial class TransformerWrapper : nn.Module<Tensor, Tensor>
{
    private readonly TokenEmbedding token_emb;
    private readonly AbsolutePositions? pos_emb;
    private readonly LayerNorm? post_emb_norm;
    private readonly Dropout? _embDropout;
    private readonly Linear? project_emb;
    private readonly MemoryTokens? _memory;
    private readonly OutputHead? _head;
    private readonly List<(string Name, Embedding Embedding)> _embeds = [];
    private readonly AttentionPool? attn_pool;
    private readonly Chain? to_next_embed_pred;
    private Parameter? ff_deep_embed;
    private Parameter? cls_token;
    private Parameter? memory_tokens;

    /// <summary>Builds a randomly initialised transformer.</summary>
    /// <param name="options">Its shape and variants.</param>
    /// <exception cref="ArgumentException">Two options exclude each other; the message names both.</exception>
    public TransformerWrapper(TransformerWrapperOptions options) : this(options, sharedEmbedding: null) { }

    internal TransformerWrapper(TransformerWrapperOptions options, TokenEmbedding? sharedEmbedding) : base(nameof(TransformerWrapper))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        var dim = AttnLayers.Dim;
        var embDim = options.EmbDim ?? dim;

        token_emb = sharedEmbedding ?? new TokenEmbedding(embDim, options.NumTokens, options.L2normEmbed);
        register_module(nameof(token_emb), token_emb);
        HasAbsolutePositions = options is { MaxSeqLen: > 0, UseAbsPosEmb: true } && !AttnLayers.DisableAbsPosEmb;
        if (HasAbsolutePositions)
        {
            pos_emb = options.ScaledSinuPosEmb
                ? new ScaledSinusoidalEmbedding(embDim)
                : new AbsolutePositionalEmbedding(embDim, options.MaxSeqLen, options.L2normEmbed);
            pos_emb.Initialise();
            register_module(nameof(pos_emb), pos_emb);
        }
        foreach (var (name, size) in options.EmbedNumTokens) _embeds.Add((name, nn.Embedding(size, embDim)));
        if (_embeds.Count > 0) register_module("embeds", new Slots([.. _embeds.Select(e => ($"{e.Name}_embed", (nn.Module)e.Embedding))]));
        if (options.FfDeepEmbed) ff_deep_embed = Registration.NewParameter(this, nameof(ff_deep_embed), ones(options.NumTokens, AttnLayers.Depth, dim));
        if (options.PostEmbNorm) register_module(nameof(post_emb_norm), post_emb_norm = new LayerNorm(embDim));
        if (options.EmbDropout > 0) register_module("emb_dropout", _embDropout = nn.Dropout(options.EmbDropout));
        if (embDim != dim) register_module(nameof(project_emb), project_emb = nn.Linear(embDim, dim));
        register_module("attn_layers", AttnLayers);
        if (options.Recycling) register_module(nameof(recycled_proj), recycled_proj = nn.Linear(dim, dim, hasBias: false));
        if (options.Looped) register_module(nameof(exit_gate), exit_gate = nn.Linear(dim, 1, hasBias: false));
        if (options.AttnPool)
            register_module(nameof(attn_pool), attn_pool = new AttentionPool(
                options.DimPooledTokens ?? dim, dim, options.NumPooledTokens, options.AttnPoolDepth, AttnLayers.Options.Heads, AttnLayers.Options.AttnDimHead));
        if (options.UseClsToken)
        {
            cls_token = Registration.NewParameter(this, nameof(cls_token), zeros(options.NumClsTokens, dim));
            nn.init.normal_(cls_token, 0, 0.02);
        }
        if (options.NumMemoryTokens > 0)
        {
            memory_tokens = Registration.NewParameter(this, nameof(memory_tokens), randn(options.NumMemoryTokens.Value, dim));
            _memory = new MemoryTokens(options.NumMemoryTokens.Value, options.MemoryTokensInterspersedEvery);
        }
        if (!options.ReturnOnlyEmbed) _head = new OutputHead(options, dim, (name, module) => register_module(name, module));
        if (options.AddContinuousPredHead)
            register_module(nameof(to_next_embed_pred), to_next_embed_pred = new Chain(
                nn.Linear(dim, dim, hasBias: false), new Step("silu", x => F.silu(x)), nn.Linear(dim, dim, hasBias: false)));
        Registration.Keep(this);
    }

    /// <summary>The options that the transformer was built from.</summary>
    public TransformerWrapperOptions Options { get; }

    /// <summary>The stack of layers.</summary>
    public AttentionLayers AttnLayers => Options.AttnLayers!;

    /// <summary>Size of the vocabulary.</summary>
    public int NumTokens => Options.NumTokens;

    /// <summary>Longest sequence that absolute positions reach, and the window of generation.</summary>
    public int MaxSeqLen => Options.MaxSeqLen;

    /// <summary>Whether tokens carry an absolute position, so that sequences cannot be longer than <see cref="MaxSeqLen"/>.</summary>
    public bool HasAbsolutePositions { get; }

    /// <summary>Whether the output is log probabilities already (a mixture of softmaxes) instead of logits.</summary>
    public bool OutputIsLogProb => Options.MixtureOfSoftmax;

    /// <summary>Whether generation can keep keys and values between steps.</summary>
    public bool CanCacheKv => _memory is null && !Options.UseClsToken && AttnLayers.CanCacheKv;

    /// <summary>How many positions the layers see for a sequence of <paramref name="length"/> tokens: with class tokens and memories.</summary>
    public long WholeLength(long length)
    {
        if (Options.UseClsToken) length += Options.NumClsTokens;
        return _memory?.WholeLength(length) ?? length;
    }

    /// <summary>How many tokens it predicts, which may differ from how many it reads.</summary>
    internal int NumPredicted => Options.ToLogits is Linear own ? (int)own.weight.shape[0] : Options.LogitsDim ?? NumTokens;

    internal TokenEmbedding TokenEmbedding => token_emb;

    /// <summary>Does nothing: registration is explicit.</summary>
    protected override void RegisterComponents() { }

    /// <summary>Logits for every position.</summary>
    /// <param name="ids">[batch, seq], int64: token ids from 0 to NumTokens - 1.</param>
    /// <returns>[batch, seq, numTokens], float.</returns>
    public override Tensor forward(Tensor ids) => forward(ids, new TransformerInputs());

    /// <summary>Logits for every position, given masks, a context or a cache.</summary>
    /// <param name="ids">[batch, seq], int64: token ids from 0 to NumTokens - 1; those of the new positions alone where there is a cache.</param>
    /// <param name="inputs">What goes with them.</param>
    /// <returns>[batch, seq, numTokens], float; [batch, numTokens] where the options pool; [heads, batch, seq, numTokens] with several output heads;
    /// [batch, numPooledTokens, dimPooledTokens] from an encoder with AttnPool.</returns>
    /// <exception cref="ArgumentException">An id is outside the vocabulary, or shapes do not fit; the message says which and where.</exception>
    public Tensor forward(Tensor ids, TransformerInputs inputs)
    {
        using var scope = NewDisposeScope();
        var embeddings = Run(ids, inputs, keep: null);
        if (_head is null) return scope.MoveToOuter(embeddings);
        return scope.MoveToOuter(OutputIsPooled ? attn_pool!.forward(embeddings, inputs.Mask) : _head.forward(embeddings, token_emb));
    }

    // As upstream: a decoder's pooled tokens are for those who ask for its trace.
    internal bool OutputIsPooled => attn_pool is not null && !AttnLayers.Causal;

    /// <summary>Embeddings of every position: what the output head reads.</summary>
    /// <param name="ids">[batch, seq], int64.</param>
    /// <param name="inputs">What goes with them.</param>
    /// <returns>[batch, seq, dim], float; [batch, dim] where the options pool.</returns>
    public Tensor Embed(Tensor ids, TransformerInputs? inputs = null) => Run(ids, inputs ?? new TransformerInputs(), keep: null);

    /// <summary>Logits together with everything computed on the way: hidden states of each layer, attention maps.</summary>
    /// <param name="ids">[batch, seq], int64.</param>
    /// <param name="inputs">What goes with them.</param>
    public ForwardTrace Trace(Tensor ids, TransformerInputs? inputs = null) => Trace(ids, inputs ?? new TransformerInputs(), new ForwardTrace.Builder());

    /// <summary>Logits, and hidden states that the next segment of a long text can attend to (Transformer-XL, arXiv:1901.02860).</summary>
    /// <param name="ids">[batch, seq], int64: one segment.</param>
    /// <param name="inputs">What goes with them; its Mems are those that the segment before returned.</param>
    /// <exception cref="ArgumentException">MaxMemLen is 0, or the memories do not fit; the message says how.</exception>
    public SegmentOutput ForwardWithMems(Tensor ids, TransformerInputs? inputs = null)
    {
        if (Options.MaxMemLen == 0) throw new ArgumentException("ForwardWithMems needs MaxMemLen: set it to how many positions the model may remember.");
        using var scope = NewDisposeScope();
        inputs ??= new TransformerInputs();
        var keep = new ForwardTrace.Builder(maps: false);
        var trace = Trace(ids, inputs, keep);
        var mems = SegmentMemories.Extend(SegmentMemories.ShiftDown(inputs.Mems, Options.ShiftMemDown), keep.Memorable, Options.MaxMemLen);
        scope.MoveToOuter(mems);
        return new SegmentOutput(scope.MoveToOuter(trace.Logits ?? trace.Embeddings), mems);
    }

    internal ForwardTrace Trace(Tensor ids, TransformerInputs inputs, ForwardTrace.Builder keep)
    {
        using var scope = NewDisposeScope();
        var embeddings = Run(ids, inputs, keep);
        var logits = _head?.forward(embeddings, token_emb);
        var zLoss = AttentionZLoss.Of(keep.Attention, Options.AttnZLossWeight);
        var pooled = attn_pool?.forward(embeddings, inputs.Mask);
        var length = ids.shape[1] + (Options.UseClsToken ? Options.NumClsTokens : 0);
        var loops = keep.Loops.Select(l => (Made: WithoutMemories(l.Made, length), Exit: WithoutMemories(l.Exit, length))).ToArray();
        Tensor[] exits = [.. loops.Select(l => l.Exit)];
        Tensor[] loopLogits = _head is null ? [] : [.. loops.Select(l => _head.forward(l.Made, token_emb))];
        scope.MoveToOuter(exits);
        scope.MoveToOuter(loopLogits);
        if (pooled is not null) scope.MoveToOuter(pooled);
        keep.MoveToOuter(scope);
        scope.MoveToOuter(embeddings);
        if (logits is not null) scope.MoveToOuter(logits);
        if (zLoss is not null) scope.MoveToOuter(zLoss);
        return new ForwardTrace
        {
            Logits = logits,
            Embeddings = embeddings,
            LastHidden = keep.LastHidden!,
            LayerHiddens = keep.LayerHiddens,
            Attention = keep.Attention,
            AttnZLoss = zLoss,
            LoopLogits = loopLogits,
            ExitLogits = exits,
            PooledTokens = pooled,
        };
    }

    private Tensor Run(Tensor ids, TransformerInputs inputs, ForwardTrace.Builder? keep)
    {
        InputChecks.Check(this, ids, inputs, token_emb.Weight.device);
        using var scope = NewDisposeScope();
        ids = ids.to(ScalarType.Int64);
        inputs = inputs with { Mems = SegmentMemories.ShiftDown(inputs.Mems, Options.ShiftMemDown) };
        var mask = inputs.Mask;
        var x = EmbedTokens(ids, inputs, keep); // [batch, seq, dim]

        if (cls_token is not null)
        {
            x = cat([cls_token.unsqueeze(0).expand(x.shape[0], -1, -1), x], 1);
            mask = mask?.PadAt(-1, Options.NumClsTokens, value: 1);
            inputs = inputs with { SelfAttnKvMask = inputs.SelfAttnKvMask?.PadAt(-1, Options.NumClsTokens, value: 1) };
        }
        var length = x.shape[1];
        if (_memory is not null) (x, mask, inputs) = _memory.Add(x, mask, inputs, memory_tokens!);
        if (ff_deep_embed is not null) inputs = inputs with { DeepEmbeds = ff_deep_embed.index_select(0, ids.flatten()).SplitDim(0, ids.shape) };
        x = RunLayers(x, mask, inputs, keep);
        x = WithoutMemories(x, length);
        inputs.Cache?.Advance(ids.shape[1]);

        if (Options.AveragePoolEmbed) x = x.MaskedMean(inputs.Mask);
        if (cls_token is not null) x = Options.NumClsTokens == 1 ? x.select(1, 0) : x.narrow(1, 0, Options.NumClsTokens);
        keep?.MoveToOuter(scope);
        return scope.MoveToOuter(x);
    }

    /// <summary>What the continuous head predicts of each next embedding, [batch, seq, dim]; null without one.</summary>
    internal Tensor? NextEmbeddings(Tensor embeddings) => to_next_embed_pred?.call(embeddings);

    private Tensor WithoutMemories(Tensor x, long length) => _memory is null ? x : _memory.Remove(x, length);

    private Tensor EmbedTokens(Tensor ids, TransformerInputs inputs, ForwardTrace.Builder? keep)
    {
        var x = token_emb.forward(ids);
        if (pos_emb is not null)
        {
            var offset = inputs.Cache?.Length ?? 0;
            var positions = arange(offset, offset + ids.shape[1], dtype: ScalarType.Int64, device: ids.device);
            if (inputs.SeqStartPos is { } start) positions = positions - start.unsqueeze(-1); // [batch, seq]
            x = x + pos_emb.forward(positions);
        }
        foreach (var (name, embedding) in _embeds) x = x + embedding.call(inputs.EmbedIds![name].to(ScalarType.Int64));
        if (post_emb_norm is not null) x = post_emb_norm.call(x);
        if (Options.EmbFracGradient < 1) x = x * Options.EmbFracGradient + x.detach() * (1 - Options.EmbFracGradient);
        if (keep is not null) keep.InitialEmbeddings = x;
        if (_embDropout is not null) x = _embDropout.call(x);
        return project_emb is null ? x : project_emb.call(x);
    }
}
