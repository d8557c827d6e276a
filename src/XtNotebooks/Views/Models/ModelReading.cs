using TorchSharp;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Walks a module; no weight is copied.</summary>
internal static class ModelReading
{
    public static ModelView Read(nn.Module module, object? options, object? example)
    {
        ArgumentNullException.ThrowIfNull(module);
        options ??= module.GetType().GetProperty("Options")?.GetValue(module);
        var (shapes, input) = ModelShapes.Read(module, example);
        return new ModelView
        {
            Root = Node("model", module, [], shapes),
            Options = options is null ? [] : ModelOptions.Changed(options),
            Example = input,
            Rounds = Rounds(module),
        };
    }

    private static ModelNode Node(string name, nn.Module module, HashSet<IntPtr> seen, IReadOnlyDictionary<nn.Module, string> shapes)
    {
        var own = new List<ModelParameter>();
        long parameters = 0, trainable = 0, bytes = 0, flops = 0;
        foreach (var (key, parameter) in module.named_parameters(recurse: false))
        {
            own.Add(new ModelParameter(key, parameter.shape, TensorReading.Short(parameter.dtype), parameter.requires_grad));
            // Tied weights are one tensor in two places, and cost one memory but two products.
            if (IsFactor(module, key, parameter))
                flops += 2 * parameter.numel();
            if (!seen.Add(parameter.Handle))
                continue;
            parameters += parameter.numel();
            trainable += parameter.requires_grad ? parameter.numel() : 0;
            bytes += parameter.numel() * parameter.element_size();
        }
        foreach (var (key, buffer) in module.named_buffers(recurse: false))
        {
            own.Add(new ModelParameter(key, buffer.shape, TensorReading.Short(buffer.dtype), Trainable: false));
            bytes += buffer.numel() * buffer.element_size();
        }
        var children = module.named_children().Select(child => Node(child.name, child.module, seen, shapes)).ToList();
        return new ModelNode(
            name, TypeName(module.GetType()),
            parameters + children.Sum(c => c.Parameters), trainable + children.Sum(c => c.Trainable),
            bytes + children.Sum(c => c.Bytes), flops + children.Sum(c => c.FlopsPerToken * Passes(module, c.Name)),
            own, Folded(children)) { Output = shapes.GetValueOrDefault(module) };
    }

    /// <summary>How often a part runs for one pass through the whole: the layers of a model that loops run again over their own output.</summary>
    private static int Passes(nn.Module module, string part) =>
        module is TransformerWrapper { Options: { Looped: true, MaxLoopedSteps: var loops } } && part is "attn_layers" or "exit_gate" ? loops : 1;

    /// <summary>What the sentence says of layers that run more than once.</summary>
    private static string Rounds(nn.Module module) => module switch
    {
        AutoregressiveWrapper { Net: var net } => Rounds(net),
        TransformerWrapper { Options: { Looped: true, MaxLoopedSteps: var loops } } => $", the layers {loops} times",
        TransformerWrapper { Options.Recycling: true } => ", the layers once, which recycling runs again",
        _ => "",
    };

    /// <summary>Whether every position is multiplied by it: a matrix, or a convolution's kernel, but no memories, which join the sequence.</summary>
    private static bool IsFactor(nn.Module module, string name, Tensor parameter) =>
        parameter.dim() == 2 ? !IsTable(module) && name is not ("memory_tokens" or "cls_token")
        : parameter.dim() > 2 && name == "weight" && module.GetType().Name.StartsWith("Conv", StringComparison.Ordinal);

    /// <summary>An embedding is looked up, not multiplied.</summary>
    private static bool IsTable(nn.Module module) => module.GetType().Name.Contains("Embedding", StringComparison.Ordinal);

    /// <summary>Neighbours that look alike in all but their names become one with a count.</summary>
    private static List<ModelNode> Folded(List<ModelNode> nodes)
    {
        var folded = new List<ModelNode>();
        foreach (var node in nodes)
        {
            if (folded.Count > 0 && node.Children.Count > 0 && Same(folded[^1], node))
                folded[^1] = folded[^1] with { Count = folded[^1].Count + 1 };
            else
                folded.Add(node);
        }
        return folded;
    }

    private static bool Same(ModelNode a, ModelNode b) =>
        a.Type == b.Type && a.Output == b.Output && a.Parameters == b.Parameters && a.FlopsPerToken == b.FlopsPerToken
        && a.Own.Count == b.Own.Count && a.Own.Zip(b.Own).All(p => p.First.Shape.SequenceEqual(p.Second.Shape))
        && a.Children.Count == b.Children.Count && a.Children.Zip(b.Children).All(p => p.First.Count == p.Second.Count && Same(p.First, p.Second));

    private static string TypeName(Type type) => type.Name.Split('`')[0];
}
