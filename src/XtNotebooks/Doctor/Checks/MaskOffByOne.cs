using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 11.</summary>
internal sealed class MaskOffByOne : ICheck
{
    public CheckInfo Info { get; } = new(11, "mask-off-by-one", "Does the loss's mask end where the text ends?",
        "Looks whether each row's first pad is trained while the others are not, and whether its end of text is.",
        "https://github.com/ml-explore/mlx-lm/issues/1697");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Reading(out var why) is not { } reading)
            return Info.NotChecked(why);
        var alignment = exam.Alignment(reading);
        if (alignment.Shift is not { } shift)
            return Info.NotChecked("the trained targets are not the batch's tokens");
        var (texts, options) = (exam.Sequences, exam.Options);
        var findings = new List<Finding>();
        var missing = new List<string>();

        if (!texts.KnowsPads)
            missing.Add("give --pad, or a mask in the batch");
        var pads = texts.KnowsPads ? PadTargets.Of(reading, texts, alignment) : [];
        // Where the pad id also ends texts, a first pad that is trained is the end of the text.
        var first = PadTargets.OnlyFirstPads(pads, reading, texts, alignment)
            ? pads.Where(p => texts.Ids[p.Row][p.Column + shift] != options.EosId).ToList() : [];
        if (first.Count > 0 && options.EosId is null && !texts.MaskTells)
        {
            missing.Add($"the first pad of {Words.Count(first.Count, "row is", "rows are")} trained, which is right only if the pad id also ends texts: give --eos");
        }
        else if (first.Count > 0)
        {
            findings.Add(Info.Finding(Severity.Warning,
                $"The first pad after the text is trained in {Words.Count(first.Count, "row")}, the other pads are not: the mask is one place too long.",
                "Shift the mask with the targets: `mask[.., 1..]` belongs to `ids[.., 1..]`.").WithShares(exam, reading, first));
        }

        if (options.EosId is not { } eos)
            missing.Add("give --eos");
        else if (Ends(reading, texts, shift, eos) is not { Count: > 0 } ends)
            missing.Add("no row's text ends with the end-of-text id after a trained token");
        else if (ends.All(p => !reading.Trained[p.Row][p.Column]) && !IsIgnoredById(exam, eos))
        {
            findings.Add(Info.Finding(Severity.Error,
                $"The end of the text is trained in none of {Words.Count(ends.Count, "row")}, though the token before it is: the mask is one place too short, and the model never learns to stop.",
                "Shift the mask with the targets: `mask[.., 1..]` belongs to `ids[.., 1..]`."));
        }
        if (findings.Count > 0)
            return Info.Found(findings);
        return missing.Count > 0 ? Info.NotChecked(string.Join("; ", missing)) : Info.Passed("the last token of each text is trained, the first pad is not");
    }

    /// <summary>The positions that should learn a row's end of text, where they learn the token before it.</summary>
    private static List<(int Row, int Column)> Ends(TargetReading reading, Sequences texts, int shift, long eos)
    {
        var ends = new List<(int, int)>();
        for (var r = 0; r < texts.Rows; r++)
        {
            var at = texts.LastReal(r);
            var column = at - shift;
            if (at >= 0 && texts.Ids[r][at] == eos && column >= 1 && column < reading.Columns && reading.Trained[r][column - 1])
                ends.Add((r, column));
        }
        return ends;
    }

    /// <summary>An end of text that is left out by its id is the second check's to name.</summary>
    private static bool IsIgnoredById(Examination exam, long eos) => IgnoredClass.EndsHidden(exam) > 0 || IgnoredClass.LeavesOut(exam, eos);
}
