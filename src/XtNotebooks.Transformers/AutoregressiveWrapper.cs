namespace XtNotebooks.Transformers;

/// <summary>Trains a transformer to predict the next token, and generates with it.</summary>
/// <remarks>
/// As upstream, <c>ignoreIndex</c> is -100 unless set: pads then count as targets like any other token. Set it to the pad id
/// to leave them out of the loss. In the inputs, positions equal to <c>ignoreIndex</c> are replaced by <c>padValue</c>.
/// </remarks>
public sealed partial class AutoregressiveWrapper : nn.Module<Tensor, Tensor>
{
    private readonly TransformerWrapper net;

    /// <summary>Wraps a transformer.</summary>
    /// <param name="net">What predicts; its stack should be a <see cref="Decoder"/>.</param>
    /// <param name="ignoreIndex">Targets equal to it do not count.</param>
    /// <param name="padValue">What <paramref name="ignoreIndex"/> becomes in the inputs, and what generation fills up with.</param>
    /// <param name="maskProb">Part of the input tokens hidden from attention in each forward pass (arXiv:2210.13432); the first is never.</param>
    /// <param name="addAttnZLoss">Adds the attention z-loss, times the net's AttnZLossWeight, to the loss (arXiv:2202.08906).</param>
    /// <param name="nextEmbedLossWeight">Weight of predicting the next token's embedding, where the net has AddContinuousPredHead.</param>
    /// <param name="loopedLossThresholdExit">A looped net should stop where a further loop lowers the loss by less, in nats.</param>
    /// <param name="loopedLossSlope">How sharp that decision is.</param>
    /// <param name="loopedExitLossWeight">Weight of learning it.</param>
    public AutoregressiveWrapper(
        TransformerWrapper net, long ignoreIndex = -100, long padValue = 0, double maskProb = 0, bool addAttnZLoss = false,
        double nextEmbedLossWeight = 0.1, double loopedLossThresholdExit = 0.05, double loopedLossSlope = 50, double loopedExitLossWeight = 1)
        : base(nameof(AutoregressiveWrapper))
    {
        ArgumentNullException.ThrowIfNull(net);
        Require.Probability(maskProb, nameof(maskProb));
        LossNumbers.Check(net.Options, nextEmbedLossWeight, loopedLossThresholdExit, loopedLossSlope, loopedExitLossWeight);
        foreach (var (set, name) in new[]
                 {
                     (net.Options.ReturnOnlyEmbed, nameof(net.Options.ReturnOnlyEmbed)),
                     (net.Options.AveragePoolEmbed, nameof(net.Options.AveragePoolEmbed)), (net.Options.UseClsToken, nameof(net.Options.UseClsToken)),
                     (net.Options.SqueezeOutLastDim, nameof(net.Options.SqueezeOutLastDim)), (net.OutputIsPooled, nameof(net.Options.AttnPool)),
                 })
            if (set) throw new ArgumentException($"An AutoregressiveWrapper needs logits for every position, but the net's {name} is set: leave it off.");
        if (net.Options.NumOutputHeads > 1) throw new ArgumentException($"An AutoregressiveWrapper predicts one next token, but the net's NumOutputHeads is {net.Options.NumOutputHeads}: set it to 1.");
        Require.NotBoth(addAttnZLoss, nameof(addAttnZLoss), net.AttnLayers.Options.AttnFlash, nameof(net.AttnLayers.Options.AttnFlash));
        (this.net, IgnoreIndex, PadValue, MaskProb, AddAttnZLoss) = (net, ignoreIndex, padValue, maskProb, addAttnZLoss);
        (NextEmbedLossWeight, LoopedLossThresholdExit, LoopedLossSlope, LoopedExitLossWeight) =
            (nextEmbedLossWeight, loopedLossThresholdExit, loopedLossSlope, loopedExitLossWeight);
        register_module(nameof(net), net);
    }

    /// <summary>What predicts.</summary>
    public TransformerWrapper Net => net;

    /// <summary>Targets equal to it do not count.</summary>
    public long IgnoreIndex { get; }

    /// <summary>What <see cref="IgnoreIndex"/> becomes in the inputs, and what generation fills up with.</summary>
    public long PadValue { get; }

    /// <summary>Part of the input tokens hidden from attention in each forward pass.</summary>
    public double MaskProb { get; }

    /// <summary>Whether the attention z-loss is part of the loss.</summary>
    public bool AddAttnZLoss { get; }

    /// <summary>Weight of predicting the next token's embedding.</summary>
    public double NextEmbedLossWeight { get; }

    /// <summary>A looped net should stop where a further loop lowers the loss by less, in nats.</summary>
    public double LoopedLossThresholdExit { get; }

    /// <summary>How sharp that decision is.</summary>
    public double LoopedLossSlope { get; }

    /// <summary>Weight of learning it.</summary>
    public double LoopedExitLossWeight { get; }

    /// <summary>Longest sequence, and the window of generation.</summary>
    public int MaxSeqLen => net.MaxSeqLen;

    /// <summary>Does nothing: registration is explicit.</summary>
    protected override void RegisterComponents() { }

    /// <summary>Mean cross-entropy of predicting each next token, in nats.</summary>
    /// <param name="ids">[batch, seq], int64: seq - 1 predictions.</param>
    /// <returns>A scalar; NaN where every target is ignored, as torch's <c>cross_entropy</c> has it.</returns>
    public override Tensor forward(Tensor ids) => forward(ids, lens: null);

    /// <summary>Mean cross-entropy of predicting each next token, in nats, given lengths, masks or a context.</summary>
    /// <param name="ids">[batch, seq], int64.</param>
    /// <param name="lens">[batch], int64: real length of each sequence; what is after it does not count as a target.</param>
    /// <param name="mask">[batch, seq], bool: real positions. Changes what attention sees, not which targets count.</param>
    /// <param name="selfAttnKvMask">[batch, seq], bool: positions that attention may read; as upstream, a <see cref="MaskProb"/> takes its place.</param>
    /// <param name="context">[batch, keys, dim]: what cross-attention reads.</param>
    /// <param name="contextMask">[batch, keys], bool: context positions that may be read.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">An id is outside the vocabulary, or shapes do not fit; the message says which and where.</exception>
    public Tensor forward(
        Tensor ids, Tensor? lens = null, Tensor? mask = null, Tensor? selfAttnKvMask = null, Tensor? context = null, Tensor? contextMask = null)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(ForwardWithOutputs(ids, lens, mask, selfAttnKvMask, context, contextMask).Loss);
    }

    /// <summary>The loss together with the logits it was computed from (upstream's <c>return_outputs</c>).</summary>
    /// <inheritdoc cref="forward(Tensor, Tensor?, Tensor?, Tensor?, Tensor?, Tensor?)"/>
    public AutoregressiveOutput ForwardWithOutputs(
        Tensor ids, Tensor? lens = null, Tensor? mask = null, Tensor? selfAttnKvMask = null, Tensor? context = null, Tensor? contextMask = null) =>
        ForwardWithOutputs(ids, new TransformerInputs { Mask = mask, SelfAttnKvMask = selfAttnKvMask, Context = context, ContextMask = contextMask }, lens);

    /// <summary>The loss together with the logits it was computed from, given whatever the model needs besides ids (a condition, memories, …).</summary>
    /// <param name="ids">[batch, seq], int64.</param>
    /// <param name="inputs">What goes with them; masks are [batch, seq].</param>
    /// <param name="lens">[batch], int64: real length of each sequence; what is after it does not count as a target.</param>
    /// <exception cref="ArgumentException">An id is outside the vocabulary, or shapes do not fit; the message says which and where.</exception>
    public AutoregressiveOutput ForwardWithOutputs(Tensor ids, TransformerInputs inputs, Tensor? lens = null)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var (mask, selfAttnKvMask) = (inputs.Mask, inputs.SelfAttnKvMask);
        InputChecks.CheckShape(ids);
        if (ids.shape[1] < 2) throw new ArgumentException($"Predicting the next token needs at least 2 tokens, but the ids are {ids.Shape()}.");
        InputChecks.CheckMask(mask, nameof(mask), ids.shape[0], ids.shape[1]);
        InputChecks.CheckMask(selfAttnKvMask, nameof(selfAttnKvMask), ids.shape[0], ids.shape[1]);
        using var scope = NewDisposeScope();
        ids = ids.to(ScalarType.Int64);
        if (lens is not null) ids = ids.masked_fill(~RealPositions(lens, ids), IgnoreIndex);

        var targets = ids.narrow(1, 1, ids.shape[1] - 1);
        var fed = ids.masked_fill(ids == IgnoreIndex, PadValue);
        if ((PadValue < 0 || PadValue >= net.NumTokens) && (ids == IgnoreIndex).any().item<bool>())
            throw new ArgumentException($"padValue is {PadValue}, which takes the ignored tokens' place in the inputs, but the model reads ids from 0 to {net.NumTokens - 1}: choose one of these, or the pad id itself.");
        // The last token predicts nothing: it is fed for upstream's sake, and left out where positions end.
        if (net.HasAbsolutePositions && !net.Options.ScaledSinuPosEmb && ids.shape[1] == MaxSeqLen + 1) fed = fed.narrow(1, 0, MaxSeqLen);
        if (MaskProb > 0) selfAttnKvMask = RandomMask(fed);

        inputs = UpTo(fed.shape[1], inputs with { SelfAttnKvMask = selfAttnKvMask }, ids.shape[1]);
        var keep = AddAttnZLoss || net.Options.Looped || net.Options.AddContinuousPredHead ? new ForwardTrace.Builder(maps: false, logits: AddAttnZLoss) : null;
        var trace = keep is null ? null : net.Trace(fed, inputs, keep);
        var logits = (trace?.Logits ?? net.forward(fed, inputs)).narrow(1, 0, targets.shape[1]); // [batch, seq - 1, numTokens]

        InputChecks.CheckTargets(targets, IgnoreIndex, logits.shape[2]);

        // Half precision keeps two or three digits of a loss; torch's autocast, too, takes it in float32.
        var wide = logits.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? logits.to(ScalarType.Float32) : logits;
        var (flat, flatTargets) = (wide.flatten(0, 1), targets.flatten());
        var loss = net.Options.Looped ? OfLoops(trace!, targets) : net.OutputIsLogProb
            ? NegativeLogLikelihood(flat, flatTargets)
            : F.cross_entropy(flat, flatTargets, ignore_index: IgnoreIndex);
        if (AddAttnZLoss && trace?.AttnZLoss is { } zLoss) loss = loss + zLoss;
        if (net.Options.AddContinuousPredHead)
            loss = loss + OfEmbeddings(net.NextEmbeddings(trace!.Embeddings)!, keep!.InitialEmbeddings!, targets) * NextEmbedLossWeight;
        scope.MoveToOuter(loss, logits);
        return new AutoregressiveOutput(loss, logits);
    }

    // What goes with the tokens that are fed; of another length, it is refused where it is read.
    private TransformerInputs UpTo(long fed, TransformerInputs inputs, long length)
    {
        if (fed == length) return inputs;
        var (whole, wholeFed) = (net.WholeLength(length), net.WholeLength(fed));
        static Tensor Cut(Tensor x, int dim, long from, long to)
        {
            var at = dim < 0 ? (int)x.Dimensions + dim : dim;
            return at >= 0 && at < x.Dimensions && x.shape[at] == from ? x.narrow(at, 0, to) : x;
        }
        return inputs with
        {
            Mask = inputs.Mask?.narrow(1, 0, fed),
            SelfAttnKvMask = inputs.SelfAttnKvMask is { } kv ? Cut(kv, 1, length, fed) : null,
            Condition = inputs.Condition is { Dimensions: 3 } condition ? Cut(condition, 1, length, fed) : inputs.Condition,
            AttnMask = inputs.AttnMask is { } attn ? Cut(Cut(attn, -1, whole, wholeFed), -2, whole, wholeFed) : null,
            EmbedIds = inputs.EmbedIds?.ToDictionary(e => e.Key, e => Cut(e.Value, 1, length, fed)),
        };
    }

    private Tensor OfLoops(ForwardTrace trace, Tensor targets)
    {
        var logits = stack(trace.LoopLogits, 1).narrow(2, 0, targets.shape[1]); // [batch, loops, seq - 1, numTokens]
        var exits = stack(trace.ExitLogits, 1).squeeze(-1).narrow(2, 0, targets.shape[1]);
        if (logits.dtype is ScalarType.BFloat16 or ScalarType.Float16) (logits, exits) = (logits.to(ScalarType.Float32), exits.to(ScalarType.Float32));
        return new LoopedLoss(IgnoreIndex, LoopedLossThresholdExit, LoopedLossSlope, LoopedExitLossWeight).Of(logits, exits, targets);
    }

    // Mean absolute difference of each next embedding, which itself does not learn from it.
    private Tensor OfEmbeddings(Tensor predicted, Tensor embeddings, Tensor targets)
    {
        var count = Math.Min(targets.shape[1], embeddings.shape[1] - 1);
        var wanted = embeddings.narrow(1, 1, count).detach();
        var counted = (targets.narrow(1, 0, count) != IgnoreIndex).unsqueeze(-1).expand_as(wanted);
        return (predicted.narrow(1, 0, count) - wanted).abs().masked_select(counted).mean();
    }

    private Tensor NegativeLogLikelihood(Tensor logProbabilities, Tensor targets)
    {
        var counted = targets != IgnoreIndex;
        var ofTargets = logProbabilities.gather(-1, targets.masked_fill(~counted, 0).unsqueeze(-1)).squeeze(-1);
        return -ofTargets.masked_fill(~counted, 0).sum() / counted.sum();
    }

    private static Tensor RealPositions(Tensor lens, Tensor ids)
    {
        var (batch, length) = (ids.shape[0], ids.shape[1]);
        if (lens.Dimensions != 1 || lens.shape[0] != batch)
            throw new ArgumentException($"lens must be [batch] with a batch of {batch}, but is {lens.Shape()}.");
        if (lens.dtype is not (ScalarType.Int64 or ScalarType.Int32)) throw new ArgumentException($"lens must be integers, but are {lens.dtype}.");
        var values = lens.to(ScalarType.Int64).cpu().data<long>().ToArray();
        for (var i = 0; i < values.Length; i++)
            if (values[i] < 1 || values[i] > length)
                throw new ArgumentException($"lens must be from 1 to the sequence length {length}, but is {values[i]} at batch {i}.");
        return arange(length, device: ids.device) < lens.to(ids.device).unsqueeze(-1);
    }

    // As many positions in every sequence, the first never among them; true where attention may look.
    private Tensor RandomMask(Tensor ids)
    {
        var (batch, length) = (ids.shape[0], ids.shape[1]);
        var hidden = Math.Min((int)(length * MaskProb), (int)length - 1);
        var scores = randn(batch, length, device: ids.device);
        scores.narrow(1, 0, 1).fill_(float.MinValue);
        var (_, chosen) = scores.topk(hidden, -1);
        return ones_like(ids, dtype: ScalarType.Bool).scatter_(1, chosen, zeros_like(chosen, dtype: ScalarType.Bool));
    }
}

/// <summary>A loss and what it was computed from.</summary>
/// <param name="Loss">A scalar, in nats.</param>
/// <param name="Logits">[batch, seq - 1, numTokens]: the prediction of each next token.</param>
public sealed record AutoregressiveOutput(Tensor Loss, Tensor Logits);
