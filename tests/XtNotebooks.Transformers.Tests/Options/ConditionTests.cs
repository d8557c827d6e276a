using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>Models that depend on a condition besides their tokens.</summary>
[Collection(nameof(TorchRandomness))]
public sealed class ConditionTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    private static AttentionLayersOptions Adaptive(AttentionLayersOptions layers) =>
        layers with { UseAdaptiveRmsnorm = true, UseAdaptiveLayerscale = true, DimCondition = 6, RotaryPosEmb = true };

    private static Tensor Condition(long batch)
    {
        using var generator = new Generator(5);
        return randn([batch, 6], device: CPU, generator: generator).to(Golden.TestDevice.Current);
    }

    [Fact]
    public void With_or_without_a_cache_a_condition_gives_the_same_tokens_and_beams()
    {
        var wrapper = new AutoregressiveWrapper(SmallModels.Decoder(Adaptive));
        var (prompt, condition) = (SmallModels.Ids(2, 4), Condition(2));
        var cached = wrapper.Generate(prompt, 8, new() { Temperature = 0, Condition = condition });
        var uncached = wrapper.Generate(prompt, 8, new() { Temperature = 0, Condition = condition, CacheKv = false });
        Assert.True(cached.eq(uncached).all().item<bool>());
        var beams = wrapper.BeamSearch(prompt, 5, new() { Condition = condition }).Beams;
        Assert.True(beams.eq(wrapper.BeamSearch(prompt, 5, new() { Condition = condition, CacheKv = false }).Beams).all().item<bool>());
    }

    [Fact]
    public void At_first_a_condition_changes_nothing_and_blocks_are_almost_closed()
    {
        var decoder = new Decoder(Adaptive(SmallModels.Layers));
        var x = randn(2, 5, 32);
        Assert.True(decoder.forward(x, condition: randn(2, 6)).eq(decoder.forward(x, condition: randn(2, 6))).all().item<bool>());
        var state = decoder.state_dict();
        Assert.Equal(0, state["layers.0.0.0.to_gamma.weight"].abs().sum().item<float>());
        Assert.True(state["layers.0.1.to_gamma.bias"].eq(-2).all().item<bool>());
    }

    [Fact]
    public void One_condition_for_all_positions_is_one_for_each()
    {
        var net = SmallModels.Decoder(Adaptive);
        var (ids, condition) = (SmallModels.Ids(2, 7), Condition(2));
        var one = net.forward(ids, new() { Condition = condition });
        var each = net.forward(ids, new() { Condition = condition.unsqueeze(1).expand(-1, 7, -1) });
        Assert.True(one.allclose(each, 1e-5, 1e-6));
    }

    [Fact]
    public void A_condition_that_is_missing_or_does_not_fit_is_one_sentence()
    {
        var (net, ids) = (SmallModels.Decoder(Adaptive), SmallModels.Ids(2, 7));
        Refused(() => net.forward(ids), "UseAdaptiveRmsnorm", "[batch, 6]");
        Refused(() => net.forward(ids, new() { Condition = randn(2, 5) }), "[2, 6]", "[2, 5]");
        Refused(() => net.forward(ids, new() { Condition = randn(3, 6) }), "[2, 6]", "[3, 6]");
        Refused(() => net.forward(ids, new() { Condition = randn(2, 4, 6) }), "[2, 7, 6]", "[2, 4, 6]");
        Refused(() => SmallModels.Decoder().forward(ids, new() { Condition = randn(2, 32) }), "Condition", "UseAdaptiveLayernorm");
        var memories = SmallModels.Decoder(Adaptive, o => o with { NumMemoryTokens = 2 });
        Refused(() => memories.forward(ids, new() { Condition = randn(2, 7, 6) }), "Condition", "NumMemoryTokens");
        Refused(() => new AutoregressiveWrapper(net).Generate(ids, 2, new() { Condition = randn(2, 7, 6) }), "Condition", "generation");
        var side = new XTransformerSideOptions { NumTokens = 5, MaxSeqLen = 5, Layers = SmallModels.Layers with { UseAdaptiveLayerscale = true } };
        Refused(() => new XTransformer(new() { Dim = 32, Enc = side, Dec = side with { Layers = SmallModels.Layers } }), "Enc", "Condition");
    }

    private static void Refused(Func<object> action, string first, string second)
    {
        var message = Assert.Throws<ArgumentException>(action).Message;
        Assert.Contains(first, message, StringComparison.Ordinal);
        Assert.Contains(second, message, StringComparison.Ordinal);
    }

    public void Dispose() => _scope.Dispose();
}
