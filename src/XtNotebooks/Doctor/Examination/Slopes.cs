using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>Gradients of a user's loss, whose errors can be caught.</summary>
internal static class Slopes
{
    /// <summary>The gradient of <paramref name="loss"/> by each of <paramref name="wanted"/>; null where the loss does not depend on it.</summary>
    /// <remarks>Not <c>autograd.grad</c>: TorchSharp lets its native errors (a graph that is freed, a value changed in place) end the process.</remarks>
    public static IReadOnlyList<Tensor?> Of(Tensor loss, IReadOnlyList<Tensor> wanted)
    {
        try
        {
            foreach (var each in wanted.Where(w => w.is_leaf))
                each.grad = null;
            autograd.backward([loss], inputs: [.. wanted]);
            return [.. wanted.Select(w => w.grad is { IsInvalid: false } gradient ? gradient : null)];
        }
        finally
        {
            foreach (var each in wanted.Where(w => w.is_leaf))
                each.grad = null;
        }
    }
}
