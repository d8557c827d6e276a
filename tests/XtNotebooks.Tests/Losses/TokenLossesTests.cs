using TorchSharp;
using XtNotebooks.Losses;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Losses;

public sealed class TokenLossesTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Every_token_has_its_own_loss_and_ignored_ones_have_none()
    {
        var logits = randn(2, 3, 7);
        var targets = tensor(new long[,] { { 1, 2, 0 }, { 6, 0, 0 } });
        var losses = TokenLosses.PerToken(logits, targets, ignoreIndex: 0);
        Assert.Equal([2, 3], losses.shape);
        Assert.Equal(0f, losses[0, 2].item<float>());
        Assert.Equal(-nn.functional.log_softmax(logits, -1)[1, 0, 6].item<float>(), losses[1, 0].item<float>(), 1e-5f);
    }

    [Fact]
    public void The_losses_carry_the_graph()
    {
        var logits = randn([1, 2, 5], requires_grad: true);
        TokenLosses.PerToken(logits, ones(1, 2, int64)).sum().backward();
        Assert.True(logits.grad!.abs().sum().item<float>() > 0);
    }

    [Fact]
    public void The_mean_of_a_batch_with_every_target_ignored_is_torchs_NaN() =>
        Assert.True(float.IsNaN(TokenLosses.Mean(randn(1, 2, 5), zeros(1, 2, int64), ignoreIndex: 0).item<float>()));

    [Theory]
    [InlineData(-100)]
    [InlineData(0)]
    [InlineData(5)]
    public void The_reported_loss_is_cross_entropys_own_value_to_the_bit(long ignoreIndex)
    {
        var logits = randn(4, 9, 13);
        var targets = randint(0, 13, [4, 9], dtype: int64);
        targets[0] = ignoreIndex;
        var own = nn.functional.cross_entropy(logits.reshape(-1, 13), targets.reshape(-1), ignore_index: ignoreIndex).item<float>();
        Assert.Equal(own, LossBreakdown.From(logits, targets, padId: 0, ignoreIndex).Reported!.Value);
        Assert.Equal(own, TokenLosses.Mean(logits, targets, ignoreIndex).item<float>());
    }

    [Fact]
    public void The_gradients_shares_are_those_of_the_definition()
    {
        manual_seed(2);
        var weight = randn([4, 6], requires_grad: true);
        var hidden = randn(1, 4, 4);
        var targets = tensor(new long[,] { { 3, 4, 0, 0 } });
        var breakdown = LossBreakdown.From(hidden.matmul(weight), targets, padId: 0, options: new() { GradientOf = [weight] });

        var total = Gradient(hidden, targets, -100);
        var pads = Gradient(hidden, tensor(new long[,] { { -100, -100, 0, 0 } }), -100) / 2;    // its mean is over 2 of the 4
        Assert.Equal((pads * total).sum().item<float>() / total.square().sum().item<float>(), breakdown.Pads.ShareOfGradient!.Value, 1e-5);

        Tensor Gradient(Tensor h, Tensor t, long ignore) =>
            autograd.grad([nn.functional.cross_entropy(h.matmul(weight).transpose(1, 2), t, ignore_index: ignore)], [weight])[0];
    }
}
