using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;
using static XtNotebooks.Transformers.Tests.Decoding.DecoderVariants;

namespace XtNotebooks.Transformers.Tests.Decoding;

public sealed class CachedGenerationTests
{
    public static TheoryData<string> Variants => new(Layers.Keys);

    [Theory]
    [MemberData(nameof(Variants))]
    public void With_or_without_a_cache_the_tokens_and_beams_are_the_same(string variant)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(Layers[variant]);
        var wrapper = new AutoregressiveWrapper(net);
        var prompts = SmallModels.Ids(3, 5);
        Close.Equal("tokens", wrapper.Generate(prompts, 9, Greedy with { CacheKv = false }), wrapper.Generate(prompts, 9, Greedy));
        Close.Equal("beams",
            wrapper.BeamSearch(prompts, 6, new() { Beams = 3, CacheKv = false }).Beams, wrapper.BeamSearch(prompts, 6, new() { Beams = 3 }).Beams);
    }

    // Beams that are almost as good as each other change places with the last bit of a sum: other weights in each run would meet them at times.
    [Theory]
    [MemberData(nameof(Variants))]
    public void The_small_models_are_the_same_in_each_run(string variant)
    {
        using var scope = NewDisposeScope();
        var (one, other) = (SmallModels.Decoder(Layers[variant]), SmallModels.Decoder(Layers[variant]));
        foreach (var (a, b) in one.named_parameters().Zip(other.named_parameters()))
            Close.Equal(a.name, a.parameter, b.parameter);
    }

    private static readonly Dictionary<string, Func<AttentionLayersOptions, AttentionLayersOptions>> Readers = new()
    {
        ["absolute"] = o => o,
        ["rotary"] = o => o with { RotaryPosEmb = true },
        ["memory keys"] = o => o with { AttnNumMemKv = 2 },
        ["cross alone"] = o => o with { OnlyCross = true },
        ["look back two"] = o => o with { AttnMaxAttendPast = 2 },
        ["distance curves"] = o => o with { AttnUseRelProjPosBias = true, AttnRelProjMaxDist = 6 },
    };

    public static TheoryData<string> ReadersOfAContext => new(Readers.Keys);

    [Theory]
    [MemberData(nameof(ReadersOfAContext))]
    public void With_a_context_and_with_or_without_a_cache_the_tokens_and_beams_are_the_same(string variant)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => Readers[variant](o with { CrossAttend = true }));
        var wrapper = new AutoregressiveWrapper(net);
        var prompts = SmallModels.Ids(3, 5);
        using var generator = new Generator(4);
        var context = randn([3, 7, 32], device: CPU, generator: generator).to(TestDevice.Current);
        var mask = (arange(7) < tensor(new[] { 7, 4, 6 }).unsqueeze(-1)).to(TestDevice.Current);
        var greedy = Greedy with { Context = context, ContextMask = mask };
        var beams = new BeamSearchOptions { Beams = 3, Context = context, ContextMask = mask };
        Close.Equal("tokens", wrapper.Generate(prompts, 7, greedy with { CacheKv = false }), wrapper.Generate(prompts, 7, greedy));
        var (without, with) = (wrapper.BeamSearch(prompts, 6, beams with { CacheKv = false }), wrapper.BeamSearch(prompts, 6, beams));
        Close.Equal("beams", without.Beams, with.Beams);
        Close.Assert("scores", without.Scores, with.Scores, 1e-4);
    }

    [Theory]
    [InlineData("absolute")]
    [InlineData("rotary")]
    [InlineData("xpos")]
    [InlineData("flash alibi")]
    public void Past_the_longest_sequence_the_window_moves_on_with_or_without_a_cache(string variant)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(Layers[variant]);
        var wrapper = new AutoregressiveWrapper(net);
        var prompts = SmallModels.Ids(2, 14);
        var cached = wrapper.Generate(prompts, 12, Greedy);
        Close.Equal("tokens", wrapper.Generate(prompts, 12, Greedy with { CacheKv = false }), cached);
        // The last token follows from the last MaxSeqLen tokens before it.
        var all = cat([prompts, cached], 1);
        var window = all.narrow(1, all.shape[1] - 17, 16);
        Close.Equal("last token", net.forward(window).select(1, 15).argmax(-1), all.select(1, all.shape[1] - 1));
    }

    [Fact]
    public void A_cache_is_reordered_by_sequences_that_it_holds()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var net = SmallModels.Decoder();
        using var cache = new KvCache(8);
        net.forward(SmallModels.Ids(2, 4), new TransformerInputs { Cache = cache });
        Assert.Contains("from 0 to 1", Assert.Throws<ArgumentException>(() => cache.Reorder(tensor(new[] { 0L, 2 }))).Message, StringComparison.Ordinal);
        Assert.Contains("integers", Assert.Throws<ArgumentException>(() => cache.Reorder(tensor(new[] { 0f, 1 }))).Message, StringComparison.Ordinal);
        Assert.Contains("[newBatch]", Assert.Throws<ArgumentException>(() => cache.Reorder(tensor(new[] { 0L, 1 }).unsqueeze(0))).Message, StringComparison.Ordinal);
        cache.Reorder(tensor(new[] { 1L, 0, 1 }).to(TestDevice.Current));
    }

    [Fact]
    public void A_cache_for_a_model_that_cannot_use_one_is_refused()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(Layers["shift"]);
        using var cache = new KvCache(16);
        Assert.False(net.CanCacheKv);
        Assert.Contains("CanCacheKv", Assert.Throws<ArgumentException>(() => net.forward(SmallModels.Ids(), new TransformerInputs { Cache = cache })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_takes_several_tokens_at_once_and_grows_over_its_capacity()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var net = SmallModels.Decoder(Layers["rotary"]);
        using var cache = new KvCache(2);
        var ids = SmallModels.Ids(2, 12);
        var whole = net.forward(ids);
        var parts = new[] { (0, 5), (5, 4), (9, 1), (10, 2) }.Select(p => net.forward(ids.narrow(1, p.Item1, p.Item2), new TransformerInputs { Cache = cache }));
        Close.Assert("logits", whole, cat(parts.ToArray(), 1), 2e-5);
        Assert.Equal(12, cache.Length);
    }
}
