using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>Options that meet in one layer compute what each of them says.</summary>
[Collection(nameof(TorchRandomness))]
public sealed class OptionsTogetherTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string, AttentionOptions> ReadersOfTheInput => new()
    {
        { "head gates", Layer with { GateValueHeads = true } },
        { "gates", Layer with { GateValues = true } },
        { "distances", Layer with { UseRelProjPosBias = true } },
        { "decay", Layer with { DataDependentAlibi = true, Causal = true } },
    };

    private static AttentionOptions Layer { get; } = new() { Dim = 32, DimHead = 8, Heads = 2 };

    [Theory]
    [MemberData(nameof(ReadersOfTheInput))]
    public void Three_equal_inputs_give_what_one_gives(string reader, AttentionOptions options)
    {
        using var one = new Attention(options);
        using var three = new Attention(options with { QkvReceiveDiffResiduals = true });
        SmallModels.Randomise(one, 3);
        three.load_state_dict(one.state_dict());
        var x = randn(2, 5, 32);
        Assert.True(one.forward(x).allclose(three.forward(stack([x, x, x], 0)), rtol: 1e-5, atol: 1e-6), reader);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Polar_positions_give_one_key_head_the_phases_of_all(bool flash)
    {
        // One key head is as many equal ones: upstream broadcasts it.
        using var single = SmallModels.Decoder(o => o with { PolarPosEmb = true, AttnOneKvHead = true, AttnFlash = flash });
        using var many = SmallModels.Decoder(o => o with { PolarPosEmb = true, AttnFlash = flash });
        var weights = single.state_dict();
        many.load_state_dict(weights.ToDictionary(
            w => w.Key, w => w.Key.EndsWith("to_k.weight", StringComparison.Ordinal) || w.Key.EndsWith("to_v.weight", StringComparison.Ordinal) ? w.Value.repeat(2, 1) : w.Value));
        var ids = SmallModels.Ids();
        Assert.True(many.forward(ids).allclose(single.forward(ids), rtol: 1e-4, atol: 1e-5));
        using var noGrad = no_grad();
        using var cache = new KvCache(12);
        single.forward(ids.narrow(1, 0, 11), new() { Cache = cache });
        Assert.True(many.forward(ids).narrow(1, 11, 1).allclose(single.forward(ids.narrow(1, 11, 1), new() { Cache = cache }), rtol: 1e-4, atol: 1e-5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tokens_shift_as_far_in_a_batch_as_alone(bool causal)
    {
        AttentionLayersOptions Shifted(AttentionLayersOptions o) => o with { IntegrateLayers = true, ShiftTokens = 3 };
        using var net = causal ? SmallModels.Decoder(Shifted) : SmallModels.Encoder(Shifted);
        var ids = SmallModels.Ids(4);
        var alone = cat(Enumerable.Range(0, 4).Select(i => net.forward(ids.narrow(0, i, 1))).ToArray(), 0);
        Assert.True(alone.allclose(net.forward(ids), rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void Values_of_the_first_cross_attention_reach_later_ones_without_self_attention()
    {
        AttentionLayersOptions Cross(AttentionLayersOptions o) => o with { CrossAttend = true, OnlyCross = true };
        using var plain = SmallModels.Decoder(Cross);
        using var residual = SmallModels.Decoder(o => Cross(o) with { AddValueResidual = true });
        var (ids, context) = (SmallModels.Ids(), randn([3, 4, 32], device: TestDevice.Current));
        Assert.False(plain.forward(ids, new() { Context = context }).allclose(residual.forward(ids, new() { Context = context })));
    }

    [Fact]
    public void An_output_head_of_ones_own_that_is_one_wide_can_be_squeezed()
    {
        using var net = SmallModels.Decoder(wrapper: o => o with { ToLogits = nn.Linear(32, 1), SqueezeOutLastDim = true });
        Assert.Equal([3, 12], net.forward(SmallModels.Ids()).shape);
    }

    [Fact]
    public void A_function_of_ones_own_that_changes_the_shape_is_refused()
    {
        var ids = SmallModels.Ids();
        string Refusal(Func<AttentionLayersOptions, AttentionLayersOptions> layers)
        {
            using var net = SmallModels.Decoder(layers);
            return Assert.Throws<ArgumentException>(() => net.forward(ids)).Message;
        }
        Assert.Contains("CustomAttnFn must return the shape it is given, [3, 2, 12, 12], but returned [3, 2, 12, 11]", Refusal(o => o with { AttnCustomAttnFn = x => x.narrow(-1, 0, 11) }));
        Assert.Contains("CustomAttnFn must return real numbers", Refusal(o => o with { AttnCustomAttnFn = x => x > 0 }));
        Assert.Contains("CustomAttnFn must return a tensor", Refusal(o => o with { AttnCustomAttnFn = _ => null! }));
        Assert.Contains("CustomActivation must return the shape it is given, [3, 12, 64], but returned [3, 12]", Refusal(o => o with { FfCustomActivation = x => x.sum(-1) }));
    }

    [Fact]
    public void A_decay_between_positions_is_not_for_a_context()
    {
        using var layer = new Attention(Layer with { DataDependentAlibi = true });
        Assert.Contains("context and DataDependentAlibi", Assert.Throws<ArgumentException>(() => layer.forward(randn(2, 3, 32), context: randn(2, 4, 32))).Message);
    }

    [Theory]
    [InlineData("""{"rel_pos_kwargs":null}""", "RelPosKwargs must not be null")]
    [InlineData("""{"attn_data_dependent_alibi_kwargs":null}""", "AttnDataDependentAlibiKwargs must not be null")]
    [InlineData("""{"alibi_pos_bias":true,"rel_pos_kwargs":{"slopes":null}}""", "RelPosKwargs may hold slopes")]
    public void A_dictionary_that_is_null_is_refused(string arguments, string says)
    {
        var layers = SmallModels.Layers with { };
        using var json = System.Text.Json.JsonDocument.Parse(arguments);
        foreach (var argument in json.RootElement.EnumerateObject()) UpstreamArguments.Set(layers, argument.Name, argument.Value);
        Assert.Contains(says, Assert.Throws<ArgumentException>(() => new Decoder(layers)).Message);
    }

    [Fact]
    public void Further_embeddings_that_are_null_are_refused() => Assert.Contains("EmbedNumTokens must not be null",
        Assert.Throws<ArgumentException>(() => SmallModels.Decoder(wrapper: o => o with { EmbedNumTokens = null! })).Message);

    [Fact]
    public void Devices_of_one_type_differ_by_their_index()
    {
        Device Cuda(int index) => new(DeviceType.CUDA, index);
        Assert.True(InputChecks.SameDevice(Cuda(1), Cuda(1)));
        Assert.False(InputChecks.SameDevice(Cuda(0), Cuda(1)));
        Assert.True(InputChecks.SameDevice(new Device(DeviceType.CUDA), Cuda(1)));
        Assert.False(InputChecks.SameDevice(CPU, Cuda(0)));
    }

    [Theory]
    [InlineData("nextEmbedLossWeight = 0.5 needs AddContinuousPredHead", 0.5, 0.05, 50, 1)]
    [InlineData("nextEmbedLossWeight must be at least 0", double.NaN, 0.05, 50, 1)]
    [InlineData("loopedLossThresholdExit = 0.1 needs Looped", 0.1, 0.1, 50, 1)]
    [InlineData("loopedLossThresholdExit must be at least 0", 0.1, -1, 50, 1)]
    [InlineData("loopedLossSlope = 5 needs Looped", 0.1, 0.05, 5, 1)]
    [InlineData("loopedLossSlope must be above 0", 0.1, 0.05, double.NaN, 1)]
    [InlineData("loopedExitLossWeight = 2 needs Looped", 0.1, 0.05, 50, 2)]
    [InlineData("loopedExitLossWeight must be at least 0", 0.1, 0.05, 50, double.PositiveInfinity)]
    public void A_number_of_a_loss_that_the_net_has_not_or_out_of_its_range_is_refused(string says, double weight, double threshold, double slope, double exitWeight)
    {
        using var net = SmallModels.Decoder();
        Assert.StartsWith(says, Assert.Throws<ArgumentException>(() => new AutoregressiveWrapper(
            net, nextEmbedLossWeight: weight, loopedLossThresholdExit: threshold, loopedLossSlope: slope, loopedExitLossWeight: exitWeight)).Message);
    }

    public void Dispose() => _scope.Dispose();
}
