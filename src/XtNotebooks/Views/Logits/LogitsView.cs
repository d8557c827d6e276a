using TorchSharp;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>A strip of tokens, coloured by what they cost; each tells the candidates, the true token's rank and its share of the loss.</summary>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record LogitsView : IView
{
    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>The shown positions, row after row.</summary>
    public required IReadOnlyList<LogitsToken> Tokens { get; init; }

    /// <summary>All positions of the batch.</summary>
    public required long Count { get; init; }

    /// <summary>The positions of the batch that the loss counts.</summary>
    public required long Counted { get; init; }

    /// <summary>The mean loss of the counted positions, nats; null where none counts.</summary>
    public required double? MeanLoss { get; init; }

    /// <summary>The size of the vocabulary.</summary>
    public required long NumTokens { get; init; }

    /// <summary>What the colour means at first.</summary>
    public LogitsMode Mode { get; init; }

    /// <summary>The sampling filters that are overlaid, in words: "top_k 40, top_p 0.9"; null for none.</summary>
    public string? Filter { get; init; }

    /// <summary>Counted losses that are not finite, in the whole batch; null where all are.</summary>
    internal OddLosses? Odd { get; init; }

    /// <summary>What a blind guess costs, nats: the colour is full there.</summary>
    public double BlindGuess => Math.Log(Math.Max(2, NumTokens));

    /// <summary>Looks at logits on any device; only the shown positions' numbers are copied.</summary>
    /// <param name="logits">[batch, seq, numTokens] or [seq, numTokens], floating point.</param>
    /// <param name="targets">[batch, seq] or [seq], int64: the tokens that should have been predicted.</param>
    /// <param name="options">Token texts, pads, how many candidates and how much to show.</param>
    /// <exception cref="ArgumentException">Shapes or types do not fit, or a target is outside the vocabulary; the message says which and where.</exception>
    public static LogitsView From(torch.Tensor logits, torch.Tensor targets, LogitsOptions? options = null) =>
        LogitsReading.Read(logits, targets, options ?? new());

    /// <inheritdoc/>
    public string ToHtml() => LogitsHtml.Write([this]);

    /// <inheritdoc/>
    public string ToText() => LogitsText.Write(this);
}

/// <param name="Infinite">Counted targets that the model gives no probability at all.</param>
/// <param name="NaN">Counted targets whose loss is not a number.</param>
/// <param name="Row">Where the first of them is.</param>
/// <param name="Position">Where in this row.</param>
internal sealed record OddLosses(long Infinite, long NaN, long Row, long Position);

/// <summary>One position and what the model thought of it.</summary>
/// <param name="Row">Its row in the batch.</param>
/// <param name="Position">Its position among the targets.</param>
/// <param name="Text">The true token's text.</param>
/// <param name="State">Whether it counts.</param>
/// <param name="Loss">What it cost, nats; what it would have cost where it is ignored; NaN where its id is no token.</param>
/// <param name="Entropy">How unsure the model was, nats.</param>
/// <param name="Rank">The true token's place among the candidates, from 1; 0 where its id is no token.</param>
/// <param name="ShareOfLoss">Its share of the sum of all counted losses, 0 to 1.</param>
/// <param name="Candidates">The likeliest tokens, the likeliest first.</param>
/// <param name="Kept">How many candidates the filters keep, the likeliest; null without filters.</param>
public sealed record LogitsToken(
    int Row, int Position, string Text, TargetState State, double Loss, double Entropy, long Rank, double ShareOfLoss,
    IReadOnlyList<LogitsCandidate> Candidates, long? Kept)
{
    /// <summary>Whether sampling with the filters could never give the true token.</summary>
    public bool Cut => Kept is { } kept && Rank > kept && double.IsFinite(Entropy);
}

/// <summary>A token the model might have said.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Probability">0 to 1.</param>
public sealed record LogitsCandidate(string Text, double Probability);
