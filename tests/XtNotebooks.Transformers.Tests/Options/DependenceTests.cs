using System.Reflection;
using System.Text.Json;
using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>No option that is set does nothing: it acts, or it is refused with the option that it depends on.</summary>
[Collection(nameof(TorchRandomness))]
public sealed class DependenceTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string, string, string> Rows =>
    [
        .. Of(Dependences.OfWrapper), .. Of(Dependences.OfStack), .. Of(Dependences.OfAttention), .. Of(Dependences.OfFeedForward), .. Of(Dependences.OfBeamSearch),
    ];

    [Theory]
    [MemberData(nameof(Rows))]
    public void An_option_without_the_one_it_depends_on_is_refused_and_both_are_named(string record, string option, string on)
    {
        var message = record switch
        {
            nameof(TransformerWrapperOptions) => Refusal(Dependences.OfWrapper, Wrapper, option, on),
            nameof(AttentionLayersOptions) => Refusal(Dependences.OfStack, SmallModels.Layers, option, on),
            nameof(AttentionOptions) => Refusal(Dependences.OfAttention, new AttentionOptions { Dim = 32, DimHead = 8, Heads = 2 }, option, on),
            nameof(FeedForwardOptions) => Refusal(Dependences.OfFeedForward, new FeedForwardOptions { Dim = 32 }, option, on),
            _ => Refusal(Dependences.OfBeamSearch, new BeamSearchOptions(), option, on),
        };
        Assert.Matches($"^{option}( = [^ ]+)? needs ", message);
        Assert.Contains(on, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"num_cls_tokens":2}""", "NumClsTokens = 2 needs UseClsToken")]
    [InlineData("""{"mixture_of_softmax_k":3}""", "MixtureOfSoftmaxK = 3 needs MixtureOfSoftmax")]
    [InlineData("""{"sigsoftmax_logits":true,"return_only_embed":true}""", "SigsoftmaxLogits needs ReturnOnlyEmbed = false")]
    [InlineData("""{"scaled_sinu_pos_emb":true,"max_seq_len":0}""", "ScaledSinuPosEmb needs MaxSeqLen")]
    public void A_wrapper_says_so(string arguments, string says)
    {
        var options = Read(arguments, Wrapper with { AttnLayers = new Decoder(SmallModels.Layers) });
        Assert.StartsWith(says, Assert.Throws<ArgumentException>(() => new TransformerWrapper(options)).Message);
    }

    [Theory]
    [InlineData("""{"attn_qk_norm_scale":5}""", "QkNormScale = 5 needs QkNorm")]
    [InlineData("""{"attn_qk_norm":true,"attn_qk_norm_dim_scale":true,"attn_qk_norm_scale":5}""", "QkNormScale = 5 needs QkNormDimScale = false")]
    [InlineData("""{"learned_value_residual_mix":false}""", "LearnedValueResidualMix = false needs AddValueResidual")]
    [InlineData("""{"attn_low_rank_silu_gates":false}""", "LowRankSiluGates = false needs GateValuesRank")]
    [InlineData("""{"pre_norm":false,"pre_and_post_norm":true}""", "PreNorm = false needs PreAndPostNorm = false")]
    [InlineData("""{"layerscale_init_value":0.1}""", "LayerscaleInitValue = 0.1 needs UseLayerscale")]
    [InlineData("""{"cross_attend":true,"custom_layers":["a","f"],"depth":0}""", "CrossAttend needs a \"c\" among the CustomLayers")]
    public void A_stack_says_so(string arguments, string says)
    {
        var options = Read(arguments, SmallModels.Layers);
        Assert.StartsWith(says, Assert.Throws<ArgumentException>(() => new Decoder(options)).Message);
    }

    [Fact]
    public void Sinusoidal_positions_that_others_turn_off_are_refused() => Assert.Contains("DisableAbsPosEmb",
        Assert.Throws<ArgumentException>(() => SmallModels.Decoder(o => o with { RotaryPosEmb = true }, o => o with { ScaledSinuPosEmb = true })).Message);

    [Fact]
    public void Arguments_of_upstream_that_hold_every_default_are_read_as_none()
    {
        // What a configuration written by Python may spell out.
        var (stack, wrapper) = (Defaults(typeof(AttentionLayersOptions)), Defaults(typeof(TransformerWrapperOptions)));
        var layers = Read<AttentionLayersOptions>(stack, SmallModels.Layers) with { Dim = 32, Depth = 2, Heads = 2, AttnDimHead = 8, FfMult = 2 };
        using var net = new TransformerWrapper(Read<TransformerWrapperOptions>(wrapper, Wrapper) with { NumTokens = 17, MaxSeqLen = 16, AttnLayers = new Decoder(layers) });
        using var plain = SmallModels.Decoder();
        Assert.Equal(plain.state_dict().Keys.Order(), net.state_dict().Keys.Order());
    }

    // What an option is set to where its type does not say it.
    private static readonly Dictionary<string, object> Values = new()
    {
        ["CustomLayers"] = new[] { "a", "a", "f" }, ["LayersExecuteOrder"] = new[] { 1, 0, 2, 3 }, ["ParRatio"] = 2, ["SandwichCoef"] = 1,
        ["EmbFracGradient"] = 0.5, ["NumResidualStreams"] = 2, ["AttnKvHeads"] = 1, ["AttnValueDimHead"] = 5, ["AttnSparseTopk"] = 2, ["AttnMaxAttendPast"] = 1,
        ["RotaryEmbDim"] = 2, ["AttnDimHead"] = 4, ["Heads"] = 4, ["FfMult"] = 3.0, ["EmbDim"] = 16, ["LogitsDim"] = 9, ["MaxSeqLen"] = 20, ["NumTokens"] = 20, ["Dim"] = 16,
        ["Depth"] = 3, ["FfSoftclampValue"] = 0.2, ["DisableAbsPosEmb"] = true, ["AttnProjectOut"] = false, ["NumMemoryTokens"] = 2,
        ["AttnCustomAttnFn"] = (Func<Tensor, Tensor>)(x => x.sigmoid()), ["FfCustomActivation"] = (Func<Tensor, Tensor>)(x => x.relu()),
        ["EmbedNumTokens"] = new Dictionary<string, int> { ["colour"] = 3 }, ["LatentRopeSubheads"] = 1, ["DimCondition"] = 6,
        ["RelPosKwargs"] = new Dictionary<string, IReadOnlyList<double>> { ["slopes"] = [1, 2] }, ["ToLogits"] = nn.Linear(32, 5),
        ["AttnDataDependentAlibiKwargs"] = new Dictionary<string, double> { ["post_log_scale"] = 2 },
    };

    // What other calls show: the same numbers in less memory, a loss of its own, what is remembered of segments.
    private static readonly string[] SameNumbers = ["AttnFlash", "AttnZLossWeight", "MaxMemLen"];

    public static TheoryData<string, string> EveryOption =>
    [
        .. from type in new[] { typeof(AttentionLayersOptions), typeof(TransformerWrapperOptions) }
           from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
           where property.CanWrite && property.Name is not "AttnLayers" && !SameNumbers.Contains(property.Name)
           select new TheoryDataRow<string, string>(type.Name, property.Name),
    ];

    [Theory]
    [MemberData(nameof(EveryOption))]
    public void An_option_that_is_set_changes_the_model_or_is_refused(string record, string option)
    {
        var ofStack = record == nameof(AttentionLayersOptions);
        var (layers, wrapper) = (SmallModels.Layers with { }, Wrapper with { });
        object owner = ofStack ? layers : wrapper;
        var property = owner.GetType().GetProperty(option)!;
        var value = Values.GetValueOrDefault(option) ?? Other(property.GetValue(owner), property.PropertyType);
        Assert.NotEqual(property.GetValue(owner), value);
        property.SetValue(owner, value);
        string changed;
        try
        {
            changed = Behaviour(layers, wrapper);
        }
        catch (ArgumentException)
        {
            return; // refused
        }
        Assert.NotEqual(Behaviour(SmallModels.Layers, Wrapper), changed);
    }

    private static TransformerWrapperOptions Wrapper { get; } = new() { NumTokens = 17, MaxSeqLen = 16 };

    // Weights from one seed, and what they compute in evaluation and in training: an option that does anything shows in one of them.
    private static string Behaviour(AttentionLayersOptions layers, TransformerWrapperOptions wrapper)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(0);
        var net = new TransformerWrapper(wrapper with { AttnLayers = new Decoder(layers) });
        var weights = string.Join(";", net.state_dict().Select(w => $"{w.Key} {w.Value.shape.Length} {w.Value.sum().item<float>():r}"));
        net.to(TestDevice.Current);
        using (no_grad())
            foreach (var parameter in net.parameters()) parameter.mul_(3); // so that limits and curves are felt
        var ids = SmallModels.Ids(2, 12);
        var computed = "";
        foreach (var training in new[] { false, true })
        {
            net.train(training);
            random.manual_seed(1);
            var context = layers.CrossAttend ? ones(2, 3, layers.CrossAttnDimContext ?? layers.Dim) : null;
            var output = net.forward(ids, new TransformerInputs { Context = context });
            net.zero_grad();
            output.square().sum().backward();
            var gradient = net.parameters().Where(p => p.grad is { IsInvalid: false }).Sum(p => p.grad!.abs().sum().item<float>());
            computed += $"{string.Join(",", output.shape)} {output.abs().sum().item<float>():g5} {gradient:g5};";
        }
        return weights + computed + (wrapper.UseAbsPosEmb ? "" : "no positions") + wrapper.MaxSeqLen;
    }

    private static object Other(object? value, Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(bool) => value is not true,
        var t when t == typeof(int) => (value as int? ?? 0) + 1,
        var t when t == typeof(double) => (value as double? ?? 0) is > 0 and var d ? d * 2 : 0.5,
        var t => throw new NotSupportedException($"Say in Values what an option of type {t} is set to."),
    };

    private static string Refusal<T>(IReadOnlyList<Dependence<T>> table, T valid, string option, string on) where T : new()
    {
        var row = table.Single(d => d.Option == option && d.On == on);
        Dependences.Check(table, valid);
        // Every other row is met, this one is not: options that are set are refused by the row alone.
        var property = typeof(T).GetProperty(option)!;
        var options = Copy(valid);
        property.SetValue(options, property.PropertyType == typeof(Func<Tensor, Tensor>)
            ? (Tensor x) => x : Values.GetValueOrDefault(option) ?? Other(property.GetValue(valid), property.PropertyType));
        return Assert.Throws<ArgumentException>(() => Dependences.Check([row with { Acts = _ => false }], options)).Message;
    }

    private static T Copy<T>(T record) => (T)typeof(object).GetMethod("MemberwiseClone", BindingFlags.NonPublic | BindingFlags.Instance)!.Invoke(record, null)!;

    private static T Read<T>(string arguments, T onTopOf) where T : notnull
    {
        var options = Copy(onTopOf);
        using var json = JsonDocument.Parse(arguments);
        foreach (var argument in json.RootElement.EnumerateObject()) UpstreamArguments.Set(options, argument.Name, argument.Value);
        return options;
    }

    private static string Defaults(Type record)
    {
        var defaults = Activator.CreateInstance(record)!;
        return JsonSerializer.Serialize(record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.CanWrite && p.Name != "AttnLayers" && !typeof(Delegate).IsAssignableFrom(p.PropertyType) && !typeof(nn.Module).IsAssignableFrom(p.PropertyType)).ToDictionary(p => UpstreamArguments.Snake(p.Name), p => p.GetValue(defaults)));
    }

    private static IEnumerable<TheoryDataRow<string, string, string>> Of<T>(IEnumerable<Dependence<T>> table) =>
        table.Select(d => new TheoryDataRow<string, string, string>(typeof(T).Name, d.Option, d.On));

    public void Dispose() => _scope.Dispose();
}
