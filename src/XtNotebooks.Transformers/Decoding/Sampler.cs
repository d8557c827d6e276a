namespace XtNotebooks.Transformers;

/// <summary>Adds one token after the other to a batch of sequences.</summary>
internal sealed class Sampler : IDisposable
{
    private readonly GenerateOptions _options;
    private readonly long _padValue;
    private readonly TrainingMode _mode;
    private readonly DecodingState _expert;
    private readonly List<(ContrastiveModel Model, DecodingState State)> _amateurs = [];
    private Tensor? _ended; // [batch, 1], bool

    public Sampler(AutoregressiveWrapper wrapper, Prompts prompts, int steps, GenerateOptions options)
    {
        var (numTokens, predicted) = (wrapper.Net.NumTokens, wrapper.Net.NumPredicted);
        options.Validate(wrapper.Net.TokenEmbedding.Weight.device);
        if (steps < 0) throw new ArgumentException($"seqLen must be at least 0, but is {steps}.");
        if (options.EosToken is { } eos && (eos < 0 || eos >= numTokens))
            throw new ArgumentException($"EosToken ({eos}) is outside the vocabulary: NumTokens is {numTokens}.");
        if (options.EosToken >= predicted) throw new ArgumentException($"EosToken ({options.EosToken}) would never come: {(wrapper.Net.Options.ToLogits is null ? "LogitsDim" : "ToLogits' width")} is {predicted}, so the model predicts ids from 0 to {predicted - 1}.");
        if (options.EosToken is not null && (wrapper.PadValue < 0 || wrapper.PadValue >= numTokens))
            throw new ArgumentException($"padValue ({wrapper.PadValue}) follows an EosToken in sequences that have ended, but the model reads ids from 0 to {numTokens - 1}: choose one of these.");
        (_options, _padValue) = (options, wrapper.PadValue);
        _mode = new TrainingMode([wrapper.Net, .. options.AmateurModels.Select(m => m.Net)]);
        _expert = new DecodingState(wrapper.Net, prompts.Tokens, prompts.StartPos, options, steps);
        foreach (var model in options.AmateurModels)
            _amateurs.Add((model, new DecodingState(model.Net, prompts.Tokens, prompts.StartPos, Fitting(model.Net, options), steps)));
        if (options.EosToken is { } end) _ended = HasEnd(prompts, end).DetachFromDisposeScope();
    }

    // As upstream, a prompt that holds the end token has ended; unlike there, the pads before a shorter prompt are not taken for ends where pad and
    // end are one id.
    private static Tensor HasEnd(Prompts prompts, long end)
    {
        using var scope = NewDisposeScope();
        var ends = prompts.Tokens == end;
        if (prompts.StartPos is { } start)
            ends &= arange(ends.shape[1], device: ends.device) >= start.unsqueeze(1);
        return scope.MoveToOuter(ends.any(1, keepdim: true));
    }

    /// <summary>[batch, seq], int64: prompts and what was added.</summary>
    public Tensor Tokens => _expert.Tokens;

    /// <summary>Whether every sequence has met the end token.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Adds a token to every sequence and returns them.</summary>
    public long[] NextTokens()
    {
        using var scope = NewDisposeScope();
        return Next().flatten().cpu().data<long>().ToArray();
    }

    /// <summary>Adds a token to every sequence.</summary>
    /// <returns>[batch, 1], int64.</returns>
    public Tensor Next()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var logits = _expert.Predict(); // [batch, numTokens]
        foreach (var (model, state) in _amateurs) logits = model.Combine(logits, state.Predict());
        var next = Choose(logits);
        if (_options.EosToken is { } eos)
        {
            next = next.masked_fill(_ended!, _padValue);
            var ended = _ended! | (next == eos);
            _ended!.Dispose();
            _ended = ended.DetachFromDisposeScope();
            HasEnded = ended.all().item<bool>();
        }
        _expert.Append(next);
        foreach (var (_, state) in _amateurs) state.Append(next);
        return scope.MoveToOuter(next);
    }

    public void Dispose()
    {
        _ended?.Dispose();
        _expert.Dispose();
        foreach (var (_, state) in _amateurs) state.Dispose();
        _mode.Dispose();
    }

    /// <summary>Where a model predicts NaN, the greatest of its logits would be its first.</summary>
    public static void RefuseNaN(Tensor logits)
    {
        using var scope = NewDisposeScope();
        if (logits.isnan().any().item<bool>())
            throw new InvalidOperationException("The model predicts NaN, so there is nothing to choose from: its weights have diverged, or its input is not finite.");
    }

    /// <summary>Logits after a filter, which may be anybody's.</summary>
    public static Tensor Filtered(Tensor logits, Func<Tensor, Tensor> filter)
    {
        var filtered = filter(logits);
        return filtered.shape.SequenceEqual(logits.shape) ? filtered
            : throw new ArgumentException($"FilterLogitsFn must return logits of the shape that it is given, {logits.Shape()}, but returned {filtered.Shape()}.");
    }

    /// <summary>What is said where a filter forbids every token.</summary>
    public static InvalidOperationException NothingLeft() => new("FilterLogitsFn leaves no token to choose: filter less.");

    // What an amateur has no use for, and would refuse, is the expert's alone.
    private static GenerateOptions Fitting(TransformerWrapper amateur, GenerateOptions options)
    {
        var layers = amateur.AttnLayers.Options;
        return options with
        {
            Context = layers.CrossAttend ? options.Context : null,
            ContextMask = layers.CrossAttend ? options.ContextMask : null,
            Condition = layers.NeedsCondition() ? options.Condition : null,
            RecycleSteps = amateur.Options.Recycling ? options.RecycleSteps : null,
            LoopedSteps = amateur.Options.Looped ? options.LoopedSteps : null,
        };
    }

    private Tensor Choose(Tensor logits)
    {
        RefuseNaN(logits);
        var isGreedy = _options.Temperature == 0;
        // The usual filter, and contrastive decoding, leave the most probable token.
        var filtered = _amateurs.Count > 0 || (isGreedy && !_options.HasOwnFilter) ? logits : Filtered(logits, _options.FilterLogitsFn);
        if (isGreedy)
        {
            if (_options.HasOwnFilter && !(filtered.amax([-1]) > double.NegativeInfinity).all().item<bool>())
                throw NothingLeft();
            return filtered.argmax(-1, keepdim: true);
        }
        var probabilities = (filtered / _options.Temperature).softmax(-1);
        if (probabilities.isnan().any().item<bool>())
            throw new InvalidOperationException(
                FormattableString.Invariant($"FilterLogitsFn with Temperature {_options.Temperature} leaves no token to sample from: filter less, or raise the temperature."));
        return probabilities.multinomial(1, generator: _options.Generator);
    }
}
