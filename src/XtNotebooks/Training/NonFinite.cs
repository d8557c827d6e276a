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

    /// <summary>Whether none of them holds NaN or infinity; one number is copied from their device, however many they are.</summary>
    public static bool AllFinite(IReadOnlyList<Tensor> parameters)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return stack([.. parameters.Select(parameter => All(parameter).to(parameters[0].device))]).all().item<bool>();

        static Tensor All(Tensor values)
        {
            using var inner = NewDisposeScope();
            return values.isfinite().all().MoveToOuterDisposeScope();
        }
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
        return Layer(model.Module, () => model.Forward(ids));
    }

    /// <summary>The same, of any module, by whatever calls it; empty where layers told of themselves and all gave finite numbers.</summary>
    public static string? Layer(nn.Module module, Action forward)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        string? layer = null;
        var (told, odd) = (false, false);
        ForwardWatch.Run(module, (name, _, outputs) =>
        {
            var here = outputs.Any(output => output.is_floating_point() && !Finite(output));
            (told, odd) = (true, odd || here);
            layer ??= here && name.Length > 0 ? name : null;
        }, forward);
        return layer ?? (told && !odd ? "" : null);
    }

    /// <summary>Runs the model, and tells of a parameter's name how late its layer comes in it.</summary>
    /// <remarks>A transformer of this package is known; of others the layers tell, and where they do not, the order in which they were registered.</remarks>
    public static Func<string, int> ForwardOrder(nn.Module module, Action forward)
    {
        var called = new Dictionary<string, int>();
        ForwardWatch.Run(module, (name, _, _) => called[name] = called.Count, forward);
        if (module is TransformerWrapper)
            return Ours;
        var owners = module.named_parameters().Select(parameter => Owner(parameter.name)).Distinct().ToList();
        return owners.All(called.ContainsKey) ? name => called[Owner(name)] : name => owners.IndexOf(Owner(name));

        static string Owner(string parameter) => parameter.LastIndexOf('.') is >= 0 and var dot ? parameter[..dot] : "";

        static int Ours(string name) => name.Split('.') switch
        {
            ["to_logits", ..] => int.MaxValue,
            ["attn_layers", "layers", var layer, ..] => 2 + int.Parse(layer, System.Globalization.CultureInfo.InvariantCulture),
            ["attn_layers", "final_norm", ..] => int.MaxValue - 1,
            ["attn_layers", ..] => 1,
            _ => 0,
        };
    }

    /// <summary>Whether it holds neither NaN nor infinity.</summary>
    public static bool Finite(Tensor values) => values.isfinite().all().item<bool>();
}
