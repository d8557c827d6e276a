using static TorchSharp.torch;
using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 10.</summary>
internal sealed class NothingToLearn : ICheck
{
    public CheckInfo Info { get; } = new(10, "nothing-to-learn", "Do rows or batches without any target give NaN, or silently nothing?",
        "Counts targets per row, and looks for NaN in the logits, the loss and the gradients.",
        "https://github.com/pytorch/pytorch/issues/70348");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Clean is not { } clean)
            return Info.NotChecked(exam.ModelFailure is null ? "the loss cannot run on this batch" : "the model cannot run on this batch");
        var rows = BadRows(clean.Logits);
        if (rows.Count > 0)
            return Info.Found(NaNLogits(exam, rows));
        if (exam.Reading(out var why) is not { } reading)
            return Info.NotChecked(why);
        var empty = Enumerable.Range(0, reading.Rows).Where(r => !reading.Trained[r].Contains(true)).ToList();
        if (!double.IsFinite(clean.Loss))
        {
            return Info.Found(Info.Finding(Severity.Error,
                reading.Count == 0 ? $"No target of this batch counts, and the loss is {clean.Loss}: one such batch ends a run."
                    : $"The loss is {clean.Loss} because of {Words.Rows(empty)} without any target that counts.",
                reading.Count == 0 ? "Skip batches without targets, or divide by `mask.sum().clamp(min: 1)`."
                    : "Sum over all rows and divide once, or divide each row by `clamp(min: 1)` of its count.") with { LossShare = 1, GradientShare = 1 });
        }
        if (reading.Count == 0)
        {
            return Info.Found(Info.Finding(Severity.Warning, $"No target of this batch counts: the loss is {clean.Loss:0.####} and nothing is learned, without a sign of it.",
                "Count the targets of each batch and stop, or skip it, where there are none.") with { LossShare = 1, GradientShare = 1 });
        }
        if (empty.Count > 0)
        {
            return Info.Found(Info.Finding(Severity.Advice, $"Nothing is learned from {Words.Rows(empty)} of {Words.Number(reading.Rows)}: all targets are left out.",
                "If they were meant to be learned, look at how their targets are masked."));
        }
        return Info.Passed($"every row has a target that counts ({Words.Number(reading.Count)} in all)");
    }

    private Finding NaNLogits(Examination exam, List<int> rows)
    {
        var padded = rows.Where(r => exam.Sequences.Real[r].Contains(false)).ToList();
        return Info.Finding(Severity.Error,
            $"The logits of {Words.Rows(rows)} are not finite"
            + (padded.Count == rows.Count ? ": in attention, pads that may see nothing become NaN, and their gradient spoils every weight." : "."),
            padded.Count == rows.Count ? "Leave every query at least one key (mask with a large negative number, not with -inf), or drop rows without tokens."
                : "Look for divisions by zero and for overflow in the model.") with { LossShare = 1, GradientShare = 1 };
    }

    private static List<int> BadRows(Tensor logits)
    {
        using var scope = NewDisposeScope();
        // A logit of -inf is a token that is ruled out; NaN and +inf are accidents.
        var bad = logits.isnan().logical_or(logits.isposinf()).flatten(1).any(1).cpu().data<bool>().ToArray();
        return [.. Enumerable.Range(0, bad.Length).Where(r => bad[r])];
    }
}
