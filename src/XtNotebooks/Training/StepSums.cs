using System.Runtime.InteropServices;
using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Losses;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>Adds up what the batches of one step lost, real tokens and pads apart.</summary>
internal sealed class StepSums
{
    private double reported, realSum, padSum;
    // Targets, and those of them whose cost is known: an id such as -100 has none.
    private long real, pads, realKnown, padsKnown;

    /// <param name="batch">The batch; null for one that has no tokens to count.</param>
    /// <param name="weight">Its share in the step's loss.</param>
    /// <param name="loss">Its loss, one number on any device.</param>
    /// <param name="logits">[batch, seq - 1, numTokens]; null where the split is not recorded.</param>
    /// <returns>The loss; a device is waited for once, whatever is recorded.</returns>
    public double Add(PaddedBatch? batch, double weight, Tensor loss, Tensor? logits)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        double value;
        if (batch is null)
            value = loss.to(ScalarType.Float64).item<double>();
        else if (batch.Mask.device_type == DeviceType.CPU && (logits is null || (RowLosses.Reads(logits) && logits.shape[0] == batch.Batch && logits.shape[1] == batch.Seq - 1)))
            value = AddInPlace(batch, loss, logits);
        else
            value = AddOnDevice(batch, loss, logits);
        reported += weight * value;
        return value;
    }

    public TrainingStep ToStep(int step) => new()
    {
        Step = step,
        ReportedLoss = reported,
        RealLoss = realKnown > 0 ? realSum / realKnown : null,
        PadLoss = padsKnown > 0 ? padSum / padsKnown : null,
        RealTokens = real,
        PadTokens = pads,
    };

    private double AddInPlace(PaddedBatch batch, Tensor loss, Tensor? logits)
    {
        var (rows, seq, numTokens) = ((int)batch.Batch, (int)batch.Seq, logits?.shape[2] ?? 0);
        var mask = batch.Mask.contiguous().bytes;
        var ids = logits is null ? default : MemoryMarshal.Cast<byte, long>(batch.Ids.contiguous().bytes);
        var targets = new long[logits is null ? 0 : rows * (seq - 1)];
        for (var row = 0; row < rows && logits is not null; row++)
            ids.Slice(row * seq + 1, seq - 1).CopyTo(targets.AsSpan(row * (seq - 1)));
        var losses = logits is null ? [] : RowLosses.Of(logits, targets);
        for (var row = 0; row < rows; row++)
        {
            for (var at = 1; at < seq; at++)
            {
                var isReal = mask[row * seq + at] != 0;
                (real, pads) = isReal ? (real + 1, pads) : (real, pads + 1);
                var target = row * (seq - 1) + at - 1;
                if (logits is null || targets[target] < 0 || targets[target] >= numTokens)
                    continue;
                if (isReal)
                    (realSum, realKnown) = (realSum + losses[target], realKnown + 1);
                else
                    (padSum, padsKnown) = (padSum + losses[target], padsKnown + 1);
            }
        }
        return loss.to(ScalarType.Float64).item<double>();
    }

    private double AddOnDevice(PaddedBatch batch, Tensor loss, Tensor? logits)
    {
        var realTargets = batch.Mask.narrow(1, 1, batch.Seq - 1);                     // [batch, seq - 1]
        var parts = new List<Tensor> { loss.detach().reshape([]).to(ScalarType.Float64), realTargets.sum(ScalarType.Float64) };
        if (logits is not null)
        {
            var targets = batch.Ids[.., 1..].to(logits.device);
            var known = targets.ge(0).logical_and(targets.lt(logits.shape[2]));
            var losses = TokenLosses.PerTokenUnchecked(logits.detach(), targets.masked_fill(known.logical_not(), 0), ignoreIndex: long.MinValue);
            foreach (var part in (Tensor[])[known.logical_and(realTargets.to(known.device)), known.logical_and(realTargets.logical_not().to(known.device))])
                parts.AddRange([part.sum(ScalarType.Float64), losses.masked_fill(part.logical_not(), 0).sum(type: ScalarType.Float64)]);
        }
        var values = stack([.. parts.Select(part => part.to(parts[^1].device))]).cpu().data<double>().ToArray();
        real += (long)values[1];
        pads += realTargets.numel() - (long)values[1];
        if (logits is not null)
            (realKnown, realSum, padsKnown, padSum) = (realKnown + (long)values[2], realSum + values[3], padsKnown + (long)values[4], padSum + values[5]);
        return values[0];
    }
}
