using XtNotebooks.Transformers.Tests.Golden;
using static XtNotebooks.Transformers.Tests.Models.Refusals;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>Token ids, as inputs and as targets, are looked at before native code reads them.</summary>
public sealed class TokenIdChecksTests
{
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
}
