using TorchSharp;
using XtNotebooks.Losses;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Losses;

public sealed class CounterfactualTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static LossCounterfactual Find(LossBreakdown breakdown, string setting) => breakdown.Counterfactuals.Single(c => c.Setting == setting);

    private static double CrossEntropy(Tensor logits, Tensor targets, long ignore) =>
        nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: ignore).item<float>();

    [Fact]
    public void With_right_padding_each_loss_setting_is_told_from_the_same_logits()
    {
        manual_seed(5);
        var logits = randn(2, 5, 8);
        var targets = tensor(new long[,] { { 3, 4, 5, 0, 0 }, { 3, 0, 0, 0, 0 } });
        var breakdown = LossBreakdown.From(logits, targets, padId: 0);
        var (all, real) = (CrossEntropy(logits, targets, -100), CrossEntropy(logits, targets, 0));
        Assert.Equal(all, Find(breakdown, "wrapper's defaults").Reported!.Value, 1e-6);
        Assert.Equal(all, Find(breakdown, "manual, no ignore_index").Reported!.Value, 1e-6);
        Assert.Equal(real, Find(breakdown, "manual, ignore_index: pad").Reported!.Value, 1e-6);
        Assert.Equal(real, Find(breakdown, "ignoreIndex: pad").Reported!.Value, 1e-6);
        Assert.Equal(real, Find(breakdown, "lens:").Reported!.Value, 1e-6);
        Assert.Equal(4, Find(breakdown, "lens:").Counted);
    }

    [Fact]
    public void Mask_and_maskProb_need_another_forward()
    {
        var breakdown = LossBreakdown.From(randn(1, 4, 8), tensor(new long[,] { { 3, 4, 0, 0 } }), padId: 0);
        Assert.All(["mask:", "maskProb: 0.15"], setting =>
        {
            var counterfactual = Find(breakdown, setting);
            Assert.True(counterfactual.NeedsAnotherForward);
            Assert.Null(counterfactual.Reported);
            Assert.NotEmpty(counterfactual.Note);
        });
    }

    [Fact]
    public void Left_padding_labelled_minus_100_is_no_pad_to_a_wrapper_that_would_read_it_as_0()
    {
        manual_seed(5);
        var logits = randn(1, 4, 8);
        var targets = tensor(new long[,] { { -100, -100, 3, 4 } });
        // The model saw the pad id 5 where the labels are -100; the wrapper's defaults would have shown it 0.
        var defaults = Find(LossBreakdown.From(logits, targets, padId: 5), "wrapper's defaults");
        Assert.Equal((null, true, "the model would see 0 where it saw 5"), (defaults.Reported, defaults.NeedsAnotherForward, defaults.Note));
        Assert.Equal("it hides pads from attention that counted targets look at",
            Find(LossBreakdown.From(logits, targets, padId: 0), "mask:").Note);
        var same = LossBreakdown.From(logits, targets, padId: 0);
        Assert.Equal(same.Reported!.Value, Find(same, "wrapper's defaults").Reported!.Value, 1e-6);
        // On the right nothing that counts reads them.
        var right = LossBreakdown.From(logits, tensor(new long[,] { { 3, 4, -100, -100 } }), padId: 5);
        Assert.Equal(right.Reported!.Value, Find(right, "wrapper's defaults").Reported!.Value, 1e-6);
    }

    [Fact]
    public void Mask_changes_nothing_where_nothing_that_counts_sees_a_pad()
    {
        manual_seed(5);
        var logits = randn(1, 3, 8);
        // The one pad is the last target: nobody reads it.
        var targets = tensor(new long[,] { { 3, 4, 0 } });
        Assert.Equal(CrossEntropy(logits, targets, -100), Find(LossBreakdown.From(logits, targets, padId: 0), "mask:").Reported!.Value, 1e-6);
    }

    [Fact]
    public void Where_the_pad_id_is_a_token_of_the_data_lens_and_ignoring_the_id_differ()
    {
        manual_seed(5);
        var logits = randn(1, 5, 8);
        var targets = tensor(new long[,] { { 3, 0, 5, 0, 0 } });
        var real = tensor(new[,] { { true, true, true, false, false } });
        foreach (var options in new LossBreakdownOptions[] { new() { Real = real }, new() })
        {
            var breakdown = LossBreakdown.From(logits, targets, padId: 0, options: options);
            Assert.Equal(3, Find(breakdown, "lens:").Counted);
            Assert.Equal(CrossEntropy(logits[.., ..3], targets[.., ..3], -100), Find(breakdown, "lens:").Reported!.Value, 1e-6);
            Assert.Equal(2, Find(breakdown, "ignoreIndex: pad").Counted);
            Assert.NotEqual(Find(breakdown, "lens:").Reported!.Value, Find(breakdown, "ignoreIndex: pad").Reported!.Value, 1e-3);
        }
        Assert.Equal(1, LossBreakdown.From(logits, targets, padId: 0).PadsInsideRows);
        Assert.StartsWith("wrapper.forward(x, lens: lengths)", LossBreakdown.From(logits, targets, 0, options: new() { Real = real }).Fix);
        // Nobody said so, but a pad between real tokens may be one of them: a cure by the id could do harm.
        Assert.StartsWith("wrapper.forward(x, lens: lengths)", LossBreakdown.From(logits, targets, 0).Fix);
    }

    [Fact]
    public void Where_pad_is_the_end_of_text_lens_learns_the_end_and_ignoring_the_id_does_not()
    {
        manual_seed(5);
        var logits = randn(2, 5, 8);
        var targets = tensor(new long[,] { { 3, 4, 2, 2, 2 }, { 3, 4, 5, 6, 2 } });
        var breakdown = LossBreakdown.From(logits, targets, padId: 2, options: new() { EosId = 2 });
        Assert.Equal(8, Find(breakdown, "lens:").Counted);
        Assert.Equal(6, Find(breakdown, "ignoreIndex: pad").Counted);
        var lengths = tensor(new long[,] { { 3, 4, 2, -100, -100 }, { 3, 4, 5, 6, 2 } });
        Assert.Equal(CrossEntropy(logits, lengths, -100), Find(breakdown, "lens:").Reported!.Value, 1e-6);
    }

    [Fact]
    public void With_left_padding_and_a_shared_id_the_cure_is_not_by_lengths_and_counts_the_right_targets()
    {
        manual_seed(5);
        // pad = EOS = 2, on the left; x has one column more.
        var x = tensor(new long[,] { { 2, 2, 3, 4, 2 }, { 3, 4, 5, 6, 2 } });
        var mask = tensor(new[,] { { false, false, true, true, true }, { true, true, true, true, true } });
        using var net = new XtNotebooks.Transformers.TransformerWrapper(new()
        {
            NumTokens = 8, MaxSeqLen = 8, AttnLayers = new XtNotebooks.Transformers.Decoder(new() { Dim = 16, Depth = 1, Heads = 2 }),
        });
        var logits = net.forward(x)[.., ..^1].detach();
        var breakdown = LossBreakdown.From(logits, x[.., 1..], padId: 2, options: new() { EosId = 2, Real = mask[.., 1..] });
        Assert.StartsWith("new AutoregressiveWrapper(net, padValue: 2).forward(x.masked_fill(~mask, -100))", breakdown.Fix);
        var cured = new XtNotebooks.Transformers.AutoregressiveWrapper(net, padValue: 2).forward(x.masked_fill(mask.logical_not(), -100)).item<float>();
        Assert.Equal(breakdown.Real.Mean!.Value, cured, 1e-5);
    }

    [Fact]
    public void With_left_padding_another_padValue_needs_another_forward()
    {
        var targets = tensor(new long[,] { { 7, 7, 3, 4 }, { 1, 2, 3, 4 } });
        var breakdown = LossBreakdown.From(randn(2, 4, 8), targets, padId: 7);
        Assert.True(Find(breakdown, "ignoreIndex: pad").NeedsAnotherForward);
        Assert.Equal("the model would see 0 where it saw 7", Find(breakdown, "ignoreIndex: pad").Note);
        Assert.NotNull(Find(breakdown, "ignoreIndex: pad, padValue: pad").Reported);
        Assert.Null(Find(breakdown, "lens:").Reported);
        Assert.Contains("left padding", Find(breakdown, "lens:").Note);
    }

    [Fact]
    public void A_first_token_that_is_padding_is_seen_though_it_is_nobodys_target()
    {
        // x = [7, 7, 3, 4]: row 0's only pad among the targets is the first one, x[0] is another.
        var breakdown = LossBreakdown.From(randn(1, 3, 8), tensor(new long[,] { { 7, 3, 4 } }), padId: 7);
        Assert.True(Find(breakdown, "ignoreIndex: pad").NeedsAnotherForward);
        Assert.True(Find(breakdown, "mask:").NeedsAnotherForward);
    }

    [Fact]
    public void With_right_padding_another_padValue_is_the_same_computation_when_pads_do_not_count()
    {
        manual_seed(5);
        var logits = randn(1, 4, 8);
        var targets = tensor(new long[,] { { 3, 4, 7, 7 } });
        Assert.Equal(CrossEntropy(logits, targets, 7), Find(LossBreakdown.From(logits, targets, padId: 7), "ignoreIndex: pad").Reported!.Value, 1e-6);
    }

    [Fact]
    public void Logits_made_with_pads_replaced_do_not_tell_what_counting_them_would_report()
    {
        var breakdown = LossBreakdown.From(randn(1, 4, 8), tensor(new long[,] { { 3, 7, 7, 7 } }), padId: 7, ignoreIndex: 7, new() { PadValue = 0 });
        Assert.True(Find(breakdown, "wrapper's defaults").NeedsAnotherForward);
        Assert.NotNull(Find(breakdown, "ignoreIndex: pad").Reported);
        Assert.NotNull(Find(breakdown, "manual, ignore_index: pad").Reported);
    }

    [Fact]
    public void In_a_model_that_looks_ahead_a_replaced_pad_touches_every_token()
    {
        var breakdown = LossBreakdown.From(randn(1, 4, 8), tensor(new long[,] { { 3, 4, 7, 7 } }), padId: 7, options: new() { Causal = false });
        Assert.True(Find(breakdown, "ignoreIndex: pad").NeedsAnotherForward);
        Assert.NotNull(Find(breakdown, "ignoreIndex: pad, padValue: pad").Reported);
    }

    [Fact]
    public void Labels_of_minus_100_make_a_setting_that_ignores_another_id_fail_and_it_says_so()
    {
        var breakdown = LossBreakdown.From(randn(1, 3, 8), tensor(new long[,] { { 3, 4, -100 } }), padId: 0);
        Assert.NotNull(Find(breakdown, "wrapper's defaults").Reported);
        Assert.Equal("it would fail: the data holds -100, which is then no ignored id", Find(breakdown, "ignoreIndex: pad").Note);
    }

    [Fact]
    public void A_setting_that_ignores_every_target_is_told_not_computed()
    {
        var breakdown = LossBreakdown.From(randn(1, 3, 8), zeros(1, 3, int64), padId: 0);
        Assert.Equal((null, 0L), (Find(breakdown, "ignoreIndex: pad").Reported, Find(breakdown, "ignoreIndex: pad").Counted));
        Assert.Contains("NaN", Find(breakdown, "ignoreIndex: pad").Note);
    }
}
