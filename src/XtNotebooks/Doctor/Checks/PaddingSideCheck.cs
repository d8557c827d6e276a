using static TorchSharp.torch;
using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 6.</summary>
internal sealed class PaddingSideCheck : ICheck
{
    public CheckInfo Info { get; } = new(6, "padding-side", "Does a text mean the same with its padding on the left and on the right?",
        "Moves every row's pads to its other side and compares the logits and the loss of the real tokens.",
        "https://github.com/huggingface/transformers/issues/18388");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Clean is not { } clean)
            return Info.NotChecked(exam.ModelFailure is null ? "the loss cannot run on this batch" : "the model cannot run on this batch");
        var texts = exam.Sequences;
        if (!texts.KnowsPads)
            return Info.NotChecked("give --pad, or a mask in the batch");
        if (!texts.HasPads)
            return Info.NotChecked("this batch has no pads: give one whose rows differ in length");
        if (exam.Options.PadId is { } pad && pad == exam.Options.EosId && !texts.MaskTells)
            return Info.NotChecked("pad and end of text are one id: give a mask in the batch");
        if (exam.Batch.Documents is not null)
            return Info.NotChecked("rows hold several documents");
        if (exam.IsRandomInEvaluation())
            return Info.NotChecked("the model is random in evaluation mode");
        var left = texts.LeftPadded().Any();
        if (left && texts.RightPadded().Any())
            return Info.NotChecked("this batch has pads on both sides");

        var columns = (int)clean.Seen.Inputs.shape[1];
        var turns = Enumerable.Range(0, texts.Rows).Select(r => Turn(texts.Real[r], columns, left)).ToList();
        using var scope = NewDisposeScope();
        var turned = exam.Logits(Variants.Turned(clean.Seen, turns), exam.Options.Seed);
        var back = Variants.Turned(DoctorBatch.FromIds(arange(columns, device: turned.device).expand(texts.Rows, columns)), [.. turns.Select(t => -t)]).Inputs;
        var aligned = turned.gather(1, back.unsqueeze(-1).expand(turned.shape));
        var (moved, most) = Beyond(Differences.PerPosition(aligned, clean.Logits), texts.Real, exam.OtherShapeTolerance);
        if (moved == 0)
            return Info.Passed("the real tokens' logits are the same with pads on the other side");
        var real = texts.Real.Sum(r => r.Take(columns).Count(x => x));
        var losses = Losses(exam, clean.Logits, aligned);
        return Info.Found(Info.Finding(left ? Severity.Error : Severity.Advice,
            $"With the padding on the {(left ? "right" : "left")}, the logits of {Words.Number(moved)} of {Words.Number(real)} real tokens move by up to {Words.Short(most)}{losses}"
            + (left ? "." : "; harmless while rows are padded on the right."),
            left ? "Count positions from each row's first real token (`(mask.cumsum(-1) - 1).clamp(min: 0)`) and mask the pads in attention."
                : "Before generating from left-padded prompts, give a mask and positions that start at each row's first real token.")
            with { LossShare = left ? (double)moved / real : null });
    }

    /// <summary>How many real tokens moved by more than rounding, and by how much.</summary>
    public static (int Count, double Most) Beyond(double[][] apart, bool[][] real, double tolerance)
    {
        var (count, most) = (0, 0.0);
        for (var r = 0; r < apart.Length; r++)
        {
            for (var t = 0; t < apart[r].Length && t < real[r].Length; t++)
            {
                if (!real[r][t] || apart[r][t] <= tolerance)
                    continue;
                count++;
                most = Math.Max(most, apart[r][t]);
            }
        }
        return (count, most);
    }

    /// <summary>By how many places a row moves so that its pads stand on the other side.</summary>
    private static int Turn(bool[] real, int columns, bool left)
    {
        var seen = real.Take(columns).ToArray();
        return left ? -Math.Max(0, Array.IndexOf(seen, true)) : columns - 1 - Math.Max(Array.LastIndexOf(seen, true), 0);
    }

    private static string Losses(Examination exam, Tensor clean, Tensor turned)
    {
        if (exam.Reading(out _) is not { } reading || exam.Alignment(reading).Shift is not { } shift || reading.Columns != clean.shape[1])
            return "";
        var places = reading.Places().Where(p => p.Column + shift is var at && at >= 0 && at < exam.Sequences.Places
            && exam.Sequences.Real[p.Row][p.Column] && exam.Sequences.Real[p.Row][at]).ToList();
        if (places.Count == 0)
            return "";
        return $", and their loss goes from {Costs.Mean(clean, reading, places):0.0000} to {Costs.Mean(turned, reading, places):0.0000}";
    }
}
