namespace XtNotebooks.Transformers;

/// <summary>What <see cref="XTransformer"/> is built from: upstream's names, the two sides' options gathered in records.</summary>
public sealed record XTransformerOptions
{
    /// <summary>Width of both sides.</summary>
    public int Dim { get; init; }
    /// <summary>The encoder's options, upstream's <c>enc_</c> arguments.</summary>
    public required XTransformerSideOptions Enc { get; init; }
    /// <summary>The decoder's options, upstream's <c>dec_</c> arguments.</summary>
    public required XTransformerSideOptions Dec { get; init; }
    /// <summary>Both sides share their token embeddings.</summary>
    public bool TieTokenEmb { get; init; }
    /// <summary>Targets equal to it do not count.</summary>
    public long IgnoreIndex { get; init; } = -100;
    /// <summary>What <see cref="IgnoreIndex"/> becomes in the decoder's inputs.</summary>
    public long PadValue { get; init; }
    /// <summary>Part of the encoded tokens that is dropped before the decoder reads them, in training.</summary>
    public double CrossAttnTokensDropout { get; init; }
}

/// <summary>One side of an <see cref="XTransformer"/>.</summary>
public sealed record XTransformerSideOptions
{
    /// <inheritdoc cref="TransformerWrapperOptions.NumTokens"/>
    public int NumTokens { get; init; }
    /// <inheritdoc cref="TransformerWrapperOptions.MaxSeqLen"/>
    public int MaxSeqLen { get; init; }
    /// <inheritdoc cref="TransformerWrapperOptions.EmbDropout"/>
    public double EmbDropout { get; init; }
    /// <summary>Learned tokens put before the sequence; encoders only.</summary>
    public int? NumMemoryTokens { get; init; }
    /// <inheritdoc cref="TransformerWrapperOptions.ScaledSinuPosEmb"/>
    public bool ScaledSinuPosEmb { get; init; }
    /// <inheritdoc cref="TransformerWrapperOptions.UseAbsPosEmb"/>
    public bool UseAbsPosEmb { get; init; } = true;
    /// <summary>The stack; its Dim and CrossAttend are set by the <see cref="XTransformer"/>.</summary>
    public AttentionLayersOptions Layers { get; init; } = new();
}

/// <summary>An encoder and a decoder that reads it: from one sequence to another.</summary>
public sealed class XTransformer : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly TransformerWrapper encoder;
    private readonly AutoregressiveWrapper decoder;
    private readonly double _contextDropout;

    /// <summary>Builds a randomly initialised encoder and decoder.</summary>
    /// <param name="options">Their shapes and variants.</param>
    /// <exception cref="ArgumentException">Two options exclude each other; the message names both.</exception>
    public XTransformer(XTransformerOptions options) : base(nameof(XTransformer))
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        if (options.Dec.NumMemoryTokens is not null)
            throw new ArgumentException("Dec and NumMemoryTokens cannot be used together: memory tokens are the encoder's.");
        if (options.TieTokenEmb && options.Enc.NumTokens != options.Dec.NumTokens)
            throw new ArgumentException($"TieTokenEmb needs Enc.NumTokens ({options.Enc.NumTokens}) to equal Dec.NumTokens ({options.Dec.NumTokens}).");
        foreach (var (side, name) in new[] { (options.Enc, nameof(options.Enc)), (options.Dec, nameof(options.Dec)) })
            if (side.Layers.Dim != 0 && side.Layers.Dim != options.Dim)
                throw new ArgumentException($"{name}.Layers.Dim ({side.Layers.Dim}) differs from Dim ({options.Dim}): set Dim alone, which is the width of both sides.");
        if (options.Enc.Layers.CrossAttend) throw new ArgumentException("Enc.Layers.CrossAttend cannot be used in an XTransformer: its encoder has nothing to attend to.");
        foreach (var (side, name) in new[] { (options.Enc, nameof(options.Enc)), (options.Dec, nameof(options.Dec)) })
            if (side.Layers.NeedsCondition())
                throw new ArgumentException($"{name}.Layers cannot use UseAdaptiveLayernorm, UseAdaptiveRmsnorm or UseAdaptiveLayerscale: an XTransformer has no Condition to pass on.");
        Require.Probability(options.CrossAttnTokensDropout, nameof(options.CrossAttnTokensDropout));
        _contextDropout = options.CrossAttnTokensDropout;
        encoder = new TransformerWrapper(Side(options.Enc, new Encoder(options.Enc.Layers with { Dim = options.Dim })) with { ReturnOnlyEmbed = true });
        var decoderNet = new TransformerWrapper(
            Side(options.Dec, new Decoder(options.Dec.Layers with { Dim = options.Dim, CrossAttend = true })),
            options.TieTokenEmb ? encoder.TokenEmbedding : null);
        decoder = new AutoregressiveWrapper(decoderNet, options.IgnoreIndex, options.PadValue);
        register_module(nameof(encoder), encoder);
        register_module(nameof(decoder), decoder);
    }

    /// <summary>The options that both sides were built from.</summary>
    public XTransformerOptions Options { get; }

    /// <summary>Reads the source sequence.</summary>
    public TransformerWrapper Encoder => encoder;

    /// <summary>Writes the target sequence.</summary>
    public AutoregressiveWrapper Decoder => decoder;

    /// <summary>Does nothing: registration is explicit.</summary>
    protected override void RegisterComponents() { }

    /// <summary>Mean cross-entropy of predicting each next target token, in nats.</summary>
    /// <param name="source">[batch, sourceSeq], int64.</param>
    /// <param name="target">[batch, targetSeq], int64.</param>
    /// <returns>A scalar.</returns>
    public override Tensor forward(Tensor source, Tensor target) => forward(source, target, mask: null);

    /// <summary>Mean cross-entropy of predicting each next target token, in nats.</summary>
    /// <param name="source">[batch, sourceSeq], int64.</param>
    /// <param name="target">[batch, targetSeq], int64.</param>
    /// <param name="mask">[batch, sourceSeq], bool: real source tokens.</param>
    /// <returns>A scalar.</returns>
    public Tensor forward(Tensor source, Tensor target, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var context = encoder.Embed(source, new TransformerInputs { Mask = mask });
        if (training && _contextDropout > 0) (context, mask) = ContextDropout.Apply(context, mask, _contextDropout);
        return scope.MoveToOuter(decoder.forward(target, lens: null, context: context, contextMask: mask));
    }

    /// <summary>Writes a target sequence for each source sequence.</summary>
    /// <param name="source">[batch, sourceSeq], int64.</param>
    /// <param name="targetStart">[batch, seq], int64: how each target begins.</param>
    /// <param name="seqLen">How many tokens to add at most.</param>
    /// <param name="mask">[batch, sourceSeq], bool: real source tokens.</param>
    /// <param name="options">Temperature, filter, end of sequence and so on; its context is the encoded source.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>[batch, new], int64: the new tokens alone.</returns>
    public Tensor Generate(
        Tensor source, Tensor targetStart, int seqLen, Tensor? mask = null, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        RefuseContext(options);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var mode = new TrainingMode(encoder);
        var context = encoder.Embed(source, new TransformerInputs { Mask = mask });
        options = (options ?? new GenerateOptions()) with { Context = context, ContextMask = mask };
        return scope.MoveToOuter(decoder.Generate(targetStart, seqLen, options, cancellationToken));
    }

    /// <summary>Writes a target sequence for each source sequence, handing out every token as soon as it is there.</summary>
    /// <param name="source">[batch, sourceSeq], int64.</param>
    /// <param name="targetStart">[batch, seq], int64: how each target begins.</param>
    /// <param name="seqLen">How many tokens to add at most.</param>
    /// <param name="mask">[batch, sourceSeq], bool: real source tokens.</param>
    /// <param name="options">Temperature, filter, end of sequence and so on; its context is the encoded source.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>At each step one token for every sequence; the pad value where a sequence has ended.</returns>
    /// <exception cref="ArgumentException">The options have a context of their own.</exception>
    public IAsyncEnumerable<long[]> StreamAsync(
        Tensor source, Tensor targetStart, int seqLen, Tensor? mask = null, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        RefuseContext(options);
        return Stream(source, targetStart, seqLen, mask, options ?? new GenerateOptions(), cancellationToken);
    }

    private static void RefuseContext(GenerateOptions? options)
    {
        if (options?.Context is not null || options?.ContextMask is not null)
            throw new ArgumentException("Context and ContextMask cannot be given here: they are the encoded source and its mask.");
    }

    private async IAsyncEnumerable<long[]> Stream(
        Tensor source, Tensor targetStart, int seqLen, Tensor? mask, GenerateOptions options,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var context = Encoded();
        options = options with { Context = context, ContextMask = mask };
        await foreach (var tokens in decoder.StreamAsync(targetStart, seqLen, options, cancellationToken).ConfigureAwait(false)) yield return tokens;

        // Between steps the caller's scopes come and go: the context belongs to none.
        Tensor Encoded()
        {
            using var noGrad = no_grad();
            using var mode = new TrainingMode(encoder);
            return encoder.Embed(source, new TransformerInputs { Mask = mask }).DetachFromDisposeScope();
        }
    }

    private static TransformerWrapperOptions Side(XTransformerSideOptions side, AttentionLayers layers) => new()
    {
        NumTokens = side.NumTokens,
        MaxSeqLen = side.MaxSeqLen,
        EmbDropout = side.EmbDropout,
        NumMemoryTokens = side.NumMemoryTokens,
        ScaledSinuPosEmb = side.ScaledSinuPosEmb,
        UseAbsPosEmb = side.UseAbsPosEmb,
        AttnLayers = layers,
    };
}
