using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 3.</summary>
internal sealed class DenominatorCheck : ICheck
{
    public CheckInfo Info { get; } = new(3, "denominator", "What does the loss divide by, in one batch and over accumulated ones?",
        "Reads each token's weight from the loss's gradient; runs one step over a batch of short rows and one of long rows, and compares the "
        + "parts they have in the step's gradient with those they have in the whole batch's.",
        "https://github.com/huggingface/trl/issues/2175");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Reading(out var why) is not { } reading)
            return Info.NotChecked(why);
        if (reading.Count == 0)
            return Info.NotChecked("nothing is trained in this batch");
        var pattern = WeightPattern.Of(reading, exam.Sequences);
        if (Judge(exam, reading, pattern) is { } finding)
            return Info.Found(finding);
        return Accumulation(exam, reading, pattern);
    }

    private Finding? Judge(Examination exam, TargetReading reading, WeightPattern pattern)
    {
        var declared = exam.Options.Denominator;
        if (declared == pattern.Kind && declared != Denominator.Unsaid)
            return null;
        if (declared != Denominator.Unsaid && pattern.Kind != Denominator.Unsaid)
        {
            return Info.Finding(Severity.Warning, $"The loss is {pattern.Words}, but {Name(declared)} was declared.", "Correct the loss or what was declared.");
        }
        if (pattern.Wrong && !Stays(exam, reading, pattern))
        {
            // In rows that are all alike it is a constant factor.
            var alike = reading.Trained.Select(r => r.Count(t => t)).Distinct().Count() == 1;
            return Info.Finding(alike ? Severity.Advice : Severity.Warning,
                $"The loss is {pattern.Words}: its size, and with it the learning rate, changes with what is not trained.",
                "Divide by the number of targets that count, after the shift and the mask: `mask.sum()`.");
        }
        if (pattern.Kind != Denominator.RowMeans)
            return null;
        var counts = reading.Trained.Select(r => r.Count(t => t)).Where(c => c > 0).ToList();
        return Info.Finding(Severity.Warning,
            $"The loss is a mean of row means: a token of the shortest row ({Words.Count(counts.Min(), "target")}) weighs {Words.Short((double)counts.Max() / counts.Min())} times one of the longest ({Words.Number(counts.Max())}).",
            "Sum over all rows and divide once by the number of targets; or, if it is meant, declare `Denominator = Denominator.RowMeans`.");
    }

    /// <summary>Whether more padding leaves the weights as they were: then the number of positions was met by accident, as by a loss halved on purpose.</summary>
    private static bool Stays(Examination exam, TargetReading reading, WeightPattern pattern)
    {
        if (pattern.Kind != Denominator.AllTokens || PadFill.Of(exam) is not { } fill || PadFill.RunsAreAmbiguous(exam))
            return false;
        try
        {
            var wide = exam.Read(Variants.Wider(exam.Batch, 3, exam.Sequences.LeftPadded().Any(), fill.Input, fill.Label));
            return wide.Count == reading.Count && Math.Abs(wide.Places().Sum(p => wide.Weight[p.Row][p.Column]) / reading.Places().Sum(p => reading.Weight[p.Row][p.Column]) - 1) < 1e-3;
        }
        catch (Exception error) when (exam.IsTheirs(error))
        {
            return false;
        }
    }

    private CheckOutcome Accumulation(Examination exam, TargetReading reading, WeightPattern pattern)
    {
        var seen = $"one batch: {pattern.Words}";
        var options = exam.Options;
        if (options.Step is not { } step)
            return Info.NotChecked($"{seen}; over accumulated batches: give --step");
        if (options.Optimizer is not { } optimizer || !ModelState.CanSave(optimizer))
            return Info.NotChecked($"{seen}; over accumulated batches: give --optimizer, one whose state can be saved and put back");
        if (exam.Parameters.Count == 0)
            return Info.NotChecked($"{seen}; over accumulated batches: give the module, so that its gradients can be read");
        if (exam.Clean is not { } clean || AccumulatedParts.Split(reading) is not { } halves)
            return Info.NotChecked($"{seen}; over accumulated batches: give a batch whose rows differ in length");
        var parts = AccumulatedParts.Measure(exam, step, clean, halves);
        if (parts is null)
            return Info.NotChecked($"{seen}; over accumulated batches: the step leaves neither gradients nor a change of the weights to read");
        if (parts.Unclear is { } unclear)
            return Info.NotChecked($"{seen}; over accumulated batches: {unclear}: give a step that leaves its gradients, and clears them when it begins");
        var (shortTokens, longTokens) = (Tokens(reading, halves.Short), Tokens(reading, halves.Long));
        if (parts.Agrees)
            return Info.Passed($"{seen}; two accumulated batches of {Words.Number(shortTokens)} and {Words.Number(longTokens)} targets have the parts in the step that they have in the whole batch");
        if (parts.Change is { } change)
        {
            return Info.Found(Info.Finding(Severity.Error,
                $"Accumulated batches are not weighted as in one batch: a step over the short rows ({Words.Number(shortTokens)} targets) and the long ones ({Words.Number(longTokens)}) changes the weights "
                + $"otherwise than a step over all of them at once, by {Words.Percent(change)} of the change.", Fix) with { GradientShare = Math.Min(1, change) });
        }
        return Info.Found(Info.Finding(Severity.Error,
            $"Accumulated batches are not weighted as in one batch: in one batch, a token of the short rows ({Words.Number(shortTokens)} targets) weighs {AsMuch(parts.Whole * longTokens / shortTokens)} "
            + $"as one of the long rows ({Words.Number(longTokens)}); in a step over the two, {AsMuch(parts.Step * longTokens / shortTokens)}.",
            Fix) with
        { GradientShare = Math.Min(1, Math.Abs(parts.Step / (1 + parts.Step) - parts.Whole / (1 + parts.Whole))) });
    }

    private const string Fix = "Sum each micro-batch's losses and divide by the targets of the whole step, counted before the first backward.";

    private static long Tokens(TargetReading reading, IEnumerable<int> rows) => rows.Sum(r => reading.Trained[r].LongCount(t => t));

    private static string AsMuch(double times) => Math.Abs(times - 1) < 0.005 ? "as much" : $"{Words.Short(times)} times as much";

    private static string Name(Denominator denominator) => denominator switch
    {
        Denominator.RowMeans => "a mean of row means",
        Denominator.AllTokens => "a mean over all positions",
        Denominator.Sum => "a sum",
        _ => "a mean over the trained tokens",
    };
}
