using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Checkpoints;

/// <summary>What a model was built from goes into JSON and comes back the same.</summary>
public sealed class ConfigurationTests
{
    // What an option is set to where its type does not say it.
    private static readonly Dictionary<string, object> Values = new()
    {
        ["CustomLayers"] = new[] { "a", "f", "a" }, ["LayersExecuteOrder"] = new[] { 1, 0, 1 },
        ["RelPosKwargs"] = new Dictionary<string, IReadOnlyList<double>> { ["slopes"] = [0.1, 2] },
        ["AttnDataDependentAlibiKwargs"] = new Dictionary<string, double> { ["post_log_scale"] = 0.3 },
        ["EmbedNumTokens"] = new Dictionary<string, int> { ["colour"] = 3, ["part_of_speech"] = 5 },
    };

    public static TheoryData<string, string> EveryOption =>
    [
        .. from type in new[] { typeof(AttentionLayersOptions), typeof(TransformerWrapperOptions) }
           from property in Arguments(type)
           select new TheoryDataRow<string, string>(type.Name, property.Name),
    ];

    [Theory]
    [MemberData(nameof(EveryOption))]
    public void An_option_that_is_set_is_written_and_read_again(string record, string option)
    {
        var type = record == nameof(AttentionLayersOptions) ? typeof(AttentionLayersOptions) : typeof(TransformerWrapperOptions);
        var options = Activator.CreateInstance(type)!;
        var property = type.GetProperty(option)!;
        property.SetValue(options, Values.GetValueOrDefault(option) ?? Other(property.GetValue(options), property.PropertyType));
        var text = UpstreamArguments.Write(options).ToJsonString();
        Assert.Contains($"\"{UpstreamArguments.Snake(option)}\":", text, StringComparison.Ordinal);
        var element = JsonSerializer.Deserialize<JsonElement>(text);
        object again = type == typeof(AttentionLayersOptions) ? UpstreamArguments.Read<AttentionLayersOptions>(element) : UpstreamArguments.Read<TransformerWrapperOptions>(element);
        Assert.Equal(Said(options), Said(again));
        Assert.NotEqual(Said(Activator.CreateInstance(type)!), Said(again));
    }

    public static TheoryData<string> Models => new(Nets.Keys);

    private static readonly Dictionary<string, Func<nn.Module>> Nets = new()
    {
        ["slopes"] = () => SmallModels.Decoder(o => o with { AlibiPosBias = true, RelPosKwargs = new Dictionary<string, IReadOnlyList<double>> { ["slopes"] = [0.1, 2] } }),
        ["embeddings"] = () => SmallModels.Decoder(wrapper: o => o with { EmbedNumTokens = new Dictionary<string, int> { ["colour"] = 3 }, PostEmbNorm = true }),
        ["layers"] = () => SmallModels.Decoder(o => o with { Depth = 0, CustomLayers = ["a", "f", "a", "f"], LayersExecuteOrder = [0, 1, 2, 3, 2, 3] }),
        ["decay"] = () => SmallModels.Decoder(o => o with { AttnDataDependentAlibi = true, AttnDataDependentAlibiKwargs = new Dictionary<string, double> { ["post_log_scale"] = 0.3 } }),
        ["recycling"] = () => SmallModels.Decoder(wrapper: o => o with { Recycling = true, TrainMaxRecycleSteps = 3 }),
        ["looped"] = () => new AutoregressiveWrapper(SmallModels.Decoder(o => o with { PreAndPostNorm = true }, o => o with { Looped = true, MaxLoopedSteps = 3 }), loopedLossSlope: 20, loopedExitLossWeight: 0.5, loopedLossThresholdExit: 0.1),
        ["pooled"] = () => SmallModels.Encoder(wrapper: o => o with { AttnPool = true, NumPooledTokens = 3, AttnPoolDepth = 2, DimPooledTokens = 20 }),
        ["adaptive"] = () => SmallModels.Decoder(o => o with { UseAdaptiveLayernorm = true, DimCondition = 6, AdaptiveConditionMlp = true, UseAdaptiveLayerscale = true }),
        ["wrapped"] = () => new AutoregressiveWrapper(SmallModels.Decoder(wrapper: o => o with { AddContinuousPredHead = true }), ignoreIndex: 3, padValue: 2, maskProb: 0.2, addAttnZLoss: true, nextEmbedLossWeight: 0.3),
        ["pair"] = () => new XTransformer(new()
        {
            Dim = 16, TieTokenEmb = true, IgnoreIndex = 1, PadValue = 2, CrossAttnTokensDropout = 0.25,
            Enc = new() { NumTokens = 9, MaxSeqLen = 8, NumMemoryTokens = 2, EmbDropout = 0.1, Layers = new() { Depth = 1, Heads = 2, AttnDimHead = 8, FfGlu = true } },
            Dec = new() { NumTokens = 9, MaxSeqLen = 10, ScaledSinuPosEmb = true, Layers = new() { Depth = 2, Heads = 2, AttnDimHead = 8, UseRmsnorm = true } },
        }),
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_is_built_again_from_its_configuration(string name)
    {
        using var scope = NewDisposeScope();
        using var model = Nets[name]();
        var text = ModelConfig.Of(model).ToJsonString();
        using var again = ModelConfig.Create((JsonObject)JsonNode.Parse(text)!);
        Assert.Equal(model.GetType(), again.GetType());
        Assert.Equal(text, ModelConfig.Of(again).ToJsonString());
        Assert.Equal(model.state_dict().Select(w => $"{w.Key} {string.Join(",", w.Value.shape)}"), again.state_dict().Select(w => $"{w.Key} {string.Join(",", w.Value.shape)}"));
        if (model is XTransformer one && again is XTransformer other)
        {
            foreach (var (a, b) in new[] { (one.Options.Enc, other.Options.Enc), (one.Options.Dec, other.Options.Dec) }) Assert.Equal(Said(a) + Said(a.Layers), Said(b) + Said(b.Layers));
            return;
        }
        if (model is AutoregressiveWrapper wrapper) Assert.Equal(Said(wrapper, all: true), Said(again, all: true));
        var (net, built) = ((TransformerWrapper)ModelConfig.Weights(model), (TransformerWrapper)ModelConfig.Weights(again));
        Assert.Equal(Said(net.Options), Said(built.Options));
        Assert.Equal(Said(net.AttnLayers.Options), Said(built.AttnLayers.Options));
    }

    private static IEnumerable<PropertyInfo> Arguments(Type type, bool all = false) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Where(p => (all || p.CanWrite) && !typeof(nn.Module).IsAssignableFrom(p.PropertyType) && !typeof(Delegate).IsAssignableFrom(p.PropertyType)
            && p.PropertyType.Namespace != typeof(AttentionLayersOptions).Namespace);

    // Lists and dictionaries are equal where they hold the same.
    private static string Said(object options, bool all = false) =>
        string.Join("\n", Arguments(options.GetType(), all).Select(p => $"{p.Name} = {JsonSerializer.Serialize(p.GetValue(options))}"));

    private static object Other(object? value, Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(bool) => value is not true,
        var t when t == typeof(int) => (value as int? ?? 0) + 1,
        var t when t == typeof(double) => (value as double? ?? 0) + 0.1,
        var t => throw new NotSupportedException($"Say in Values what an option of type {t} is set to."),
    };
}
