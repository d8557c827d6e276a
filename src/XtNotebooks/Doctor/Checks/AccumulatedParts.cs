using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>The parts that two micro-batches have in a gradient, as the ratio of the short rows' to the long rows' factor.</summary>
/// <param name="Whole">In the gradient of the whole batch at once.</param>
/// <param name="Step">In the user's step over the two.</param>
internal sealed record AccumulatedParts(double Whole, double Step)
{
    /// <summary>Within a tenth: dropout in the step makes the fit a little rough, while equal weights for unequal batches are far off.</summary>
    public bool Agrees => Math.Abs(Math.Log(Math.Max(Step, 1e-9) / Math.Max(Whole, 1e-9))) < 0.1;

    /// <summary>The rows with few and those with many targets; null where the two differ too little to tell weightings apart.</summary>
    public static (IReadOnlyList<int> Short, IReadOnlyList<int> Long)? Split(TargetReading reading)
    {
        var rows = Enumerable.Range(0, reading.Rows).OrderBy(r => reading.Trained[r].Count(t => t)).ThenBy(r => r).ToList();
        var half = rows.Count / 2;
        if (half == 0)
            return null;
        var (few, many) = (rows.Take(half).ToList(), rows.Skip(half).ToList());
        long Count(List<int> some) => some.Sum(r => reading.Trained[r].LongCount(t => t));
        return Count(few) > 0 && Count(few) * 1.25 < Count(many) ? (few, many) : null;
    }

    /// <summary>Runs the step and fits whole and step gradient by those of the two micro-batches, by least squares.</summary>
    public static AccumulatedParts? Measure(Examination exam, Action<IReadOnlyList<DoctorBatch>> step, LossRun clean, (IReadOnlyList<int> Short, IReadOnlyList<int> Long) halves)
    {
        var batches = new[] { Variants.Rows(exam.Batch, halves.Short), Variants.Rows(exam.Batch, halves.Long) };
        var parts = batches.Select(b => exam.Run(b, gradients: true, exam.Options.Seed).Gradients).ToArray();
        var before = exam.Parameters.Select(p => p.Value.detach().clone()).ToList();
        manual_seed(exam.Options.Seed);
        exam.CountStep(1);
        exam.State.Stepped = true;
        IReadOnlyList<Tensor?> left;
        try
        {
            using var mode = enable_grad();
            step(batches);
            left = [.. exam.Parameters.Select(p => p.Value.grad?.detach().clone())];
            // Steps that clear their gradients leave their trace in the weights: the same direction for plain descent, a hint for others.
            if (left.All(g => g is null || Differences.Size(g) == 0))
                left = [.. exam.Parameters.Select((p, i) => before[i] - p.Value.detach())];
        }
        finally
        {
            exam.State.Rewind();
            exam.Module?.eval();
        }
        return left.All(g => g is null || Differences.Size(g) == 0) ? null
            : Fit(clean.Gradients, parts) is { } whole && Fit(left, parts) is { } stepped ? new(whole, stepped) : null;
    }

    /// <summary>a / b of the best a · parts[0] + b · parts[1]; null where the two point the same way and cannot be told apart.</summary>
    private static double? Fit(IReadOnlyList<Tensor?> gradient, IReadOnlyList<Tensor?>[] parts)
    {
        var (ss, ll, sl) = (Differences.Dot(parts[0], parts[0]), Differences.Dot(parts[1], parts[1]), Differences.Dot(parts[0], parts[1]));
        var (s, l) = (Differences.Dot(gradient, parts[0]), Differences.Dot(gradient, parts[1]));
        var determinant = ss * ll - sl * sl;
        if (determinant <= 1e-6 * ss * ll)
            return null;
        var (a, b) = ((s * ll - l * sl) / determinant, (l * ss - s * sl) / determinant);
        return b <= 0 ? null : a / b;
    }
}
