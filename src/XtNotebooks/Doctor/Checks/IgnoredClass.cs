using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 2.</summary>
internal sealed class IgnoredClass : ICheck
{
    public CheckInfo Info { get; } = new(2, "ignored-class", "Is the ignored id a token that should be learned?",
        "Puts candidate ids (pad, end of text, real tokens that are never trained) in the place of a trained token and looks whether it stays trained.",
        "https://github.com/huggingface/transformers/issues/23530");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Reading(out var why) is not { } reading)
            return Info.NotChecked(why);
        if (exam.Alignment(reading) is not { Shift: { } shift } alignment)
            return Info.NotChecked("the trained targets are not the batch's tokens");
        var texts = exam.Sequences;
        if (EndsHidden(exam) is var hidden and > 0)
        {
            return Info.Found(Info.Finding(Severity.Error,
                $"The labels leave out every end of text ({Words.Count(hidden, "row")}), because its id {exam.Options.EosId} is the pad id too: the model never learns to stop.",
                "Write -100 into the labels by length, not where the id is the pad's: the first of a row's pads is the end of its text."));
        }
        if (TrainedInside(reading, texts, shift) is not { } at)
            return Info.NotChecked("no row trains a token in its middle");
        var here = texts.Ids[at.Row][at.Column + shift];
        var control = reading.Places().Select(p => reading.Target[p.Row][p.Column]).FirstOrDefault(id => id != here && id != exam.Options.PadId && id != exam.Options.EosId, -1);
        if (control < 0 || Put(exam, alignment, at, control) is not { } changed || changed.Target[at.Row][at.Column] != control)
            return Info.NotChecked("the loss does not follow a changed target");
        var ignored = Candidates(exam, reading, shift).Where(id => Put(exam, alignment, at, id) is { } put && !put.Trained[at.Row][at.Column]).ToList();

        var findings = new List<Finding>();
        foreach (var id in ignored)
        {
            var uses = RealUses(exam, id);
            if (id == exam.Options.EosId)
            {
                findings.Add(Info.Finding(Severity.Error,
                    $"The end-of-text id {id} is left out of the loss by its id{(id == exam.Options.PadId ? ", because it is the pad id too" : "")}: the model never learns to stop.",
                    "Mask pads by length instead of by id: labels of -100 beyond each row's end, and the loss's ignored index left at -100."));
            }
            else if (id == exam.Options.PadId && uses > 0)
            {
                findings.Add(Info.Finding(Severity.Error,
                    $"Id {id} is left out of the loss by its id, but {Words.Count(uses, "real token has", "real tokens have")} it ({Words.Percent((double)uses / Math.Max(1, texts.Real.Sum(r => r.Count(x => x))))} of the text): they are never learned.",
                    "Give padding an id of its own, or mask pads by length: labels of -100 beyond each row's end."));
            }
            else if (uses > 0 && exam.Sequences.KnowsPads)
            {
                findings.Add(Info.Finding(Severity.Advice,
                    $"Id {id} is left out of the loss by its id and occurs {Words.Count(uses, "time", "times")} in the text; right for a placeholder, wrong for a token to learn.",
                    "If it is a token to learn, change the ignored index."));
            }
            else if (uses > 0)
            {
                return Info.NotChecked($"id {id} is never trained and occurs {Words.Count(uses, "time", "times")} in the rows; give --pad to say whether it is padding");
            }
        }
        if (findings.Count > 0)
            return Info.Found(findings);
        return exam.Options.EosId is null && exam.Options.PadId is null
            ? Info.NotChecked("give --pad and --eos")
            : Info.Passed(ignored.Count == 0 ? "no id is left out of the loss" : $"only {string.Join(", ", ignored.Select(i => $"id {i}"))} is left out, and no real token has it");
    }

    /// <summary>Whether the loss leaves out a token by its id, wherever it stands.</summary>
    public static bool LeavesOut(Examination exam, long id) =>
        exam.Reading(out _) is { } reading && exam.Alignment(reading) is { Shift: { } shift } alignment
        && TrainedInside(reading, exam.Sequences, shift) is { } at && Put(exam, alignment, at, id) is { } put && !put.Trained[at.Row][at.Column];

    /// <summary>How many rows' ends the labels leave out, where pad and end of text are one id and no such label is left; else 0.</summary>
    public static int EndsHidden(Examination exam)
    {
        var (texts, eos) = (exam.Sequences, exam.Options.EosId);
        if (texts.Labels is not { } labels || eos is null || eos != exam.Options.PadId || labels.Any(row => row.Contains(eos.Value)))
            return 0;
        var back = texts.LabelsShifted ? 1 : 0;
        return Enumerable.Range(0, texts.Rows).Count(r => texts.LastReal(r) is var at && at > back && texts.Ids[r][at] == eos && labels[r][at - back] < 0 && labels[r][at - back - 1] >= 0);
    }

    /// <summary>A trained position whose token stands inside the text, away from both ends.</summary>
    private static (int Row, int Column)? TrainedInside(TargetReading reading, Sequences texts, int shift)
    {
        foreach (var (row, column) in reading.Places())
        {
            var place = column + shift;
            if (place >= 1 && place + 1 < texts.Places && texts.Real[row][place] && texts.Real[row][place - 1] && texts.Real[row][place + 1])
                return (row, column);
        }
        return null;
    }

    private static IEnumerable<long> Candidates(Examination exam, TargetReading reading, int shift)
    {
        var (trained, present) = (new HashSet<long>(), new Dictionary<long, int>());
        foreach (var (row, column) in reading.Places())
            trained.Add(reading.Target[row][column]);
        for (var r = 0; r < exam.Sequences.Rows; r++)
        {
            for (var t = Math.Max(0, shift); t < exam.Sequences.Places; t++)
            {
                var id = exam.Sequences.Ids[r][t];
                if (exam.Sequences.Real[r][t] && id >= 0)
                    present[id] = present.GetValueOrDefault(id) + 1;
            }
        }
        var never = present.Where(p => !trained.Contains(p.Key)).OrderByDescending(p => p.Value).ThenBy(p => p.Key).Select(p => p.Key).Take(8);
        return new[] { exam.Options.PadId, exam.Options.EosId }.OfType<long>().Concat(never).Distinct()
            .Where(id => id >= 0 && id < exam.Vocabulary);
    }

    /// <summary>What the loss trains with another token in a trained place; null where the labels do not reach that place.</summary>
    private static TargetReading? Put(Examination exam, Alignment alignment, (int Row, int Column) at, long id)
    {
        if (exam.Sequences.Labels is not { } labels)
            return exam.Read(Variants.WithInputs(exam.Batch, With(TensorRows.Ids(exam.Batch.Inputs), at.Row, at.Column + alignment.Shift!.Value, id)));
        return alignment.LabelOffset is { } offset && at.Column + offset < labels[at.Row].Length
            ? exam.Read(Variants.WithLabels(exam.Batch, With(labels, at.Row, at.Column + offset, id))) : null;
    }

    private static long[][] With(IReadOnlyList<long[]> rows, int row, int column, long id)
    {
        var copy = rows.Select(r => r.ToArray()).ToArray();
        copy[row][column] = id;
        return copy;
    }

    /// <summary>How often the text uses an id. Where ids alone tell pads, a run of the pad id inside a row may be padding between parts: it does
    /// not count.</summary>
    private static long RealUses(Examination exam, long id)
    {
        var texts = exam.Sequences;
        var uses = 0L;
        for (var r = 0; r < texts.Rows; r++)
        {
            for (var t = 0; t < texts.Places; t++)
            {
                if (!texts.Real[r][t] || texts.Ids[r][t] != id)
                    continue;
                var alone = (t == 0 || texts.Ids[r][t - 1] != id) && (t + 1 >= texts.Places || texts.Ids[r][t + 1] != id);
                uses += texts.MaskTells || id != exam.Options.PadId || alone ? 1 : 0;
            }
        }
        return uses;
    }
}
