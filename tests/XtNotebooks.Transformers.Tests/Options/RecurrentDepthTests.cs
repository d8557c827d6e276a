using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>Layers that run more than once, pooled tokens and further embeddings: what must hold beside Python's numbers.</summary>
[Collection(nameof(TorchRandomness))]
public sealed class RecurrentDepthTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    private static TransformerWrapper Recycling(int most = 4) => SmallModels.Decoder(wrapper: o => o with { Recycling = true, TrainMaxRecycleSteps = most });

    private static TransformerWrapper Looped() => SmallModels.Decoder(o => o with { PreAndPostNorm = true }, o => o with { Looped = true, MaxLoopedSteps = 3 });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void With_or_without_a_cache_the_tokens_are_the_same(bool recycles)
    {
        var wrapper = new AutoregressiveWrapper(recycles ? Recycling() : Looped());
        Assert.True(wrapper.Net.CanCacheKv);
        var options = new GenerateOptions { Temperature = 0, RecycleSteps = recycles ? 2 : null };
        var cached = wrapper.Generate(SmallModels.Ids(2, 4), 8, options);
        Assert.True(cached.eq(wrapper.Generate(SmallModels.Ids(2, 4), 8, options with { CacheKv = false })).all().item<bool>());
        var ids = SmallModels.Ids(2, 6);
        using var noGrad = no_grad();
        using var cache = new KvCache(6);
        var inputs = new TransformerInputs { RecycleSteps = options.RecycleSteps };
        wrapper.Net.forward(ids.narrow(1, 0, 5), inputs with { Cache = cache });
        var last = wrapper.Net.forward(ids.narrow(1, 5, 1), inputs with { Cache = cache });
        Assert.True(last.allclose(wrapper.Net.forward(ids, inputs).narrow(1, 5, 1), 1e-4, 1e-5));
        Refused(() => wrapper.Net.forward(ids, recycles ? inputs with { Cache = cache, RecycleSteps = 3 } : inputs with { Cache = cache, LoopedSteps = 2 }), "Cache", "LoopedSteps");
    }

    [Fact]
    public void In_training_the_layers_run_from_once_to_as_often_as_allowed()
    {
        random.manual_seed(0);
        var net = Recycling(most: 2);
        var ids = SmallModels.Ids(2, 5);
        var by = new[] { 1, 2, 3 }.Select(steps => net.forward(ids, new() { RecycleSteps = steps })).ToArray();
        net.train();
        var seen = Enumerable.Range(0, 20).Select(_ => net.forward(ids)).Select(found => Array.FindIndex(by, b => b.allclose(found))).ToHashSet();
        Assert.Equal([0, 1], seen.Order());
    }

    [Fact]
    public void Runs_that_cannot_be_are_one_sentence()
    {
        var ids = SmallModels.Ids(2, 5);
        Refused(() => Recycling().forward(ids), "Recycling", "RecycleSteps");
        Refused(() => Recycling().forward(ids, new() { RecycleSteps = 0 }), "RecycleSteps", "0");
        Refused(() => SmallModels.Decoder().forward(ids, new() { RecycleSteps = 2 }), "RecycleSteps", "Recycling");
        Refused(() => SmallModels.Decoder().forward(ids, new() { LoopedSteps = 2 }), "LoopedSteps", "Looped");
    }

    [Fact]
    public void A_looped_model_shows_what_it_predicts_after_each_loop()
    {
        var net = SmallModels.Decoder(o => o with { PreAndPostNorm = true }, o => o with { Looped = true, NumMemoryTokens = 2 });
        var trace = net.Trace(SmallModels.Ids(2, 5), new() { LoopedSteps = 3 });
        Assert.Equal(3, trace.LoopLogits.Count);
        Assert.All(trace.ExitLogits, e => Assert.Equal([2, 5, 1], e.shape));
        Assert.True(trace.LoopLogits[2].allclose(trace.Logits!, 1e-5, 1e-6));
        Assert.False(trace.LoopLogits[0].allclose(trace.Logits!, 1e-3, 1e-3));
        Assert.True(new AutoregressiveWrapper(net).forward(SmallModels.Ids(2, 5)).isfinite().item<bool>());
    }

    [Fact]
    public void Pads_do_not_reach_pooled_tokens_and_a_decoders_are_in_its_trace()
    {
        var encoder = SmallModels.Encoder(wrapper: o => o with { AttnPool = true, NumPooledTokens = 2, NumMemoryTokens = 2 });
        var ids = SmallModels.Ids(2, 6);
        var mask = arange(6, device: ids.device).unsqueeze(0).expand(2, -1) < 4;
        var pooled = encoder.forward(ids, new() { Mask = mask });
        Assert.Equal([2, 2, 32], pooled.shape);
        Assert.True(pooled.allclose(encoder.forward(ids.masked_fill(~mask, 3), new() { Mask = mask }), 1e-5, 1e-6));
        var decoder = SmallModels.Decoder(wrapper: o => o with { AttnPool = true });
        Assert.Equal([2, 6, SmallModels.NumTokens], decoder.forward(ids).shape);
        Assert.Equal([2, 1, 32], decoder.Trace(ids).PooledTokens!.shape);
    }

    [Fact]
    public void Ids_of_further_embeddings_that_do_not_fit_are_one_sentence()
    {
        var net = SmallModels.Decoder(wrapper: o => o with { EmbedNumTokens = new Dictionary<string, int> { ["kind"] = 3 } });
        var ids = SmallModels.Ids(2, 5);
        Refused(() => net.forward(ids), "EmbedNumTokens", "kind");
        Refused(() => net.forward(ids, With("kind", zeros(2, 4, dtype: ScalarType.Int64))), "[2, 5]", "[2, 4]");
        Refused(() => net.forward(ids, With("kind", full(2, 5, 3, dtype: ScalarType.Int64))), "3 at batch 0, position 0", "0 to 2");
        Refused(() => net.forward(ids, With("side", zeros(2, 5, dtype: ScalarType.Int64))), "EmbedIds", "side");
        Refused(() => new AutoregressiveWrapper(net).Generate(ids, 2), "EmbedNumTokens", "generation");

        TransformerInputs With(string name, Tensor extra) => new() { EmbedIds = new Dictionary<string, Tensor> { [name] = extra.to(ids.device) } };
    }

    [Fact]
    public void Deep_embeddings_are_those_of_the_cached_steps_tokens()
    {
        var wrapper = new AutoregressiveWrapper(SmallModels.Decoder(wrapper: o => o with { FfDeepEmbed = true }));
        var cached = wrapper.Generate(SmallModels.Ids(2, 4), 8, new() { Temperature = 0 });
        Assert.True(cached.eq(wrapper.Generate(SmallModels.Ids(2, 4), 8, new() { Temperature = 0, CacheKv = false })).all().item<bool>());
    }

    private static void Refused(Func<object> action, string first, string second)
    {
        var message = Assert.Throws<ArgumentException>(action).Message;
        Assert.Contains(first, message, StringComparison.Ordinal);
        Assert.Contains(second, message, StringComparison.Ordinal);
    }

    public void Dispose() => _scope.Dispose();
}
