using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 4.</summary>
internal sealed class Shift : ICheck
{
    public CheckInfo Info { get; } = new(4, "shift", "Does each position learn the next token, and not itself or the one after next?",
        "Compares the token that each position is trained towards with the batch's own tokens at t, t+1, t+2.",
        "https://github.com/huggingface/transformers/issues/47394");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Reading(out var why) is not { } reading)
            return Info.NotChecked(why);
        if (reading.Count == 0)
            return Info.NotChecked("nothing is trained in this batch");
        var alignment = exam.Alignment(reading);
        return alignment.Shift switch
        {
            1 => Info.Passed($"position t learns token t+1 ({Words.Percent(alignment.Rate)} of {Words.Number(reading.Count)} targets)"),
            0 => Info.Found(Info.Finding(Severity.Error,
                $"Every position learns its own token: {Words.Percent(alignment.Rate)} of {Words.Number(reading.Count)} targets are the token just read.",
                "Shift once: compare `logits[.., ..^1]` with `ids[.., 1..]`.") with { LossShare = 1, GradientShare = 1 }),
            { } shift => Info.Found(Info.Finding(Severity.Error,
                $"Every position learns token t{shift:+0;-0}: {Words.Percent(alignment.Rate)} of {Words.Number(reading.Count)} targets, so the next token is never learned.",
                shift > 1 ? "Shift once, in the data or in the loss, not in both." : "Shift the targets, not the logits: compare `logits[.., ..^1]` with `ids[.., 1..]`.")
                with { LossShare = 1, GradientShare = 1 }),
            null => Info.NotChecked(alignment.LabelOffset is null
                ? "the trained targets are neither the batch's tokens moved by a fixed number of places nor its labels"
                : "the labels are not the inputs moved by a fixed number of places (masked or tagged training?)"),
        };
    }
}
