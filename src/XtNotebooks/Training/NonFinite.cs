using TorchSharp;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>Finds where numbers stopped being finite.</summary>
internal static class NonFinite
{
    /// <summary>The first parameter, in the given order, that holds NaN or infinity, itself or in its gradient; null where none does.</summary>
    public static string? First(IEnumerable<(string Name, Tensor Parameter)> parameters, bool gradients)
    {
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in parameters)
        {
            if ((gradients ? parameter.grad : parameter) is { } values && !Finite(values))
                return name;
        }
        return null;
    }

    /// <summary>The first layer, as the forward pass goes, that makes NaN or infinity of finite numbers; null where none shows it.</summary>
    /// <remarks>Runs the model once more. Layers tell through forward hooks, and a transformer of this package by its trace.</remarks>
    public static string? Layer(TrainedModel model, Tensor ids)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        if (model.Module is TransformerWrapper net)
        {
            var hiddens = net.Trace(ids).LayerHiddens;
            var first = Enumerable.Range(0, hiddens.Count).FirstOrDefault(i => !Finite(hiddens[i]), -1);
            return first < 0 ? "to_logits" : first == 0 ? "the embeddings" : $"attn_layers.layers.{first - 1}";
        }
        string? layer = null;
        var unhook = new List<Action>();
        foreach (var (name, module) in model.Module.named_modules())
        {
            if (module is nn.Module<Tensor, Tensor> hooked)
            {
                unhook.Add(hooked.register_forward_hook((_, _, output) =>
                {
                    layer ??= output.is_floating_point() && !Finite(output) ? name : null;
                    return output;
                }).remove);
            }
        }
        try
        {
            model.Forward(ids);
            return layer;
        }
        finally
        {
            unhook.ForEach(remove => remove());
        }
    }

    private static bool Finite(Tensor values) => values.isfinite().all().item<bool>();
}
