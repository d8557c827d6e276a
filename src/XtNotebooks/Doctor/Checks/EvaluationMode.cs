using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 14.</summary>
internal sealed class EvaluationMode : ICheck
{
    public CheckInfo Info { get; } = new(14, "evaluation-mode", "Is the model in evaluation the same every time?",
        "Evaluates the batch twice with different seeds, and looks which submodules stayed in training mode and which weights or buffers changed.",
        "https://github.com/pytorch/pytorch/issues/124464");

    public CheckOutcome Look(Examination exam)
    {
        if (exam.Clean is null)
            return Info.NotChecked(exam.ModelFailure is null ? "the loss cannot run on this batch" : "the model cannot run on this batch");
        var noise = exam.EvaluationNoise();
        if (exam.Module is not { } module)
        {
            return Info.NotChecked(noise > exam.SameShapeTolerance
                ? $"two evaluations differ by up to {Words.Short(noise)}; give the module, so that it can be put into evaluation mode"
                : "two evaluations agree; give the module, so that both modes can be told apart");
        }
        var stubborn = module.named_modules().Where(m => m.module.training).Select(m => m.name).Order(StringComparer.Ordinal).ToList();
        if (noise > exam.SameShapeTolerance)
        {
            return Info.Found(Info.Finding(Severity.Warning,
                $"In evaluation mode two runs of one batch differ by up to {Words.Short(noise)} in the logits"
                + (stubborn.Count > 0 ? $": {string.Join(", ", stubborn.Take(3).Select(s => $"`{s}`"))} stayed in training mode." : ": dropout is drawn whatever the mode is."),
                "Register every submodule (`RegisterComponents`), and pass `training` on to `functional.dropout`."));
        }
        if (stubborn.Count > 0 || module.training)
        {
            return Info.Found(Info.Finding(Severity.Advice,
                $"After `eval()` these are in training mode again: {(module.training ? "the model" : string.Join(", ", stubborn.Take(3).Select(s => $"`{s}`")))}.",
                "Do not call `train()` inside the forward pass."));
        }
        if (exam.ChangedItself)
        {
            return Info.Found(Info.Finding(Severity.Warning, "The model changes its own weights or buffers in evaluation mode: results depend on what was evaluated before.",
                "Update running statistics in training mode only: `if (training)`."));
        }
        return Info.Passed("two evaluations with different seeds agree");
    }
}
