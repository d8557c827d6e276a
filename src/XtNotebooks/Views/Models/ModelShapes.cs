using System.Reflection;
using System.Runtime.CompilerServices;
using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>What shape each layer gives, from running the model once on an example: twice for our own models, so that sizes that follow the batch or the
/// length are told by name.</summary>
internal static class ModelShapes
{
    private const int Few = 2, Short = 5;

    /// <param name="module">The model; it runs in evaluation mode, without gradients, and is left as it was.</param>
    /// <param name="example">A tensor, several as an array or a tuple, or a batch; null to infer.</param>
    /// <returns>Shapes by the module, and the example in words; empty where nothing can be inferred.</returns>
    /// <exception cref="ArgumentException">The example does not go through the model.</exception>
    public static (IReadOnlyDictionary<nn.Module, string> Of, string? Example) Read(nn.Module module, object? example)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var evaluating = MagicInputs.Evaluating(module);
        if (example is not null)
        {
            var inputs = Inputs(example);
            return (Once(module, () => Call(module, inputs)).ToDictionary(pair => pair.Key, pair => Written(pair.Value, null)), BatchLoss.Describe(inputs));
        }
        try
        {
            return Inferred(module);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.Runtime.InteropServices.ExternalException)
        {
            // A model that needs more, such as a condition, tells no shapes by itself.
            return (new Dictionary<nn.Module, string>(), null);
        }
    }

    private static (IReadOnlyDictionary<nn.Module, string>, string?) Inferred(nn.Module module)
    {
        if (Reading.Of(module) is not { } reading)
            return (new Dictionary<nn.Module, string>(), null);
        var longest = reading.Longest > 0 ? reading.Longest : int.MaxValue;
        var length = (int)Math.Clamp(longest - 2, 1, Short);
        var (one, other) = (new Sizes(Few, length), new Sizes(Few + 1, (int)Math.Min(longest, length + 2)));
        var (first, second) = (Read(one), Read(other));
        return (first.Where(pair => second.ContainsKey(pair.Key)).ToDictionary(
            pair => pair.Key, pair => Written(pair.Value, (second[pair.Key], one, other))), reading.Input);

        Dictionary<nn.Module, IReadOnlyList<long[]>> Read(Sizes sizes)
        {
            long[] whole = [];
            var shapes = Once(module, () => whole = reading.Run(sizes).shape);
            // What is given more than ids is not called, so that no hook tells of it.
            shapes.TryAdd(reading.Module, [whole]);
            return shapes;
        }
    }

    private static Dictionary<nn.Module, IReadOnlyList<long[]>> Once(nn.Module module, Action forward)
    {
        var shapes = new Dictionary<nn.Module, IReadOnlyList<long[]>>(ReferenceEqualityComparer.Instance);
        // What of our own modules takes more than tensors has no hook; it gives what the last of its parts gives.
        var whole = module.named_modules().Where(part => GivesItsLastPart(part.module)).ToList();
        ForwardWatch.Run(module, (name, part, outputs) =>
        {
            IReadOnlyList<long[]> shape = [.. outputs.Select(output => output.shape)];
            shapes.TryAdd(part, shape);
            foreach (var (path, around) in whole)
            {
                if (name.StartsWith(path + ".", StringComparison.Ordinal))
                    shapes[around] = shape;
            }
        }, forward);
        return shapes;
    }

    private static bool GivesItsLastPart(nn.Module module) =>
        module is FeedForward or Attention or AttentionLayers || module.GetType().Name is "TokenEmbedding" or "AbsolutePositionalEmbedding" or "StackLayer";

    private static Tensor[] Inputs(object example) => example switch
    {
        PaddedBatch batch => [MagicInputs.Alive("--example", batch.Ids)],
        _ => BatchLoss.Tensors(example) is { Length: > 0 } tensors && tensors.All(tensor => !tensor.IsInvalid) ? tensors
            : throw new ArgumentException($"The example is a {example.GetType().Name}; give a tensor, several of them as an array or a tuple, or a PaddedBatch, none of them disposed of."),
    };

    private static void Call(nn.Module module, Tensor[] inputs)
    {
        module = module is AutoregressiveWrapper wrapper ? wrapper.Net : module;
        var call = module.GetType().GetMethods().Where(method => method.Name == "call" && Takes(method.GetParameters(), inputs.Length)).MinBy(method => method.GetParameters().Length)
            ?? throw new ArgumentException($"{module.GetName()} does not take {(inputs.Length == 1 ? "a tensor" : $"{inputs.Length} tensors")}; give the example that its forward takes.");
        var device = module.parameters().FirstOrDefault()?.device;
        object?[] arguments = [.. call.GetParameters().Select((parameter, i) => i < inputs.Length ? (object?)(device is null ? inputs[i] : inputs[i].to(device))
            : parameter.HasDefaultValue ? parameter.DefaultValue : parameter.ParameterType.IsValueType ? RuntimeHelpers.GetUninitializedObject(parameter.ParameterType) : null)];
        try
        {
            call.Invoke(module, arguments);
        }
        catch (TargetInvocationException e) when (e.InnerException is { } inner)
        {
            throw new ArgumentException($"The example {BatchLoss.Describe(inputs)} does not go through the model ({MagicInputs.FirstLine(inner).TrimEnd('.')}); give an input that its forward takes.", inner);
        }
    }

    private static bool Takes(ParameterInfo[] parameters, int tensors) =>
        parameters.Length >= tensors && parameters.Take(tensors).All(parameter => parameter.ParameterType == typeof(Tensor));

    private static string Written(IReadOnlyList<long[]> shapes, (IReadOnlyList<long[]> Shapes, Sizes One, Sizes Other)? again) =>
        string.Join(", ", shapes.Select((shape, i) => $"[{string.Join(", ", shape.Select((size, d) =>
            again is { } other && i < other.Shapes.Count && d < other.Shapes[i].Length ? Name(size, other.Shapes[i][d], other.One, other.Other) : $"{size}"))}]"));

    // Equal in both runs: the model's own. Else it follows the batch, the length, or both.
    private static string Name(long size, long again, Sizes one, Sizes other)
    {
        if (size == again)
            return $"{size}";
        if (Times(one.Batch, other.Batch) is { } rows)
            return rows == 1 ? "batch" : $"{rows} · batch";
        if (again - size == other.Seq - one.Seq)
            return size == one.Seq ? "seq" : $"seq {(size > one.Seq ? "+" : "-")} {Math.Abs(size - one.Seq)}";
        if (Times(one.Seq, other.Seq) is { } length)
            return $"{length} · seq";
        return Times(one.Batch * one.Seq, other.Batch * other.Seq) is { } both ? both == 1 ? "batch · seq" : $"{both} · batch · seq" : "?";

        long? Times(long before, long after) => size % before == 0 && again % after == 0 && size / before == again / after ? size / before : null;
    }

    private readonly record struct Sizes(int Batch, int Seq);

    /// <summary>How one of our own models is run without an example.</summary>
    /// <param name="Module">What is run.</param>
    /// <param name="Longest">The longest sequence it takes; 0 for any.</param>
    /// <param name="Input">What it reads, in words.</param>
    /// <param name="Run">Runs it on zeros.</param>
    private sealed record Reading(nn.Module Module, int Longest, string Input, Func<Sizes, Tensor> Run)
    {
        public static Reading? Of(nn.Module module)
        {
            var weight = module.parameters().FirstOrDefault();
            Tensor Ids(Sizes sizes) => zeros(sizes.Batch, sizes.Seq, dtype: int64, device: weight?.device);
            return module switch
            {
                AutoregressiveWrapper wrapper => Of(wrapper.Net),
                XTransformer both => new(both, both.Encoder.MaxSeqLen == 0 ? both.Decoder.Net.MaxSeqLen : Math.Min(both.Encoder.MaxSeqLen, both.Decoder.Net.MaxSeqLen > 0 ? both.Decoder.Net.MaxSeqLen : int.MaxValue),
                    "source and target ids [batch, seq]", sizes => both.call(Ids(sizes), Ids(sizes))),
                TransformerWrapper { AttnLayers.Options: { CrossAttend: true } stack } net => new(net, net.MaxSeqLen, $"ids [batch, seq] and a context [batch, seq, {stack.CrossAttnDimContext ?? stack.Dim}]",
                    sizes => net.forward(Ids(sizes), new TransformerInputs { Context = zeros(sizes.Batch, sizes.Seq, stack.CrossAttnDimContext ?? stack.Dim, dtype: weight!.dtype, device: weight.device) })),
                TransformerWrapper net => new(net, net.MaxSeqLen, "ids [batch, seq]", sizes => net.call(Ids(sizes))),
                _ => null,
            };
        }
    }
}
