using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Training.TinyRuns;

namespace XtNotebooks.Tests.Training;

public sealed class AccumulationTests
{
    [Fact]
    public void Accumulated_steps_are_those_of_one_large_batch()
    {
        // Unequal rows: the mean of the two means is another number.
        long[][] rows = [[5, 6, 7, 8, 9, 10], [5, 6], [3, 4, 5], [7, 8]];
        using var whole = PaddedBatch.From(rows, padId: 0, length: 8);
        using var first = PaddedBatch.From(rows[..1], padId: 0, length: 8);
        using var rest = PaddedBatch.From(rows[1..], padId: 0, length: 8);
        using var large = Tiny.Net();
        using var small = Tiny.Net();
        using var one = new Trainer(TrainedModel.From(large), [whole], LossSetting.IgnorePads);
        using var two = new Trainer(TrainedModel.From(small), [first, rest], LossSetting.IgnorePads, new() { Accumulation = 2 });
        Assert.Equal(one.Train(1).Steps[0].ReportedLoss, two.Train(1).Steps[0].ReportedLoss, 1e-6);
        foreach (var ((_, a), (_, b)) in large.named_parameters().Zip(small.named_parameters()))
            Assert.True(a.allclose(b, atol: 2e-5), "the step differs");
    }

    // Six, two, three and two letters: no two batches of them count alike.
    private static readonly long[][] Unequal = [[5, 6, 7, 8, 9, 10], [5, 6], [3, 4, 5], [7, 8]];

    private static (TrainingStep Whole, TrainingStep Parts, bool SameWeights) Accumulated(LossSetting setting)
    {
        using var whole = PaddedBatch.From(Unequal, padId: 0, length: 8);
        using var first = PaddedBatch.From(Unequal[..1], padId: 0, length: 8);
        using var rest = PaddedBatch.From(Unequal[1..], padId: 0, length: 8);
        using var large = Tiny.Net();
        using var small = Tiny.Net();
        // Plain gradient descent: Adam would hide a factor.
        var options = new TrainerOptions { RecordGradientNorm = true, Optimizer = (parameters, rate) => optim.SGD(parameters, rate) };
        using var one = new Trainer(TrainedModel.From(large), [whole], setting, options);
        using var two = new Trainer(TrainedModel.From(small), [first, rest], setting, options with { Accumulation = 2 });
        var steps = (one.Train(1).Steps[0], two.Train(1).Steps[0]);
        return (steps.Item1, steps.Item2, large.named_parameters().Zip(small.named_parameters()).All(pair => pair.First.parameter.allclose(pair.Second.parameter, atol: 1e-6)));
    }

    [Theory]
    [InlineData("ignoring pads")]
    [InlineData("counting pads")]
    [InlineData("smoothed")]
    [InlineData("masked mean over all")]
    [InlineData("sum")]
    public void A_loss_of_somebodys_own_accumulates_by_what_it_divides_by(string name)
    {
        var (whole, parts, same) = Accumulated(LossSetting.From(name, (logits, targets) => name switch
        {
            "ignoring pads" => nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: 0),
            "counting pads" => nn.functional.cross_entropy(logits.transpose(1, 2), targets),
            "smoothed" => nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: 0, label_smoothing: 0.1),
            "sum" => nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: 0, reduction: nn.Reduction.Sum),
            _ => (nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction: nn.Reduction.None) * targets.ne(0)).mean(),
        }));
        Assert.Equal(whole.ReportedLoss, parts.ReportedLoss, 1e-4);
        Assert.Equal(whole.GradientNorm!.Value, parts.GradientNorm!.Value, 1e-4);
        Assert.True(same, "the step differs");
    }

    [Fact]
    public void One_whose_denominator_cannot_be_known_is_not_accumulated_unless_it_tells()
    {
        using var classes = ones(12);
        classes[5] = 3;
        var unequal = LossSetting.From("weighted", (logits, targets) => nn.functional.cross_entropy(logits.transpose(1, 2), targets, weight: classes, ignore_index: 0));
        Assert.StartsWith("The loss \"weighted\" weighs its targets unequally, so that accumulated batches cannot be weighed as one large batch; give its LossSetting a Counted",
            Assert.Throws<ArgumentException>(() => Accumulated(unequal)).Message);
        var silent = new LossSetting("silent", (model, batch) => LossSetting.Manual.Loss(model, batch));
        Assert.StartsWith("The loss \"silent\" does not tell how many targets it averages", Assert.Throws<ArgumentException>(() => Accumulated(silent)).Message);
        Assert.True(Accumulated(silent with { Counted = LossSetting.Manual.Counted }).SameWeights);
    }

    [Fact]
    public void A_part_that_a_loss_of_somebodys_own_does_not_count_at_all_does_not_spoil_it()
    {
        using var real = PaddedBatch.From([[5L, 6, 7]], padId: 0, length: 4);
        using var empty = PaddedBatch.From([[5L]], padId: 0, length: 4);
        using var net = Tiny.Net();
        using var trainer = new Trainer(TrainedModel.From(net), [empty, real],
            LossSetting.From("own", (logits, targets) => nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: 0)), new() { Accumulation = 2 });
        Assert.True(double.IsFinite(trainer.Train(1).Steps[0].ReportedLoss));
    }

    [Fact]
    public void A_part_of_an_accumulated_step_that_counts_nothing_does_not_spoil_it()
    {
        using var real = PaddedBatch.From([[5L, 6, 7]], padId: 0, length: 4);
        using var empty = PaddedBatch.From([[5L]], padId: 0, length: 4);
        using var net = Tiny.Net();
        using var trainer = new Trainer(TrainedModel.From(net), [real, empty], LossSetting.IgnorePads, new() { Accumulation = 2 });
        Assert.True(double.IsFinite(trainer.Train(1).Steps[0].ReportedLoss));
    }
}
