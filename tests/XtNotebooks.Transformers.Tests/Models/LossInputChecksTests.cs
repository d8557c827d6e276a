using XtNotebooks.Transformers.Tests.Golden;
using static XtNotebooks.Transformers.Tests.Models.Refusals;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>What a wrapper computes a loss from fits its net, or is refused with a sentence.</summary>
public sealed class LossInputChecksTests
{
    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    public void A_wrappers_mask_is_as_long_as_its_ids(long length) => Assert.Contains(
        $"mask must be [3, 12], but is [3, {length}]",
        Refusal(net => new AutoregressiveWrapper(net).forward(SmallModels.Ids(), mask: ones(3, length, dtype: ScalarType.Bool))), StringComparison.Ordinal);

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
    public void A_net_without_logits_for_every_position_cannot_be_trained_to_continue()
    {
        foreach (var (pooling, name) in new (Func<TransformerWrapperOptions, TransformerWrapperOptions>, string)[]
                 {
                     (o => o with { ReturnOnlyEmbed = true }, "ReturnOnlyEmbed"), (o => o with { AveragePoolEmbed = true }, "AveragePoolEmbed"),
                     (o => o with { UseClsToken = true }, "UseClsToken"),
                 })
            Assert.Contains(name, Refusal(net => new AutoregressiveWrapper(net), pooling), StringComparison.Ordinal);
    }
}
