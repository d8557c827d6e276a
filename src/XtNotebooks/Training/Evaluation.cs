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
            var whole = sums.ToStep(step);
            return new(step, whole.RealLoss ?? double.NaN, whole.PadLoss);
        }
        finally
        {
            model.Module.train(training);
        }
    }
}
