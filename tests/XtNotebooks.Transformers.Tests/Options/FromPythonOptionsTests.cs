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
        var net = ((TransformerWrapper)ModelConfig.Create((JsonObject)JsonNode.Parse(metadata["arguments"])!)).Ready();
        net.LoadStateDict(tensors.Where(t => t.Key.StartsWith("weights.", StringComparison.Ordinal)).ToDictionary(t => t.Key["weights.".Length..], t => t.Value));

        var logits = net.forward(tensors["ids"], new TransformerInputs { Context = tensors.GetValueOrDefault("context") });
        Assert.Equal(tensors["logits"].shape, logits.shape);
        var difference = (logits - tensors["logits"]).abs().max().item<float>();
        Assert.True(difference < 2e-5, $"logits differ by {difference}");

        (logits * tensors["direction"]).sum().backward();
        var norms = JsonSerializer.Deserialize<Dictionary<string, double>>(metadata["gradient_norms"])!;
        var ours = net.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var (key, norm) in norms)
        {
            var found = ours[key].grad?.norm().item<float>() ?? 0;
            Assert.True(Math.Abs(found - norm) <= 1e-4 * Math.Max(1, norm), $"the gradient of {key} has norm {found}, not {norm}");
        }
    }

    public void Dispose() => _scope.Dispose();
}
