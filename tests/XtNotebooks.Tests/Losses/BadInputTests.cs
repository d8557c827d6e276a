using TorchSharp;
using XtNotebooks.Losses;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Losses;

public sealed class BadInputTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static string Refusal(Tensor logits, Tensor targets, long ignoreIndex = -100)
    {
        var message = Assert.Throws<ArgumentException>(() => TokenLosses.PerToken(logits, targets, ignoreIndex)).Message;
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => LossBreakdown.From(logits, targets, 0, ignoreIndex)).Message);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    [Fact]
    public void Logits_with_the_vocabulary_in_the_middle_are_told_to_be_transposed() =>
        Assert.EndsWith("transpose them, logits.transpose(1, 2).", Refusal(randn(2, 9, 5), zeros(2, 5, int64)));

    [Fact]
    public void Logits_one_longer_than_the_targets_are_told_to_drop_the_last() =>
        Assert.Equal("The logits are [2, 5, 9] and the targets [2, 4]: the last logit has no target: drop it, logits[.., ..^1, ..].",
            Refusal(randn(2, 5, 9), zeros(2, 4, int64)));

    [Fact]
    public void Targets_one_longer_than_the_logits_are_told_to_drop_the_first() =>
        Assert.Contains("targets[.., 1..]", Refusal(randn(2, 4, 9), zeros(2, 5, int64)));

    [Fact]
    public void Another_batch_is_told() => Assert.Contains("not of the same batch", Refusal(randn(3, 5, 9), zeros(2, 5, int64)));

    [Fact]
    public void Flat_logits_are_told_the_shape_they_should_have() =>
        Assert.Equal("The logits must be [batch, seq, numTokens] and the targets [batch, seq], but they are [10, 9] and [10].", Refusal(randn(10, 9), zeros(10, int64)));

    [Fact]
    public void Targets_of_another_type_are_told_how_to_convert() =>
        Assert.Equal("The targets must be int64, but are Int32; convert them: targets.to(torch.int64).", Refusal(randn(1, 2, 3), zeros(1, 2, int32)));

    [Fact]
    public void Logits_that_are_no_floats_are_told() => Assert.StartsWith("The logits must be floating point, but are Int64", Refusal(ones(1, 2, 3, int64), zeros(1, 2, int64)));

    [Fact]
    public void An_id_outside_the_vocabulary_is_named_with_its_place()
    {
        var targets = tensor(new long[,] { { 1, 2, 3 }, { 1, 9, 12 } });
        Assert.Equal("The target in row 1, position 1 is 9, but the logits know 9 tokens (0 to 8); 2 of 6 targets are outside; the model's numTokens or the tokenizer is wrong.",
            Refusal(randn(2, 3, 9), targets));
    }

    [Fact]
    public void A_negative_id_that_is_not_the_ignored_one_is_told_what_to_pass() =>
        Assert.Equal("The target in row 0, position 1 is -1, but the logits know 9 tokens (0 to 8); if -1 means 'ignore', pass ignoreIndex: -1.",
            Refusal(randn(1, 2, 9), tensor(new long[,] { { 1, -1 } })));

    [Fact]
    public void A_real_mask_of_another_shape_is_told_to_lose_its_first_column()
    {
        var error = Assert.Throws<ArgumentException>(() => LossBreakdown.From(randn(1, 2, 9), zeros(1, 2, int64), 0, options: new() { Real = ones(1, 3, @bool) }));
        Assert.Contains("mask[.., 1..]", error.Message);
    }

    [Fact]
    public void Gradient_shares_of_logits_without_a_graph_are_refused_with_the_reason()
    {
        var weight = randn([4, 4], requires_grad: true);
        var error = Assert.Throws<ArgumentException>(() => LossBreakdown.From(randn(1, 2, 9), zeros(1, 2, int64), 0, options: new() { GradientOf = [weight] }));
        Assert.Contains("outside no_grad()", error.Message);
        Assert.Throws<ArgumentException>(() => LossBreakdown.From(randn([1, 2, 9], requires_grad: true), zeros(1, 2, int64), 0, options: new() { GradientOf = [] }));
    }

    [Fact]
    public void Gradient_shares_after_backward_has_freed_the_graph_are_refused_and_the_process_lives()
    {
        var weight = randn([4, 9], requires_grad: true);
        var logits = randn(1, 2, 4).matmul(weight).softmax(-1);
        var targets = tensor(new long[,] { { 1, 0 } });
        TokenLosses.Mean(logits, targets).backward();
        var error = Assert.Throws<ArgumentException>(() => LossBreakdown.From(logits, targets, 0, options: new() { GradientOf = [weight] }));
        Assert.Contains("before backward()", error.Message);
    }

    [Fact]
    public void Frozen_parameters_have_no_share_and_frozen_ones_alone_are_refused()
    {
        var (weight, frozen) = (randn([4, 9], requires_grad: true), randn(9));
        var logits = randn(1, 2, 4).matmul(weight) + frozen;
        var targets = tensor(new long[,] { { 1, 0 } });
        var breakdown = LossBreakdown.From(logits, targets, 0, options: new() { GradientOf = [weight, frozen] });
        Assert.Equal(1, breakdown.Real.ShareOfGradient!.Value + breakdown.Pads.ShareOfGradient!.Value, 1e-9);
        Assert.Contains("frozen", Assert.Throws<ArgumentException>(() => LossBreakdown.From(logits, targets, 0, options: new() { GradientOf = [frozen] })).Message);
    }

    [Fact]
    public void Gradient_shares_leave_the_gradients_that_are_there_as_they_were()
    {
        var (weight, untouched) = (randn([4, 9], requires_grad: true), randn([3], requires_grad: true));
        weight.sum().backward();
        LossBreakdown.From(randn(1, 2, 4).matmul(weight), tensor(new long[,] { { 1, 0 } }), 0, options: new() { GradientOf = [weight, untouched] });
        Assert.True(weight.grad!.eq(1).all().item<bool>());
        Assert.Null(untouched.grad);
    }
}
