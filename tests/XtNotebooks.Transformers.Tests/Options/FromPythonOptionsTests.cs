using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Transformers.Tests.Golden;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>Options that no golden case covers, against what Python's x-transformers computed with them (written by from_python.py).</summary>
public sealed class FromPythonOptionsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Cases => [.. StoredOptions.PythonCases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_and_gradients_are_Pythons(string name)
    {
        var tensors = Safetensors.Read(StoredOptions.PythonCases[name], out var metadata, TestDevice.Current);
        var model = ModelConfig.Create((JsonObject)JsonNode.Parse(metadata["arguments"])!);
        var net = ((TransformerWrapper)ModelConfig.Weights(model)).Ready();
        net.LoadStateDict(tensors.Where(t => t.Key.StartsWith("weights.", StringComparison.Ordinal)).ToDictionary(t => t.Key["weights.".Length..], t => t.Value));

        var output = Output(model, net, tensors, metadata.GetValueOrDefault("output"));
        AreClose(tensors["logits"], output, "the output");

        (output * tensors["direction"]).sum().backward();
        var norms = JsonSerializer.Deserialize<Dictionary<string, double>>(metadata["gradient_norms"])!;
        var ours = net.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var (key, norm) in norms)
        {
            var found = ours[key].grad?.norm().item<float>() ?? 0;
            Assert.True(Math.Abs(found - norm) <= 1e-4 * Math.Max(1, norm), $"the gradient of {key} has norm {found}, not {norm}");
        }
    }

    private static Tensor Output(nn.Module model, TransformerWrapper net, Dictionary<string, Tensor> tensors, string? wanted)
    {
        var ids = tensors["ids"];
        var inputs = new TransformerInputs
        {
            Context = tensors.GetValueOrDefault("context"),
            Condition = tensors.GetValueOrDefault("condition"),
            Mems = Numbered(tensors, "mems"),
            RecycleSteps = (int?)tensors.GetValueOrDefault("recycle_steps")?.item<long>(),
            EmbedIds = tensors.Where(t => t.Key.StartsWith("embed_ids.", StringComparison.Ordinal)).ToDictionary(t => t.Key["embed_ids.".Length..], t => t.Value),
        };
        if (model is AutoregressiveWrapper wrapper) return wrapper.ForwardWithOutputs(ids, inputs).Loss;
        if (wanted == "attn_z_loss") return net.Trace(ids, inputs).AttnZLoss!;
        if (inputs.Mems is null) return net.forward(ids, inputs);
        var segment = net.ForwardWithMems(ids, inputs);
        foreach (var (expected, found) in Numbered(tensors, "new_mems")!.Zip(segment.Mems)) AreClose(expected, found, "a memory");
        return segment.Logits;
    }

    private static IReadOnlyList<Tensor>? Numbered(Dictionary<string, Tensor> tensors, string name) => tensors.ContainsKey(name + ".0")
        ? [.. Enumerable.Range(0, tensors.Keys.Count(k => k.StartsWith(name + ".", StringComparison.Ordinal))).Select(i => tensors[$"{name}.{i}"])]
        : null;

    private static void AreClose(Tensor expected, Tensor found, string what)
    {
        Assert.Equal(expected.shape, found.shape);
        var difference = (found - expected).abs().max().item<float>();
        Assert.True(difference < 2e-5 * Math.Max(1, expected.abs().max().item<float>()), $"{what} differs by {difference}");
    }

    public void Dispose() => _scope.Dispose();
}
