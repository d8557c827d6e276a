using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Losses;

/// <summary>Losses of single target tokens, before anything is averaged.</summary>
public static class TokenLosses
{
    /// <summary>Negative log likelihood of every target token, before any averaging.</summary>
    /// <param name="logits">[batch, seq, numTokens], float32, float64, or bfloat16 and float16 (computed in float32), on any device.</param>
    /// <param name="targets">[batch, seq], int64; positions equal to <paramref name="ignoreIndex"/> get 0.</param>
    /// <param name="ignoreIndex">The target that is not to be learned; torch's own default is -100.</param>
    /// <returns>[batch, seq], nats, with the graph of <paramref name="logits"/>.</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit, or a target is outside the vocabulary; the message says which and where.</exception>
    public static Tensor PerToken(Tensor logits, Tensor targets, long ignoreIndex = -100)
    {
        TargetChecks.Fit(logits, targets);
        TargetChecks.InVocabulary(logits, targets, ignoreIndex);
        using var scope = NewDisposeScope();
        return PerTokenUnchecked(logits, targets, ignoreIndex).MoveToOuterDisposeScope();
    }

    /// <summary>What <c>cross_entropy</c> reports: the mean over the targets that are not ignored; NaN where all are.</summary>
    /// <param name="logits">[batch, seq, numTokens]; see <see cref="PerToken"/>.</param>
    /// <param name="targets">[batch, seq], int64.</param>
    /// <param name="ignoreIndex">The target that is not to be learned.</param>
    /// <returns>A scalar, nats, with the graph of <paramref name="logits"/>.</returns>
    /// <exception cref="ArgumentException">As <see cref="PerToken"/>.</exception>
    public static Tensor Mean(Tensor logits, Tensor targets, long ignoreIndex = -100)
    {
        TargetChecks.Fit(logits, targets);
        TargetChecks.InVocabulary(logits, targets, ignoreIndex);
        using var scope = NewDisposeScope();
        return MeanUnchecked(logits, targets, ignoreIndex).MoveToOuterDisposeScope();
    }

    internal static Tensor PerTokenUnchecked(Tensor logits, Tensor targets, long ignoreIndex) =>
        nn.functional.cross_entropy(Rows(logits), Column(logits, targets), ignore_index: ignoreIndex, reduction: nn.Reduction.None)
            .reshape(targets.shape);                                                  // [batch, seq]

    /// <summary>Both from one softmax, the largest thing there is: cross_entropy is exactly nll_loss of log_softmax.</summary>
    /// <returns>Losses of all <paramref name="known"/> targets [batch, seq], and the mean over those of <paramref name="targets"/> that are not ignored.</returns>
    internal static (Tensor PerToken, Tensor Mean) BothUnchecked(Tensor logits, Tensor targets, Tensor known, long ignoreIndex)
    {
        using var scope = NewDisposeScope();
        var logProbabilities = nn.functional.log_softmax(Rows(logits), -1);           // [batch * seq, numTokens]
        var perToken = nn.functional.nll_loss(logProbabilities, Column(logits, known), reduction: nn.Reduction.None);
        // nll_loss itself leaves out -100 and takes no other id.
        var counted = targets.masked_fill(targets.eq(ignoreIndex), -100);
        var mean = nn.functional.nll_loss(logProbabilities, Column(logits, counted));
        return (perToken.reshape(targets.shape).MoveToOuterDisposeScope(), mean.MoveToOuterDisposeScope());
    }

    internal static Tensor MeanUnchecked(Tensor logits, Tensor targets, long ignoreIndex) =>
        nn.functional.cross_entropy(Rows(logits), Column(logits, targets), ignore_index: ignoreIndex);

    // Half precision keeps two or three digits of a loss: what autocast does too.
    private static Tensor Rows(Tensor logits)
    {
        var wide = logits.dtype is ScalarType.Float32 or ScalarType.Float64 ? logits : logits.to(ScalarType.Float32);
        return wide.reshape(-1, logits.shape[2]);                                     // [batch * seq, numTokens]
    }

    private static Tensor Column(Tensor logits, Tensor targets) => targets.to(logits.device).reshape(-1);
}
