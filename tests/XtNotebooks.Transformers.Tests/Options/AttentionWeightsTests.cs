using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>Weights that chance, a formula, or the caller decides.</summary>
[Collection(nameof(TorchRandomness))]
public sealed class AttentionWeightsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void Gumbel_attention_draws_keys_as_their_softmax_says()
    {
        random.manual_seed(0);
        var ids = SmallModels.Ids(1, 4).expand(4000, -1);
        var plain = SmallModels.Decoder(o => o with { Depth = 1 });
        var expected = plain.Trace(ids.narrow(0, 0, 1)).AttentionMaps[0].squeeze(0);
        using var noGrad = no_grad();
        var hard = Like(plain, o => o with { Depth = 1, AttnGumbelSoftmax = true }).Trace(ids).AttentionMaps[0];
        Assert.True(((hard - hard.round()).abs().max() < 1e-5).item<bool>());
        Assert.True((hard.sum(-1) - 1).abs().max().item<float>() < 1e-5);
        Assert.True((hard.mean([0]) - expected).abs().max().item<float>() < 0.04);

        var cold = Like(plain, o => o with { Depth = 1, AttnGumbelSoftmax = true, AttnGumbelSoftmaxHard = false, AttnGumbelSoftmaxTemp = 0.01 }).Trace(ids).AttentionMaps[0];
        Assert.True((cold.mean([0]) - expected).abs().max().item<float>() < 0.04);
        var hot = SmallModels.Decoder(o => o with { Depth = 1, AttnGumbelSoftmax = true, AttnGumbelSoftmaxHard = false, AttnGumbelSoftmaxTemp = 1e4 }).Trace(ids).AttentionMaps[0];
        Assert.True((hot[0, 0, 3] - 0.25).abs().max().item<float>() < 1e-2);
        Assert.Equal(0, hot[0, 0, 0, 1].item<float>());
    }

    [Fact]
    public void Hard_gumbel_attention_lets_gradients_through()
    {
        var net = SmallModels.Decoder(o => o with { AttnGumbelSoftmax = true });
        net.forward(SmallModels.Ids(2, 6)).square().sum().backward();
        Assert.True(net.named_parameters().Single(p => p.name == "attn_layers.layers.0.1.to_q.weight").parameter.grad!.norm().item<float>() > 0);
    }

    [Fact]
    public void Functions_of_ones_own_stand_where_the_built_in_ones_do()
    {
        var ids = SmallModels.Ids(2, 6);
        var plain = SmallModels.Decoder(o => o with { FfSwish = true });
        var own = Like(plain, o => o with { FfCustomActivation = x => nn.functional.silu(x), AttnCustomAttnFn = x => x.softmax(-1) });
        Assert.True(own.forward(ids).allclose(plain.forward(ids), 1e-4, 1e-5));
        var doubled = Like(plain, o => o with { FfCustomActivation = x => nn.functional.silu(x), AttnCustomAttnFn = x => 2 * x.softmax(-1) });
        Assert.False(doubled.forward(ids).allclose(plain.forward(ids), 1e-4, 1e-5));
        Assert.Contains("CustomAttnFn", Assert.Throws<ArgumentException>(() => ModelConfig.Of(own)).Message, StringComparison.Ordinal);
        foreach (var (options, other) in new[]
                 {
                     (SmallModels.Layers with { FfCustomActivation = x => x, FfSwish = true }, "Swish"),
                     (SmallModels.Layers with { AttnCustomAttnFn = x => x, AttnHard = true }, "Hard"),
                     (SmallModels.Layers with { AttnCustomAttnFn = x => x, AttnFlash = true }, "Flash"),
                 })
            Assert.Contains(other, Assert.Throws<ArgumentException>(() => new Decoder(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_head_of_ones_own_stands_where_the_built_in_one_does()
    {
        var ids = SmallModels.Ids(2, 6);
        var plain = SmallModels.Decoder();
        var own = SmallModels.Decoder(wrapper: o => o with { ToLogits = nn.Linear(32, SmallModels.NumTokens, hasBias: false) });
        own.LoadStateDict(plain.state_dict());
        Assert.True(own.forward(ids).allclose(plain.forward(ids), 1e-5, 1e-6));
        new AutoregressiveWrapper(own).forward(ids).backward();
        Assert.NotNull(own.named_parameters().Single(p => p.name == "to_logits.weight").parameter.grad);
        Assert.Contains("ToLogits", Assert.Throws<ArgumentException>(() => ModelConfig.Of(own)).Message, StringComparison.Ordinal);
        var message = Assert.Throws<ArgumentException>(() => SmallModels.Decoder(wrapper: o => o with { ToLogits = nn.Linear(32, 5), TieEmbedding = true })).Message;
        Assert.Contains("ToLogits and TieEmbedding", message, StringComparison.Ordinal);
    }

    // arXiv:2405.18719, appendix B, with a softmax over the distances to all positions, of temperature 0.05.
    [Fact]
    public void Soft_contextual_positions_follow_their_formula()
    {
        var cope = new ContextualPositions(3, 4, talkingHeads: null, softOnehot: true);
        SmallModels.Randomise(cope, 1);
        using var generator = new Generator(3);
        var (queries, logits) = (randn([1, 1, 5, 3], generator: generator), randn([1, 1, 5, 5], generator: generator));
        var found = cope.forward(queries, logits);
        var positions = cope.state_dict()["pos_emb"];
        Assert.Equal(ScalarType.Int64, cope.state_dict()["positions"].dtype);
        for (var i = 0; i < 5; i++)
        {
            var position = 0.0;
            for (var j = 4; j >= 0; j--)
            {
                position += 1 / (1 + Math.Exp(-logits[0, 0, i, j].item<float>()));
                var weights = Enumerable.Range(0, 4).Select(p => Math.Exp(-Math.Abs(Math.Min(position, 3) - p) / 0.05)).ToArray();
                var expected = Enumerable.Range(0, 4).Sum(p => weights[p] / weights.Sum() * (queries[0, 0, i] * positions[p]).sum().item<float>());
                Assert.Equal(expected, found[0, 0, i, j].item<float>(), 1e-4);
            }
        }
        var net = new AutoregressiveWrapper(SmallModels.Decoder(o => o with { AttnUseCope = true, AttnCopeSoftOnehotPos = true }));
        var cached = net.Generate(SmallModels.Ids(2, 4), 6, new() { Temperature = 0 });
        Assert.True(cached.eq(net.Generate(SmallModels.Ids(2, 4), 6, new() { Temperature = 0, CacheKv = false })).all().item<bool>());
        net.to(ScalarType.Float64);
        Assert.Equal(ScalarType.Int64, net.Net.state_dict()["attn_layers.layers.0.1.attend.cope.positions"].dtype);
    }

    [Fact]
    public void Decoupled_rotary_heads_are_cached_and_no_query_sees_pads_where_queries_compete()
    {
        var latent = new AutoregressiveWrapper(SmallModels.Decoder(
            o => o with { AttnUseLatentKv = true, AttnDimLatentKv = 5, AttnLatentRopeSubheads = 1, RotaryPosEmb = true }));
        var cached = latent.Generate(SmallModels.Ids(2, 4), 8, new() { Temperature = 0 });
        Assert.True(cached.eq(latent.Generate(SmallModels.Ids(2, 4), 8, new() { Temperature = 0, CacheKv = false })).all().item<bool>());

        var encoder = SmallModels.Encoder(o => o with { CrossAttend = true, CrossAttnInvertedAttention = true });
        using var generator = new Generator(4);
        var context = randn([2, 5, 32], device: CPU, generator: generator).to(TestDevice());
        var mask = (arange(5) < 3).unsqueeze(0).expand(2, -1).to(TestDevice());
        var map = encoder.Trace(SmallModels.Ids(2, 4), new() { Context = context, ContextMask = mask }).Attention.First(a => a.IsCross).PostSoftmaxAttn!;
        Assert.Equal(0, map.narrow(-1, 3, 2).abs().sum().item<float>());
        Assert.True((map.sum(-1) - 1).abs().max().item<float>() < 1e-5);
    }

    // Another model with the same weights.
    private static TransformerWrapper Like(TransformerWrapper plain, Func<AttentionLayersOptions, AttentionLayersOptions> layers)
    {
        var other = SmallModels.Decoder(layers);
        other.LoadStateDict(plain.state_dict());
        return other;
    }

    private static Device TestDevice() => Golden.TestDevice.Current;

    public void Dispose() => _scope.Dispose();
}
