using TorchSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Losses;

/// <summary>What a reported mean loss is made of: real targets, pads that are counted, targets that are ignored. Plain numbers, no tensor held.</summary>
/// <remarks>Losses are in nats. The whole is <c>cross_entropy</c>'s own value; sums over parts are taken in float64 from its per-token values.</remarks>
[TypeFormatterSource(typeof(LossBreakdownFormatterSource))]
public sealed record LossBreakdown
{
    /// <summary>Rows of the batch.</summary>
    public required long Batch { get; init; }

    /// <summary>Targets in a row.</summary>
    public required long Seq { get; init; }

    /// <summary>Size of the vocabulary.</summary>
    public required long NumTokens { get; init; }

    /// <summary>The pad id, if there is one.</summary>
    public required long? PadId { get; init; }

    /// <summary>The id that is not counted.</summary>
    public required long IgnoreIndex { get; init; }

    /// <summary>What <c>cross_entropy</c> reports; null where every target is ignored, which it reports as NaN.</summary>
    public required double? Reported { get; init; }

    /// <summary>Real targets that are counted.</summary>
    public required LossPart Real { get; init; }

    /// <summary>Pads that are counted as targets.</summary>
    public required LossPart Pads { get; init; }

    /// <summary>Targets that are not counted.</summary>
    public required LossPart Ignored { get; init; }

    /// <summary>How many of the ignored targets are tokens of the data, which the model then never learns to predict.</summary>
    public required long IgnoredRealTokens { get; init; }

    /// <summary>Counted pads with real tokens on both sides: a sign that the pad id is also a token of the data.</summary>
    public required long PadsInsideRows { get; init; }

    /// <summary>Whether some token of the data has the pad's id (id 0 in use, pad = EOS), as far as <see cref="LossBreakdownOptions"/> told.</summary>
    public required bool PadIdIsRealToken { get; init; }

    /// <summary>Rows whose targets are all ignored.</summary>
    public required long RowsWithNothingToLearn { get; init; }

    /// <summary>What other settings would have reported.</summary>
    public required IReadOnlyList<LossCounterfactual> Counterfactuals { get; init; }

    /// <summary>Counted losses by position, <see cref="Seq"/> entries.</summary>
    public required IReadOnlyList<LossAtPosition> ByPosition { get; init; }

    /// <summary>Counted losses by class of token, the largest share first.</summary>
    public required IReadOnlyList<LossOfClass> ByTokenClass { get; init; }

    /// <summary>The breakdown in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>The line of C# that cures what <see cref="Summary"/> tells; null where nothing needs a cure.</summary>
    public required string? Fix { get; init; }

    /// <summary>The three parts: real tokens, pads, ignored.</summary>
    public IReadOnlyList<LossPart> Parts => [Real, Pads, Ignored];

    /// <summary>How many targets are averaged.</summary>
    public long Counted => Real.Count + Pads.Count;

    /// <summary>Whether every target is ignored.</summary>
    public bool NothingToLearn => Counted == 0;

    /// <summary>Takes the loss of a batch apart.</summary>
    /// <param name="logits">[batch, seq, numTokens], float32, float64, bfloat16 or float16, on any device.</param>
    /// <param name="targets">[batch, seq], int64.</param>
    /// <param name="padId">The id that fills rows up; null where nothing is padded.</param>
    /// <param name="ignoreIndex">The id that the loss does not count; -100, torch's default, unless the loss was told otherwise.</param>
    /// <param name="options">What else is known of the data and the model.</param>
    /// <exception cref="ArgumentException">Shapes or types do not fit, or a target is outside the vocabulary; the message says which and where.</exception>
    public static LossBreakdown From(
        Tensor logits, Tensor targets, long? padId, long ignoreIndex = -100, LossBreakdownOptions? options = null)
    {
        options ??= new();
        TargetChecks.Fit(logits, targets);
        TargetChecks.InVocabulary(logits, targets, ignoreIndex);
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Read(logits, targets, padId, ignoreIndex, options);
        var shares = options.GradientOf is null ? null : GradientShares.Of(logits, targets, batch, options.GradientOf);
        double? reported = batch.Counted == 0 ? null : batch.Mean;
        return Assemble(batch, reported, shares, logits.shape[2], options);
    }

    private static LossBreakdown Assemble(
        TokenBatch batch, double? reported, Dictionary<LossPartKind, double>? shares, long numTokens, LossBreakdownOptions options)
    {
        var sum = batch.Sum(LossPartKind.Real) + batch.Sum(LossPartKind.Pad);
        var breakdown = new LossBreakdown
        {
            Batch = batch.Rows,
            Seq = batch.Columns,
            NumTokens = numTokens,
            PadId = batch.PadId,
            IgnoreIndex = batch.IgnoreIndex,
            Reported = reported,
            Real = Part(LossPartKind.Real),
            Pads = Part(LossPartKind.Pad),
            Ignored = Part(LossPartKind.Ignored),
            IgnoredRealTokens = batch.IgnoredRealTokens(),
            PadsInsideRows = batch.PadsInsideRows(),
            PadIdIsRealToken = batch.PadIdIsRealToken(),
            RowsWithNothingToLearn = batch.RowsWithNothingToLearn(),
            Counterfactuals = Losses.Counterfactuals.Of(batch, options.Causal, options.PadValue),
            ByPosition = LossSlices.ByPosition(batch),
            ByTokenClass = LossSlices.ByClass(batch, options),
            Summary = "",
            Fix = null,
        };
        return breakdown with { Summary = LossSentence.Summary(breakdown), Fix = LossSentence.Fix(breakdown, options, batch.PaddedLeft()) };

        LossPart Part(LossPartKind kind)
        {
            var count = batch.Count(kind);
            var counted = kind != LossPartKind.Ignored;
            return new LossPart(kind, count,
                counted && batch.Counted > 0 ? (double)count / batch.Counted : 0,
                batch.MeanOf(kind),
                counted && sum != 0 ? batch.Sum(kind) / sum : 0,
                shares?.TryGetValue(kind, out var share) == true ? share : null);
        }
    }
}
