using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>What attention is told besides the tokens.</summary>
public sealed record AttentionMaskOptions
{
    /// <summary>Whether a position sees only itself and what stands before it.</summary>
    public bool Causal { get; init; } = true;

    /// <summary>[seq] bool, true at real positions, as given to the model; null for none. Without a <see cref="KvMask"/> it hides the other keys.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>[seq] bool, true where self-attention may read: what a wrapper's <c>maskProb</c> draws in every training step; null for none. It takes
    /// the place of <see cref="Mask"/> for keys, as in x-transformers.</summary>
    public Tensor? KvMask { get; init; }

    /// <summary>[seq] bool: which positions are tokens of the data, where the ids alone do not tell (a pad id that also occurs in the text); null to take
    /// what is the pad id at either end for pads.</summary>
    public Tensor? Real { get; init; }

    /// <summary>The same of what cross-attention looks at, [keys].</summary>
    public Tensor? ContextReal { get; init; }

    /// <summary>A token's text; without it the ids are shown.</summary>
    public Func<long, string>? Token { get; init; }

    /// <summary>Rows and columns shown at most.</summary>
    public int Max { get; init; } = 48;

    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>A kv mask as a wrapper with <paramref name="maskProb"/> draws one for each sequence of each training step: so many keys hidden, the first
    /// never among them.</summary>
    /// <param name="length">Tokens of the sequence.</param>
    /// <param name="maskProb">Part of the tokens that is hidden, 0 to below 1.</param>
    /// <param name="seed">Chooses them.</param>
    /// <returns>[length], bool.</returns>
    public static Tensor DrawKvMask(int length, double maskProb, int seed = 0)
    {
        if (!(maskProb is >= 0 and < 1))
            throw new ArgumentException(FormattableString.Invariant($"maskProb is {maskProb}; it hides a part of the tokens, from 0 to below 1."), nameof(maskProb));
        var seen = Enumerable.Repeat(true, length).ToArray();
        var others = Enumerable.Range(1, Math.Max(0, length - 1)).ToArray();
        new Random(seed).Shuffle(others);
        foreach (var key in others.Take(Math.Min((int)(length * maskProb), Math.Max(0, length - 1))))
            seen[key] = false;
        return tensor(seen);
    }
}
