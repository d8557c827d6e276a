using TorchSharp;
using XtNotebooks.Data;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>Looks at held-out batches without learning.</summary>
internal static class Evaluation
{
    /// <summary>Means over all targets of all batches; the model is in evaluation mode meanwhile.</summary>
    public static TrainingEvaluation Of(TrainedModel model, IReadOnlyList<PaddedBatch> batches, Device? device, int step, CancellationToken cancellationToken)
    {
        var (real, pads) = Losses(model, batches, device, cancellationToken);
        return new(step, real ?? double.NaN, pads);
    }

    /// <summary>What real tokens and pads cost; null where there is no target of the kind.</summary>
    public static (double? Real, double? Pads) Losses(TrainedModel model, IReadOnlyList<PaddedBatch> batches, Device? device, CancellationToken cancellationToken)
    {
        var training = model.Module.training;
        model.Module.eval();
        try
        {
            using var _ = no_grad();
            var sums = new StepSums();
            foreach (var batch in batches)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                using var moved = device is null ? null : batch.To(device);
                var ids = (moved ?? batch).Ids;
                sums.Add(moved ?? batch, 0, 0, model.Forward(ids)[.., ..^1]);
            }
            var whole = sums.ToStep(0);
            return (whole.RealLoss, whole.PadLoss);
        }
        finally
        {
            model.Module.train(training);
        }
    }
}
