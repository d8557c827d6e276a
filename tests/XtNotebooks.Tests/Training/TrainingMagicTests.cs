using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class TrainingMagicTests
{
    private readonly RecordingNotebook notebook = new();

    private Task Call(string magic, Dictionary<string, object?> values, CancellationToken token = default)
    {
        if (notebook.Magics.Count == 0)
            new XtNotebooksExtension().Load(notebook);
        var command = notebook.Magics.Single(m => m.Name == magic);
        Assert.All(values.Keys, key => Assert.Contains(command.Options, option => option.Name == key));
        var all = command.Options.ToDictionary(option => option.Name, option => values.GetValueOrDefault(option.Name, option.Default));
        return command.Run(new MagicCall(notebook, all, ""), token);
    }

    private static Dictionary<string, object?> On(nn.Module model, params (string, object?)[] more) =>
        new[] { ("--model", (object?)model), ("--batches", Tiny.Motif()), ("--steps", 5) }.Concat(more)
            .GroupBy(pair => pair.Item1).ToDictionary(pair => pair.Key, pair => pair.Last().Item2);

    [Fact]
    public async Task Training_leaves_the_run_and_its_trainer_in_variables_and_its_chart_in_the_panels_place()
    {
        using var net = Tiny.Net();
        await Call("#!xt-train", On(net));
        var run = Assert.IsType<TrainingRun>(notebook.Declared["run"].Value);
        Assert.Equal((5, "ignoreIndex: pad"), (run.Steps.Count, run.Name));
        Assert.All(run.Steps, step => Assert.NotNull(step.GradientNorm));
        Assert.IsType<Trainer>(notebook.Declared["runTrainer"].Value);
        Assert.IsType<LineChart>(Assert.Single(notebook.Shown));
    }

    [Fact]
    public async Task The_panel_does_not_change_the_result()
    {
        using var watched = Tiny.Net();
        using var alone = Tiny.Net();
        await Call("#!xt-train", On(watched));
        using var trainer = new Trainer(TrainedModel.From(alone), Tiny.Motif(), LossSetting.IgnorePads);
        Assert.Equal(trainer.Train(5).Steps.Select(s => s.ReportedLoss), ((TrainingRun)notebook.Declared["run"].Value!).Steps.Select(s => s.ReportedLoss));
    }

    [Fact]
    public async Task A_second_call_continues_or_begins_anew_as_told()
    {
        using var net = Tiny.Net();
        await Call("#!xt-train", On(net));
        await Call("#!xt-train", On(net, ("--batches", null), ("--continue", true)));
        Assert.Equal(10, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
        await Call("#!xt-train", On(net));
        Assert.Equal(5, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
        var error = await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", On(net, ("--continue", true), ("--as", "other"))));
        Assert.StartsWith("There is no otherTrainer to continue", error.Message);
    }

    [Fact]
    public async Task Lines_and_a_tokenizer_are_enough_and_a_tenth_is_held_out()
    {
        var lines = new[] { "abab", "baba", "aabb", "bbaa", "ab", "ba", "abba", "baab", "aaab", "bbba" };
        using var net = Tiny.Net();
        await Call("#!xt-train", new() { ["--model"] = net, ["--lines"] = lines, ["--tokenizer"] = CharTokenizer.From(lines), ["--eos"] = true, ["--steps"] = 2, ["--batch-size"] = 4 });
        Assert.NotNull(((TrainingRun)notebook.Declared["run"].Value!).HeldOutRealLoss);
    }

    [Fact]
    public async Task A_wrapper_given_as_the_model_keeps_its_own_settings()
    {
        using var net = Tiny.Net();
        await Call("#!xt-train", On(new AutoregressiveWrapper(net)));
        Assert.Equal("ignoreIndex: -100", notebook.Declared["run"].Value is TrainingRun run ? run.Name : "");
    }

    [Fact]
    public async Task Somebody_elses_model_and_loss_are_trained()
    {
        using var bigram = new Bigram();
        Func<Tensor, Tensor, Tensor> loss = (logits, targets) => nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: 0);
        await Call("#!xt-train", On(bigram, ("--loss", loss), ("--learning-rate", 0.1)));
        var run = (TrainingRun)notebook.Declared["run"].Value!;
        Assert.True(run.Steps[^1].ReportedLoss < run.Steps[0].ReportedLoss);
    }

    [Fact]
    public async Task Batches_and_modules_of_any_kind_are_trained()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var pairs = Enumerable.Range(0, 40).Select(_ => randn([8, 3], generator: generator)).Select(x => (x, y: x.sum(1, keepdim: true))).ToList();
        Func<Tensor, Tensor, Tensor> squares = (output, target) => nn.functional.mse_loss(output, target);
        var line = nn.Linear(3, 1);
        Tiny.Initialise(line, seed: 0);
        await Learns(line, ("--batches", pairs), ("--loss", squares));
        await Learns(line, ("--batches", pairs.Select(pair => new[] { pair.x, pair.y }).ToList()), ("--loss", nn.MSELoss()));
        var two = new TwoInputs();
        await Learns(two, ("--batches", pairs.Select(pair => (pair.x, pair.x * 2, pair.y)).ToList()), ("--loss", squares));
        // A batch of the reader's own, and a loss that knows what to do with it.
        Func<Named, Tensor> own = batch => nn.functional.mse_loss(two.call(batch.Left, batch.Right), batch.Wanted);
        await Learns(two, ("--batches", pairs.Select(pair => new Named(pair.x, pair.x, pair.y))), ("--loss", own));
        Assert.DoesNotContain("tokens/s", new TrainingPanel
        {
            Name = "own", PlannedSteps = 30, StepsTaken = 30, Elapsed = TimeSpan.FromSeconds(1), Device = "cpu", Curve = [],
            Latest = ((TrainingRun)notebook.Declared["run"].Value!).Steps[^1],
        }.ToText());

        async Task Learns(nn.Module model, params (string, object?)[] given)
        {
            Tiny.Initialise(model, seed: 3);
            await Call("#!xt-train", On(model, [.. given, ("--learning-rate", 0.05), ("--steps", 30)]));
            var run = (TrainingRun)notebook.Declared["run"].Value!;
            Assert.True(run.Steps.Count == 30 && run.Steps[^1].ReportedLoss < run.Steps[0].ReportedLoss / 2, $"{run.Steps[0].ReportedLoss} to {run.Steps[^1].ReportedLoss}");
        }
    }

    private sealed record Named(Tensor Left, Tensor Right, Tensor Wanted);

    private sealed class TwoInputs : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear left = nn.Linear(3, 1), right = nn.Linear(3, 1);

        public TwoInputs() : base(nameof(TwoInputs)) => RegisterComponents();

        public override Tensor forward(Tensor a, Tensor b) => left.call(a) + right.call(b);
    }

    [Fact]
    public async Task A_loss_module_of_torch_is_a_loss()
    {
        using var net = Tiny.Net();
        using var criterion = nn.CrossEntropyLoss(ignore_index: 0);
        await Call("#!xt-train", On(net, ("--loss", criterion), ("--accumulate", 2)));
        var run = (TrainingRun)notebook.Declared["run"].Value!;
        Assert.Equal(run.Steps[0].RealLoss!.Value, run.Steps[0].ReportedLoss, 1e-5);
    }

    [Fact]
    public async Task Batches_that_fit_neither_model_nor_loss_are_refused_with_a_sentence()
    {
        using var scope = NewDisposeScope();
        using var net = nn.Linear(3, 1);
        Func<Tensor, Tensor, Tensor> squares = (output, target) => nn.functional.mse_loss(output, target);
        var pairs = new[] { (zeros(2, 3), zeros(2, 1)) };
        Assert.StartsWith("--batches are no PaddedBatch, so only you know their loss; give --loss", await Refusal(("--batches", pairs)));
        Assert.StartsWith("A batch is ([2, 3]), but the model takes one tensor and the loss a target", await Refusal(("--batches", new[] { zeros(2, 3) }), ("--loss", squares)));
        Func<string, Tensor> other = _ => zeros(1);
        Assert.StartsWith("A batch is ([2, 3], [2, 1]), but the loss takes a String", await Refusal(("--batches", pairs), ("--loss", other)));
        Assert.StartsWith("--setting and --held-out are for padded batches", await Refusal(("--batches", pairs), ("--loss", squares), ("--setting", "mask")));
        Assert.StartsWith("The loss \"own loss\" does not tell how many targets it averages", await Refusal(("--batches", pairs), ("--loss", squares), ("--accumulate", 2)));
        Func<Tensor, Tensor, Tensor> rows = (output, target) => (output - target).square();
        Assert.Equal("The loss \"own loss\" must be one number, but is [2, 1]; take its mean, for example loss.mean().", await Refusal(("--batches", pairs), ("--loss", rows)));
        Func<Tensor, Tensor, Tensor> cut = (output, target) => output.detach().mean();
        Assert.StartsWith("The loss \"own loss\" does not depend on the model's weights", await Refusal(("--batches", pairs), ("--loss", cut)));
        var gone = zeros(2, 3);
        gone.Dispose();
        Assert.StartsWith("A batch of step 1 was disposed of", await Refusal(("--batches", new[] { (gone, zeros(2, 1)) }), ("--loss", squares)));

        async Task<string> Refusal(params (string, object?)[] given) => (await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", On(net, given)))).Message;
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
    public void Padded_batches_go_where_the_model_is_and_stay_where_they_are_on_the_CPU()
    {
        var command = TrainMagic.Command;
        var call = new MagicCall(notebook, command.Options.ToDictionary(option => option.Name, option => option.Default), "");
        using var here = nn.Linear(2, 2);
        using var elsewhere = nn.Linear(2, 2, device: META);
        Assert.Null(TrainingInputs.OnTokens(call, here, []).Device);
        Assert.Equal(DeviceType.META, TrainingInputs.OnTokens(call, elsewhere, []).Device!.type);
        using var ids = zeros(1, 2, dtype: ScalarType.Int64);
        Assert.Equal(DeviceType.META, MagicInputs.Beside(elsewhere, ids).device.type);
        Assert.Equal(DeviceType.CPU, MagicInputs.Beside(here, ids).device.type);
    }

    [Fact]
    public async Task A_loss_of_ones_own_that_tells_how_many_targets_it_averages_is_accumulated()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var x = randn([6, 3], generator: generator);
        var parts = new[] { (x[..4], x[..4].sum(1, keepdim: true)), (x[4..], x[4..].sum(1, keepdim: true)) };
        Func<Tensor, Tensor, Tensor> squares = (output, target) => nn.functional.mse_loss(output, target);
        Func<(Tensor X, Tensor Y), long> rows = batch => batch.X.shape[0];
        var line = nn.Linear(3, 1);
        Tiny.Initialise(line, seed: 0);
        await Call("#!xt-train", On(line, ("--batches", parts), ("--loss", squares), ("--accumulate", 2), ("--counted", rows), ("--steps", 1)));
        var loss = ((TrainingRun)notebook.Declared["run"].Value!).Steps[0].ReportedLoss;
        Tiny.Initialise(line, seed: 0);
        Assert.Equal(nn.functional.mse_loss(line.call(x), x.sum(1, keepdim: true)).item<float>(), loss, 1e-5);

        Assert.StartsWith("--counted is a Int32; give a function from a batch", await Refusal(("--counted", 3)));
        Func<string, long> wrong = _ => 1;
        Assert.Equal("A batch is ([4, 3], [4, 1]), but --counted takes a String; make the one what the other wants.", await Refusal(("--counted", wrong)));
        Assert.EndsWith("give --counted, a function from a batch to the number of targets it averages, or set --accumulate to 1.", await Refusal(("--counted", null)));
        Assert.StartsWith("--held-out and --precision are for padded batches", await Refusal(("--counted", rows), ("--precision", TrainingPrecision.BFloat16)));
        using var net = Tiny.Net();
        Assert.StartsWith("--counted is for a --loss of your own", (await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", On(net, ("--counted", rows))))).Message);

        async Task<string> Refusal(params (string, object?)[] given) => (await Assert.ThrowsAsync<MagicException>(() =>
            Call("#!xt-train", On(line, [("--batches", parts), ("--loss", squares), ("--accumulate", 2), .. given])))).Message;
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
        Assert.StartsWith("--setting is settled", await Refusal(Same(net, ("--setting", "defaults"))));
        Assert.StartsWith("--precision is settled", await Refusal(Same(net, ("--precision", TrainingPrecision.BFloat16))));
        await Call("#!xt-train", Same(net, ("--learning-rate", 0.01), ("--continue", true)));
        Assert.Equal(10, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);

        Dictionary<string, object?> Same(nn.Module model, params (string, object?)[] more) => On(model, [("--batches", null), .. more]);
        async Task<string> Refusal(Dictionary<string, object?> values) =>
            (await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", new(values) { ["--continue"] = true }))).Message;
    }

    [Fact]
    public async Task A_loss_that_throws_is_one_sentence_and_the_run_until_there_is_kept()
    {
        using var net = Tiny.Net();
        var calls = 0;
        Func<Tensor, Tensor, Tensor> loss = (logits, targets) => ++calls == 3 ? throw new DivideByZeroException("nothing to divide by")
            : nn.functional.cross_entropy(logits.transpose(1, 2), targets);
        var error = await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", On(net, ("--loss", loss))));
        Assert.Equal("Step 3 failed (DivideByZeroException: nothing to divide by); the run is kept as step 2 left it.", error.Message);
        Assert.Equal(2, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
        Assert.IsType<LineChart>(Assert.Single(notebook.Shown));
        await Call("#!xt-train", On(net, ("--batches", null), ("--continue", true)));
        Assert.Equal(7, ((TrainingRun)notebook.Declared["run"].Value!).Steps.Count);
    }

    [Fact]
    public async Task Out_of_memory_says_what_to_lower()
    {
        using var net = Tiny.Net();
        // What torch itself says where a tensor is larger than any memory.
        Func<Tensor, Tensor, Tensor> loss = (logits, targets) => zeros(1L << 46);
        var error = await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", On(net, ("--loss", loss))));
        Assert.StartsWith("Out of memory: lower --batch-size or --length (or make smaller --batches), and raise --accumulate", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task An_interrupt_leaves_a_whole_run_and_is_told_to_the_host()
    {
        using var net = Tiny.Net();
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Call("#!xt-train", On(net), stop.Token));
        Assert.Equal(TrainingEnd.Cancelled, ((TrainingRun)notebook.Declared["run"].Value!).End);
    }

    [Fact]
    public async Task A_batch_with_nothing_to_learn_from_fails_the_cell_with_a_sentence_after_leaving_the_run()
    {
        using var net = Tiny.Net();
        using var batch = PaddedBatch.From([[5L]], padId: 0, length: 4);
        var error = await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", On(net, ("--batches", new[] { batch }))));
        Assert.StartsWith("Nothing to learn from in step 1", error.Message);
        Assert.NotNull(notebook.Declared["run"].Value);
    }

    [Fact]
    public async Task Bad_input_is_one_sentence()
    {
        using var net = Tiny.Net();
        Assert.StartsWith("There is nothing to train on", await Refusal(new() { ["--model"] = net }));
        Assert.StartsWith("--lines needs a --tokenizer", await Refusal(new() { ["--model"] = net, ["--lines"] = new[] { "a" } }));
        Assert.StartsWith("Give --batches or --lines", await Refusal(On(net, ("--lines", new[] { "a" }))));
        Assert.StartsWith("--batches is a Int32", await Refusal(On(net, ("--batches", 3))));
        Assert.StartsWith("--model names no variable \"net\"", await Refusal(new() { ["--model"] = "net", ["--batches"] = Tiny.Motif() }));
        Assert.StartsWith("There is no setting \"nothing\"; there are defaults,", await Refusal(On(net, ("--setting", "nothing"))));
        Assert.Equal("--learning-rate must be positive, but is -1.", await Refusal(On(net, ("--learning-rate", -1.0))));
        Assert.Equal("A run needs at least one step, but 0 were asked for.", await Refusal(On(net, ("--steps", 0))));

        Assert.StartsWith("Checkpoints need a --checkpoint-folder", await Refusal(On(net, ("--checkpoint-every", 2))));
        Assert.Equal("--checkpoint-every must be at least 0, but is -2.", await Refusal(On(net, ("--checkpoint-every", -2))));
        Assert.StartsWith("--warmup is -3; give", await Refusal(On(net, ("--warmup", -3))));
        var gone = PaddedBatch.From([[5L, 6]], padId: 0);
        gone.Dispose();
        Assert.StartsWith("A batch of step 1 was disposed of", await Refusal(On(net, ("--batches", new[] { gone }))));
        var none = await Refusal(new() { ["--model"] = net, ["--lines"] = new[] { "ab" }, ["--tokenizer"] = CharTokenizer.From(["ab"]), ["--batch-size"] = 0 });
        Assert.True(none.StartsWith("--batch-size must", StringComparison.Ordinal) && !none.Contains("Parameter"), none);
        Assert.StartsWith("Checkpoints need a --checkpoint-folder", await Refusal(On(net, ("--resume", true))));
        Assert.Equal("--early-stop needs --held-out batches and --evaluate-every; give both.", await Refusal(On(net, ("--early-stop", 2))));
        Assert.Equal("The batches ended after step 0 of 5.", await Refusal(On(net, ("--batches", Array.Empty<PaddedBatch>()))));
        using var wide = Tiny.Net();
        wide.to(ScalarType.Float64);
        Assert.Contains("is Float64; convert the model first", await Refusal(On(wide, ("--precision", TrainingPrecision.BFloat16))));
        Assert.StartsWith("--settings names none; choose among defaults", (await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-compare", On(net, ("--settings", ","))))).Message);

        async Task<string> Refusal(Dictionary<string, object?> values) => (await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", values))).Message;
    }

    [Fact]
    public async Task A_comparison_puts_the_weights_back_and_draws_all_runs()
    {
        using var net = Tiny.Net();
        using var before = net.state_dict()["token_emb.emb.weight"].clone();
        await Call("#!xt-compare", On(net, ("--settings", "defaults, ignore-pads, manual")));
        var comparison = Assert.IsType<TrainingComparison>(notebook.Declared["comparison"].Value);
        Assert.Equal(["wrapper's defaults", "ignoreIndex: pad", "manual"], comparison.Runs.Select(run => run.Name));
        Assert.Equal(comparison["manual"].Steps.Select(s => s.ReportedLoss), comparison["ignoreIndex: pad"].Steps.Select(s => s.ReportedLoss));
        Assert.True(net.state_dict()["token_emb.emb.weight"].equal(before).all().item<bool>());
        Assert.IsType<LineChart>(Assert.Single(notebook.Shown));
    }

    [Fact]
    public async Task Batches_of_any_kind_are_compared_under_several_losses()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var pairs = Enumerable.Range(0, 30).Select(_ => randn([8, 3], generator: generator)).Select(x => (x, y: x.sum(1, keepdim: true))).ToList();
        var line = nn.Linear(3, 1);
        Tiny.Initialise(line, seed: 0);
        using var before = line.weight!.clone();
        Func<Tensor, Tensor, Tensor> squares = (output, target) => nn.functional.mse_loss(output, target);
        Func<(Tensor X, Tensor Y), Tensor> whole = batch => nn.functional.l1_loss(line.call(batch.X), batch.Y);
        var losses = new Dictionary<string, object> { ["squares"] = squares, ["absolute"] = whole, ["torch's"] = nn.MSELoss() };
        await Call("#!xt-compare", On(line, ("--batches", pairs), ("--loss", losses), ("--learning-rate", 0.05), ("--steps", 20)));
        var comparison = Assert.IsType<TrainingComparison>(notebook.Declared["comparison"].Value);
        Assert.Equal(["squares", "absolute", "torch's"], comparison.Runs.Select(run => run.Name));
        Assert.Equal(comparison["squares"].Steps.Select(s => s.ReportedLoss), comparison["torch's"].Steps.Select(s => s.ReportedLoss));
        Assert.All(comparison.Runs, run => Assert.True(run.Steps[^1].ReportedLoss < run.Steps[0].ReportedLoss));
        Assert.True(line.weight!.equal(before).all().item<bool>());
        Assert.Single(comparison.ToChart().Panels);
        await Call("#!xt-compare", On(line, ("--batches", pairs), ("--loss", new object[] { squares, whole })));
        Assert.Equal(["loss 1", "loss 2"], ((TrainingComparison)notebook.Declared["comparison"].Value!).Runs.Select(run => run.Name));
        await Call("#!xt-compare", On(line, ("--batches", pairs), ("--loss", squares)));
        Assert.Equal(["own loss"], ((TrainingComparison)notebook.Declared["comparison"].Value!).Runs.Select(run => run.Name));

        Assert.StartsWith("--batches are no PaddedBatch, so only you know their losses; give --loss", await Refusal(("--batches", pairs)));
        Assert.StartsWith("--settings and --held-out are for padded batches", await Refusal(("--batches", pairs), ("--loss", squares), ("--settings", "mask")));
        Assert.StartsWith("--loss is a Int32; give", await Refusal(("--batches", pairs), ("--loss", 3)));
        Assert.StartsWith("A batch is ([8, 3]), but the model takes one tensor", await Refusal(("--batches", pairs.Select(p => p.x).ToList()), ("--loss", squares)));

        async Task<string> Refusal(params (string, object?)[] given) => (await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-compare", On(line, given)))).Message;
    }

    [Fact]
    public async Task A_loss_of_the_whole_padded_batch_is_compared_with_the_settings()
    {
        using var net = Tiny.Net();
        Func<PaddedBatch, Tensor> whole = batch => nn.functional.cross_entropy(net.call(batch.Ids)[.., ..^1].transpose(1, 2), batch.Ids[.., 1..], ignore_index: 0);
        await Call("#!xt-compare", On(net, ("--loss", whole), ("--settings", "manual")));
        var comparison = Assert.IsType<TrainingComparison>(notebook.Declared["comparison"].Value);
        Assert.Equal(["manual", "own loss"], comparison.Runs.Select(run => run.Name));
        Assert.Equal(comparison["manual"].Steps[0].ReportedLoss, comparison["own loss"].Steps[0].ReportedLoss, 1e-6);
    }

    [Fact]
    public void Own_losses_are_compared_from_code_too()
    {
        using var scope = NewDisposeScope();
        var batches = Enumerable.Range(0, 5).Select(_ => (X: ones(4, 3), Y: ones(4, 1))).ToList();
        using var compared = Trainer.Compare(() => nn.Linear(3, 1), batches, new Dictionary<string, Func<TorchSharp.Modules.Linear, (Tensor X, Tensor Y), Tensor>>
        {
            ["squares"] = (model, batch) => nn.functional.mse_loss(model.call(batch.X), batch.Y),
            ["absolute"] = (model, batch) => nn.functional.l1_loss(model.call(batch.X), batch.Y),
        }, steps: 5);
        Assert.Equal(2, compared.Models.Count);
        Assert.Equal(Math.Sqrt(compared["squares"].Steps[0].ReportedLoss), compared["absolute"].Steps[0].ReportedLoss, 1e-4);
    }

    [Fact]
    public void A_long_runs_panel_keeps_where_its_curve_began()
    {
        var panel = new LivePanel(notebook, "cpu", TimeProvider.System);
        TrainingProgress At(int step) => new("run", new() { Step = step, ReportedLoss = 1.0 / step, Duration = TimeSpan.FromSeconds(0.1) }, 2000, null);
        for (var step = 1; step <= 2000; step++)
            panel.OnStep(At(step));
        panel.End("done");
        Assert.Equal(1, panel.Curve[0].Step);
        Assert.InRange(panel.Curve.Count, 100, 300);
    }

    [Fact]
    public void A_panel_says_where_the_run_stands_and_encodes_names()
    {
        var panel = new TrainingPanel
        {
            Name = "</script><img onerror>", PlannedSteps = 100, StepsTaken = 10, Elapsed = TimeSpan.FromSeconds(2), Device = "cpu",
            Latest = new() { Step = 10, ReportedLoss = 2.3, RealLoss = 4.4, PadLoss = 0.12, RealTokens = 60, PadTokens = 40, Duration = TimeSpan.FromSeconds(0.2) },
            Curve = [(1, 3.0, 3.5, 2.0), (2, 2.5, 3.4, 1.0), (10, 2.3, 4.4, 0.12)],
        };
        Assert.Equal("</script><img onerror> [##..................] step 10 of 100 · 0:18 left · 5.0 it/s · 500 tokens/s · reported 2.30 · real tokens 4.40 · pads 0.12 · cpu", panel.ToText());
        var html = panel.ToHtml();
        Assert.DoesNotContain("<img", html);
        Assert.Equal(3, html.Split("<polyline").Length - 1);
        Assert.True(html.Length < 20_000, $"{html.Length}");
    }
}
