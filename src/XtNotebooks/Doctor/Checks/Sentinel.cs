using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 12.</summary>
internal sealed class Sentinel : ICheck
{
    public CheckInfo Info { get; } = new(12, "sentinel", "Is the label that stands for \"leave out\" the one that the loss leaves out?",
        "Looks for labels that are no token, replaces them by a token, and looks whether the loss then trains more positions.",
        "https://github.com/huggingface/transformers/issues/2759");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Objective is null)
            return Info.NotChecked("give --loss");
        if (exam.ModelFailure is not null)
            return Info.NotChecked("the model cannot run on this batch");
        // Where the loss gets the inputs themselves, an id beyond the vocabulary is the business of the check of ranges.
        var inputs = exam.Sequences.Ids.SelectMany(r => r).ToHashSet();
        var probe = new LabelProbe(exam);
        var strange = probe.Labels.SelectMany(r => r).Where(l => l < 0 || l >= exam.Vocabulary && !inputs.Contains(l))
            .GroupBy(l => l).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).Take(5).ToList();
        if (strange.Count == 0)
            return Info.Passed("every label is a token of the vocabulary");
        var bad = strange.Where(g => probe.IsTrained(g.Key)).ToList();
        if (bad.Count == 0)
            return Info.Passed($"label {string.Join(", ", strange.Select(g => g.Key))} is left out");
        return Info.Found([.. bad.Select(g => Info.Finding(Severity.Error,
            $"Label {g.Key} stands at {Words.Count(g.Count(), "place")}; it is no token of the vocabulary (0 to {exam.Vocabulary - 1}), and the loss does not leave it out"
            + (exam.LossFailure is null ? ": it is trained as some other token." : ": it fails."),
            $"Use one sentinel in data and loss: write -100 into the labels, or give the loss `ignore_index: {g.Key}`.") with { LossShare = Share(probe.Labels, g.Count()) })]);
    }

    private static double Share(long[][] labels, int count) => (double)count / Math.Max(1, labels.Sum(r => r.Length));
}
