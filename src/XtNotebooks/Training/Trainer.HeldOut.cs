using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

// Looks at held-out batches, and whether they say to stop.
public sealed partial class Trainer
{
    private bool Due(int step) =>
        options.EvaluateEvery > 0 && heldOut.Count > 0 && step % options.EvaluateEvery == 0 && evaluations.LastOrDefault()?.Step != step;

    /// <returns>Why to stop: a loss that is not finite there; null to go on.</returns>
    private Stop? Look(CancellationToken cancellationToken)
    {
        Looking = true;
        Stop? stop = null;
        if (own is null)
        {
            evaluations.Add(Evaluation.Of(model, [.. heldOut.Cast<PaddedBatch>()], options.Device, steps.Count, cancellationToken));
            stop = double.IsFinite(evaluations[^1].Loss) ? null : OddBatch(cancellationToken);
        }
        else
            stop = LookByOwnLoss(own, cancellationToken);
        Looking = false;
        return stop;
    }

    // The mean over all targets where the loss tells how many a batch has; otherwise over batches, each of which would be a step of its own.
    private Stop? LookByOwnLoss(BatchLoss loss, CancellationToken cancellationToken)
    {
        using var evaluating = MagicInputs.Evaluating(model.Module);
        var (sum, whole) = (0.0, 0L);
        (int Number, double Loss)? bad = null;
        for (var i = 0; i < heldOut.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (OwnLoss(loss, i) is not { } seen)
                continue;
            sum += seen.Weight * seen.Loss;
            whole += seen.Weight;
            if (!double.IsFinite(seen.Loss))
                bad ??= (i, seen.Loss);
        }
        if (whole == 0)
            throw new ArgumentException("The held-out batches count no target at all, so that their loss has no mean; hold out batches with targets.");
        evaluations.Add(new(steps.Count, null, null, sum / whole));
        return bad is { } at ? NotFiniteApart(heldOut[at.Number], at.Number, at.Loss) : null;
    }

    /// <returns>Null for a batch that counts no target: its mean is none.</returns>
    private (long Weight, double Loss)? OwnLoss(BatchLoss loss, int number)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        try
        {
            var batch = heldOut[number];
            if (batch is PaddedBatch { Ids.IsInvalid: true } || BatchLoss.Tensors(batch)?.Any(part => part.IsInvalid) == true)
                throw new ArgumentException("it was disposed of; keep held-out batches until the run has ended.");
            var weight = loss.Counted?.Invoke(batch) ?? 1;
            if (weight == 0)
                return null;
            var value = loss.Of(batch);
            CheckNumber(value);
            return (weight, value.to(ScalarType.Float64).item<double>());
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"Held-out batch {number + 1} of {heldOut.Count}: {MagicInputs.FirstLine(e)}", e);
        }
    }

    // Without a target there is no mean, and nothing wrong with the model.
    private Stop? OddBatch(CancellationToken cancellationToken)
    {
        for (var i = 0; i < heldOut.Count; i++)
        {
            if (Evaluation.Losses(model, [(PaddedBatch)heldOut[i]], options.Device, cancellationToken).Real is { } loss && !double.IsFinite(loss))
                return NotFiniteApart(heldOut[i], i, loss);
        }
        return null;
    }

    private Stop NotFiniteApart(object batch, int number, double loss)
    {
        using var _ = no_grad();
        const string lower = "Lower the learning rate or clip the gradient.";
        var (where, advice) = NonFinite.First(Named(), gradients: false) is { } parameter ? ($"the weights of {parameter} are not finite since step {steps.Count}. {lower}", ".")
            : Layer(batch) is not { Length: > 0 } layer ? ("the weights are finite: it is the loss, which may average no target.", "; mend it or leave it out.")
            : BatchLoss.IsOdd(batch) ? ($"the weights are finite, and {layer} is the first layer whose output is not.", "; mend it or leave it out.")
            : ($"the weights are finite, and {layer} is the first layer whose output is not. {lower}", ".");
        return new(TrainingEnd.NotFinite, $"The held-out loss after step {steps.Count} is {(double.IsNaN(loss) ? "not a number" : "infinite")}; {where} "
            + $"The batch is number {number + 1} of the {heldOut.Count} held out, {BatchLoss.Describe(batch)}{advice}");
    }

    private Stop? StopsEarly()
    {
        if (options.EarlyStopAfter is not { } patience || evaluations.Count <= patience)
            return null;
        // What is no number is never the best.
        var best = evaluations.MinBy(evaluation => double.IsNaN(evaluation.Loss) ? double.PositiveInfinity : evaluation.Loss)!;
        if (evaluations.Count - 1 - evaluations.IndexOf(best) < patience)
            return null;
        return new(TrainingEnd.StoppedEarly, $"Stopped after step {steps.Count}: " + (double.IsNaN(best.Loss)
            ? $"the held-out loss was no number in any of {Words.Count(evaluations.Count, "look")}, so that it cannot improve; hold out batches with targets that count."
            : FormattableString.Invariant($"the held-out {(best.RealLoss is null ? "loss" : "real-token loss")} has not gone below {best.Loss:0.000} of step {best.Step} in {Words.Count(patience, "look")}.")));
    }
}
