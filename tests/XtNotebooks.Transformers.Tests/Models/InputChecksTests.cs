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
}
