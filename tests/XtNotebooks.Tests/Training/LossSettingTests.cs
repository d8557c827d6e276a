using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Training.TinyRuns;

namespace XtNotebooks.Tests.Training;

public sealed class LossSettingTests
{
    [Fact]
    public void By_hand_and_by_the_wrapper_are_the_same_to_the_bit_where_they_are_the_same_computation()
    {
        var ignoring = Reported(Train(LossSetting.IgnorePads)).ToList();
        Assert.Equal(ignoring, Reported(Train(LossSetting.Manual)));
        Assert.Equal(ignoring, Reported(Train(LossSetting.Lens)));
        Assert.Equal(Reported(Train(LossSetting.WrapperDefaults)), Reported(Train(LossSetting.ManualWithoutIgnore)));
        // n - 1 tokens instead of n: the same mathematics, other shapes, so other rounding.
        Assert.All(ignoring.Zip(Reported(Train(LossSetting.ManualShort))), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Fact]
    public void Settings_that_count_pads_report_less_and_start_from_the_same_real_token_loss()
    {
        var (counting, ignoring) = (Train(LossSetting.WrapperDefaults, steps: 40), Train(LossSetting.IgnorePads, steps: 40));
        Assert.Equal(ignoring.Steps[0].RealLoss!.Value, counting.Steps[0].RealLoss!.Value, 1e-6);
        Assert.True(counting.Last(10).Reported < ignoring.Last(10).Reported);
    }

    [Fact]
    public void A_mask_hides_pads_from_attention_yet_counts_them()
    {
        var run = Train(LossSetting.Mask, steps: 1);
        var whole = (run.Steps[0].RealTokens * run.Steps[0].RealLoss!.Value + run.Steps[0].PadTokens * run.Steps[0].PadLoss!.Value)
            / (run.Steps[0].RealTokens + run.Steps[0].PadTokens);
        Assert.Equal(whole, run.Steps[0].ReportedLoss, 1e-5);
        Assert.NotEqual(Train(LossSetting.WrapperDefaults, steps: 1).Steps[0].ReportedLoss, run.Steps[0].ReportedLoss);
    }

    [Theory]
    [InlineData("wrapper's defaults")]
    [InlineData("ignoreIndex: pad")]
    [InlineData("lens:")]
    public void The_settings_do_the_same_to_a_model_that_is_not_ours(string name)
    {
        var setting = new[] { LossSetting.WrapperDefaults, LossSetting.IgnorePads, LossSetting.Lens }.Single(s => s.Name == name);
        using var bigram = new Bigram();
        using var trainer = new Trainer(TrainedModel.From(bigram), Tiny.Motif(), setting);
        var step = trainer.Train(1).Steps[0];
        var expected = name == "wrapper's defaults"
            ? (step.RealTokens * step.RealLoss!.Value + step.PadTokens * step.PadLoss!.Value) / (step.RealTokens + step.PadTokens)
            : step.RealLoss!.Value;
        Assert.Equal(expected, step.ReportedLoss, 1e-5);
    }

    [Fact]
    public void Anybodys_loss_is_minimised()
    {
        using var bigram = new Bigram();
        var smoothed = LossSetting.From("smoothed", (logits, targets) =>
            nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: 0, label_smoothing: 0.1));
        using var trainer = new Trainer(TrainedModel.From(bigram), Tiny.Motif(), smoothed, new() { LearningRate = 0.05 });
        var run = trainer.Train(30);
        Assert.True(run.Steps[^1].ReportedLoss < run.Steps[0].ReportedLoss);
        Assert.Equal("smoothed", run.Name);
    }

    [Fact]
    public void The_split_is_the_same_wherever_the_logits_lie()
    {
        var strided = new LossSetting("strided", (model, batch) =>
        {
            var logits = model.Forward(batch.Ids)[.., ..^1];
            return new(nn.functional.cross_entropy(logits.transpose(1, 2), batch.Ids[.., 1..]), logits.transpose(1, 2).contiguous().transpose(1, 2));
        });
        using var one = Tiny.Net();
        using var other = Tiny.Net();
        using var inPlace = new Trainer(TrainedModel.From(one), Tiny.Motif(), LossSetting.WrapperDefaults);
        using var copied = new Trainer(TrainedModel.From(other), Tiny.Motif(), strided);
        foreach (var (a, b) in inPlace.Train(3).Steps.Zip(copied.Train(3).Steps))
        {
            Assert.Equal((a.RealTokens, a.PadTokens), (b.RealTokens, b.PadTokens));
            Assert.Equal(a.ReportedLoss, b.ReportedLoss, 1e-5);
            Assert.Equal(a.RealLoss!.Value, b.RealLoss!.Value, 1e-5);
            Assert.Equal(a.PadLoss!.Value, b.PadLoss!.Value, 1e-5);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Targets_that_are_no_tokens_have_no_cost(bool strided)
    {
        using var net = Tiny.Net();
        // Labels that torch itself would ignore, put into the ids.
        using var batch = PaddedBatch.From([[5L, 6, 7, 8], [5L, 6]], padId: -100);
        var setting = new LossSetting("own", (model, batch) =>
        {
            var logits = model.Forward(batch.Ids.clamp_min(0))[.., ..^1];
            return new(nn.functional.cross_entropy(logits.transpose(1, 2), batch.Ids[.., 1..]), strided ? logits.transpose(1, 2).contiguous().transpose(1, 2) : logits);
        });
        using var trainer = new Trainer(TrainedModel.From(net), [batch], setting);
        var step = trainer.Train(1).Steps[0];
        Assert.Equal((4L, 2L, null), (step.RealTokens, step.PadTokens, step.PadLoss));
        Assert.Equal(step.ReportedLoss, step.RealLoss!.Value, 1e-5);
    }
}
