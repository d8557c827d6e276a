using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class TrainerTests
{
    private static TrainingRun Train(LossSetting setting, int steps = 10, TrainerOptions? options = null, int seed = 0, CancellationToken token = default)
    {
        using var net = Tiny.Net(seed);
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), setting, options);
        return trainer.Train(steps, token);
    }

    private static IEnumerable<double> Reported(TrainingRun run) => run.Steps.Select(step => step.ReportedLoss);

    [Fact]
    public void A_parameter_that_gets_no_gradient_is_left_as_it_is_as_in_Python()
    {
        using var scope = NewDisposeScope();
        var (always, once) = (nn.Linear(3, 1), nn.Linear(3, 1));
        using var both = nn.Sequential(("always", always), ("once", once));
        var x = ones(2, 3);
        using var trainer = Trainer.For(both, Enumerable.Range(0, 9), step => (always.call(x) + (step == 0 ? once.call(x) : zeros(1))).square().mean());
        trainer.Train(1);
        var (moving, still) = (always.weight.detach().clone(), once.weight.detach().clone());
        trainer.Train(1);
        Assert.False(always.weight.equal(moving).all().item<bool>());
        Assert.True(once.weight.equal(still).all().item<bool>()); // Adam's momentum would have moved it
        Assert.Null(once.weight.grad);
    }

    [Fact]
    public void A_run_learns_and_records_what_its_loss_is_made_of()
    {
        var run = Train(LossSetting.WrapperDefaults, steps: 60);
        Assert.Equal((TrainingEnd.Completed, 60, 60), (run.End, run.Steps.Count, run.PlannedSteps));
        Assert.True(run.Last(10).Reported < run.Steps[0].ReportedLoss - 0.3);
        Assert.All(run.Steps, step =>
        {
            var whole = (step.RealTokens * step.RealLoss!.Value + step.PadTokens * step.PadLoss!.Value) / (step.RealTokens + step.PadTokens);
            Assert.Equal(step.ReportedLoss, whole, 1e-5);
            Assert.Equal(1e-3, step.LearningRate);
        });
    }

    [Fact]
    public void The_same_seed_gives_the_same_run_to_the_bit() =>
        Assert.Equal(Reported(Train(LossSetting.IgnorePads)), Reported(Train(LossSetting.IgnorePads)));

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
    public void A_cancelled_run_is_whole_and_goes_on()
    {
        using var net = Tiny.Net();
        using var stop = new CancellationTokenSource();
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads,
            new() { OnStep = progress => { if (progress.Step.Step == 4) stop.Cancel(); } });
        var partial = trainer.Train(10, stop.Token);
        Assert.Equal((TrainingEnd.Cancelled, 4), (partial.End, partial.Steps.Count));
        Assert.StartsWith("Cancelled after step 4 of 10", partial.EndReason);
        var whole = trainer.Train(6, CancellationToken.None);
        Assert.Equal(Reported(Train(LossSetting.IgnorePads)), Reported(whole));
    }

    [Fact]
    public void Progress_and_records_do_not_change_the_result()
    {
        var seen = 0;
        var watched = Train(LossSetting.IgnorePads, options: new() { OnStep = _ => seen++, RecordGradientNorm = true, HeldOut = [.. Tiny.Motif().HeldOut(2)], EvaluateEvery = 3 });
        Assert.Equal(10, seen);
        Assert.Equal(Reported(Train(LossSetting.IgnorePads, options: new() { RecordSplit = false })), Reported(watched));
        Assert.All(watched.Steps, step => Assert.True(step.GradientNorm > 0));
        Assert.Equal([0, 3, 6, 9, 10], watched.Evaluations.Select(evaluation => evaluation.Step));
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

    [Fact]
    public void A_batch_with_every_target_ignored_stops_with_a_sentence()
    {
        using var net = Tiny.Net();
        using var batch = PaddedBatch.From([[5L], [7L]], padId: 0, length: 8);
        using var trainer = new Trainer(TrainedModel.From(net), [batch], LossSetting.IgnorePads);
        var run = trainer.Train(1);
        Assert.Equal(TrainingEnd.NothingToLearn, run.End);
        Assert.Equal("Nothing to learn from in step 1: every target of its batch is ignored under \"ignoreIndex: pad\"; leave out rows without a token.", run.EndReason);
        Assert.Empty(run.Steps);
    }

    [Fact]
    public void A_loss_that_is_not_a_number_stops_with_the_step_the_batch_and_the_place()
    {
        using var net = Tiny.Net();
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads,
            new() { OnStep = p => { if (p.Step.Step == 2) { using (no_grad()) net.state_dict()["token_emb.emb.weight"].fill_(float.NaN); } } });
        var run = trainer.Train(5);
        Assert.Equal((TrainingEnd.NotFinite, 2), (run.End, run.Steps.Count));
        Assert.StartsWith("The loss of step 3 is not a number; the weights of token_emb.emb.weight are not finite since the step before.", run.EndReason);
        Assert.Contains("PaddedBatch [4, 16]", run.EndReason);
    }

    [Fact]
    public void A_forward_pass_that_overflows_names_the_first_layer_where_it_does()
    {
        using var net = Tiny.Net();
        using (no_grad())
            net.state_dict()["attn_layers.layers.1.1.ff.2.weight"].fill_(3e38f);
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads);
        var run = trainer.Train(1);
        Assert.Equal(TrainingEnd.NotFinite, run.End);
        Assert.Contains("the weights are finite, and attn_layers.layers.1 is the first layer whose output is not", run.EndReason);
    }

    [Fact]
    public void A_loss_that_is_not_finite_names_which_of_the_steps_batches_it_is()
    {
        using var good = PaddedBatch.From([[5L, 6, 7]], padId: 0, length: 4);
        using var bad = PaddedBatch.From([[5L, 6, 7], [8, 9]], padId: 0, length: 4);
        var loss = new LossSetting("odd", (model, batch) => new(model.Forward(batch.Ids).mean() * (batch.Batch > 1 ? float.NaN : 1), null), batch => batch.Batch);
        using var net = Tiny.Net();
        using var trainer = new Trainer(TrainedModel.From(net), [good, bad], loss, new() { Accumulation = 2 });
        Assert.Contains("The batch is number 2 of the step's 2, PaddedBatch [2, 4]", trainer.Train(1).EndReason);
    }

    [Fact]
    public void A_gradient_that_is_not_finite_names_the_batch_and_the_layer_nearest_the_cause()
    {
        using var good = PaddedBatch.From([[5L, 6, 7]], padId: 0, length: 4);
        using var bad = PaddedBatch.From([[5L, 6, 7], [8, 9]], padId: 0, length: 4);
        // The square root of nothing is finite, and its slope is not.
        var loss = new LossSetting("root", (model, batch) =>
        {
            var logits = model.Forward(batch.Ids)[.., ..^1];
            return new(logits.square().mean() + (batch.Batch > 1 ? (logits * 0).sum().sqrt() : 0), null);
        }, batch => batch.Batch);
        using var net = Tiny.Net();
        using var trainer = new Trainer(TrainedModel.From(net), [good, bad], loss, new() { Accumulation = 2, RecordGradientNorm = true });
        var run = trainer.Train(1);
        Assert.Equal(TrainingEnd.NotFinite, run.End);
        Assert.StartsWith("The gradient of step 1 is not finite; on its way back from the loss it is so first in to_logits", run.EndReason);
        Assert.Contains("The batch is number 2 of the step's 2, PaddedBatch [2, 4]", run.EndReason);
        // Registered in the opposite order.
        using var model = new Backwards();
        using var other = new Trainer(TrainedModel.From(model), [bad], loss, new() { RecordGradientNorm = true });
        Assert.Contains("first in head.", other.Train(1).EndReason);
    }

    private sealed class Backwards : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear head = nn.Linear(4, 12);
        private readonly TorchSharp.Modules.Embedding table = nn.Embedding(12, 4);

        public Backwards() : base(nameof(Backwards))
        {
            RegisterComponents();
            Tiny.Initialise(this, seed: 0);
        }

        public override Tensor forward(Tensor ids) => head.call(table.call(ids));
    }

    [Fact]
    public void In_somebody_elses_model_too()
    {
        using var model = nn.Sequential(("table", nn.Embedding(12, 4)), ("middle", nn.Linear(4, 4)), ("head", nn.Linear(4, 12)));
        Tiny.Initialise(model, seed: 0);
        using (no_grad())
        {
            model.state_dict()["table.weight"].fill_(1);
            model.state_dict()["middle.weight"].fill_(3e38f);
        }
        using var trainer = new Trainer(TrainedModel.From(model), Tiny.Motif(), LossSetting.IgnorePads);
        Assert.Contains("the weights are finite, and middle is the first layer whose output is not", trainer.Train(1).EndReason);
    }

    [Fact]
    public void Batches_that_end_before_the_steps_do_are_told()
    {
        using var net = Tiny.Net();
        using var batch = PaddedBatch.From([[5L, 6, 7]], padId: 0);
        using var trainer = new Trainer(TrainedModel.From(net), [batch, batch], LossSetting.IgnorePads);
        var run = trainer.Train(5);
        Assert.Equal((TrainingEnd.OutOfBatches, 2), (run.End, run.Steps.Count));
        Assert.Equal("The batches ended after step 2 of 5.", run.EndReason);
        Assert.False(batch.Ids.IsInvalid);
    }

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
    public void A_loss_that_stops_within_a_step_leaves_a_whole_run()
    {
        using var net = Tiny.Net();
        using var stop = new CancellationTokenSource();
        var calls = 0;
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.From("own", (logits, targets) =>
        {
            if (++calls == 3)
                stop.Cancel();
            stop.Token.ThrowIfCancellationRequested();
            return nn.functional.cross_entropy(logits.transpose(1, 2), targets);
        }));
        var run = trainer.Train(5, stop.Token);
        Assert.Equal((TrainingEnd.Cancelled, 2), (run.End, run.Steps.Count));
        Assert.StartsWith("Cancelled within step 3 of 5", run.EndReason);
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

    [Fact]
    public void Schedules_and_clipping_are_followed_and_recorded()
    {
        var run = Train(LossSetting.IgnorePads, options: new() { Schedule = Schedules.Cosine(10, warmup: 2), ClipNorm = 0.1 });
        Assert.Equal(0.5e-3, run.Steps[0].LearningRate, 1e-9);
        Assert.Equal(1e-3, run.Steps[1].LearningRate, 1e-9);
        Assert.Equal(0, run.Steps[^1].LearningRate, 1e-9);
        Assert.All(run.Steps, step => Assert.True(step.GradientNorm > 0.1));
    }

    [Fact]
    public void It_stops_early_when_held_out_loss_no_longer_falls()
    {
        var run = Train(LossSetting.IgnorePads, steps: 50,
            options: new() { LearningRate = 1, HeldOut = [.. Tiny.Motif().HeldOut(1)], EvaluateEvery = 1, EarlyStopAfter = 3 });
        Assert.True(run.End is TrainingEnd.StoppedEarly && run.Steps.Count < 50, run.EndReason);
        Assert.StartsWith("Stopped after step", run.EndReason);
    }

    [Fact]
    public void A_resumed_run_is_the_same_to_the_bit()
    {
        var folder = Directory.CreateTempSubdirectory("xt-checkpoints-").FullName;
        try
        {
            var options = new TrainerOptions { CheckpointEvery = 5, CheckpointFolder = folder };
            Train(LossSetting.IgnorePads, steps: 6, options);
            using var net = Tiny.Net(seed: 99);
            using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads, options);
            Assert.Equal(5, trainer.Resume().Steps.Count);
            Assert.Equal(Reported(Train(LossSetting.IgnorePads)), Reported(trainer.Train(5)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void It_leaves_no_tensor_behind()
    {
        using var net = Tiny.Net();
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads, new() { RecordGradientNorm = true });
        trainer.Train(2);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        trainer.Train(5);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused_with_a_sentence()
    {
        using var net = Tiny.Net();
        var model = TrainedModel.From(net);
        Assert.Equal("LearningRate must be positive, but is -1.", Refusal(new() { LearningRate = -1 }));
        Assert.Contains("EarlyStopAfter needs HeldOut", Refusal(new() { EarlyStopAfter = 2 }));
        Assert.Contains("CheckpointFolder", Refusal(new() { CheckpointEvery = 2 }));

        string Refusal(TrainerOptions options) =>
            Assert.Throws<ArgumentException>(() => new Trainer(model, Tiny.Motif(), LossSetting.IgnorePads, options)).Message;
    }
}
