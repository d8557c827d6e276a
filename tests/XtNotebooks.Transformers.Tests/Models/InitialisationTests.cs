using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Options;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>Initial weights follow upstream's distributions: their moments over many weights and seeds.</summary>
[Collection(nameof(TorchRandomness))]
public sealed partial class InitialisationTests
{
    private static Dictionary<string, Tensor> Weights(Func<AttentionLayersOptions, AttentionLayersOptions>? layers = null, Func<TransformerWrapperOptions, TransformerWrapperOptions>? wrapper = null)
    {
        const int seeds = 8;
        var gathered = new Dictionary<string, List<Tensor>>();
        for (var seed = 0; seed < seeds; seed++)
        {
            random.manual_seed(seed);
            using var stack = new Decoder((layers ?? (o => o))(new() { Dim = 128, Depth = 1, Heads = 4, AttnDimHead = 32 }));
            using var net = new TransformerWrapper((wrapper ?? (o => o))(new() { NumTokens = 300, MaxSeqLen = 64, AttnLayers = stack }));
            foreach (var (name, weight) in net.state_dict())
            {
                if (!gathered.TryGetValue(name, out var list)) gathered[name] = list = [];
                list.Add(weight.detach().clone());
            }
        }
        return gathered.ToDictionary(g => g.Key, g => stack(g.Value));
    }

    // Standard errors: sigma/sqrt(n) of the mean, about sigma/sqrt(2n) of the deviation; five of them are allowed.
    private static void Moments(Tensor weights, double deviation, double? bound = null)
    {
        var n = weights.numel();
        Assert.True(Math.Abs(weights.mean().item<float>()) < 5 * deviation / Math.Sqrt(n), $"mean {weights.mean().item<float>():g4}");
        Assert.True(Math.Abs(weights.std().item<float>() - deviation) < 5 * deviation / Math.Sqrt(n), $"deviation {weights.std().item<float>():g4}, expected {deviation:g4}");
        if (bound is { } b) Assert.True(weights.abs().max().item<float>() <= b * 1.0001, "A uniform distribution has bounds.");
        else Assert.True(weights.abs().max().item<float>() > 3 * deviation, "A normal distribution has tails.");
    }

    [Fact]
    public void Embeddings_are_normal_and_projections_uniform()
    {
        using var scope = NewDisposeScope();
        var weights = Weights();
        Moments(weights["token_emb.emb.weight"], Math.Sqrt(2.0 / 128)); // Kaiming's, fan-in the embedding dimension
        Moments(weights["pos_emb.emb.weight"], 1);
        foreach (var (name, fanIn) in new[]
                 {
                     ("attn_layers.layers.0.1.to_q.weight", 128), ("attn_layers.layers.0.1.to_out.weight", 128), ("attn_layers.layers.1.1.ff.0.0.weight", 128),
                     ("attn_layers.layers.1.1.ff.0.0.bias", 128), ("attn_layers.layers.1.1.ff.2.weight", 512), ("to_logits.weight", 128),
                 })
            Moments(weights[name], 1 / Math.Sqrt(3.0 * fanIn), 1 / Math.Sqrt(fanIn));
        foreach (var gamma in weights.Where(w => w.Key.EndsWith("gamma", StringComparison.Ordinal)))
            Assert.Equal(0, gamma.Value.abs().max().item<float>());
    }

    [Fact]
    public void Unit_length_embeddings_start_tiny_and_memories_standard_normal()
    {
        using var scope = NewDisposeScope();
        var weights = Weights(o => o with { AttnNumMemKv = 16 }, o => o with { L2normEmbed = true, NumMemoryTokens = 8, UseClsToken = true });
        Moments(weights["token_emb.emb.weight"], 1e-5);
        Moments(weights["pos_emb.emb.weight"], 1e-5);
        Moments(weights["memory_tokens"], 1);
        Moments(weights["cls_token"], 0.02);
        Moments(weights["attn_layers.layers.0.1.mem_k"], 1);
    }

    [Fact]
    public void Gates_start_open_or_neutral_and_zeroed_branches_add_nothing()
    {
        using var scope = NewDisposeScope();
        var weights = Weights(o => o with
        {
            AttnGateValueHeads = true, AttnGateValues = true, ZeroInitBranchOutput = true, UseLayerscale = true, LayerscaleInitValue = 0.1, AttnQkNorm = true,
            AttnQkNormDimScale = true, AttnDataDependentAlibi = true,
        });
        void All(string name, double value) => Assert.True((weights[name] - value).abs().max().item<float>() < 1e-6, name);
        All("attn_layers.layers.0.1.fn.to_v_head_gate.weight", 0);
        All("attn_layers.layers.0.1.fn.to_v_head_gate.bias", 10);
        All("attn_layers.layers.0.1.fn.to_v_gate.weight", 0);
        All("attn_layers.layers.0.1.fn.to_out.weight", 0);
        All("attn_layers.layers.0.1.gamma", 0.1 - 1);
        All("attn_layers.layers.0.1.fn.qk_norm_q_scale", Math.Pow(32, 0.25));
        All("attn_layers.layers.0.1.fn.data_dependent_alibi.to_forget_gates.0.bias", 5);
        All("attn_layers.layers.1.1.fn.ff.2.weight", 0);
        All("attn_layers.layers.1.1.fn.ff.2.bias", 0);
    }

    public static TheoryData<string> Recorded => [.. Moments().EnumerateObject().Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Recorded))]
    public void Weights_are_initialised_as_Pythons_are(string name)
    {
        using var scope = NewDisposeScope();
        var arguments = StoredOptions.PythonCases.TryGetValue(name, out var file)
            ? StoredOptions.Arguments(file)
            : JsonDocument.Parse(File.ReadAllText(StoredOptions.Beside($"../golden/{name}/case.json"))).RootElement.GetProperty("constructor").GetRawText();
        var gathered = new Dictionary<string, List<Tensor>>();
        for (var seed = 0; seed < 8; seed++)
        {
            random.manual_seed(100 + seed);
            var net = ModelConfig.Weights(ModelConfig.Create((JsonObject)JsonNode.Parse(arguments)!));
            foreach (var (key, weight) in net.named_parameters())
            {
                var kind = Index().Replace(Index().Replace(key, ".#."), ".#.");
                if (!gathered.TryGetValue(kind, out var list)) gathered[kind] = list = [];
                list.Add(weight.detach().flatten().to(ScalarType.Float64).cpu());
            }
        }
        foreach (var (kind, recorded) in Moments().GetProperty(name).EnumerateObject().Select(k => (k.Name, k.Value.EnumerateArray().Select(v => v.GetDouble()).ToArray())))
            Same(kind, recorded, cat(gathered[kind]));
    }

    // Both sides are samples: five standard errors of their difference are allowed; what is not drawn is the same to the last digit.
    private static void Same(string kind, double[] recorded, Tensor ours)
    {
        var (count, mean, deviation, fourth, least, greatest) = (recorded[0], recorded[1], recorded[2], recorded[3], recorded[4], recorded[5]);
        Assert.True(ours.numel() == (long)count, $"{kind}: {ours.numel()} weights, not {count}.");
        var (ourMean, ourDeviation) = (ours.mean().item<double>(), ours.std(false).item<double>());
        if (deviation == 0 || count < 64 || fourth > 6) // constants, and mixtures of a few (a reading and a mixing part, an identity)
        {
            Close.Assert($"mean of {kind}", mean, ourMean, 1e-6 + 5 * (deviation > 0 && count < 64 && least != greatest ? deviation * Math.Sqrt(2 / count) : 0));
            Close.Assert($"deviation of {kind}", deviation, ourDeviation, 1e-6 + (count < 64 ? 5 * deviation * Math.Sqrt(2 / count) : 0));
            return;
        }
        var error = 5 * deviation * Math.Sqrt(2 / count);
        Close.Assert($"mean of {kind}", mean, ourMean, error);
        Close.Assert($"deviation of {kind}", deviation, ourDeviation, error);
        if (count < 1500) return;
        Close.Assert($"fourth moment of {kind}", fourth, (ours - ourMean).pow(4).mean().item<double>() / Math.Pow(ourDeviation, 4), 5 * Math.Sqrt(2 * 24 / count));
        if (fourth < 2) // uniform: its bounds are almost reached
        {
            Close.Assert($"least of {kind}", least, ours.min().item<double>(), 0.05 * deviation);
            Close.Assert($"greatest of {kind}", greatest, ours.max().item<double>(), 0.05 * deviation);
        }
    }

    private static JsonElement Moments() => JsonDocument.Parse(File.ReadAllText(StoredOptions.Beside("../Models/initial.json"))).RootElement;

    [GeneratedRegex(@"\.\d+\.")]
    private static partial Regex Index();
}
