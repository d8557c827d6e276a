using TorchSharp;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Walks a module; no weight is copied.</summary>
internal static class ModelReading
{
    public static ModelView Read(nn.Module module, object? options, object? example, long? length)
    {
        ArgumentNullException.ThrowIfNull(module);
        options ??= module.GetType().GetProperty("Options")?.GetValue(module);
        var (shapes, input) = ModelShapes.Read(module, example);
        var cost = AttentionCost.Of(module, SequenceLengths.Of(module, example, length));
        if (length is not null && !cost.HasAttention)
            throw new ArgumentException("The length is for attention between positions, and this model has none that could be counted; leave it out.");
        return new ModelView
        {
            Root = Node("model", module, new([], shapes, cost)),
            Options = options is null ? [] : ModelOptions.Changed(options),
            Example = input,
            Length = cost.HasAttention ? cost.Lengths?.Own : null,
            ContextLength = cost.HasAttention && cost.Lengths is { } lengths && lengths.Context != lengths.Own ? lengths.Context : null,
            Rounds = Rounds(module),
            Apart = cost is { HasAttention: true, Lengths: null } ? ", attention between positions apart, as no length is known" : "",
            Unseen = Unseen(module),
        };
    }

    private static ModelNode Node(string name, nn.Module module, Walk walk)
    {
        var own = new List<ModelParameter>();
        var (parameters, trainable, bytes, flops) = (0L, 0L, 0L, TiedLogits(module));
        foreach (var (key, parameter) in module.named_parameters(recurse: false))
        {
            own.Add(new ModelParameter(key, parameter.shape, TensorReading.Short(parameter.dtype), parameter.requires_grad));
            // Tied weights are one tensor in two places, and cost one memory but two products.
            if (IsFactor(module, key, parameter))
                flops += 2 * parameter.numel();
            if (!walk.Seen.Add(parameter.Handle))
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
        var parts = module.named_children().Select(child => (Node: Node(child.name, child.module, walk), Runs: Passes(module, child.name) * walk.Cost.Runs(child.module))).ToList();
        var children = parts.ConvertAll(part => part.Node);
        return new ModelNode(
            name, TypeName(module.GetType()),
            parameters + children.Sum(c => c.Parameters), trainable + children.Sum(c => c.Trainable),
            bytes + children.Sum(c => c.Bytes), flops + parts.Sum(part => part.Node.FlopsPerToken * part.Runs),
            own, Folded(children))
        {
            Output = walk.Shapes.GetValueOrDefault(module),
            AttentionFlopsPerToken = (long)Math.Round(walk.Cost.PerToken(module)) + parts.Sum(part => part.Node.AttentionFlopsPerToken * part.Runs),
        };
    }

    /// <summary>How often a part runs for one pass through the whole: the layers of a model that loops run again over their own output, and a mixture's
    /// logits are as many as its softmaxes.</summary>
    private static int Passes(nn.Module module, string part) => (module as TransformerWrapper)?.Options switch
    {
        { Looped: true, MaxLoopedSteps: var loops } when part is "attn_layers" or "exit_gate" => loops,
        { MixtureOfSoftmax: true, MixtureOfSoftmaxK: var mixtures } when part == "to_logits" => mixtures,
        _ => 1,
    };

    /// <summary>Logits from the embeddings' own table, which no other module holds.</summary>
    private static long TiedLogits(nn.Module module) => module is TransformerWrapper { Options: { TieEmbedding: true, ReturnOnlyEmbed: false } options } net
        ? 2L * net.NumTokens * net.AttnLayers.Dim * (options.MixtureOfSoftmax ? options.MixtureOfSoftmaxK : 1) : 0;

    /// <summary>What the sentence says of layers that run more than once.</summary>
    private static string Rounds(nn.Module module) => module switch
    {
        AutoregressiveWrapper { Net: var net } => Rounds(net),
        TransformerWrapper { Options: { Looped: true, MaxLoopedSteps: var loops } } => $", the layers {loops} times",
        TransformerWrapper { AttnLayers: { LayerTypes.Count: var layers, LayersExecuteOrder.Count: var runs } } when runs > layers => $", {layers} layers in {runs} runs",
        TransformerWrapper { Options.Recycling: true } => ", the layers once, which recycling runs again",
        _ => "",
    };

    /// <summary>Whether every position is multiplied by it: a matrix, or a convolution's kernel, but no memories, which join the sequence.</summary>
    private static bool IsFactor(nn.Module module, string name, Tensor parameter) =>
        parameter.dim() == 2 ? !IsTable(module) && name is not ("memory_tokens" or "cls_token")
        : parameter.dim() > 2 && name == "weight" && module.GetType().Name.StartsWith("Conv", StringComparison.Ordinal);

    /// <summary>An embedding is looked up, not multiplied.</summary>
    private static bool IsTable(nn.Module module) => module.GetType().Name.Contains("Embedding", StringComparison.Ordinal);

    /// <summary>Classes of which nobody knows what they compute beside their weights: somebody's own, and torch's attention.</summary>
    private static List<string> Unseen(nn.Module module) => [.. module.modules().Prepend(module).Select(part => part.GetType())
        .Where(type => type.Assembly != typeof(TransformerWrapper).Assembly
            && (type.Assembly != typeof(nn).Assembly || type.Name.StartsWith("Transformer", StringComparison.Ordinal) || type.Name == "MultiheadAttention"))
        .Select(TypeName).Distinct()];

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
        a.Type == b.Type && a.Output == b.Output && a.Parameters == b.Parameters && a.FlopsPerToken == b.FlopsPerToken && a.AttentionFlopsPerToken == b.AttentionFlopsPerToken
        && a.Own.Count == b.Own.Count && a.Own.Zip(b.Own).All(p => p.First.Shape.SequenceEqual(p.Second.Shape))
        && a.Children.Count == b.Children.Count && a.Children.Zip(b.Children).All(p => p.First.Count == p.Second.Count && Same(p.First, p.Second));

    private static string TypeName(Type type) => type.Name.Split('`')[0];

    /// <param name="Seen">Parameters met so far.</param>
    /// <param name="Shapes">What modules give.</param>
    /// <param name="Cost">What attention costs.</param>
    private sealed record Walk(HashSet<IntPtr> Seen, IReadOnlyDictionary<nn.Module, string> Shapes, AttentionCost Cost);
}
