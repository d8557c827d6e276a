using System.Globalization;
using System.Reflection;
using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>Any two options go together or are refused in a sentence: what gets past the checks may end the process in native code.</summary>
/// <remarks>
/// A part of the pairs is tried every time, another one or all of them where XT_OPTION_PAIRS says its number or "all". The pair that is being tried stands in
/// option-pair.txt beside the tests: where the process ends, which fails the whole run, that file says at which one.
/// </remarks>
[Collection(nameof(TorchRandomness))]
public sealed class OptionPairsTests
{
    private const int Parts = 16;

    /// <summary>An option, what it is set to, and what it needs.</summary>
    private sealed record Choice(string Name, object Value, Choice[] With)
    {
        public override string ToString() => $"{Name} = {(Value is System.Collections.IEnumerable and not string ? "…" : Convert.ToString(Value, CultureInfo.InvariantCulture))}";
    }

    private static Choice Of(string name, object value, params Choice[] with) => new(name, value, with);

    private static Choice On(string name, params Choice[] with) => new(name, true, with);

    // What switches need; those that are not here need nothing.
    private static readonly Dictionary<string, Choice[]> Needs = new()
    {
        ["OnlyCross"] = [On("CrossAttend")], ["CrossResidualAttn"] = [On("CrossAttend")], ["CrossAttnInvertedAttention"] = [On("CrossAttend")],
        ["AdaptiveConditionMlp"] = [On("UseAdaptiveRmsnorm")], ["AttnResidualsLastOutputAsQuery"] = [On("AttnAggregatedResiduals")],
        ["DynamicPosBiasLogDistance"] = [On("DynamicPosBias")], ["DynamicPosBiasNorm"] = [On("DynamicPosBias")], ["PolarBiasUniformInit"] = [On("PolarPosEmb")],
        ["QkvReceiveDiffResiduals"] = [Of("NumResidualStreams", 2)], ["LayerIntegrateUseSoftmax"] = [On("IntegrateLayers")],
        ["LearnedReinjectInputGate"] = [On("ReinjectInput")], ["LearnedValueResidualMix"] = [On("AddValueResidual")],
        ["AttnSwigluValues"] = [On("AttnGateValues")], ["AttnGateValuesHeadwise"] = [On("AttnGateValues")], ["AttnOutputGateHeadwise"] = [On("AttnOutputGate")],
        ["AttnLowRankSiluGates"] = [On("AttnGateValues"), Of("AttnGateValuesRank", 2)], ["AttnQkNormDimScale"] = [On("AttnQkNorm")],
        ["AttnSparseTopkStraightThrough"] = [Of("AttnSparseTopk", 2)], ["AttnGumbelSoftmaxHard"] = [On("AttnGumbelSoftmax")],
        ["AttnCopeSoftOnehotPos"] = [On("AttnUseCope")], ["AttnCopeTalkingHeads"] = [On("AttnUseCope")],
        ["AttnDataDependentAlibiPerRow"] = [On("AttnDataDependentAlibi")], ["AttnUseLatentQ"] = [Of("AttnDimLatentQ", 4)], ["AttnUseLatentKv"] = [Of("AttnDimLatentKv", 4)],
        ["FfGluMultBias"] = [On("FfGlu")], ["Looped"] = [On("PreAndPostNorm")], ["SqueezeOutLastDim"] = [Of("LogitsDim", 1)],
    };

    private static readonly Choice[] Numbers =
    [
        Of("NumResidualStreams", 2), Of("AttnNumMemKv", 2), Of("AttnKvHeads", 1), Of("AttnKvHeads", 2), Of("ShiftTokens", 1), Of("ShiftTokens", 3), Of("LayerDropout", 0.5),
        Of("CrossAttnTokensDropout", 0.5, On("CrossAttend")), Of("CrossAttnDimContext", 5, On("CrossAttend")), Of("AttnSparseTopk", 2), Of("AttnMaxAttendPast", 1),
        Of("AttnValueDimHead", 4), Of("AttnDropout", 0.2), Of("AttnSublayerDropout", 0.2), Of("FfDropout", 0.2), Of("FfSublayerDropout", 0.2), Of("FfSoftclampValue", 2.0),
        Of("FfGluGateSoftclampValue", 2.0, On("FfGlu")), Of("AttnLatentRopeSubheads", 1, On("AttnUseLatentKv"), Of("AttnDimLatentKv", 4), On("RotaryPosEmb")),
        Of("RotateNumHeads", 1, On("RotaryPosEmb")), Of("RotaryEmbDim", 4, On("RotaryPosEmb")), Of("AlibiNumHeads", 2, On("AlibiPosBias")), Of("ScaleResidualConstant", 2.0),
        Of("DimCondition", 6, On("UseAdaptiveLayernorm")), Of("AttnGateValuesRank", 2, On("AttnGateValues")), Of("AttnOutputGateRank", 2, On("AttnOutputGate")),
        Of("AttnQkNormGroups", 2, On("AttnQkNorm")), Of("LayersExecuteOrder", new[] { 0, 1, 0, 1 }), Of("LayersExecuteOrder", new[] { 2, 3, 1, 0 }), Of("SandwichCoef", 1), Of("ParRatio", 2),
        Of("CustomLayers", new[] { "a", "f", "f", "a" }), Of("AttnProjectOut", false), Of("DisableAbsPosEmb", true),
        Of("AttnCustomAttnFn", (Func<Tensor, Tensor>)(x => x.softmax(-1))), Of("FfCustomActivation", (Func<Tensor, Tensor>)(x => x.relu())),
        Of("NumMemoryTokens", 2), Of("MemoryTokensInterspersedEvery", 2, Of("NumMemoryTokens", 2)), Of("EmbDim", 8), Of("NumOutputHeads", 2), Of("LogitsDim", 3), Of("MaxMemLen", 4),
        Of("ShiftMemDown", 1, Of("MaxMemLen", 4)), Of("EmbFracGradient", 0.5), Of("EmbDropout", 0.2), Of("NumClsTokens", 2, On("UseClsToken")), Of("NumPooledTokens", 2, On("AttnPool")),
        Of("AttnPoolDepth", 2, On("AttnPool")), Of("DimPooledTokens", 8, On("AttnPool")),
    ];

    [Fact]
    public void Any_two_options_go_together_or_are_refused()
    {
        var choices = Switches(typeof(AttentionLayersOptions)).Concat(Switches(typeof(TransformerWrapperOptions))).Concat(Numbers).ToArray();
        var asked = Environment.GetEnvironmentVariable("XT_OPTION_PAIRS") ?? "0";
        var all = asked == "all";
        var part = all ? 0 : int.Parse(asked, CultureInfo.InvariantCulture);
        var (failures, worked) = (new List<string>(), 0);
        using (var current = File.CreateText(Path.Combine(AppContext.BaseDirectory, "option-pair.txt")))
        {
            current.AutoFlush = true;
            for (var i = 0; i < choices.Length; i++)
            for (var j = i; j < choices.Length; j++)
            {
                if (!all && i != j && (i * 31 + j * 17) % Parts != part) continue;
                foreach (var causal in new[] { true, false })
                {
                    var pair = $"{choices[i]}, {choices[j]} in {(causal ? "a Decoder" : "an Encoder")}";
                    current.BaseStream.SetLength(0);
                    current.WriteLine(pair);
                    try
                    {
                        Try(causal, choices[i], choices[j]);
                        worked++;
                    }
                    catch (ArgumentException)
                    {
                        // Refused: perhaps an encoder can do it.
                        continue;
                    }
                    catch (Exception error)
                    {
                        failures.Add($"{pair}: {error.GetType().Name}: {error.Message.Split('\n')[0]}");
                    }
                    if (!all) break;
                }
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} pairs:\n{string.Join('\n', failures)}");
        Assert.True(worked > choices.Length, $"Only {worked} pairs were not refused.");
    }

    private static void Try(bool causal, Choice one, Choice other)
    {
        using var scope = NewDisposeScope();
        var layers = new AttentionLayersOptions { Dim = 32, Depth = 2, Heads = 4, AttnDimHead = 8, FfMult = 1 };
        var wrapper = new TransformerWrapperOptions { NumTokens = 7, MaxSeqLen = 12 };
        Set(layers, wrapper, one);
        Set(layers, wrapper, other);
        if (layers.CustomLayers is not null) layers = layers with { Depth = 0 };
        if (layers is { CustomLayers: not null, CrossAttend: true }) layers = layers with { CustomLayers = ["a", "c", "f", "a"] };
        random.manual_seed(1);
        using var net = new TransformerWrapper(wrapper with { AttnLayers = causal ? new Decoder(layers) : new Encoder(layers) });
        var ids = randint(0, 7, [2, 6], dtype: ScalarType.Int64);
        var inputs = new TransformerInputs
        {
            Context = layers.CrossAttend ? randn(2, 3, layers.CrossAttnDimContext ?? layers.Dim) : null,
            Condition = layers.UseAdaptiveLayernorm || layers.UseAdaptiveRmsnorm || layers.UseAdaptiveLayerscale ? randn(2, layers.DimCondition ?? layers.Dim) : null,
        };
        net.forward(ids, inputs).sum().backward();
        net.eval();
        using var noGrad = no_grad();
        net.forward(ids, inputs with { Mask = arange(6) < tensor(new long[] { 6, 4 }).unsqueeze(-1) });
        if (wrapper.MaxMemLen > 0) net.ForwardWithMems(ids, inputs with { Mems = net.ForwardWithMems(ids, inputs).Mems });
        if (!net.CanCacheKv) return;
        using var cache = new KvCache(6);
        net.forward(ids.narrow(1, 0, 4), inputs with { Cache = cache });
        net.forward(ids.narrow(1, 4, 1), inputs with { Cache = cache });
    }

    private static void Set(object layers, object wrapper, Choice choice)
    {
        foreach (var need in choice.With) Set(layers, wrapper, need);
        var owner = layers.GetType().GetProperty(choice.Name) is null ? wrapper : layers;
        owner.GetType().GetProperty(choice.Name)!.SetValue(owner, choice.Value);
    }

    private static IEnumerable<Choice> Switches(Type record)
    {
        var defaults = Activator.CreateInstance(record)!;
        return record.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p is { CanWrite: true, PropertyType: var type } && type == typeof(bool))
            .Select(p => Of(p.Name, !(bool)p.GetValue(defaults)!, Needs.GetValueOrDefault(p.Name, [])));
    }
}
