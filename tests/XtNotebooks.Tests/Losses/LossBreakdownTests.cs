using TorchSharp;
using XtNotebooks.Losses;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Losses;

public sealed class LossBreakdownTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    /// <summary>Logits with which each target costs exactly the given nats: the rest of the probability goes to another token.</summary>
    private static Tensor LogitsThatCost(Tensor targets, double[,] nats, int numTokens)
    {
        var logits = full([targets.shape[0], targets.shape[1], numTokens], -1e9f);
        for (var row = 0; row < targets.shape[0]; row++)
        {
            for (var column = 0; column < targets.shape[1]; column++)
            {
                var target = targets[row, column].item<long>();
                target = target < 0 ? 0 : target;
                var p = Math.Exp(-nats[row, column]);
                logits[row, column, target] = (float)Math.Log(p);
                logits[row, column, (target + 1) % numTokens] = (float)Math.Log(1 - p);
            }
        }
        return logits;
    }

    [Fact]
    public void The_parts_say_count_share_mean_and_share_of_the_sum()
    {
        var targets = tensor(new long[,] { { 5, 6, 0, 0 }, { 7, 0, 0, 0 } });
        var logits = LogitsThatCost(targets, new[,] { { 4.0, 5.0, 0.1, 0.1 }, { 3.0, 0.1, 0.1, 0.1 } }, 8);
        var breakdown = LossBreakdown.From(logits, targets, padId: 0);

        Assert.Equal(3, breakdown.Real.Count);
        Assert.Equal(5, breakdown.Pads.Count);
        Assert.Equal(0, breakdown.Ignored.Count);
        Assert.Equal(3 / 8.0, breakdown.Real.ShareOfDenominator);
        Assert.Equal(4.0, breakdown.Real.Mean!.Value, 1e-5);
        Assert.Equal(0.1, breakdown.Pads.Mean!.Value, 1e-5);
        Assert.Equal(12 / 12.5, breakdown.Real.ShareOfSum, 1e-5);
        Assert.Equal(12.5 / 8, breakdown.Reported!.Value, 1e-5);
        Assert.Equal("63 % of the counted targets are pads at 0.10 nats; they pull the real tokens' 4.00 down to the reported 1.56.", breakdown.Summary);
        Assert.StartsWith("new AutoregressiveWrapper(net, ignoreIndex: 0, padValue: 0)", breakdown.Fix);
    }

    [Fact]
    public void Ignored_pads_are_not_in_the_mean_but_their_cost_is_told()
    {
        var targets = tensor(new long[,] { { 5, 6, 0, 0 } });
        var logits = LogitsThatCost(targets, new[,] { { 4.0, 5.0, 0.2, 0.4 } }, 8);
        var breakdown = LossBreakdown.From(logits, targets, padId: 0, ignoreIndex: 0);
        Assert.Equal((2, 0, 2), (breakdown.Real.Count, breakdown.Pads.Count, breakdown.Ignored.Count));
        Assert.Equal(0.3, breakdown.Ignored.Mean!.Value, 1e-5);
        Assert.Equal((0, 0), (breakdown.Ignored.ShareOfSum, breakdown.Ignored.ShareOfDenominator));
        Assert.Equal("All 2 counted targets are real tokens; their mean is the reported 4.50 nats (2 more are ignored).", breakdown.Summary);
        Assert.Null(breakdown.Fix);
    }

    [Fact]
    public void A_batch_with_every_target_ignored_says_nothing_to_learn_from_and_no_number_is_NaN()
    {
        var breakdown = LossBreakdown.From(randn(2, 3, 8), zeros(2, 3, int64), padId: 0, ignoreIndex: 0);
        Assert.True(breakdown.NothingToLearn);
        Assert.Null(breakdown.Reported);
        Assert.Equal("Nothing to learn from: every one of the 6 targets is the ignored id 0.", breakdown.Summary);
        Assert.Equal(2, breakdown.RowsWithNothingToLearn);
        Assert.All(breakdown.Parts, part => Assert.True(double.IsFinite(part.ShareOfSum) && double.IsFinite(part.ShareOfDenominator) && part.Mean is null or > 0));
        Assert.All(breakdown.Counterfactuals, c => Assert.False(c.Reported is double.NaN));
    }

    [Fact]
    public void Labels_of_minus_100_are_ignored_without_a_cost_of_their_own()
    {
        var targets = tensor(new long[,] { { 5, -100, -100 } });
        var breakdown = LossBreakdown.From(randn(1, 3, 8), targets, padId: 0);
        Assert.Equal((1, 0, 2), (breakdown.Real.Count, breakdown.Pads.Count, breakdown.Ignored.Count));
        Assert.Null(breakdown.Ignored.Mean);
        Assert.Equal(0, breakdown.IgnoredRealTokens);
    }

    [Fact]
    public void Real_tokens_that_carry_the_ignored_id_are_named()
    {
        var targets = tensor(new long[,] { { 5, 6, 2, 2, 2 } });
        var real = tensor(new[,] { { true, true, true, false, false } });
        var breakdown = LossBreakdown.From(randn(1, 5, 8), targets, padId: 2, ignoreIndex: 2, new() { Real = real, EosId = 2 });
        Assert.Equal(1, breakdown.IgnoredRealTokens);
        Assert.EndsWith("1 ignored target is a token of the data, which the model never learns to predict.", breakdown.Summary);
        Assert.StartsWith("wrapper.forward(x, lens: lengths)", breakdown.Fix);
    }

    [Fact]
    public void Where_pad_is_the_end_of_text_the_first_pad_after_the_text_is_taken_as_its_end()
    {
        var targets = tensor(new long[,] { { 5, 6, 2, 2, 2 }, { 5, 6, 7, 7, 2 } });
        var breakdown = LossBreakdown.From(randn(2, 5, 8), targets, padId: 2, options: new() { EosId = 2 });
        Assert.Equal((8, 2), (breakdown.Real.Count, breakdown.Pads.Count));
        Assert.True(breakdown.PadIdIsRealToken);
        Assert.Equal(2, breakdown.ByTokenClass.Single(c => c.Name == "end of text").Count);
    }

    [Fact]
    public void Positions_and_classes_add_up_to_the_whole()
    {
        manual_seed(3);
        var targets = randint(0, 10, [4, 7], dtype: int64);
        var breakdown = LossBreakdown.From(randn(4, 7, 10), targets, padId: 0, options: new() { TokenClass = id => id < 5 ? "low" : "high" });
        var sum = breakdown.Reported!.Value * breakdown.Counted;
        Assert.Equal(7, breakdown.ByPosition.Count);
        Assert.Equal(sum, breakdown.ByPosition.Sum(p => p.RealCount * (p.RealMean ?? 0) + p.PadCount * (p.PadMean ?? 0)), 1e-4);
        Assert.Equal(sum, breakdown.ByTokenClass.Sum(c => c.Count * c.Mean), 1e-4);
        Assert.Equal(1, breakdown.ByTokenClass.Sum(c => c.ShareOfSum), 1e-9);
        Assert.Equal(["high", "low", "pads"], breakdown.ByTokenClass.Select(c => c.Name).Order());
    }

    [Theory]
    [InlineData(ScalarType.Float64, 1e-12)]
    [InlineData(ScalarType.Float32, 1e-6)]
    [InlineData(ScalarType.BFloat16, 1e-2)]
    [InlineData(ScalarType.Float16, 1e-3)]
    public void Logits_of_every_precision_are_taken_apart(ScalarType type, double tolerance)
    {
        manual_seed(1);
        var logits = randn([2, 5, 9], dtype: ScalarType.Float64);
        var targets = randint(0, 9, [2, 5], dtype: int64);
        var exact = nn.functional.cross_entropy(logits.reshape(-1, 9), targets.reshape(-1)).item<double>();
        Assert.Equal(exact, LossBreakdown.From(logits.to(type), targets, padId: 0).Reported!.Value, tolerance);
    }

    [Fact]
    public void Logits_that_are_not_finite_are_told_and_not_dressed_up()
    {
        var logits = randn(1, 2, 4);
        logits[0, 0, 1] = float.NaN;
        var breakdown = LossBreakdown.From(logits, tensor(new long[,] { { 1, 2 } }), padId: 0);
        Assert.Equal("The reported loss is not a number: the logits of a counted target hold NaN or infinity.", breakdown.Summary);
    }

    [Fact]
    public void It_leaves_no_tensor_behind_and_the_graph_usable()
    {
        var logits = randn([2, 3, 5], requires_grad: true);
        var targets = randint(0, 5, [2, 3], dtype: int64);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        LossBreakdown.From(logits, targets, padId: 0, options: new() { GradientOf = [logits] });
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        nn.functional.cross_entropy(logits.reshape(-1, 5), targets.reshape(-1)).backward();
        Assert.NotNull(logits.grad);
    }
}
