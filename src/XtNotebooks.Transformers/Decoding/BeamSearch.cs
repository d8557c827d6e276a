namespace XtNotebooks.Transformers;

/// <summary>How beam search looks for probable continuations.</summary>
public sealed record BeamSearchOptions
{
    /// <summary>Number of continuations kept.</summary>
    public int Beams { get; init; } = 4;
    /// <summary>Draws candidates by chance (Gumbel top-k, arXiv:1903.06059) instead of taking the most probable.</summary>
    public bool Stochastic { get; init; }
    /// <summary>How varied a stochastic search is; 0 takes the most probable candidates.</summary>
    public double Temperature { get; init; } = 1;
    /// <summary>Which tokens a stochastic search may draw; see <see cref="LogitFilters"/>.</summary>
    public Func<Tensor, Tensor> FilterLogitsFn { get; init; } = LogitFilters.None;
    /// <summary>[batch], int64: real length of each right-padded prompt.</summary>
    public Tensor? PromptLens { get; init; }
    /// <summary>Looks back at most as far as the model's MaxSeqLen.</summary>
    public bool RestrictToMaxSeqLen { get; init; } = true;
    /// <summary>Keeps keys and values between steps; the beams are the same without, only later.</summary>
    public bool CacheKv { get; init; } = true;
    /// <summary>[batch, keys, dim]: what cross-attention reads.</summary>
    public Tensor? Context { get; init; }
    /// <summary>[batch, keys], bool: context positions that may be read.</summary>
    public Tensor? ContextMask { get; init; }
    /// <summary>[batch, dimCondition]: what adaptive norms and layer scales depend on.</summary>
    public Tensor? Condition { get; init; }
    /// <summary>How often the layers run for each token where the model recycles.</summary>
    public int? RecycleSteps { get; init; }
    /// <summary>How often the layers run for each token where the model loops; its MaxLoopedSteps where absent.</summary>
    public int? LoopedSteps { get; init; }
}

/// <summary>What beam search found.</summary>
/// <param name="Tokens">[batch, new] or [new], int64: the best continuation of each prompt.</param>
/// <param name="Beams">[beams, batch, new] or [beams, new], int64: all continuations kept, best first.</param>
/// <param name="Scores">[beams, batch]: their log probabilities, in nats.</param>
public sealed record BeamSearchResult(Tensor Tokens, Tensor Beams, Tensor Scores);

public sealed partial class AutoregressiveWrapper
{
    /// <summary>Looks for the most probable continuations of prompts.</summary>
    /// <param name="prompts">[batch, seq] or [seq], int64.</param>
    /// <param name="seqLen">How many tokens to add.</param>
    /// <param name="options">Number of beams and so on.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public BeamSearchResult BeamSearch(Tensor prompts, int seqLen, BeamSearchOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new BeamSearchOptions();
        var beams = options.Beams;
        if (options.FilterLogitsFn is null) throw new ArgumentException("FilterLogitsFn must not be null: use LogitFilters.None.");
        if (seqLen < 1) throw new ArgumentException($"seqLen must be at least 1, but is {seqLen}.");
        if (beams < 1 || beams > net.NumPredicted)
            throw TooManyBeams(beams, net.NumPredicted);
        Dependences.OfBeamSearch.Check(options);
        if (!double.IsFinite(options.Temperature) || options.Temperature < 0)
            throw new ArgumentException(FormattableString.Invariant($"Temperature must be at least 0, but is {options.Temperature}."));

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var mode = new TrainingMode(net);
        var start = Prompts.From(prompts, options.PromptLens, PadValue);
        var batch = start.Tokens.shape[0];
        using var state = new DecodingState(net, start.Tokens, start.StartPos, new GenerateOptions
        {
            Context = options.Context,
            ContextMask = options.ContextMask,
            Condition = options.Condition,
            RecycleSteps = options.RecycleSteps,
            LoopedSteps = options.LoopedSteps,
            CacheKv = options.CacheKv,
            RestrictToMaxSeqLen = options.RestrictToMaxSeqLen,
        }, seqLen);

        var scores = zeros(batch, 1, device: start.Tokens.device); // [batch, beams so far]
        for (var step = 0; step < seqLen; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var stepScope = NewDisposeScope();
            var held = scores.shape[1];
            var logits = state.Predict(); // [batch * held, numTokens]
            Sampler.RefuseNaN(logits);
            if (beams > logits.shape[^1]) throw TooManyBeams(beams, logits.shape[^1]); // a head of one's own tells its width late
            var (candidates, gained) = Candidates(logits, options, scores); // [batch * held, beams]
            var total = scores.unsqueeze(-1).expand(batch, held, beams).reshape(batch, held * beams) + gained.view(batch, held * beams);

            var (best, order) = total.topk(beams, -1); // [batch, beams], of held * beams candidates
            var rows = arange(batch, dtype: ScalarType.Int64, device: order.device).unsqueeze(-1) * held;
            state.Reorder((rows + order.div(beams, RoundingMode.floor)).flatten());
            state.Append(candidates.view(batch, held * beams).gather(-1, order).view(batch * beams, 1));
            scores = stepScope.MoveToOuter(best);
        }

        if (options.Stochastic && !(scores > double.NegativeInfinity).all().item<bool>())
            throw new InvalidOperationException($"FilterLogitsFn leaves fewer than {beams} continuations (Beams): filter less, or keep fewer beams.");
        var added = state.Tokens.narrow(1, start.Tokens.shape[1], seqLen).view(batch, beams, seqLen);
        var all = added.transpose(0, 1).contiguous(); // [beams, batch, new]
        var result = new BeamSearchResult(
            start.Unpack(added.select(1, 0).clone()), start.IsSingle ? all.squeeze(1) : all, scores.t().contiguous());
        scope.MoveToOuter(result.Tokens, result.Beams, result.Scores);
        return result;
    }

    // A token that the filter forbids may be a candidate where too few others are left, but one of probability zero: any other goes before it.
    private static (Tensor Ids, Tensor Gained) Candidates(Tensor logits, BeamSearchOptions options, Tensor scores)
    {
        if (!options.Stochastic)
        {
            var (_, greatest) = logits.topk(options.Beams, -1);
            return (greatest, logits.log_softmax(-1).gather(-1, greatest));
        }
        var filtered = Sampler.Filtered(logits, options.FilterLogitsFn);
        var forbidden = ~(filtered > double.NegativeInfinity);
        var alive = scores.flatten() > double.NegativeInfinity; // [batch * held]
        if ((forbidden.all(-1) & alive).any().item<bool>()) throw Sampler.NothingLeft();
        // Adding Gumbel noise turns taking the greatest into drawing without replacement.
        if (options.Temperature > 0) filtered = filtered / options.Temperature - (-rand_like(logits).SafeLog()).SafeLog();
        var (_, drawn) = filtered.masked_fill(forbidden, double.NegativeInfinity).topk(options.Beams, -1);
        return (drawn, logits.log_softmax(-1).masked_fill(forbidden, double.NegativeInfinity).gather(-1, drawn));
    }

    private ArgumentException TooManyBeams(int beams, long predicted) => new(
        $"Beams ({beams}) must be from 1 to {(net.Options.ToLogits is not null ? "ToLogits' width" : net.Options.LogitsDim is null ? "NumTokens" : "LogitsDim")} ({predicted}), the number of tokens that the model predicts.");
}
