using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Options;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>
/// The device is the caller's. Where no accelerator is, torch's meta device stands for one: its tensors have shapes and no values, so that what
/// is made there by mistake, or copied from it, fails.
/// </summary>
[Collection(nameof(TorchRandomness))]
public sealed class MetaDeviceTests : IDisposable
{
    private static readonly Device Meta = new(DeviceType.META);
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Families => new(Constructors.Keys);

    [Theory]
    [MemberData(nameof(Families))]
    public void A_model_makes_no_tensor_on_the_default_device(string name)
    {
        var net = (TransformerWrapper)ModelConfig.Weights(ModelConfig.Create((JsonObject)JsonNode.Parse(Constructors[name])!));
        net.to(CPU);
        var before = get_default_device();
        set_default_device(Meta);
        try
        {
            Forward(net, CPU);
        }
        finally
        {
            set_default_device(before);
        }
    }

    [Fact]
    public void Decoding_makes_no_tensor_on_the_default_device()
    {
        using var net = SmallModels.Decoder();
        net.to(CPU);
        var wrapper = new AutoregressiveWrapper(net);
        var prompts = SmallModels.Ids(2, 6).to(CPU);
        var lens = tensor(new[] { 6L, 3 }, device: CPU);
        using var generator = new Generator(1, CPU);
        var before = get_default_device();
        set_default_device(Meta);
        try
        {
            foreach (var filter in new[] { LogitFilters.None, LogitFilters.TopK(), LogitFilters.TopP(), LogitFilters.TopA(), LogitFilters.MinP() })
                Assert.Equal(DeviceType.CPU, wrapper.Generate(prompts, 12, new() { PromptLens = lens, FilterLogitsFn = filter, EosToken = 3, Generator = generator }).device_type);
            Assert.Equal(DeviceType.CPU, wrapper.Generate([prompts[0], prompts[1].narrow(0, 0, 2)], 3, new() { AmateurModels = [new(net)], Temperature = 0 }).device_type);
            Assert.Equal(DeviceType.CPU, wrapper.BeamSearch(prompts, 4, new() { Beams = 3, PromptLens = lens, Stochastic = true }).Scores.device_type);
        }
        finally
        {
            set_default_device(before);
        }
    }

    [Fact]
    public void Weights_are_read_where_they_are_asked_for_not_on_the_default_device()
    {
        var path = Path.Combine(Path.GetTempPath(), $"xt-{Guid.NewGuid():N}.safetensors");
        using var net = SmallModels.Decoder(o => o with { LayerDropout = 0.5 });
        net.to(CPU);
        net.SaveSafetensors(path);
        var before = get_default_device();
        set_default_device(Meta);
        try
        {
            Assert.All(Safetensors.Read(path).Values, weight => Assert.Equal(DeviceType.CPU, weight.device_type));
            net.LoadSafetensors(path);
            net.train();
            Assert.Equal(DeviceType.CPU, net.forward(SmallModels.Ids().to(CPU)).device_type);
        }
        finally
        {
            set_default_device(before);
            File.Delete(path);
        }
    }

    // A whole forward pass, with masks where the model takes them, its loss and the way back, in training.
    private static void Forward(TransformerWrapper net, Device device)
    {
        net.train();
        var ids = ones([2, 8], dtype: ScalarType.Int64, device: device);
        var mask = ones([2, 8], dtype: ScalarType.Bool, device: device);
        var options = net.AttnLayers.Options;
        var context = options.CrossAttend ? randn([2, 3, options.CrossAttnDimContext ?? options.Dim], device: device) : null;
        var contextMask = context is null ? null : ones([2, 3], dtype: ScalarType.Bool, device: device);
        var condition = options.NeedsCondition() ? randn([2, options.ConditionWidth()], device: device) : null;
        var embedIds = net.Options.EmbedNumTokens.ToDictionary(e => e.Key, _ => zeros([2, 8], dtype: ScalarType.Int64, device: device));
        var cached = net.CanCacheKv && context is null && condition is null && embedIds.Count == 0 && !net.Options.Recycling; // which must be told how often, outside of training
        var logits = net.forward(ids, new TransformerInputs { Mask = mask, Context = context, ContextMask = contextMask, Condition = condition, EmbedIds = embedIds.Count > 0 ? embedIds : null });
        Assert.Equal(device.type, logits.device_type);
        var wrapper = net.AttnLayers.Causal && condition is null && embedIds.Count == 0 && net.NumPredicted > 1 ? Wrapped(net, context is null ? 0.2 : 0) : null;
        var loss = wrapper is not null
            ? wrapper.forward(ids, lens: tensor(new[] { 8L, 5 }, device: device), mask: mask, context: context, contextMask: contextMask)
            : logits.square().mean();
        loss.backward();
        Assert.Equal(device.type, loss.device_type);
        Assert.All(net.parameters().Where(p => p.grad is { IsInvalid: false }), p => Assert.Equal(device.type, p.grad!.device_type));
        if (!cached) return;
        using var noGrad = no_grad();
        net.eval();
        using var cache = new KvCache(8);
        net.forward(ids.narrow(1, 0, 5), new TransformerInputs { Cache = cache });
        Assert.Equal(device.type, net.forward(ids.narrow(1, 5, 1), new TransformerInputs { Cache = cache }).device_type);
    }

    // Null where there are no logits for every position.
    private static AutoregressiveWrapper? Wrapped(TransformerWrapper net, double maskProb)
    {
        try
        {
            return new AutoregressiveWrapper(net, ignoreIndex: 0, maskProb: maskProb);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // Everything that a recorded case sets: every family of options.
    private static readonly SortedDictionary<string, string> Constructors = Recorded();

    private static SortedDictionary<string, string> Recorded()
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var folder in GoldenCase.Folders("", "golden", "case.json"))
        {
            using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
            if (json.RootElement.GetProperty("kind").GetString() is not ("decoder" or "encoder")) continue;
            var text = json.RootElement.GetProperty("constructor").GetRawText();
            if (!found.ContainsValue(text)) found[Path.GetFileName(folder)] = text;
        }
        foreach (var (name, file) in StoredOptions.PythonCases) found[name] = StoredOptions.Arguments(file);
        return found;
    }

    public void Dispose() => _scope.Dispose();
}
