namespace XtNotebooks.Transformers;

/// <summary>Sequences under construction: what was said so far, and what a model remembers of it.</summary>
internal sealed class DecodingState : IDisposable
{
    private readonly TransformerWrapper _net;
    private readonly bool _restrict;
    private readonly GenerateOptions _options;
    private readonly KvCache? _cache;
    private Tensor? _context;
    private Tensor? _contextMask;
    private Tensor? _condition;
    private Tensor? _startPos;
    private Tensor _tokens;

    /// <param name="net">What predicts.</param>
    /// <param name="tokens">[batch, seq], int64: the prompts, right-aligned.</param>
    /// <param name="startPos">[batch], int64, or null: where each begins.</param>
    /// <param name="options">Context, cache and window.</param>
    /// <param name="steps">How many tokens will be added.</param>
    public DecodingState(TransformerWrapper net, Tensor tokens, Tensor? startPos, GenerateOptions options, int steps)
    {
        if (net.Options.EmbedNumTokens.Count > 0)
            throw new ArgumentException("EmbedNumTokens: generation cannot know the EmbedIds of tokens to come; call the net for each next token with its own.");
        (_net, _options) = (net, options);
        _restrict = options.RestrictToMaxSeqLen && net.MaxSeqLen > 0;
        _tokens = Own(tokens)!;
        _startPos = Own(startPos);
        _context = Own(options.Context);
        _contextMask = Own(options.ContextMask);
        if (options.Condition is { Dimensions: not 2 } condition)
            throw new ArgumentException($"Condition must be [batch, dimCondition] in generation, where positions are yet to come, but is {condition.Shape()}.");
        _condition = Own(options.Condition);
        var longest = tokens.shape[1] + steps;
        if (options.CacheKv && net.CanCacheKv) _cache = new KvCache(_restrict ? Math.Min(longest, net.MaxSeqLen) : longest);
    }

    /// <summary>[batch, seq], int64.</summary>
    public Tensor Tokens => _tokens;

    /// <returns>[batch, numTokens], in single precision at least: the prediction of the next token.</returns>
    public Tensor Predict()
    {
        using var scope = NewDisposeScope();
        var length = _tokens.shape[1];
        var inputs = new TransformerInputs { Context = _context, ContextMask = _contextMask, Condition = _condition, SeqStartPos = _startPos, RecycleSteps = _options.RecycleSteps, LoopedSteps = _options.LoopedSteps };
        Tensor logits;
        if (_restrict && length > _net.MaxSeqLen)
        {
            // What left the window no longer shapes what is in it: everything is computed anew, as without a cache.
            _cache?.Clear();
            var dropped = length - _net.MaxSeqLen;
            var start = _startPos is null ? null : (_startPos - dropped).clamp(min: 0);
            logits = _net.forward(_tokens.narrow(1, dropped, _net.MaxSeqLen), inputs with { SeqStartPos = start });
        }
        else
        {
            var held = _cache?.Length ?? 0;
            logits = _net.forward(_tokens.narrow(1, held, length - held), inputs with { Cache = _cache });
        }
        // Half precision would tell probable tokens apart by two or three digits.
        return scope.MoveToOuter(logits.select(1, logits.shape[1] - 1).to(logits.AtLeastFloat32()));
    }

    /// <param name="next">[batch, 1], int64.</param>
    public void Append(Tensor next) => Replace(ref _tokens!, cat([_tokens, next], 1));

    /// <summary>Beam b continues from sequence <paramref name="indices"/>[b], [newBatch], int64.</summary>
    public void Reorder(Tensor indices)
    {
        Replace(ref _tokens!, _tokens.index_select(0, indices));
        if (_startPos is not null) Replace(ref _startPos, _startPos.index_select(0, indices));
        if (_context is not null) Replace(ref _context, _context.index_select(0, indices));
        if (_contextMask is not null) Replace(ref _contextMask, _contextMask.index_select(0, indices));
        if (_condition is not null) Replace(ref _condition, _condition.index_select(0, indices));
        _cache?.Pick(indices);
    }

    public void Dispose()
    {
        _cache?.Dispose();
        foreach (var tensor in new[] { _tokens, _startPos, _context, _contextMask, _condition }) tensor?.Dispose();
    }

    private static Tensor? Own(Tensor? tensor) => tensor?.alias().DetachFromDisposeScope();

    private static void Replace(ref Tensor? slot, Tensor value)
    {
        slot?.Dispose();
        slot = value.DetachFromDisposeScope();
    }
}
