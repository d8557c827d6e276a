using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 15.</summary>
internal sealed class OutOfRange : ICheck
{
    public CheckInfo Info { get; } = new(15, "out-of-range", "Are all ids and labels tokens of the vocabulary?",
        "Learns the vocabulary from the logits of harmless ids, and compares every id and label with it before they reach the device.",
        "https://github.com/huggingface/transformers/issues/12763");

    public CheckOutcome Look(Examination exam)
    {
        var inputs = TensorRows.Ids(exam.Batch.Inputs);
        var strange = Outside(inputs, exam.Vocabulary);
        if (exam.ModelFailure is { } failure)
        {
            return Info.Found(strange is { } bad
                ? Info.Finding(Severity.Error, $"{bad}; the vocabulary has the ids 0 to {exam.Vocabulary - 1}, and the model fails ({failure}).", Fix)
                : Info.Finding(Severity.Error,
                    $"The model fails on this batch ({failure}), though it runs on one of zeros: its ids go from {inputs.Min(r => r.Min())} to {inputs.Max(r => r.Max())}.",
                    "Compare the largest id with the number of rows of the embedding."));
        }
        if (exam.Batch.Inputs.device.type != TorchSharp.DeviceType.CPU && exam.Clean is null && strange is { } onDevice)
            return Info.Found(Info.Finding(Severity.Error, $"{onDevice}; the vocabulary has the ids 0 to {exam.Vocabulary - 1}. Nothing was run: on a GPU this ends the process's use of it.", Fix));
        if (exam.Objective is not null)
        {
            var probe = new LabelProbe(exam);
            var read = inputs.SelectMany(r => r).ToHashSet();
            var learned = probe.Labels.SelectMany(r => r).Where(l => l >= exam.Vocabulary && read.Contains(l)).Distinct().Take(5).Where(probe.IsTrained).ToHashSet();
            if (learned.Count > 0)
            {
                return Info.Found(Info.Finding(Severity.Error,
                    $"{Outside([.. probe.Labels.Select(r => r.Select(l => learned.Contains(l) ? l : 0).ToArray())], exam.Vocabulary)}; the logits have the tokens 0 to {exam.Vocabulary - 1}, so it can never be predicted"
                    + (exam.LossFailure is { } refusal ? $", and the loss fails ({refusal})." : ", and the loss does not say so."), Fix));
            }
        }
        if (exam.LossFailure is { } failed)
            return Info.NotChecked($"the loss cannot run on this batch ({failed})");
        return Info.Passed(strange is { } odd ? $"{odd}, which is read but never a target" : $"all ids lie in 0 to {exam.Vocabulary - 1}");
    }

    private const string Fix = "Make the model's vocabulary as large as the tokenizer's (special tokens included), or map unknown ids before the batch is made.";

    private static string? Outside(IReadOnlyList<long[]> ids, long vocabulary)
    {
        var (count, first) = (0, "");
        for (var r = 0; r < ids.Count; r++)
        {
            for (var t = 0; t < ids[r].Length; t++)
            {
                if (ids[r][t] >= 0 && ids[r][t] < vocabulary)
                    continue;
                if (count++ == 0)
                    first = $"id {ids[r][t]} in row {r} at place {t}";
            }
        }
        return count == 0 ? null : count == 1 ? $"{char.ToUpperInvariant(first[0])}{first[1..]} is outside" : $"{Words.Number(count)} ids are outside, the first is {first}";
    }
}
