using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Training.TinyRuns;

namespace XtNotebooks.Tests.Training;

public sealed class TrainerTests
{
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
        Assert.Equal("EvaluateEvery needs HeldOut batches to look at; give them, or leave it out.", Refusal(new() { EvaluateEvery = 5 }));
        Assert.Contains("CheckpointFolder", Refusal(new() { CheckpointEvery = 2 }));

        string Refusal(TrainerOptions options) =>
            Assert.Throws<ArgumentException>(() => new Trainer(model, Tiny.Motif(), LossSetting.IgnorePads, options)).Message;
    }
}
