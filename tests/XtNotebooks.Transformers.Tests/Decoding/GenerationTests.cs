using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Decoding;

public sealed class GenerationTests
{
    private static readonly GenerateOptions Greedy = new() { Temperature = 0 };

    public static TheoryData<string> Variants => new(Layers.Keys);

    private static readonly Dictionary<string, Func<AttentionLayersOptions, AttentionLayersOptions>> Layers = new()
    {
        ["absolute"] = o => o,
        ["rotary"] = o => o with { RotaryPosEmb = true },
        ["xpos"] = o => o with { RotaryXpos = true, RotaryXposScaleBase = 4 },
        ["xpos, memory keys"] = o => o with { RotaryXpos = true, RotaryXposScaleBase = 4, AttnNumMemKv = 2 },
        ["xpos, l2 distance"] = o => o with { RotaryXpos = true, RotaryXposScaleBase = 4, AttnL2Distance = true },
        ["xpos, cope"] = o => o with { RotaryXpos = true, RotaryXposScaleBase = 4, AttnUseCope = true },
        ["rotary, memory keys"] = o => o with { RotaryPosEmb = true, AttnNumMemKv = 2 },
        ["rotary, cope"] = o => o with { RotaryPosEmb = true, AttnUseCope = true },
        ["polar"] = o => o with { PolarPosEmb = true },
        ["alibi"] = o => o with { AlibiPosBias = true },
        ["t5"] = o => o with { RelPosBias = true },
        ["dynamic bias"] = o => o with { DynamicPosBias = true },
        ["flash alibi"] = o => o with { AlibiPosBias = true, AttnFlash = true },
        ["shift"] = o => o with { ShiftTokens = 1 },
        ["forgetting"] = o => o with { AttnDataDependentAlibi = true },
        ["selective"] = o => o with { AttnSelective = true },
        ["cope"] = o => o with { AttnUseCope = true },
        ["memory keys, cosine"] = o => o with { AttnNumMemKv = 2, AttnQkNorm = true },
        ["zero key, sink"] = o => o with { AttnAddZeroKv = true, AttnHeadLearnedSink = true },
        ["look back three"] = o => o with { AttnMaxAttendPast = 3 },
        ["residual attention"] = o => o with { ResidualAttn = true },
        ["value residual"] = o => o with { AddValueResidual = true },
        ["integrated layers"] = o => o with { IntegrateLayers = true },
        ["streams"] = o => o with { NumResidualStreams = 2, QkvReceiveDiffResiduals = true },
        ["sparse"] = o => o with { AttnSparseTopk = 3 },
        ["l2 distance"] = o => o with { AttnL2Distance = true },
        ["one key head"] = o => o with { AttnOneKvHead = true },
        ["unet"] = o => o with { UnetSkips = true },
        ["laser, gates"] = o => o with { AttnLaser = true, AttnGateValues = true, AttnGateValueHeads = true },
        ["orthogonal residual"] = o => o with { OrthogResidual = true },
        ["mean apart"] = o => o with { MvSplitResidual = true },
        ["distance curves"] = o => o with { AttnUseRelProjPosBias = true, AttnRelProjMaxDist = 6 },
        ["decay by row"] = o => o with { AttnDataDependentAlibi = true, AttnDataDependentAlibiPerRow = true },
        ["output gates"] = o => o with { AttnOutputGate = true, AttnOutputGateHeadwise = true, AttnGateValues = true, AttnGateValuesRank = 4 },
        ["cope with talking heads"] = o => o with { AttnUseCope = true, AttnCopeTalkingHeads = true },
        ["latents"] = o => o with { AttnUseLatentQ = true, AttnDimLatentQ = 12, AttnUseLatentKv = true, AttnDimLatentKv = 10, RotaryPosEmb = true },
        ["orthogonal values"] = o => o with { AttnOrthogProjectedValues = true },
        ["reinjected input"] = o => o with { ReinjectInput = true, LearnedReinjectInputGate = true },
    };

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
    public void Past_the_longest_sequence_the_mask_of_left_pads_moves_with_the_window()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(Layers["rotary"]);
        var wrapper = new AutoregressiveWrapper(net);
        var ids = SmallModels.Ids(2, 14);
        Tensor[] prompts = [ids[0], ids[1].narrow(0, 0, 9)];
        foreach (var cached in new[] { true, false })
        {
            var together = wrapper.Generate(prompts, 12, Greedy with { CacheKv = cached });
            // Five pads leave the window one by one: the shorter prompt sees all of its past until it is as long as the window.
            Close.Equal("the longer prompt", wrapper.Generate(prompts[0], 12, Greedy), together[0]);
            Close.Equal("the shorter prompt", wrapper.Generate(prompts[1], 12, Greedy).narrow(0, 0, 8), together[1].narrow(0, 0, 8));
        }
    }

    // As upstream, shifted tokens read the pad before them.
    public static TheoryData<string, bool> WithPrompts => [("absolute", true), .. Layers.Keys.Where(k => k != "shift").Select(k => (k, false))];

    [Theory]
    [MemberData(nameof(WithPrompts))] // with sines and cosines upstream crashes here
    public void A_prompt_gives_the_same_alone_and_beside_longer_ones(string variant, bool sinusoidal)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(Layers[variant], o => o with { ScaledSinuPosEmb = sinusoidal });
        var wrapper = new AutoregressiveWrapper(net);
        var ids = SmallModels.Ids(3, 6);
        Tensor[] prompts = [ids[0], ids[1].narrow(0, 0, 2), ids[2].narrow(0, 0, 4)];
        foreach (var cached in new[] { true, false })
        {
            var together = wrapper.Generate(prompts, 6, Greedy with { CacheKv = cached });
            for (var i = 0; i < prompts.Length; i++) Close.Equal($"prompt {i}", wrapper.Generate(prompts[i], 6, Greedy), together[i]);
            var beams = wrapper.BeamSearch(ids, 6, new() { Beams = 3, CacheKv = cached, PromptLens = tensor(new[] { 6L, 2, 4 }) });
            for (var i = 0; i < prompts.Length; i++)
                Close.Equal($"beams of prompt {i}", wrapper.BeamSearch(prompts[i], 6, new() { Beams = 3 }).Tokens, beams.Tokens[i]);
        }
    }

    [Fact]
    public void Pads_before_a_shorter_prompt_are_not_its_end_where_pad_and_end_are_one_id()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var ids = SmallModels.Ids(2, 6);
        Tensor[] prompts = [ids[0], ids[1].narrow(0, 0, 2)];
        // An id that no prompt holds, and that is not what the shorter one goes on with.
        var free = new AutoregressiveWrapper(net).Generate(prompts[1], 6, Greedy).cpu().data<long>().ToArray();
        var held = ids.cpu().data<long>().ToArray();
        var end = Enumerable.Range(0, SmallModels.NumTokens).Select(i => (long)i).First(i => !held.Contains(i) && free[0] != i);
        var wrapper = new AutoregressiveWrapper(net, padValue: end);
        var options = Greedy with { EosToken = end };
        var together = wrapper.Generate(prompts, 6, options);
        Assert.NotEqual(end, together[1][0].item<long>());
        var alone = wrapper.Generate(prompts[1], 6, options);
        Close.Equal("the shorter prompt", alone, together[1].narrow(0, 0, alone.shape[0]));
    }

    [Fact]
    public void The_best_beam_is_at_least_as_probable_as_the_greedy_continuation_and_its_score_is_its_probability()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        var prompt = SmallModels.Ids(1, 4);
        var result = wrapper.BeamSearch(prompt, 5, new() { Beams = 4 });
        var greedy = LogProbability(net, prompt, wrapper.Generate(prompt, 5, Greedy));
        for (var beam = 0; beam < 4; beam++)
            Close.Assert($"score {beam}", LogProbability(net, prompt, result.Beams[beam]), result.Scores[beam, 0].item<float>(), 1e-4);
        Assert.True(result.Scores[0, 0].item<float>() >= greedy - 1e-4);
        Assert.Equal(4, Enumerable.Range(0, 4).Select(b => string.Join(',', result.Beams[b].cpu().data<long>().ToArray())).Distinct().Count());
    }

    private static double LogProbability(TransformerWrapper net, Tensor prompt, Tensor continuation)
    {
        var all = cat([prompt, continuation], 1);
        var logProbabilities = net.forward(all).log_softmax(-1).narrow(1, prompt.shape[1] - 1, continuation.shape[1]);
        return logProbabilities.gather(-1, continuation.unsqueeze(-1)).sum().item<float>();
    }

    [Fact]
    public void Every_module_goes_back_to_the_mode_it_was_in()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        net.train();
        net.AttnLayers.eval(); // one part was frozen on purpose
        var wrapper = new AutoregressiveWrapper(net);
        var before = wrapper.modules().Select(m => m.training).ToArray();
        wrapper.Generate(SmallModels.Ids(1, 3), 2, Greedy);
        Assert.Equal(before, wrapper.modules().Select(m => m.training));

        net.eval();
        new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 3), 2, Greedy); // a fresh wrapper says it is training
        Assert.False(net.training);
        Assert.False(net.AttnLayers.training);
    }

    [Fact]
    public void The_mode_is_restored_when_generation_fails()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        net.train();
        Assert.Throws<ArgumentException>(() => new AutoregressiveWrapper(net).Generate(full([1, 3], 99L), 2, Greedy));
        Assert.True(net.training);
    }

    [Fact]
    public async Task Streaming_gives_the_same_tokens_one_by_one()
    {
        using var net = SmallModels.Decoder(Layers["rotary"]);
        var wrapper = new AutoregressiveWrapper(net);
        var prompts = SmallModels.Ids(2, 4);
        var expected = wrapper.Generate(prompts, 7, Greedy);
        var steps = new List<long[]>();
        await foreach (var tokens in wrapper.StreamAsync(prompts, 7, Greedy, TestContext.Current.CancellationToken)) steps.Add(tokens);
        Assert.Equal(expected.t().contiguous().cpu().data<long>().ToArray(), steps.SelectMany(s => s));
    }

    [Fact]
    public async Task Prompts_of_different_lengths_stream_as_they_generate()
    {
        using var net = SmallModels.Decoder(Layers["rotary"]);
        var wrapper = new AutoregressiveWrapper(net);
        Tensor[] prompts = [SmallModels.Ids(1, 4)[0], SmallModels.Ids(1, 7)[0]];
        var expected = wrapper.Generate(prompts, 5, Greedy);
        var steps = new List<long[]>();
        await foreach (var tokens in wrapper.StreamAsync(prompts, 5, Greedy, TestContext.Current.CancellationToken)) steps.Add(tokens);
        Assert.Equal(expected.t().contiguous().cpu().data<long>().ToArray(), steps.SelectMany(s => s));
        Assert.Contains("PromptLens", Assert.Throws<ArgumentException>(() =>
            wrapper.StreamAsync(prompts, 5, Greedy with { PromptLens = tensor(new[] { 4L, 7 }) }, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_encoder_decoder_pair_streams_what_it_generates()
    {
        var side = new XTransformerSideOptions { NumTokens = SmallModels.NumTokens, MaxSeqLen = 16, Layers = SmallModels.Layers with { Dim = 0 } };
        using var pair = new XTransformer(new() { Dim = 32, Enc = side, Dec = side });
        SmallModels.Randomise(pair, 3);
        pair.to(Golden.TestDevice.Current);
        var (source, start) = (SmallModels.Ids(2, 9), SmallModels.Ids(2, 1));
        var expected = pair.Generate(source, start, 6, options: Greedy);
        var steps = new List<long[]>();
        await foreach (var tokens in pair.StreamAsync(source, start, 6, options: Greedy, cancellationToken: TestContext.Current.CancellationToken)) steps.Add(tokens);
        Assert.Equal(expected.t().contiguous().cpu().data<long>().ToArray(), steps.SelectMany(s => s));
        Assert.True(pair.training);
        Assert.True(pair.Encoder.training && pair.Decoder.training);
        Assert.Contains("Context", Assert.Throws<ArgumentException>(() =>
            pair.StreamAsync(source, start, 6, options: new() { Context = zeros(2, 9, 32) }, cancellationToken: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_stops_when_cancelled_and_restores_the_mode()
    {
        using var net = SmallModels.Decoder();
        net.train();
        using var cancellation = new CancellationTokenSource();
        var count = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in new AutoregressiveWrapper(net).StreamAsync(SmallModels.Ids(1, 3), 1000, Greedy, cancellation.Token))
                if (++count == 3) await cancellation.CancelAsync();
        });
        Assert.Equal(3, count);
        Assert.True(net.training);
    }

    [Fact]
    public void Generation_stops_when_cancelled()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 3), 5, Greedy, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void After_its_end_token_a_sequence_is_filled_with_the_pad_value()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net, padValue: 0);
        var prompts = SmallModels.Ids(3, 4);
        var free = wrapper.Generate(prompts, 8, Greedy);
        var eos = free[0, 2].item<long>();
        var ended = wrapper.Generate(prompts, 8, Greedy with { EosToken = eos });
        for (var row = 0; row < 3; row++)
        {
            var tokens = free[row].cpu().data<long>().ToArray();
            var prompt = prompts[row].cpu().data<long>().ToArray();
            var end = prompt.Contains(eos) ? -1 : Array.IndexOf(tokens, eos);
            for (var i = 0; i < ended.shape[1]; i++)
                Assert.Equal(end == -1 && prompt.Contains(eos) || end >= 0 && i > end ? 0 : tokens[i], ended[row, i].item<long>());
        }
    }

    [Fact]
    public void Sampling_follows_the_filtered_distribution()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        var prompt = SmallModels.Ids(1, 4);
        var probabilities = (LogitFilters.TopK(k: 3)(net.forward(prompt).select(1, 3)) / 0.8).softmax(-1).squeeze(0);
        using var generator = new Generator(3);
        var samples = wrapper.Generate(prompt.expand(4000, 4), 1, new()
        {
            Temperature = 0.8, FilterLogitsFn = LogitFilters.TopK(k: 3), Generator = generator,
        });
        var frequencies = samples.flatten().bincount(null, 17).to(ScalarType.Float32) / 4000;
        Close.Assert("frequencies", probabilities, frequencies, 0.04); // five standard deviations of a share of 4000 draws
    }

    [Fact]
    public void Contrastive_decoding_prefers_what_the_expert_knows_better()
    {
        using var scope = NewDisposeScope();
        using var expert = SmallModels.Decoder();
        using var amateur = SmallModels.Decoder(o => o with { Depth = 1 }, seed: 5);
        var prompts = SmallModels.Ids(2, 4);
        var (strong, weak) = (expert.forward(prompts).select(1, 3), amateur.forward(prompts).select(1, 3));
        // arXiv:2309.09117, appendix A: (1 + beta) expert - beta amateur among tokens within log(alpha) of the best.
        var plausible = strong >= strong.amax([-1], keepdim: true) + Math.Log(0.1);
        var expected = (1.5 * strong - 0.5 * weak).masked_fill(~plausible, double.NegativeInfinity).argmax(-1, keepdim: true);
        foreach (var cached in new[] { true, false })
        {
            var options = Greedy with { AmateurModels = [new(amateur)], CacheKv = cached };
            Close.Equal("first token", expected, new AutoregressiveWrapper(expert).Generate(prompts, 1, options));
            Close.Equal("six tokens",
                new AutoregressiveWrapper(expert).Generate(prompts, 6, options with { CacheKv = !cached }),
                new AutoregressiveWrapper(expert).Generate(prompts, 6, options));
        }
    }

    [Fact]
    public void What_an_amateur_has_no_use_for_is_the_experts_alone()
    {
        using var scope = NewDisposeScope();
        using var expert = SmallModels.Decoder(o => o with { CrossAttend = true, UseAdaptiveRmsnorm = true, DimCondition = 6 }, o => o with { Recycling = true });
        using var amateur = SmallModels.Decoder(o => o with { Depth = 1 }, seed: 5);
        var options = Greedy with
        {
            Context = ones(2, 3, 32), Condition = ones(2, 6), RecycleSteps = 2, AmateurModels = [new(amateur)],
        };
        Assert.Equal([2, 4], new AutoregressiveWrapper(expert).Generate(SmallModels.Ids(2, 4), 4, options).shape);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_stochastic_search_takes_no_token_that_its_filter_forbids(double temperature)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        // Two tokens are left, fewer than the beams: the first step has two continuations, the second four.
        var allowed = (arange(17, device: TestDevice.Current) == 3) | (arange(17, device: TestDevice.Current) == 5);
        var result = wrapper.BeamSearch(SmallModels.Ids(2, 4), 4, new()
        {
            Beams = 4, Stochastic = true, Temperature = temperature, FilterLogitsFn = x => x.masked_fill(~allowed, double.NegativeInfinity),
        });
        Assert.True(((result.Beams == 3) | (result.Beams == 5)).all().item<bool>());
        Assert.True(result.Scores.isfinite().all().item<bool>());
    }

    [Fact]
    public void A_filter_that_a_stochastic_search_cannot_use_is_refused_with_a_sentence()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        BeamSearchResult Search(Func<Tensor, Tensor> filter) => wrapper.BeamSearch(SmallModels.Ids(2, 4), 3, new() { Beams = 4, Stochastic = true, FilterLogitsFn = filter });
        Assert.Contains("FilterLogitsFn must return logits of the shape", Assert.Throws<ArgumentException>(() => Search(x => x.narrow(1, 0, 5))).Message, StringComparison.Ordinal);
        Assert.Contains("FilterLogitsFn must not be null", Assert.Throws<ArgumentException>(() => Search(null!)).Message, StringComparison.Ordinal);
        Assert.Contains("leaves no token to choose", Assert.Throws<InvalidOperationException>(() => Search(x => full_like(x, double.NegativeInfinity))).Message, StringComparison.Ordinal);
        Assert.Contains("fewer than 4 continuations", Assert.Throws<InvalidOperationException>(() => Search(LogitFilters.TopK(k: 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_beams_than_a_head_of_ones_own_predicts_are_refused()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(wrapper: o => o with { ToLogits = nn.Linear(32, 5) });
        Assert.Contains("Beams (6) must be from 1 to ToLogits' width (5)",
            Assert.Throws<ArgumentException>(() => new AutoregressiveWrapper(net).BeamSearch(SmallModels.Ids(1, 4), 2, new() { Beams = 6 })).Message, StringComparison.Ordinal);
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
    public void Tokens_of_a_model_in_half_precision_are_chosen_in_single_precision()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        net.to(ScalarType.BFloat16);
        var wrapper = new AutoregressiveWrapper(net);
        var seen = new List<ScalarType>();
        Tensor Filter(Tensor logits)
        {
            seen.Add(logits.dtype);
            return logits;
        }
        wrapper.Generate(SmallModels.Ids(2, 4), 2, new() { FilterLogitsFn = Filter });
        var beams = wrapper.BeamSearch(SmallModels.Ids(2, 4), 2, new() { Beams = 2, Stochastic = true, FilterLogitsFn = Filter });
        Assert.Equal(4, seen.Count);
        Assert.All(seen, type => Assert.Equal(ScalarType.Float32, type));
        Assert.Equal(ScalarType.Float32, beams.Scores.dtype);
    }

    [Fact]
    public void A_prompt_without_a_batch_comes_back_without_one()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        Assert.Equal([3], wrapper.Generate(SmallModels.Ids()[0].narrow(0, 0, 4), 3, Greedy).shape);
        var beams = wrapper.BeamSearch(SmallModels.Ids()[0].narrow(0, 0, 4), 3, new() { Beams = 2 });
        Assert.Equal([3], beams.Tokens.shape);
        Assert.Equal([2, 3], beams.Beams.shape);
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
