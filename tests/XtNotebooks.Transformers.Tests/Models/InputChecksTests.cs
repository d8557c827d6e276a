using XtNotebooks.Transformers.Tests.Golden;
using static XtNotebooks.Transformers.Tests.Models.Refusals;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>Masks, contexts and positions that do not fit are refused with a sentence.</summary>
public sealed class InputChecksTests
{
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

    [Theory]
    [InlineData(12)]
    [InlineData(-1)]
    public void A_start_outside_of_the_sequence_is_named_with_its_place(long start) => Assert.Contains(
        $"SeqStartPos must be from 0 to 11, since there are 12 positions, but is {start} at batch 1",
        Refusal(net => net.forward(SmallModels.Ids(), new TransformerInputs { SeqStartPos = tensor(new[] { 0L, start, 3 }) })), StringComparison.Ordinal);
}
