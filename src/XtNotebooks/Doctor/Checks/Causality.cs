using static TorchSharp.torch;
using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 8.</summary>
internal sealed class Causality : ICheck
{
    public CheckInfo Info { get; } = new(8, "causality", "Can a position see the token it is trained to predict?",
        "Changes every row's tokens from some place on and looks whether the logits of trained positions before it move.",
        "https://github.com/huggingface/transformers/issues/48745");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Reading(out var why) is not { } reading)
            return Info.NotChecked(why);
        if (exam.Clean is not { Calls: 1 } clean || clean.Logits.shape[1] != reading.Columns)
            return Info.NotChecked("the loss does not call the model once on the whole batch");
        if (exam.Alignment(reading).Shift is not > 0)
            return Info.NotChecked("the loss does not train the tokens that follow");
        var cuts = Cuts(exam, reading);
        var ids = Perturbation.Apply(exam, clean.Seen, (r, t) => t >= cuts[r], out var changed);
        var watched = reading.Places().Where(p => p.Column < cuts[p.Row] && exam.Sequences.Real[p.Row][p.Column] && changed[p.Row].Contains(true)).ToList();
        if (watched.Count == 0)
            return Info.NotChecked("no row has trained positions before tokens that can be changed");
        using var scope = NewDisposeScope();
        var apart = Differences.PerPosition(exam.Logits(Variants.WithInputs(clean.Seen, ids), exam.Options.Seed), clean.Logits);
        var moved = watched.Where(p => apart[p.Row][p.Column] > exam.SameShapeTolerance).ToList();
        if (moved.Count == 0)
            return Info.Passed($"{Words.Number(watched.Count)} trained positions stay when what follows them changes");
        var adjacent = moved.All(p => p.Column == cuts[p.Row] - 1);
        return Info.Found(Info.Finding(Severity.Error,
            $"{Words.Number(moved.Count)} of {Words.Number(watched.Count)} trained positions see tokens that follow them: their logits move by up to {Words.Short(moved.Max(p => apart[p.Row][p.Column]))}"
            + (adjacent ? ", each just the next token: the causal mask is off by one." : "."),
            adjacent ? "Forbid keys after the query: `triu(diagonal: 1)` is what may not be seen, not `triu(diagonal: 2)`."
                : "Use causal attention (`Decoder`, `Causal = true`, or a mask of `triu(diagonal: 1)`), also in every layer that mixes positions.")
            .WithShares(exam, reading, moved) with { LossShare = (double)moved.Count / watched.Count });
    }

    /// <summary>For each row a place inside what it trains, from which on tokens are changed.</summary>
    private static int[] Cuts(Examination exam, TargetReading reading)
    {
        var chance = new Random(exam.Options.Seed);
        return [.. Enumerable.Range(0, reading.Rows).Select(r =>
        {
            var first = Array.IndexOf(reading.Trained[r], true);
            var last = Math.Min(Array.LastIndexOf(reading.Trained[r], true), exam.Sequences.LastReal(r));
            return first < 0 || last <= first ? int.MaxValue : chance.Next(first + 1, last + 1);
        })];
    }
}
