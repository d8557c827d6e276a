namespace XtNotebooks.Transformers.Tests.Golden;

/// <summary>A double precision model is one throughout: against what Python's x-transformers computed in double precision (written by from_python_float64.py).</summary>
public sealed class Float64Tests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Cases
    {
        get
        {
            using var scope = NewDisposeScope();
            return [.. Safetensors.Read(File).Keys.Where(k => !k.Contains('/')).Order(StringComparer.Ordinal)];
        }
    }

    private static string File => Options.StoredOptions.Beside("../Golden/float64.safetensors");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Nothing_is_rounded_to_single_precision(string name)
    {
        var expected = Safetensors.Read(File, TestDevice.Current);
        var (net, ids, context) = Model(name);
        net.to(ScalarType.Float64);
        var logits = net.forward(ids.clamp(min: 0), new TransformerInputs { Context = context?.to(ScalarType.Float64) });
        logits.square().sum().backward();
        var gradients = net.named_parameters().Where(p => p.parameter.grad is { IsInvalid: false }).ToDictionary(p => p.name, p => p.parameter.grad!);
        var gradient = stack(gradients.Values.Select(g => g.norm())).norm().item<double>();

        Assert.Equal(ScalarType.Float64, logits.dtype);
        var first = logits[0];
        Close.Assert("logits", expected[name], first.reshape(-1, first.shape[^1])[-1], 1e-11);
        var norm = expected[name + "/norm"].item<double>();
        Assert.True(Math.Abs(gradient - norm) <= 1e-10 * Math.Max(1, norm), $"The gradient's norm is {gradient:r}, not {norm:r}.");
        foreach (var (key, stored) in expected.Where(e => e.Key.StartsWith(name + "/", StringComparison.Ordinal) && e.Key != name + "/norm"))
            Close.Assert($"gradient of {key}", stored, gradients[key[(name.Length + 1)..]], 1e-7 * Math.Max(1, stored.abs().max().item<float>()));
    }

    [Theory]
    [InlineData(ScalarType.Float64, ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32)] // angles of far positions need more than eight bits
    public void Angles_are_as_precise_as_the_model_but_never_halved(ScalarType model, ScalarType angles)
    {
        foreach (var layers in new[] { Models.SmallModels.Layers with { RotaryXpos = true }, Models.SmallModels.Layers with { PolarPosEmb = true } })
        {
            using var stack = new Decoder(layers);
            stack.to(model);
            Assert.All(stack.named_buffers(), b => Assert.Equal(angles, b.buffer.dtype));
            Assert.All(stack.parameters(), p => Assert.Equal(model, p.dtype));
        }
    }

    private static (TransformerWrapper Net, Tensor Ids, Tensor? Context) Model(string name)
    {
        if (Options.StoredOptions.PythonCases.TryGetValue(name, out var file))
        {
            var (fromPython, tensors) = Options.StoredOptions.Model(file);
            return (fromPython, tensors["ids"], tensors.GetValueOrDefault("context"));
        }
        using var golden = new GoldenCase(GoldenCase.Folders("", "golden", "case.json").Single(f => Path.GetFileName(f) == name));
        var net = GoldenModels.Wrapper(golden.Json.GetProperty("constructor"));
        net.LoadStateDict(golden.Weights);
        return (net, golden.Data["x"], null);
    }

    public void Dispose() => _scope.Dispose();
}
