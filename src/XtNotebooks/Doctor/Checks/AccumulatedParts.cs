using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>The parts that two micro-batches have in a gradient, as the ratio of the short rows' to the long rows' factor.</summary>
/// <param name="Whole">In the gradient of the whole batch at once.</param>
/// <param name="Step">In the user's step over the two.</param>
internal sealed record AccumulatedParts(double Whole, double Step)
{
    /// <summary>How far the change of the weights is from that of a step over the whole batch, as a part of it; null where gradients told.</summary>
    public double? Change { get; private init; }

    /// <summary>Why nothing can be said; null where something can.</summary>
    public string? Unclear { get; private init; }

    /// <summary>Within a tenth: dropout in the step makes the fit a little rough, while equal weights for unequal batches are far off.</summary>
    public bool Agrees => Change is null && Math.Abs(Math.Log(Math.Max(Step, 1e-9) / Math.Max(Whole, 1e-9))) < 0.1;

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
        var (gradients, change, drew) = Run(exam, step, batches);
        if (gradients.All(IsNothing))
            return change.All(IsNothing) ? null : ByChange(exam, step, change, drew);
        var parts = batches.Select(b => exam.Run(b, gradients: true, exam.Options.Seed).Gradients).ToArray();
        return Fit(clean.Gradients, parts) is { } whole && Fit(gradients, parts) is { } stepped ? new(whole, stepped) : null;
    }

    /// <summary>A step that clears its gradients leaves only the weights, moved by an optimizer that need not follow the gradient's direction (Adam, decay,
    /// momentum): a step over the whole batch as one must move them alike.</summary>
    private static AccumulatedParts ByChange(Examination exam, Action<IReadOnlyList<DoctorBatch>> step, IReadOnlyList<Tensor?> change, bool drew)
    {
        var apart = Differences.Relative(change, Run(exam, step, [exam.Batch]).Change);
        if (apart <= 0.01)
            return new(1, 1);
        // Adam makes full steps of rounding, and dropout differs between the two: neither is to be taken for a wrong weight.
        return new(double.NaN, double.NaN) { Change = apart, Unclear = drew ? "the step draws random numbers and leaves no gradients" : apart < 0.05 ? "the step leaves no gradients" : null };
    }

    /// <summary>Runs the step on some batches and goes back: the gradients it leaves, the change of the weights, and whether it drew random numbers.</summary>
    private static (IReadOnlyList<Tensor?> Gradients, IReadOnlyList<Tensor?> Change, bool Drew) Run(Examination exam, Action<IReadOnlyList<DoctorBatch>> step, IReadOnlyList<DoctorBatch> batches)
    {
        var before = exam.Parameters.Select(p => p.Value.detach().clone()).ToList();
        manual_seed(exam.Options.Seed);
        using var chance = get_rng_state();
        exam.CountStep(1);
        exam.State.Stepped = true;
        try
        {
            using var mode = enable_grad();
            step(batches);
            using var later = get_rng_state();
            // The generator of another device cannot be read.
            var drew = exam.Batch.Inputs.device.type != DeviceType.CPU || !chance.eq(later).all().item<bool>();
            return ([.. exam.Parameters.Select(p => p.Value.grad?.detach().clone())], [.. exam.Parameters.Select((p, i) => before[i] - p.Value.detach())], drew);
        }
        finally
        {
            exam.State.Rewind();
            exam.Module?.eval();
        }
    }

    private static bool IsNothing(Tensor? gradient) => gradient is null || Differences.Size(gradient) == 0;

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
