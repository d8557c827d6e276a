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
    private long real, pads;
    private bool split;

    /// <param name="batch">The batch; null for one that has no tokens to count.</param>
    /// <param name="weight">Its share in the step's loss.</param>
    /// <param name="loss">Its loss, one number on any device.</param>
    /// <param name="logits">[batch, seq - 1, numTokens]; null where the split is not recorded.</param>
    /// <returns>The loss; a device is waited for once, whatever is recorded.</returns>
    public double Add(PaddedBatch? batch, double weight, Tensor loss, Tensor? logits)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        split |= batch is not null && logits is not null;
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
        RealLoss = split && real > 0 ? realSum / real : null,
        PadLoss = split && pads > 0 ? padSum / pads : null,
        RealTokens = real,
        PadTokens = pads,
    };

    private double AddInPlace(PaddedBatch batch, Tensor loss, Tensor? logits)
    {
        var seq = (int)batch.Seq;
        var mask = batch.Mask.contiguous().bytes;
        long[] ids = logits is null ? [] : [.. MemoryMarshal.Cast<byte, long>(batch.Ids.contiguous().bytes)];
        var targets = new long[logits is null ? 0 : (int)batch.Batch * (seq - 1)];
        for (var row = 0; row < batch.Batch && logits is not null; row++)
            ids.AsSpan(row * seq + 1, seq - 1).CopyTo(targets.AsSpan(row * (seq - 1)));
        var losses = logits is null ? [] : RowLosses.Of(logits, targets);
        for (var row = 0; row < batch.Batch; row++)
        {
            for (var at = 1; at < seq; at++)
            {
                var isReal = mask[row * seq + at] != 0;
                (real, pads) = isReal ? (real + 1, pads) : (real, pads + 1);
                if (losses.Length == 0)
                    continue;
                var cost = losses[row * (seq - 1) + at - 1];
                (realSum, padSum) = isReal ? (realSum + cost, padSum) : (realSum, padSum + cost);
            }
        }
        return loss.to(ScalarType.Float64).item<double>();
    }

    private double AddOnDevice(PaddedBatch batch, Tensor loss, Tensor? logits)
    {
        var realTargets = batch.Mask.narrow(1, 1, batch.Seq - 1);                     // [batch, seq - 1]
        var parts = new List<Tensor> { loss.detach().reshape([]).to(ScalarType.Float64).to(realTargets.device), realTargets.sum(ScalarType.Float64) };
        if (logits is not null)
        {
            var losses = TokenLosses.PerTokenUnchecked(logits.detach(), batch.Ids[.., 1..], ignoreIndex: long.MinValue).to(realTargets.device);
            parts.Add(losses.masked_fill(realTargets.logical_not(), 0).sum(type: ScalarType.Float64));
            parts.Add(losses.masked_fill(realTargets, 0).sum(type: ScalarType.Float64));
        }
        var values = stack(parts).cpu().data<double>().ToArray();
        real += (long)values[1];
        pads += realTargets.numel() - (long)values[1];
        if (logits is not null)
            (realSum, padSum) = (realSum + values[2], padSum + values[3]);
        return values[0];
    }
}
