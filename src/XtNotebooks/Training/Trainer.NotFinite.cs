using XtNotebooks.Data;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

// Where a loss or a gradient that is not finite comes from.
public sealed partial class Trainer
{
    // A backward pass goes from the loss to the embeddings, and NaN with it: nearest to its cause is the last layer, as the forward pass goes, that has it.
    private Stop NotFiniteGradient(List<object> drawn, double[] weights)
    {
        string? where = null, which = null;
        for (var i = 0; i < drawn.Count && where is null; i++)
        {
            if (weights[i] == 0)
                continue;
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var order = NonFinite.ForwardOrder(model.Module, () => Loss(drawn[i]).Loss.backward());
            masters?.Collect();
            where = NonFinite.First(Named().Reverse().OrderByDescending(parameter => order(parameter.Name)), gradients: true);
            which = Which(drawn, i);
        }
        optimizer.zero_grad();
        return new(TrainingEnd.NotFinite, $"The gradient of step {steps.Count + 1} is not finite; "
            + (where is null ? "each batch's alone is, so that it is their sum or norm that overflows. " : $"on its way back from the loss it is so first in {where}. {which}. ")
            + $"The weights are as step {steps.Count} left them. Lower the learning rate or clip the gradient.");
    }

    // What the last step does to the weights no further step's loss tells. An end of another kind keeps its reason, which is not the whole of it then.
    private Stop Checked(Stop stop, int before) =>
        stop.End is TrainingEnd.NotFinite or TrainingEnd.NothingToLearn || steps.Count == before || NotFiniteWeights() is not { } odd ? stop
        : stop.End == TrainingEnd.Completed ? new(TrainingEnd.NotFinite, odd)
        : stop with { Reason = $"{stop.Reason} {odd}" };

    /// <returns>What to say of weights that the last step made infinite or no numbers; null where there are none. What was so before the run is not its doing.</returns>
    private string? NotFiniteWeights()
    {
        if (NonFinite.AllFinite(parameters))
            return null;
        using var _ = no_grad();
        return NonFinite.First(Trained().Where(weight => !oddBefore!.Contains(weight.Name)), gradients: false) is not { } name ? null
            : $"The weights of {name} are not finite since step {steps.Count}, the last, "
            + (steps[^1].GradientNorm is null ? "whose loss was: its gradient or its update overflowed. " : "whose loss and gradient were: its update overflowed. ")
            + "Lower the learning rate or clip the gradient.";
    }

    private HashSet<string> Odd() => NonFinite.AllFinite(parameters) ? [] : [.. Trained().Where(weight => !NonFinite.AllFinite([weight.Parameter])).Select(weight => weight.Name)];

    private IEnumerable<(string Name, Tensor Parameter)> Trained() => Named().Where(weight => weight.Parameter.requires_grad);

    private static string Which(List<object> drawn, int i) =>
        (drawn.Count > 1 ? $"The batch is number {i + 1} of the step's {drawn.Count}, " : "The batch is ") + BatchLoss.Describe(drawn[i]);

    private Stop NotFinite(object batch, string which, LossOutput output, double loss)
    {
        if (batch is PaddedBatch padded && setting.Counted?.Invoke(padded) == 0)
            return new(TrainingEnd.NothingToLearn, NothingToLearn());
        var odd = BatchLoss.IsOdd(batch);
        var where = NonFinite.First(Named(), gradients: false) is { } parameter ? $"the weights of {parameter} are not finite since the step before"
            : output.Logits is { } logits && logits.isfinite().all().item<bool>() ? "the logits are finite: it is the loss, whose targets may all be ignored"
            : Layer(batch) is { } layer ? Where(layer)
            : odd ? "the weights are finite, but the batch itself holds NaN or infinity"
            : "the weights are finite: the forward pass overflows";
        return new(TrainingEnd.NotFinite, $"The loss of step {steps.Count + 1} is {(double.IsNaN(loss) ? "not a number" : "infinite")}; {where}. "
            + $"{which}. {(odd ? "Mend the batch or leave it out." : "Lower the learning rate or clip the gradient.")}");

        string Where(string layer) => (odd, layer) switch
        {
            (true, "") => "the weights are finite, but the batch itself holds NaN or infinity",
            (true, _) => $"the weights are finite, but the batch itself holds NaN or infinity, and {layer} is the first layer whose output does too",
            (false, "") => "the weights and what the layers give are finite: it is the loss",
            _ => $"the weights are finite, and {layer} is the first layer whose output is not",
        };
    }

    // Ids that only the loss reads, such as -100, or a model that fails on NaN must not hide what happened.
    private string? Layer(object batch)
    {
        try
        {
            return own is null ? NonFinite.Layer(model, ((PaddedBatch)batch).Ids) : NonFinite.Layer(model.Module, () => own.Of(batch));
        }
        catch (Exception e) when (e is ArgumentException or System.Runtime.InteropServices.ExternalException or InvalidOperationException)
        {
            return null;
        }
    }
}
