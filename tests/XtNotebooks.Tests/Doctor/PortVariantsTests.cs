using System.Reflection;
using TorchSharp;
using XtNotebooks.Diagnostics;
using XtNotebooks.Transformers;
using static XtNotebooks.Tests.Diagnostics.Texts;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>The port's variants are sound: whatever is switched on, only what upstream has too is to be named.</summary>
[Collection(DefaultGenerator.Name)]
public sealed class PortVariantsTests
{
    /// <summary>What upstream has like that, and the doctor is right to name.</summary>
    private static Dictionary<string, string[]> Known { get; } = new()
    {
        // Upstream projects over the whole row at once, so that each position reads all others through the projection's length.
        ["OrthogResidual"] = ["causality", "attention-to-pads"],
        ["MvSplitResidual"] = ["causality", "attention-to-pads"],
        ["AttnOrthogProjectedValues"] = ["causality", "attention-to-pads"],
        ["AttnOrthogProjectedValuesPerHead"] = ["causality", "attention-to-pads"],
        // The first integrator chooses, by softmax, among one layer.
        ["IntegrateLayers"] = ["no-gradient"],
        // The noise is drawn in evaluation, too.
        ["AttnGumbelSoftmax"] = ["evaluation-mode"],
        ["AttnGumbelSoftmaxHard"] = ["evaluation-mode"],
    };

    /// <summary>Switches that need another one.</summary>
    private static Dictionary<string, (string Name, object Value)> Companions { get; } = new()
    {
        ["AdaptiveConditionMlp"] = ("UseAdaptiveRmsnorm", true),
        ["AttnCopeSoftOnehotPos"] = ("AttnUseCope", true),
        ["AttnGumbelSoftmaxHard"] = ("AttnGumbelSoftmax", true),
        ["AttnGateValuesRank"] = ("AttnGateValues", true),
        ["AttnLowRankSiluGates"] = ("AttnGateValuesRank", 2),
        ["AttnResidualsLastOutputAsQuery"] = ("AttnAggregatedResiduals", true),
        ["LayerIntegrateUseSoftmax"] = ("IntegrateLayers", true),
        ["LearnedValueResidualMix"] = ("AddValueResidual", true),
        ["AttnCopeTalkingHeads"] = ("AttnUseCope", true),
        ["AttnDataDependentAlibiPerRow"] = ("AttnDataDependentAlibi", true),
        ["AttnGateValuesHeadwise"] = ("AttnGateValues", true),
        ["AttnOutputGateHeadwise"] = ("AttnOutputGate", true),
        ["AttnQkNormDimScale"] = ("AttnQkNorm", true),
        ["AttnSparseTopkStraightThrough"] = ("AttnSparseTopk", 2),
        ["AttnSwigluValues"] = ("AttnGateValues", true),
        ["AttnUseLatentKv"] = ("AttnDimLatentKv", 4),
        ["AttnUseLatentQ"] = ("AttnDimLatentQ", 4),
        ["DynamicPosBiasLogDistance"] = ("DynamicPosBias", true),
        ["DynamicPosBiasNorm"] = ("DynamicPosBias", true),
        ["FfGluMultBias"] = ("FfGlu", true),
        ["LearnedReinjectInputGate"] = ("ReinjectInput", true),
        ["PolarBiasUniformInit"] = ("PolarPosEmb", true),
        ["QkvReceiveDiffResiduals"] = ("NumResidualStreams", 2),
    };

    public static TheoryData<string> Switches => [.. typeof(AttentionLayersOptions).GetProperties()
        .Where(p => p.PropertyType == typeof(bool) && p.CanWrite && !p.Name.Contains("Cross", StringComparison.Ordinal)).Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Switches))]
    public void A_decoder_with_one_switch_thrown_is_accused_of_nothing_but_what_is_known(string name)
    {
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(1);
        var layers = new AttentionLayersOptions { Dim = 16, Depth = 2, Heads = 2, AttnDimHead = 8, FfMult = 1 };
        var property = typeof(AttentionLayersOptions).GetProperty(name, BindingFlags.Public | BindingFlags.Instance)!;
        property.SetValue(layers, !(bool)property.GetValue(layers)!);
        for (var (one, companion) = (name, default((string Name, object Value))); Companions.TryGetValue(one, out companion); one = companion.Name)
            typeof(AttentionLayersOptions).GetProperty(companion.Name)!.SetValue(layers, companion.Value);
        var net = new TransformerWrapper(new() { NumTokens = Vocabulary, MaxSeqLen = 20, AttnLayers = new Decoder(layers) });
        using var wrapper = new AutoregressiveWrapper(net, ignoreIndex: Pad, padValue: Pad);
        var options = new DoctorOptions { PadId = Pad, EosId = Eos };
        // Only a function can give a condition along with the ids.
        var report = layers.UseAdaptiveLayernorm || layers.UseAdaptiveRmsnorm || layers.UseAdaptiveLayerscale
            ? Doctor.Examine(ids => net.forward(ids, new() { Condition = torch.ones(ids.shape[0], 16) }), Right(), options with { Module = net })
            : Doctor.Examine(wrapper, Right(), options);
        var accused = report.Findings.Where(f => f.Severity > Severity.Advice && f.FollowsFrom is null).Select(f => f.Check);
        Assert.True(accused.Order().SequenceEqual(Known.GetValueOrDefault(name, []).Order()), report.ToText());
    }
}
