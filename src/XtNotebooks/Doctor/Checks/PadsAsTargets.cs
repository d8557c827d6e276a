using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 1.</summary>
internal sealed class PadsAsTargets : ICheck
{
    public CheckInfo Info { get; } = new(1, "pads-as-targets", "Is the model trained to predict padding?",
        "Reads from the loss's own gradient which positions are trained towards which token, and looks for pads among them.",
        "https://github.com/lucidrains/x-transformers/issues/297");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Reading(out var why) is not { } reading)
            return Info.NotChecked(why);
        var texts = exam.Sequences;
        if (!texts.KnowsPads)
            return Info.NotChecked("give --pad, or a mask in the batch");
        if (!texts.HasPads)
            return Info.NotChecked("this batch has no pads: give one whose rows differ in length");
        var alignment = exam.Alignment(reading);
        if (reading.Count > 0 && alignment.Place(0) is null)
            return Info.NotChecked("the trained targets are neither the batch's tokens nor its labels");
        var pads = PadTargets.Of(reading, texts, alignment);
        if (pads.Count == 0 || PadTargets.OnlyFirstPads(pads, reading, texts, alignment))
            return Info.Passed($"none of {Words.Number(texts.PadCount)} pads is a target");
        var share = (double)pads.Count / reading.Count;
        var (padLoss, realLoss) = (Costs.Mean(exam, reading, pads), Costs.Mean(exam, reading, [.. reading.Places().Except(pads)]));
        return Info.Found(Info.Finding(Severity.Error,
            $"{Words.Number(pads.Count)} of {Words.Number(reading.Count)} targets are pads ({Words.Percent(share)}): "
            + $"the mean loss of pads is {Words.Nats(padLoss)} nats, that of real tokens {Words.Nats(realLoss)}, and the reported one {Words.Nats(exam.Clean!.Loss)}.",
            Fix(exam)).WithShares(exam, reading, pads));
    }

    private static string Fix(Examination exam)
    {
        var options = exam.Options;
        if (exam.Batch.Labels is not null)
            return "Set the labels of pads to the ignored index: `labels.masked_fill(mask.logical_not(), -100)`.";
        return options.PadId is { } pad && pad != options.EosId && !PadIsText(exam)
            ? $"Leave the pad id out of the loss: `ignore_index: {pad}` (`ignoreIndex: {pad}` in `AutoregressiveWrapper`)."
            : "The pad id is also a token of the text, so mask by length: give labels that are -100 beyond each row's end (`lens:` in `AutoregressiveWrapper`).";
    }

    private static bool PadIsText(Examination exam) => exam.Sequences is var texts
        && Enumerable.Range(0, texts.Rows).Any(r => Enumerable.Range(0, texts.Places).Any(t => texts.Real[r][t] && texts.Ids[r][t] == exam.Options.PadId));
}
