using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Losses;

/// <summary>Refuses logits and targets that do not fit, each with one sentence.</summary>
internal static class TargetChecks
{
    public static void Fit(Tensor logits, Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(targets);
        var (l, t) = (logits.shape, targets.shape);
        if (!logits.is_floating_point())
            throw new ArgumentException($"The logits must be floating point, but are {logits.dtype}; give the model's output before any argmax.");
        if (targets.dtype != ScalarType.Int64)
            throw new ArgumentException($"The targets must be int64, but are {targets.dtype}; convert them: targets.to(torch.int64).");
        if (l.Length != 3 || t.Length != 2)
            throw new ArgumentException($"The logits must be [batch, seq, numTokens] and the targets [batch, seq], but they are {Shape(l)} and {Shape(t)}.");
        if (l[0] == t[0] && l[1] == t[1])
            return;
        var hint = l[0] != t[0] ? "they are not of the same batch"
            : l[2] == t[1] ? "the logits look like [batch, numTokens, seq]: transpose them, logits.transpose(1, 2)"
            : l[1] == t[1] + 1 ? "the last logit has no target: drop it, logits[.., ..^1, ..]"
            : l[1] == t[1] - 1 ? "the first token is nobody's target: drop it, targets[.., 1..]"
            : "their lengths differ";
        throw new ArgumentException($"The logits are {Shape(l)} and the targets {Shape(t)}: {hint}.");
    }

    public static void InVocabulary(Tensor logits, Tensor targets, long ignoreIndex)
    {
        using var scope = NewDisposeScope();
        var numTokens = logits.shape[2];
        var outside = targets.lt(0).logical_or(targets.ge(numTokens)).logical_and(targets.ne(ignoreIndex));
        var count = outside.sum().item<long>();
        if (count == 0)
            return;
        var first = outside.nonzero()[0].cpu().data<long>().ToArray();
        var id = targets[first[0], first[1]].item<long>();
        throw new ArgumentException(
            $"The target in row {first[0]}, position {first[1]} is {id}, but the logits know {numTokens} tokens (0 to {numTokens - 1})"
            + (count > 1 ? $"; {count} of {targets.numel()} targets are outside" : "")
            + (id < 0 ? $"; if {id} means 'ignore', pass ignoreIndex: {id}." : "; the model's numTokens or the tokenizer is wrong."));
    }

    private static string Shape(long[] shape) => $"[{string.Join(", ", shape)}]";
}
