using XtNotebooks.Transformers.Tests.Golden;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>What native code would answer with a crash or a riddle is refused with a sentence.</summary>
public sealed class InputChecksTests
{
    private static string Refusal(Func<TransformerWrapper, object?> call, Func<TransformerWrapperOptions, TransformerWrapperOptions>? wrapper = null)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(wrapper: wrapper);
        return Assert.Throws<ArgumentException>(() => { call(net); }).Message;
    }

    [Theory]
    [InlineData(17)]
    [InlineData(-1)]
    [InlineData(-100)]
    [InlineData(1L << 40)]
    public void A_token_id_outside_the_vocabulary_is_named_with_its_place(long id)
    {
        var message = Refusal(net =>
        {
            var ids = SmallModels.Ids();
            ids[2, 5] = tensor(id);
            return net.forward(ids);
        });
        Assert.Contains($"Token id {id} at batch 2, position 5", message, StringComparison.Ordinal);
        Assert.Contains("NumTokens is 17", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(17)]
    [InlineData(-1)]
    public void A_last_token_outside_the_vocabulary_is_refused_though_it_is_only_a_target(long id)
    {
        var message = Refusal(net =>
        {
            var ids = SmallModels.Ids(3, 17);   // one more than positions reach: the last is not fed
            ids[1, 16] = tensor(id);
            return new AutoregressiveWrapper(net).forward(ids);
        });
        Assert.Contains($"Token id {id} at batch 1, position 16 cannot be a target: the model predicts ids from 0 to 16", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Byte, 256, 255)]
    [InlineData(ScalarType.Byte, 300, 200)]
    [InlineData(ScalarType.Int8, 200, 127)]
    [InlineData(ScalarType.Int16, 50_257, 32_000)]
    public void Ids_of_a_small_integer_type_are_read_whatever_the_vocabulary(ScalarType type, int numTokens, long id)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(wrapper: o => o with { NumTokens = numTokens });
        var ids = tensor(new[] { 1L, id }).reshape(1, 2).to(Golden.TestDevice.Current);
        Close.Equal("logits", net.forward(ids), net.forward(ids.to(type)));
        Assert.Contains("outside the vocabulary", Assert.Throws<ArgumentException>(() => net.forward(tensor(new[] { -1 }).reshape(1, 1).to(ScalarType.Int8))).Message);
    }

    [Fact]
    public void A_pad_value_outside_the_vocabulary_is_blamed_by_its_name_where_it_is_used()
    {
        using var net = new TransformerWrapper(new() { NumTokens = 32, MaxSeqLen = 8, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2 }) });
        var wrapper = new AutoregressiveWrapper(net, ignoreIndex: 0, padValue: 99);
        var error = Assert.Throws<ArgumentException>(() => wrapper.forward(tensor(new long[,] { { 1, 2, 0 } })));
        Assert.StartsWith("padValue is 99, which takes the ignored tokens' place in the inputs, but the model reads ids from 0 to 31", error.Message);
        Assert.True(double.IsFinite(wrapper.forward(tensor(new long[,] { { 1, 2, 3 } })).item<float>()));
    }

    [Fact]
    public void A_target_that_the_model_reads_but_does_not_predict_is_refused()
    {
        var message = Refusal(net =>
        {
            var ids = SmallModels.Ids().clamp(0, 9);
            ids[2, 5] = tensor(12L);
            return new AutoregressiveWrapper(net).forward(ids);
        }, o => o with { LogitsDim = 10 });
        Assert.Contains("Token id 12 at batch 2, position 5 cannot be a target: the model predicts ids from 0 to 9", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    public void A_wrappers_mask_is_as_long_as_its_ids(long length) => Assert.Contains(
        $"mask must be [3, 12], but is [3, {length}]",
        Refusal(net => new AutoregressiveWrapper(net).forward(SmallModels.Ids(), mask: ones(3, length, dtype: ScalarType.Bool))), StringComparison.Ordinal);

    [Fact]
    public void Ids_without_a_batch_dimension_are_refused() => Assert.Contains("[batch, seq]", Refusal(net => net.forward(SmallModels.Ids()[0])), StringComparison.Ordinal);

    [Fact]
    public void Ids_that_are_not_whole_numbers_are_refused() =>
        Assert.Contains("Float32", Refusal(net => net.forward(SmallModels.Ids().to(ScalarType.Float32))), StringComparison.Ordinal);

    [Fact]
    public void An_empty_batch_is_refused() => Assert.Contains("at least one token", Refusal(net => net.forward(zeros(2, 0, dtype: ScalarType.Int64))), StringComparison.Ordinal);

    [Fact]
    public void A_sequence_longer_than_absolute_positions_reach_is_refused()
    {
        var message = Refusal(net => net.forward(SmallModels.Ids(1, 17)));
        Assert.Contains("17 tokens", message, StringComparison.Ordinal);
        Assert.Contains("MaxSeqLen is 16", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_absolute_positions_sequences_may_be_longer()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(wrapper: o => o with { UseAbsPosEmb = false });
        Assert.Equal([1, 40, 17], net.forward(SmallModels.Ids(1, 40)).shape);
    }

    [Fact]
    public void A_mask_of_another_shape_is_refused() => Assert.Contains(
        "Mask must be [3, 12], but is [3, 11]",
        Refusal(net => net.forward(SmallModels.Ids(), new TransformerInputs { Mask = ones(3, 11, dtype: ScalarType.Bool) })), StringComparison.Ordinal);

    [Fact]
    public void A_mask_of_another_type_is_refused() => Assert.Contains(
        "SelfAttnKvMask must be bool",
        Refusal(net => net.forward(SmallModels.Ids(), new TransformerInputs { SelfAttnKvMask = ones(3, 12) })), StringComparison.Ordinal);

    [Fact]
    public void A_context_without_cross_attention_is_refused() => Assert.Contains(
        "CrossAttend", Refusal(net => net.forward(SmallModels.Ids(), new TransformerInputs { Context = randn(3, 4, 32) })), StringComparison.Ordinal);

    [Fact]
    public void Cross_attention_without_a_context_is_refused()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { CrossAttend = true });
        Assert.Contains("Context must be passed", Assert.Throws<ArgumentException>(() => net.forward(SmallModels.Ids())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(13)]
    public void A_length_that_no_sequence_can_have_is_named_with_its_place(long length)
    {
        var message = Refusal(net => new AutoregressiveWrapper(net).forward(SmallModels.Ids(), lens: tensor(new[] { 12, length, 3 })));
        Assert.Contains($"is {length} at batch 1", message, StringComparison.Ordinal);
        Assert.Contains("12", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_goes_with_every_token_is_cut_with_the_last_of_them()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { UseAdaptiveRmsnorm = true, DimCondition = 6 }, o => o with { EmbedNumTokens = new Dictionary<string, int> { ["colour"] = 3 } });
        var wrapper = new AutoregressiveWrapper(net);
        TransformerInputs Of(long length) => new()
        {
            Condition = ones(3, length, 6), AttnMask = ones(length, length, dtype: ScalarType.Bool), Mask = ones(3, length, dtype: ScalarType.Bool),
            EmbedIds = new Dictionary<string, Tensor> { ["colour"] = ones(3, length, dtype: ScalarType.Int64) },
        };
        var ids = SmallModels.Ids(3, 17); // one more than positions reach
        var output = wrapper.ForwardWithOutputs(ids, Of(17));
        Close.Assert("logits", net.forward(ids.narrow(1, 0, 16), Of(16)), output.Logits, 1e-5);
    }

    [Fact]
    public void An_encoder_that_pools_predicts_no_next_token()
    {
        using var net = SmallModels.Encoder(wrapper: o => o with { AttnPool = true });
        Assert.Contains("the net's AttnPool is set", Assert.Throws<ArgumentException>(() => new AutoregressiveWrapper(net)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_token_predicts_nothing() =>
        Assert.Contains("at least 2 tokens", Refusal(net => new AutoregressiveWrapper(net).forward(SmallModels.Ids(3, 1))), StringComparison.Ordinal);

    [Fact]
    public void One_token_more_than_absolute_positions_reach_can_be_learned_from()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var ids = SmallModels.Ids(2, 17);
        var expected = nn.functional.cross_entropy(net.forward(ids.narrow(1, 0, 16)).transpose(1, 2), ids.narrow(1, 1, 16));
        Golden.Close.Assert("loss", expected.item<float>(), new AutoregressiveWrapper(net).forward(ids).item<float>(), 1e-6);
    }

    [Fact]
    public void An_all_ignored_batch_has_no_loss()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        Assert.True(float.IsNaN(new AutoregressiveWrapper(net, ignoreIndex: 0).forward(zeros(2, 5, dtype: ScalarType.Int64)).item<float>()));
    }

    [Fact]
    public void A_prompt_length_over_the_prompt_is_refused() => Assert.Contains(
        "PromptLens must be from 1 to the prompts' length 4, but is 5 at batch 0",
        Refusal(net => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(2, 4), 2, new GenerateOptions { PromptLens = tensor(new[] { 5L, 1 }) })), StringComparison.Ordinal);

    [Fact]
    public void A_context_of_another_width_or_type_is_refused()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { CrossAttend = true, CrossAttnDimContext = 24 });
        string Message(Tensor context) => Assert.Throws<ArgumentException>(() => net.forward(SmallModels.Ids(), new TransformerInputs { Context = context })).Message;
        Assert.Contains("Context must be [batch, seq, 24], but is [3, 4, 32]", Message(randn(3, 4, 32, device: Golden.TestDevice.Current)), StringComparison.Ordinal);
        Assert.Contains("Context is Float64", Message(randn(3, 4, 24, dtype: ScalarType.Float64, device: Golden.TestDevice.Current)), StringComparison.Ordinal);
        Assert.Contains("at least one position", Message(randn(3, 0, 24, device: Golden.TestDevice.Current)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_context_mask_without_a_context_is_refused() => Assert.Contains(
        "ContextMask was passed without a Context",
        Refusal(net => net.forward(SmallModels.Ids(), new TransformerInputs { ContextMask = ones(3, 4, dtype: ScalarType.Bool, device: Golden.TestDevice.Current) })), StringComparison.Ordinal);

    [Fact]
    public void Start_positions_that_are_not_whole_numbers_are_refused() => Assert.Contains(
        "SeqStartPos must be integers",
        Refusal(net => net.forward(SmallModels.Ids(), new TransformerInputs { SeqStartPos = zeros(3, device: Golden.TestDevice.Current) })), StringComparison.Ordinal);

    [Theory]
    [InlineData(11, 12)]
    [InlineData(12, 11)]
    [InlineData(12, 1)]
    public void An_attention_mask_that_does_not_fit_is_refused(long queries, long keys) => Assert.Contains(
        $"AttnMask must fit [3, 2, 12, 12] (batch, heads, queries, keys), but is [{queries}, {keys}]",
        Refusal(net => net.forward(SmallModels.Ids(), new TransformerInputs { AttnMask = ones(queries, keys, dtype: ScalarType.Bool, device: Golden.TestDevice.Current) })), StringComparison.Ordinal);

    [Theory]
    [InlineData(null, "[3, 2, 14, 14]")]
    [InlineData(5, "[3, 2, 21, 21]")] // 12 tokens in three runs of 5, each behind 2 memories
    public void An_attention_mask_covers_memory_tokens_too(int? every, string says)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(wrapper: o => o with { NumMemoryTokens = 2, MemoryTokensInterspersedEvery = every });
        TransformerInputs Mask(long length) => new() { AttnMask = ones(length, length, dtype: ScalarType.Bool, device: Golden.TestDevice.Current) };
        var message = Assert.Throws<ArgumentException>(() => net.forward(SmallModels.Ids(), Mask(12))).Message;
        Assert.Contains($"AttnMask must fit {says} (batch, heads, queries, keys; memory and class tokens count)", message, StringComparison.Ordinal);
        Close.Assert("logits", net.forward(SmallModels.Ids()), net.forward(SmallModels.Ids(), Mask(every is null ? 14 : 21)), 1e-5);
    }

    [Fact]
    public void A_cache_is_not_for_learning() => Assert.Contains("no_grad", Refusal(net =>
    {
        using var cache = new KvCache(16);
        return net.forward(SmallModels.Ids(), new TransformerInputs { Cache = cache });
    }), StringComparison.Ordinal);

    [Fact]
    public void A_cache_does_not_go_with_layers_that_are_left_out_by_chance()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var net = SmallModels.Decoder(o => o with { LayerDropout = 0.5 });
        using var cache = new KvCache(16);
        net.train();
        Assert.Contains("Cache and LayerDropout", Assert.Throws<ArgumentException>(() => net.forward(SmallModels.Ids(), new TransformerInputs { Cache = cache })).Message, StringComparison.Ordinal);
        net.eval();
        Close.Assert("logits", net.forward(SmallModels.Ids()), net.forward(SmallModels.Ids(), new TransformerInputs { Cache = cache }), 2e-5);
    }

    [Fact]
    public void A_mask_of_new_tokens_alone_does_not_do_for_a_cache_that_holds_others()
    {
        var message = Refusal(net =>
        {
            using var noGrad = no_grad();
            using var cache = new KvCache(16);
            net.forward(SmallModels.Ids(3, 4), new TransformerInputs { Cache = cache });
            return net.forward(SmallModels.Ids(3, 2), new TransformerInputs { Cache = cache, Mask = ones(3, 2, dtype: ScalarType.Bool, device: Golden.TestDevice.Current) });
        });
        Assert.Contains("Mask", message, StringComparison.Ordinal);
        Assert.Contains("Cache", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_of_another_batch_is_refused() => Assert.Contains("The Cache holds 3 sequences, but there are 2 now", Refusal(net =>
    {
        using var noGrad = no_grad();
        using var cache = new KvCache(16);
        net.forward(SmallModels.Ids(3, 4), new TransformerInputs { Cache = cache });
        return net.forward(SmallModels.Ids(2, 2), new TransformerInputs { Cache = cache });
    }), StringComparison.Ordinal);

    [Fact]
    public void A_net_without_logits_for_every_position_cannot_be_trained_to_continue()
    {
        foreach (var (pooling, name) in new (Func<TransformerWrapperOptions, TransformerWrapperOptions>, string)[]
                 {
                     (o => o with { ReturnOnlyEmbed = true }, "ReturnOnlyEmbed"), (o => o with { AveragePoolEmbed = true }, "AveragePoolEmbed"),
                     (o => o with { UseClsToken = true }, "UseClsToken"),
                 })
            Assert.Contains(name, Refusal(net => new AutoregressiveWrapper(net), pooling), StringComparison.Ordinal);
    }

    [Fact]
    public void A_target_without_a_logit_is_refused()
    {
        var message = Refusal(net => new AutoregressiveWrapper(net).forward(full([1, 4], 12L, device: Golden.TestDevice.Current)), o => o with { LogitsDim = 10 });
        Assert.Contains("Token id 12 at batch 0, position 1 cannot be a target: the model predicts ids from 0 to 9", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_last_token_that_is_only_predicted_must_be_in_the_vocabulary_too()
    {
        var message = Refusal(net =>
        {
            var ids = SmallModels.Ids(1, 17);
            ids[0, 16] = tensor(99L);
            return new AutoregressiveWrapper(net).forward(ids);
        });
        Assert.Contains("Token id 99 at batch 0, position 16 cannot be a target", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prompts_and_their_lengths_are_whole_numbers()
    {
        Assert.Contains("PromptLens must be integers, but are Float32", Refusal(net => new AutoregressiveWrapper(net)
            .Generate(SmallModels.Ids(2, 4), 2, new GenerateOptions { PromptLens = tensor(new[] { 1.5f, 2.5f }) })), StringComparison.Ordinal);
        Assert.Contains("Token ids must be integers, but are Float32", Refusal(net => new AutoregressiveWrapper(net)
            .Generate([tensor(new[] { 1.5f, 2.5f })], 2)), StringComparison.Ordinal);
        Assert.Contains("at least one token", Refusal(net => new AutoregressiveWrapper(net)
            .Generate([SmallModels.Ids(1, 3)[0], zeros(0, dtype: ScalarType.Int64, device: Golden.TestDevice.Current)], 2)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_filter_that_changes_the_shape_is_refused() => Assert.Contains("FilterLogitsFn", Refusal(net => new AutoregressiveWrapper(net)
        .Generate(SmallModels.Ids(2, 4), 2, new GenerateOptions { FilterLogitsFn = logits => logits.narrow(1, 0, 3) })), StringComparison.Ordinal);

    [Fact]
    public void Where_nothing_is_left_to_sample_or_the_model_predicts_NaN_a_sentence_says_so()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        string Message(Func<Tensor, Tensor> filter) => Assert.Throws<InvalidOperationException>(
            () => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(2, 4), 2, new GenerateOptions { FilterLogitsFn = filter })).Message;
        Assert.Contains("leaves no token", Message(logits => full_like(logits, double.NegativeInfinity)), StringComparison.Ordinal);
        using (no_grad()) net.state_dict()["to_logits.weight"].fill_(double.NaN);
        Assert.Contains("predicts NaN", Message(LogitFilters.None), StringComparison.Ordinal);
        Assert.Contains("predicts NaN", Assert.Throws<InvalidOperationException>(() => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(2, 4), 2, new() { Temperature = 0 })).Message);
        Assert.Contains("predicts NaN", Assert.Throws<InvalidOperationException>(() => new AutoregressiveWrapper(net).BeamSearch(SmallModels.Ids(2, 4), 2)).Message);
    }

    [Fact]
    public void A_filter_that_forbids_a_token_forbids_it_to_the_most_probable_choice_too()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        var prompt = SmallModels.Ids(1, 4);
        var free = wrapper.Generate(prompt, 1, new() { Temperature = 0 })[0, 0].item<long>();
        var second = net.forward(prompt)[0, 3].topk(2).indexes[1].item<long>();
        var forbidding = new GenerateOptions { Temperature = 0, FilterLogitsFn = logits => logits.index_fill(-1, tensor(new[] { free }, device: logits.device), double.NegativeInfinity) };
        Assert.Equal(second, wrapper.Generate(prompt, 1, forbidding)[0, 0].item<long>());
        Assert.Contains("leaves no token", Assert.Throws<InvalidOperationException>(() => wrapper.Generate(prompt, 1, forbidding with { FilterLogitsFn = logits => full_like(logits, double.NegativeInfinity) })).Message);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(-1)]
    public void A_start_outside_of_the_sequence_is_named_with_its_place(long start) => Assert.Contains(
        $"SeqStartPos must be from 0 to 11, since there are 12 positions, but is {start} at batch 1",
        Refusal(net => net.forward(SmallModels.Ids(), new TransformerInputs { SeqStartPos = tensor(new[] { 0L, start, 3 }) })), StringComparison.Ordinal);

    [Fact]
    public void Beams_and_the_end_token_are_among_what_the_model_predicts()
    {
        static TransformerWrapperOptions Ten(TransformerWrapperOptions o) => o with { LogitsDim = 10 };
        Assert.Contains("Beams (12) must be from 1 to LogitsDim (10)", Refusal(net => new AutoregressiveWrapper(net).BeamSearch(SmallModels.Ids(1, 4), 2, new() { Beams = 12 }), Ten));
        Assert.Contains("Beams (18) must be from 1 to NumTokens (17)", Refusal(net => new AutoregressiveWrapper(net).BeamSearch(SmallModels.Ids(1, 4), 2, new() { Beams = 18 })));
        Assert.Contains("EosToken (12) would never come: LogitsDim is 10", Refusal(net => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 4), 2, new() { EosToken = 12 }), Ten));
        Assert.Contains("padValue (-7) follows an EosToken", Refusal(net => new AutoregressiveWrapper(net, padValue: -7).Generate(SmallModels.Ids(1, 4), 2, new() { EosToken = 1 })));
    }

    [Fact]
    public void A_generator_of_another_device_is_refused()
    {
        var message = Refusal(net =>
        {
            net.to(new Device(DeviceType.META));
            return new AutoregressiveWrapper(net).Generate(ones([1, 4], dtype: ScalarType.Int64, device: new Device(DeviceType.META)), 2, new() { Generator = new Generator(1, CPU) });
        });
        Assert.Contains("Generator is on cpu, but the model is on meta", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.1)]
    [InlineData(1.5)]
    public void A_fraction_that_is_none_is_refused_by_every_filter(double value)
    {
        Assert.Contains("minP must be from 0 to 1", Assert.Throws<ArgumentException>(() => LogitFilters.MinP(value)).Message);
        Assert.Contains("minPRatio must be from 0 to 1", Assert.Throws<ArgumentException>(() => LogitFilters.TopA(2, value)).Message);
        Assert.Contains("thres must be from 0 to 1", Assert.Throws<ArgumentException>(() => LogitFilters.TopP(value)).Message);
        Assert.Contains("fracNumTokens must be above 0 and at most 1", Assert.Throws<ArgumentException>(() => LogitFilters.TopK(value)).Message);
        if (value < 1) Assert.Contains("minPPow must be at least 0", Assert.Throws<ArgumentException>(() => LogitFilters.TopA(value)).Message);
        Assert.Contains("Alpha must be above 0 and at most 1", Refusal(net => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 4), 2, new() { AmateurModels = [new(net, value)] })));
        if (value < 1) Assert.Contains("Beta must be at least 0", Refusal(net => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 4), 2, new() { AmateurModels = [new(net, 0.1, value)] })));
    }

    [Fact]
    public void A_filter_beside_weaker_models_is_refused() => Assert.Contains("FilterLogitsFn and AmateurModels cannot be used together", Refusal(net =>
        new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 4), 2, new() { AmateurModels = [new(net)], FilterLogitsFn = LogitFilters.TopP() })));

    [Fact]
    public void A_feed_forward_block_says_what_does_not_fit()
    {
        using var block = new FeedForward(new() { Dim = 32 });
        string Message(Tensor x) => Assert.Throws<ArgumentException>(() => block.forward(x)).Message;
        Assert.Contains("x must be [batch, seq, 32], but is [2, 3, 16]", Message(randn(2, 3, 16)));
        Assert.Contains("x is Float64, but the model is Float32", Message(randn(2, 3, 32, dtype: ScalarType.Float64)));
        Assert.Contains("x is on meta, but the model is on", Message(zeros([2, 3, 32], device: new Device(DeviceType.META))));
    }

    [Fact]
    public void A_context_of_another_batch_or_device_is_refused_by_stacks_and_layers()
    {
        using var scope = NewDisposeScope();
        using var stack = new Decoder(SmallModels.Layers with { CrossAttend = true });
        using var layer = new Attention(new() { Dim = 32, DimHead = 8, Heads = 2 });
        var x = randn(2, 3, 32);
        foreach (var forward in new Func<Tensor, Tensor?, Tensor>[] { (context, mask) => stack.forward(x, context: context, contextMask: mask), (context, mask) => layer.forward(x, context, contextMask: mask) })
        {
            string Message(Tensor context, Tensor? mask = null) => Assert.Throws<ArgumentException>(() => forward(context, mask)).Message;
            Assert.Contains("context must be [batch, keys, dim] with a batch of 2, but is [3, 4, 32]", Message(randn(3, 4, 32)));
            Assert.Contains("context is on meta", Message(zeros([2, 4, 32], device: new Device(DeviceType.META))));
            Assert.Contains("contextMask must be [2, 4], but is [2, 5]", Message(randn(2, 4, 32), ones(2, 5, dtype: ScalarType.Bool)));
            Assert.Contains("contextMask is on meta", Message(randn(2, 4, 32), ones([2, 4], dtype: ScalarType.Bool, device: new Device(DeviceType.META))));
        }
        using var three = new Attention(new() { Dim = 32, DimHead = 8, Heads = 2, QkvReceiveDiffResiduals = true });
        Assert.Contains("x must be [3, batch, seq, 32]", Assert.Throws<ArgumentException>(() => three.forward(x)).Message);
        Assert.Equal([2, 3, 32], three.forward(randn(3, 2, 3, 32)).shape);
    }

    [Fact]
    public void Stacks_and_layers_refuse_hidden_states_that_do_not_fit()
    {
        using var scope = NewDisposeScope();
        using var stack = new Decoder(SmallModels.Layers);
        using var layer = new Attention(new() { Dim = 32, DimHead = 8, Heads = 2 });
        foreach (var forward in new Func<Tensor, Tensor>[] { x => stack.forward(x), x => layer.forward(x) })
        {
            Assert.Contains("x is on meta", Assert.Throws<ArgumentException>(() => forward(zeros([2, 3, 32], device: new Device(DeviceType.META)))).Message, StringComparison.Ordinal);
            Assert.Contains("x must be [batch, seq, 32], but is [2, 3, 16]", Assert.Throws<ArgumentException>(() => forward(randn(2, 3, 16))).Message, StringComparison.Ordinal);
            Assert.Contains("x is Int64", Assert.Throws<ArgumentException>(() => forward(ones(2, 3, 32, dtype: ScalarType.Int64))).Message, StringComparison.Ordinal);
        }
    }
}
