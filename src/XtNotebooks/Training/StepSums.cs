using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Losses;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>Adds up what the batches of one step lost, real tokens and pads apart.</summary>
internal sealed class StepSums
{
    private double reported, realSum, padSum;
    private long real, pads;
    private bool split;

    /// <param name="batch">The batch; null for one that has no tokens to count.</param>
    /// <param name="weight">Its share in the step's loss.</param>
    /// <param name="loss">Its loss.</param>
    /// <param name="logits">[batch, seq - 1, numTokens]; null where the split is not recorded.</param>
    public void Add(PaddedBatch? batch, double weight, double loss, Tensor? logits)
    {
        reported += weight * loss;
        if (batch is null)
            return;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var realTargets = batch.Mask[.., 1..];                                        // [batch, seq - 1]
        var tokens = realTargets.sum().item<long>();
        real += tokens;
        pads += realTargets.numel() - tokens;
        if (logits is null)
            return;
        split = true;
        var losses = TokenLosses.PerTokenUnchecked(logits.detach(), batch.Ids[.., 1..], ignoreIndex: long.MinValue);
        realSum += losses.masked_fill(realTargets.logical_not(), 0).sum(type: ScalarType.Float64).item<double>();
        padSum += losses.masked_fill(realTargets, 0).sum(type: ScalarType.Float64).item<double>();
    }

    public TrainingStep ToStep(int step) => new()
    {
        Step = step,
        ReportedLoss = reported,
        RealLoss = split && real > 0 ? realSum / real : null,
        PadLoss = split && pads > 0 ? padSum / pads : null,
        RealTokens = real,
        PadTokens = pads,
    };
}
