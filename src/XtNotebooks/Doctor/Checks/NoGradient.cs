using static TorchSharp.torch;
using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 16.</summary>
internal sealed class NoGradient : ICheck
{
    public CheckInfo Info { get; } = new(16, "no-gradient", "Are there parameters that the loss never reaches?",
        "Takes the gradient of every trainable parameter; where whole tensors get zeros, looks again with parameters that are one constant "
        + "(gates and low-rank updates at their start) moved a little.",
        "https://github.com/state-spaces/s4/issues/26");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Objective is null)
            return Info.NotChecked("give --loss");
        if (exam.Clean is not { } clean)
            return Info.NotChecked(exam.ModelFailure is null ? "the loss cannot run on this batch" : "the model cannot run on this batch");
        if (exam.Parameters.Count == 0)
            return Info.NotChecked(exam.Module is null ? "give the module" : "the module has no trainable parameters");
        if (clean.Gradients.Count == 0)
        {
            return Info.Found(Info.Finding(Severity.Error, "The loss carries no gradient at all: nothing is learned.",
                "Compute it from the model's own output, without `no_grad`, `detach` or `item`.") with { LossShare = 1, GradientShare = 1 });
        }
        if (!double.IsFinite(clean.Loss) || exam.Reading(out _) is { Count: 0 })
            return Info.NotChecked("this batch has nothing to learn from");
        // A first token attends to itself alone, whatever queries and keys are: it gives them no gradient.
        if (exam.Reading(out _) is { } reading && reading.Places().Count(p => p.Column > exam.Sequences.FirstReal(p.Row)) < 2)
            return Info.NotChecked("this batch trains too few tokens that have one before them");
        var suspects = Enumerable.Range(0, exam.Parameters.Count).Where(i => IsZero(clean.Gradients[i]) && !IsAllowed(exam, i)).ToList();
        if (suspects.Any(i => clean.Gradients[i] is not null))
            suspects = WithoutGates(exam, suspects);
        if (suspects.Count == 0)
            return Info.Passed($"all {Words.Number(exam.Parameters.Count)} trainable tensors get a gradient");
        var (weights, all) = (suspects.Sum(i => exam.Parameters[i].Value.numel()), exam.Parameters.Sum(p => p.Value.numel()));
        var cut = suspects.Where(i => clean.Gradients[i] is null).ToList();
        return Info.Found(Info.Finding(weights * 2 > all ? Severity.Error : Severity.Warning,
            $"{Words.Number(suspects.Count)} of {Words.Number(exam.Parameters.Count)} trainable tensors get no gradient ({Words.Percent((double)weights / all)} of the weights): "
            + string.Join(", ", suspects.Take(4).Select(i => $"`{exam.Parameters[i].Name}`")) + (suspects.Count > 4 ? ", …" : "")
            + (cut.Count == suspects.Count ? "; the loss does not depend on them." : "."),
            "Look for `detach`, `no_grad` or a layer that is registered but not called; name those that are meant to rest in `AllowedWithoutGradient`."));
    }

    private static bool IsZero(Tensor? gradient) => gradient is null || gradient.numel() > 0 && Differences.IsZero(gradient);

    private static bool IsConstant(Tensor value)
    {
        using var scope = NewDisposeScope();
        return value.numel() > 0 && value.detach().max().eq(value.detach().min()).item<bool>();
    }

    private static bool IsAllowed(Examination exam, int index) =>
        exam.Options.AllowedWithoutGradient.Any(name => exam.Parameters[index].Name.StartsWith(name, StringComparison.Ordinal));

    /// <summary>The suspects that get nothing either when parameters that hold one number throughout, such as a gate that starts at zero, do not.</summary>
    private static List<int> WithoutGates(Examination exam, List<int> suspects)
    {
        using var scope = NewDisposeScope();
        var gates = exam.Parameters.Where(p => IsConstant(p.Value)).ToList();
        if (gates.Count == 0)
            return suspects;
        try
        {
            using var chance = new Generator((ulong)exam.Options.Seed, device: CPU);
            using (no_grad())
            {
                foreach (var (_, value) in gates)
                    value.add_(randn(value.shape, dtype: float32, device: CPU, generator: chance).to(value.dtype, value.device) * 0.02);
            }
            var again = exam.Run(exam.Batch, gradients: true, exam.Options.Seed).Gradients;
            return [.. suspects.Where(i => IsZero(again[i]))];
        }
        finally
        {
            exam.State.Rewind();
        }
    }
}
