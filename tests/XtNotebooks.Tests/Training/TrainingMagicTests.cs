using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class TrainingMagicTests : TrainingCells
{
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
    public async Task Lines_and_a_tokenizer_are_enough_and_a_tenth_is_held_out()
    {
        var lines = new[] { "abab", "baba", "aabb", "bbaa", "ab", "ba", "abba", "baab", "aaab", "bbba" };
        using var net = Tiny.Net();
        await Call("#!xt-train", new() { ["--model"] = net, ["--lines"] = lines, ["--tokenizer"] = CharTokenizer.From(lines), ["--eos"] = true, ["--steps"] = 2, ["--batch-size"] = 4 });
        Assert.NotNull(((TrainingRun)notebook.Declared["run"].Value!).HeldOutRealLoss);
    }

    [Fact]
    public async Task Lines_that_are_cut_are_told_and_those_that_fit_are_not()
    {
        string[] lines = ["abababab", "ba", "aabbaabb", "bbaa"];
        using var net = Tiny.Net();
        Dictionary<string, object?> call = new() { ["--model"] = net, ["--lines"] = lines, ["--tokenizer"] = CharTokenizer.From(lines), ["--eos"] = true, ["--steps"] = 1 };
        await Call("#!xt-train", new(call) { ["--length"] = 5 });
        Assert.Equal("2 of 4 lines do not fit into --length 5 and are cut, their end tokens with them; raise --length to keep them whole.\n", notebook.Shown[0]);
        await Call("#!xt-train", new(call) { ["--length"] = 9 });
        await Call("#!xt-train", call);
        Assert.Single(notebook.Shown.OfType<string>());
    }

    [Fact]
    public async Task A_wrapper_given_as_the_model_keeps_its_own_settings()
    {
        using var net = Tiny.Net();
        await Call("#!xt-train", On(new AutoregressiveWrapper(net)));
        Assert.Equal("ignoreIndex: -100", notebook.Declared["run"].Value is TrainingRun run ? run.Name : "");
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
}
