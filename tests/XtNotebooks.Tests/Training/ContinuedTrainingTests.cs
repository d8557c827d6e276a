using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class ContinuedTrainingTests : TrainingCells
{
    [Fact]
    public async Task A_second_call_continues_or_begins_anew_as_told()
    {
        using var net = Tiny.Net();
        await Call("#!xt-train", On(net));
        await Call("#!xt-train", On(net, ("--batches", null), ("--continue", true)));
        Assert.Equal(10, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
        await Call("#!xt-train", On(net));
        Assert.Equal(5, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
        var error = await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", On(net, ("--batches", null), ("--continue", true), ("--as", "other"))));
        Assert.StartsWith("There is no otherTrainer to continue, and nothing to begin with; give --batches", error.Message);
        Assert.DoesNotContain("other", notebook.Declared.Keys);
    }

    [Fact]
    public async Task One_text_of_a_cell_begins_at_first_and_goes_on_when_it_is_run_again()
    {
        using var straight = Tiny.Net();
        await Call("#!xt-train", On(straight, ("--steps", 15)));
        var losses = Losses();
        notebook.Declared.Clear();
        using var net = Tiny.Net();
        var cell = On(net, ("--continue", true), ("--clip-norm", 100.0), ("--seed", 3));
        foreach (var taken in new[] { 5, 10, 15 })
        {
            await Call("#!xt-train", cell);
            Assert.Equal(losses[..taken], Losses());
        }
        notebook.Declared.Clear();
        var lines = new[] { "abab", "baba", "aabb", "bbaa", "ab", "ba" };
        var text = new Dictionary<string, object?>(cell) { ["--batches"] = null, ["--lines"] = lines, ["--tokenizer"] = CharTokenizer.From(lines), ["--eos"] = true, ["--batch-size"] = 4 };
        await Call("#!xt-train", text);
        await Call("#!xt-train", text);
        Assert.Equal(10, Losses().Length);

        double[] Losses() => [.. ((TrainingRun)notebook.Declared["run"].Value!).Steps.Select(step => step.ReportedLoss)];
    }

    [Fact]
    public async Task Continuing_where_no_batch_is_left_fails_the_cell()
    {
        using var net = Tiny.Net();
        using var batch = PaddedBatch.From([[5L, 6, 7]], padId: 0);
        await Call("#!xt-train", On(net, ("--batches", new[] { batch, batch })));
        Assert.Equal(2, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
        var error = await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", On(net, ("--batches", null), ("--continue", true))));
        Assert.Equal("No step was taken: The batches ended after step 2 of 7. Train without --continue to begin with the batches anew.", error.Message);
        Assert.Equal(2, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
    }

    [Fact]
    public async Task A_resumed_cell_gives_the_steps_it_asks_for_in_all_and_says_when_none_is_left()
    {
        var folder = Directory.CreateTempSubdirectory("xt-resume").FullName;
        try
        {
            using var whole = Tiny.Net();
            await Call("#!xt-train", On(whole, Scheduled(10)));
            var straight = (TrainingRun)notebook.Declared["run"].Value!;
            using var broken = Tiny.Net();
            using var stop = new CancellationTokenSource();
            var seen = 0;
            var batches = Tiny.Motif().Select(batch =>
            {
                if (++seen == 7)
                    stop.Cancel();
                return batch;
            });
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                Call("#!xt-train", On(broken, [("--batches", batches), .. Scheduled(10), ("--checkpoint-every", 3), ("--checkpoint-folder", folder)]), stop.Token));
            using var again = Tiny.Net();
            var resumed = On(again, [.. Scheduled(10), ("--checkpoint-every", 3), ("--checkpoint-folder", folder), ("--resume", true)]);
            await Call("#!xt-train", resumed);
            var run = (TrainingRun)notebook.Declared["run"].Value!;
            Assert.Equal(straight.Steps.Select(s => s.LearningRate), run.Steps.Select(s => s.LearningRate));
            Assert.Equal(straight.Steps.Select(s => s.ReportedLoss), run.Steps.Select(s => s.ReportedLoss));
            await Call("#!xt-train", On(again, [.. Scheduled(9), ("--checkpoint-folder", folder), ("--resume", true)]));
            Assert.Equal(9, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
            Assert.Contains("Nothing is left to train: the checkpoint is of step 9, and --steps asks for 9 in all; raise --steps to go on.\n", notebook.Shown);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static (string, object?)[] Scheduled(int steps) => [("--steps", steps), ("--schedule", RateSchedule.Cosine)];
    }

    [Fact]
    public async Task Going_on_behind_the_end_of_a_schedule_is_refused_before_a_step_is_taken_for_nothing()
    {
        using var net = Tiny.Net();
        using var stopped = new CancellationTokenSource();
        await Call("#!xt-train", On(net, ("--schedule", RateSchedule.Linear)));
        Assert.StartsWith("The schedule has ended: the learning rate is 0 after step 5", await Refusal(5));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Call("#!xt-train", On(net, ("--schedule", RateSchedule.Cosine), ("--loss", Stops(stopped))), stopped.Token));
        Assert.Equal(2, Steps());
        Assert.Equal("The schedule ends with step 5, and the learning rate is 0 from there on; give --steps 3, or train without --continue for a schedule anew.", await Refusal(5));
        await Go(3);
        Assert.Equal(5, Steps());
        Assert.StartsWith("The schedule has ended", await Refusal(1));
        await Call("#!xt-train", On(net, ("--warmup", 3)));
        await Go(5);
        Assert.Equal(10, Steps());

        int Steps() => ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count;
        Task Go(int steps) => Call("#!xt-train", On(net, ("--batches", null), ("--steps", steps), ("--continue", true)));
        async Task<string> Refusal(int steps) => (await Assert.ThrowsAsync<MagicException>(() => Go(steps))).Message;
    }

    private static Func<Tensor, Tensor, Tensor> Stops(CancellationTokenSource stopped)
    {
        var calls = 0;
        return (logits, targets) =>
        {
            if (++calls == 2)
                stopped.Cancel();
            return nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: 0);
        };
    }

    [Fact]
    public async Task Continuing_what_stopped_early_fails_the_cell()
    {
        using var net = Tiny.Net();
        using var batch = PaddedBatch.From([[5L, 6, 7]], padId: 0);
        // A rate at which nothing is learned for good.
        await Call("#!xt-train", On(net, ("--steps", 20), ("--learning-rate", 50.0), ("--held-out", new[] { batch }), ("--evaluate-every", 1), ("--early-stop", 2)));
        var run = (TrainingRun)notebook.Declared["run"].Value!;
        Assert.Equal(TrainingEnd.StoppedEarly, run.End);
        var error = await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", On(net, ("--batches", null), ("--continue", true))));
        Assert.Equal($"No step was taken: {run.EndReason} Train without --continue to begin anew, with a longer --early-stop or none.", error.Message);
    }

    [Fact]
    public async Task A_cell_that_is_run_again_frees_the_trainer_of_before_unless_another_variable_holds_it()
    {
        using var net = Tiny.Net();
        var freed = 0;
        await Call("#!xt-train", On(net, ("--batches", Batches())));
        var first = (Trainer)notebook.Declared["runTrainer"].Value!;
        notebook.SetVariable("mine", first, typeof(Trainer));
        await Call("#!xt-train", On(net, ("--batches", Batches())));
        Assert.Equal((6, 0), (first.Train(1).Steps.Count, freed));
        await Call("#!xt-train", On(net));
        Assert.Equal(1, freed);

        IEnumerable<PaddedBatch> Batches()
        {
            try
            {
                foreach (var batch in Tiny.Motif())
                    yield return batch;
            }
            finally
            {
                freed++;
            }
        }
    }

    [Fact]
    public async Task What_a_continued_run_would_pass_over_in_silence_is_refused()
    {
        using var net = Tiny.Net();
        using var other = Tiny.Net();
        await Call("#!xt-train", On(net, ("--learning-rate", 0.01)));
        Assert.StartsWith("--model is another model than the run's", await Refusal(On(other)));
        Assert.StartsWith("--batches are others than the run's", await Refusal(On(net)));
        Assert.StartsWith("--learning-rate is settled by the run that goes on", await Refusal(Same(net, ("--learning-rate", 0.1))));
        // The default that is spelt out is another value than the run's, too.
        Assert.StartsWith("--learning-rate is settled by the run that goes on", await Refusal(Same(net, ("--learning-rate", 1e-3))));
        Assert.StartsWith("--setting is settled", await Refusal(Same(net, ("--setting", "defaults"))));
        Assert.StartsWith("--precision is settled", await Refusal(Same(net, ("--precision", TrainingPrecision.BFloat16))));
        await Call("#!xt-train", Same(net, ("--learning-rate", 0.01), ("--accumulate", 1), ("--continue", true)));
        Assert.Equal(10, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
        var train = notebook.Magics.Single(magic => magic.Name == "#!xt-train");
        notebook.SetVariable("net", net, net.GetType());
        var error = await Assert.ThrowsAsync<MagicException>(() => Line("#!xt-train net --steps 5 --continue --learning-rate 0.001"));
        Assert.StartsWith("--learning-rate is settled by the run that goes on", error.Message);
        await Line("#!xt-train net --steps 5 --continue --seed 0");
        Assert.Equal(15, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
        // Nor does it matter who made the trainer.
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads, new() { Schedule = Schedules.Cosine(20) });
        notebook.SetVariable("runTrainer", trainer, typeof(Trainer));
        Assert.StartsWith("--schedule is settled", await Refusal(Same(net, ("--schedule", RateSchedule.Constant))));
        using var constant = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads);
        notebook.SetVariable("runTrainer", constant, typeof(Trainer));
        await Call("#!xt-train", Same(net, ("--schedule", RateSchedule.Constant), ("--warmup", 0), ("--learning-rate", 1e-3), ("--continue", true)));

        Task Line(string line) => train.RunAsync(line, "", notebook, TestContext.Current.CancellationToken);
        Dictionary<string, object?> Same(nn.Module model, params (string, object?)[] more) => On(model, [("--batches", null), .. more]);
        async Task<string> Refusal(Dictionary<string, object?> values) =>
            (await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", new(values) { ["--continue"] = true }))).Message;
    }
}
