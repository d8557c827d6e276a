using static TorchSharp.torch;
using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 7.</summary>
internal sealed class AttentionToPads : ICheck
{
    public CheckInfo Info { get; } = new(7, "attention-to-pads", "Do real tokens see padding?",
        "Disturbs the embeddings that the model looks up at pads, ids unchanged, and looks whether the logits of real tokens move; without a module "
        + "to hook, cuts padding off instead.",
        "https://github.com/huggingface/transformers/issues/278");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Clean is not { } clean)
            return Info.NotChecked(exam.ModelFailure is null ? "the loss cannot run on this batch" : "the model cannot run on this batch");
        var texts = exam.Sequences;
        var source = exam.Batch is { Source: not null, SourceMask: not null } && SourceHasPads(exam.Batch);
        if (!texts.KnowsPads && !source)
            return Info.NotChecked("give --pad, or a mask in the batch");
        if (!texts.HasPads && !source)
            return Info.NotChecked("this batch has no pads: give one whose rows differ in length");
        using var scope = NewDisposeScope();
        var looks = new List<(string What, double[][]? Apart, double Tolerance)>();
        if (texts.HasPads)
            looks.Add(Targets(exam, clean));
        if (source)
            looks.Add(("source pads", Disturbed(exam, clean, clean.Seen.Source!, clean.Seen.SourceMask!.logical_not()), exam.SameShapeTolerance));
        var findings = new List<Finding>();
        foreach (var (what, apart, tolerance) in looks)
        {
            if (apart is null)
                continue;
            var (moved, most) = PaddingSideCheck.Beyond(apart, texts.Real, tolerance);
            var real = texts.Real.Sum(r => r.Take((int)clean.Logits.shape[1]).Count(x => x));
            if (moved > 0)
            {
                findings.Add(Info.Finding(Severity.Error,
                    $"Real tokens see {what}: when those change, the logits of {Words.Number(moved)} of {Words.Number(real)} real tokens move by up to {Words.Short(most)}.",
                    "Give the model the mask of real tokens and use it in attention (`mask:`), and in every layer that mixes positions.")
                    with { LossShare = (double)moved / Math.Max(1, real) });
            }
        }
        if (findings.Count > 0)
            return Info.Found(findings);
        return looks.Any(l => l.Apart is null)
            ? Info.NotChecked("give the module, and let it look ids up in an `Embedding` by `call`, so that pads can be disturbed")
            : Info.Passed("no logit of a real token moves when pads change");
    }

    private static (string, double[][]?, double) Targets(Examination exam, LossRun clean)
    {
        var columns = (int)clean.Seen.Inputs.shape[1];
        var where = tensor(exam.Sequences.Real.SelectMany(r => r.Take(columns)).Select(r => !r).ToArray(), device: clean.Seen.Inputs.device).reshape(-1, columns);
        if (Disturbed(exam, clean, clean.Seen.Inputs, where) is { } apart)
            return ("pads", apart, exam.SameShapeTolerance);
        return ("pads", exam.Sequences.LeftPadded().Any() || exam.IsRandomInEvaluation() ? null : Cut(exam, clean, columns), exam.OtherShapeTolerance);
    }

    private static double[][]? Disturbed(Examination exam, LossRun clean, Tensor ids, Tensor where)
    {
        if (exam.Module is not { } module)
            return null;
        var logits = PadEmbeddings.Disturb(module, ids, where, exam.Options.Seed, () => exam.Logits(clean.Seen, exam.Options.Seed));
        return logits is null ? null : Differences.PerPosition(logits, clean.Logits);
    }

    /// <summary>The shorter rows without the columns that are empty in all of them, against the whole batch; other rows count as unmoved.</summary>
    private static double[][]? Cut(Examination exam, LossRun clean, int columns)
    {
        var texts = exam.Sequences;
        var rows = Enumerable.Range(0, texts.Rows).Where(r => texts.LastReal(r) >= 0).OrderBy(texts.LastReal).Take(Math.Max(1, texts.Rows / 2)).Order().ToList();
        var keep = rows.Count == 0 ? columns : rows.Max(texts.LastReal) + 1;
        if (keep >= columns)
            return null;
        var cut = exam.Logits(Variants.Columns(Variants.Rows(clean.Seen, rows), keep), exam.Options.Seed);
        var index = tensor(rows.Select(r => (long)r).ToArray(), device: cut.device);
        var some = Differences.PerPosition(cut, clean.Logits.index_select(0, index).narrow(1, 0, keep));
        return [.. Enumerable.Range(0, texts.Rows).Select(r => rows.IndexOf(r) is var i and >= 0 ? some[i] : [])];
    }

    private static bool SourceHasPads(DoctorBatch batch)
    {
        using var scope = NewDisposeScope();
        return batch.SourceMask!.logical_not().any().item<bool>();
    }
}
