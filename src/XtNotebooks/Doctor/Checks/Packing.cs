using static TorchSharp.torch;
using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 9.</summary>
internal sealed class Packing : ICheck
{
    public CheckInfo Info { get; } = new(9, "packing", "Do documents that are packed into one row see each other?",
        "Changes the tokens of every second document and looks whether the logits of the others move.",
        "https://github.com/huggingface/transformers/issues/46634");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Batch.Documents is not { } documents)
            return Info.NotChecked("give the batch's documents, where rows hold several");
        if (exam.Clean is not { Calls: 1 } clean)
            return Info.NotChecked(exam.ModelFailure is null ? "the loss does not run once on this batch" : "the model cannot run on this batch");
        var rows = TensorRows.Ids(documents);
        var order = rows.Select(Order).ToArray();
        var columns = (int)clean.Logits.shape[1];
        var ids = Perturbation.Apply(exam, clean.Seen, (r, t) => order[r][t] % 2 == 0, out var changed);
        var watched = (from r in Enumerable.Range(0, exam.Sequences.Rows)
                       where changed[r].Contains(true)
                       from t in Enumerable.Range(0, columns)
                       where order[r][t] % 2 == 1 && exam.Sequences.Real[r][t]
                       select (Row: r, Column: t)).ToList();
        if (watched.Count == 0)
            return Info.NotChecked("no row of this batch holds two documents");
        using var scope = NewDisposeScope();
        var apart = Differences.PerPosition(exam.Logits(Variants.WithInputs(clean.Seen, ids), exam.Options.Seed), clean.Logits);
        var moved = watched.Where(p => apart[p.Row][p.Column] > exam.SameShapeTolerance).ToList();
        if (moved.Count == 0)
            return Info.Passed($"{Words.Number(watched.Count)} tokens stay when their neighbours' documents change");
        return Info.Found(Info.Finding(Severity.Error,
            $"Packed documents see each other: {Words.Number(moved.Count)} of {Words.Number(watched.Count)} tokens move by up to {Words.Short(moved.Max(p => apart[p.Row][p.Column]))} when another document of their row changes.",
            "Let a query see only keys of its own document: `documents.unsqueeze(-1).eq(documents.unsqueeze(-2))` and the causal mask.")
            with { LossShare = (double)moved.Count / watched.Count });
    }

    /// <summary>The document's place in its row: 0, 1, 2, …</summary>
    private static int[] Order(long[] documents)
    {
        var order = new int[documents.Length];
        for (var t = 1; t < documents.Length; t++)
            order[t] = order[t - 1] + (documents[t] == documents[t - 1] ? 0 : 1);
        return order;
    }
}
