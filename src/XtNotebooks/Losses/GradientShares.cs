using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Losses;

/// <summary>Shares the gradient of a mean loss out among its parts.</summary>
internal static class GradientShares
{
    /// <summary>g_part·g_total/‖g_total‖² for each counted part; empty where the whole gradient is zero or nothing is counted.</summary>
    /// <remarks>The graph is kept, so that the caller can still go backward.</remarks>
    public static Dictionary<LossPartKind, double> Of(Tensor logits, Tensor targets, TokenBatch batch, IReadOnlyList<Tensor> parameters)
    {
        if (parameters.Count == 0)
            throw new ArgumentException("GradientOf names no parameter; give for example model.parameters().");
        if (!logits.requires_grad)
            throw new ArgumentException("The gradient's shares need logits that carry a graph; compute them outside no_grad(), and do not detach them.");
        // A frozen parameter has no gradient: its share in either part is nothing.
        parameters = [.. parameters.Where(p => p.requires_grad)];
        if (parameters.Count == 0)
            throw new ArgumentException("No tensor in GradientOf has a gradient: all are frozen or no parameters; set requires_grad on those that learn.");
        if (batch.Counted == 0)
            return [];
        using var scope = NewDisposeScope();
        var nll = TokenLosses.PerTokenUnchecked(logits, targets, batch.IgnoreIndex);
        var real = Gradient(LossPartKind.Real);
        var pads = Gradient(LossPartKind.Pad);
        double realDot = 0, padDot = 0;
        for (var i = 0; i < parameters.Count; i++)
        {
            var total = real[i] + pads[i];
            realDot += (real[i] * total).sum().item<double>();
            padDot += (pads[i] * total).sum().item<double>();
        }
        var whole = realDot + padDot;
        return whole == 0 ? [] : new() { [LossPartKind.Real] = realDot / whole, [LossPartKind.Pad] = padDot / whole, [LossPartKind.Ignored] = 0 };

        // float64, so that the two shares add up.
        Tensor[] Gradient(LossPartKind kind)
        {
            var weights = tensor([.. Enumerable.Range(0, batch.Length).Select(i => batch.Kind(i) == kind ? 1f / batch.Counted : 0f)],
                nll.shape, dtype: nll.dtype, device: nll.device);
            // Not autograd.grad, whose native errors end the process: backward's can be caught.
            var kept = parameters.Select(p => p.grad).ToList();
            try
            {
                foreach (var parameter in parameters)
                    parameter.grad = null;
                autograd.backward([(nll * weights).sum()], retain_graph: true, inputs: [.. parameters]);
                return [.. parameters.Select(p => p.grad is { IsInvalid: false } grad
                    ? grad.to(ScalarType.Float64, copy: true)
                    : zeros_like(p, dtype: ScalarType.Float64))];
            }
            catch (System.Runtime.InteropServices.ExternalException e)
            {
                throw new ArgumentException(
                    $"The gradient's shares could not be computed ({e.Message.Split('\n')[0]}); every tensor in GradientOf must be a parameter that the logits came from, "
                    + "and take the loss apart before backward(), which frees the graph.", e);
            }
            finally
            {
                for (var i = 0; i < parameters.Count; i++)
                    parameters[i].grad = kept[i];
            }
        }
    }
}
