using static TorchSharp.torch;
using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 5.</summary>
internal sealed class Repadding : ICheck
{
    public CheckInfo Info { get; } = new(5, "repadding", "Do loss and gradients stay the same when the batch is padded wider?",
        "Adds a few columns of padding and compares the loss, the parameters' gradients and the real tokens' logits; where the model takes no longer "
        + "rows, cuts the shorter rows' padding off instead.",
        "https://github.com/voidism/DiffCSE/issues/25");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Clean is not { } clean)
            return Info.NotChecked(exam.ModelFailure is null ? "the loss cannot run on this batch" : "the model cannot run on this batch");
        if (PadFill.Of(exam) is not { } fill)
            return Info.NotChecked("give --pad");
        if (PadFill.RunsAreAmbiguous(exam))
            return Info.NotChecked("pad and end of text are one id and some rows end without it: give a mask in the batch");
        if (exam.IsRandomInEvaluation())
            return Info.NotChecked("the model is random in evaluation mode");
        if (exam.Objective is not null && exam.LossIsRandom())
            return Info.NotChecked("the loss draws random numbers, which fall differently on a wider batch");
        var left = exam.Sequences.LeftPadded().Any();
        var more = Math.Clamp(exam.Batch.Inputs.shape[1] / 4, 1, 4);
        LossRun wide;
        try
        {
            wide = exam.Run(Variants.Wider(exam.Batch, more, left, fill.Input, fill.Label), gradients: true, exam.Options.Seed);
        }
        catch (Exception error) when (exam.IsTheirs(error))
        {
            return Narrower(exam, left) ?? Info.NotChecked($"model or loss take no wider batch ({Examination.Say(error)})");
        }
        return Compare(exam, clean, wide, left ? (int)more : 0, exam.Sequences.Real, $"With {Words.Count(more, "more column", "more columns")} of padding");
    }

    /// <summary>The rows that leave columns empty, at full width and without those columns; null where there are none or nothing can be cut.</summary>
    private CheckOutcome? Narrower(Examination exam, bool left)
    {
        var texts = exam.Sequences;
        var width = (int)exam.Batch.Inputs.shape[1];
        var rows = Enumerable.Range(0, texts.Rows).Where(r => texts.LastReal(r) >= 1).OrderBy(texts.LastReal).Take(Math.Max(1, texts.Rows / 2)).Order().ToList();
        if (left || rows.Count == 0)
            return null;
        // One pad stays on each row: where the pad id ends texts, the end is read from the run.
        var keep = rows.Max(texts.LastReal) + 2;
        if (keep >= width)
            return null;
        try
        {
            var some = Variants.Rows(exam.Batch, rows);
            var wide = exam.Run(some, gradients: true, exam.Options.Seed);
            var narrow = exam.Run(Variants.Columns(some, keep), gradients: true, exam.Options.Seed);
            return Compare(exam, narrow, wide, 0, [.. rows.Select(r => texts.Real[r])], $"With {width - keep} columns of padding that can be cut off");
        }
        catch (Exception error) when (exam.IsTheirs(error))
        {
            return null;
        }
    }

    private CheckOutcome Compare(Examination exam, LossRun clean, LossRun wide, int offset, bool[][] real, string what)
    {
        var seen = new List<string>();
        var loss = Math.Abs(wide.Loss - clean.Loss);
        // Not "greater": a loss that turns into NaN has changed as well.
        if (exam.Objective is not null && !(loss <= (exam.IsHalfPrecision ? 2e-2 : 1e-4) * Math.Max(1, Math.Abs(clean.Loss))) && !(double.IsNaN(wide.Loss) && double.IsNaN(clean.Loss)))
            seen.Add($"the loss goes from {clean.Loss:0.0000} to {wide.Loss:0.0000}");
        var gradients = clean.Gradients.Count == 0 || !double.IsFinite(clean.Loss) ? 0 : Differences.Relative(wide.Gradients, clean.Gradients);
        if (gradients > (exam.IsHalfPrecision ? 0.1 : 1e-3))
            seen.Add($"the gradient moves by {Words.Percent(gradients)} of its size");
        var (moved, most) = Moved(exam, clean, wide, offset, real);
        if (moved > 0)
            seen.Add($"the logits of {Words.Count(moved, "real token")} move by up to {Words.Short(most)}");
        if (seen.Count == 0)
            return Info.Passed($"{char.ToLowerInvariant(what[0])}{what[1..]}, loss, gradients and real logits stay (loss {clean.Loss:0.0000}, gradient within {Words.Short(gradients)})");
        var fromPads = FirstTokensFromPads(exam);
        if (fromPads > 0)
            seen.Add($"the first token of {Words.Count(fromPads, "row is", "rows are")} predicted from a pad");
        return Info.Found(Info.Finding(Severity.Error, $"{what} {string.Join("; ", seen)}.",
            fromPads > 0 && moved == 0 ? "Leave the first token of a left-padded row out of the loss: what it follows is a pad." : moved > 0 ? "Mask pads in attention, and give real tokens positions that do not depend on the padding." : "Leave pads out of the loss and out of what it divides by.")
            with { LossShare = Bound(loss / Math.Abs(clean.Loss)), GradientShare = Bound(gradients) });
    }

    /// <summary>Rows whose first real token is trained at a pad's position: what stands there may depend on how many pads there are.</summary>
    private static int FirstTokensFromPads(Examination exam)
    {
        if (exam.Reading(out _) is not { } reading || exam.Alignment(reading).Shift is not > 0)
            return 0;
        var texts = exam.Sequences;
        return texts.LeftPadded().Count(r => texts.FirstReal(r) is var at && at - 1 < reading.Columns && reading.Trained[r][at - 1]);
    }

    private static (int Count, double Most) Moved(Examination exam, LossRun clean, LossRun wide, int offset, bool[][] real)
    {
        if (clean.Calls != 1 || wide.Calls != 1 || wide.Logits.shape[1] < clean.Logits.shape[1] + offset)
            return (0, 0);
        using var scope = NewDisposeScope();
        var apart = Differences.PerPosition(wide.Logits.narrow(1, offset, clean.Logits.shape[1]), clean.Logits);
        return PaddingSideCheck.Beyond(apart, real, exam.OtherShapeTolerance);
    }

    private static double? Bound(double share) => double.IsFinite(share) ? Math.Min(1, share) : 1;
}
