using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

/// <summary>Options that others leave without effect are refused by every magic.</summary>
public sealed class IdleOptionsTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly MagicCalls magics = new();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData("#!xt-train")]
    [InlineData("#!xt-compare")]
    public async Task Of_training(string magic)
    {
        var net = Tiny.Net();
        Func<PaddedBatch, long> counted = batch => batch.Batch;
        var letters = CharTokenizer.From(["ab"]);
        Assert.Equal("--counted is for a --loss of your own; leave it out.", await Refusal(("--counted", counted)));
        Assert.Equal("--tokenizer is for --lines; leave it out, or give --lines in place of --batches.", await Refusal(("--tokenizer", letters)));
        Assert.StartsWith("--batch-size is for --lines", await Refusal(("--batch-size", 4)));
        Assert.StartsWith("--length is for --lines", await Refusal(("--length", 8)));
        Assert.StartsWith("--eos is for --lines", await Refusal(("--eos", true)));
        Assert.Equal("--evaluate-every needs --held-out batches to look at; give them, or leave it out.", await Refusal(("--evaluate-every", 2)));
        Assert.StartsWith("--evaluate-every finds nothing to look at: a tenth of 2 lines is less than one", await Refusal(
            ("--batches", null), ("--lines", new[] { "ab", "ba" }), ("--tokenizer", letters), ("--evaluate-every", 2)));
        Assert.Equal("--schedule begins after the --warmup of 5 steps, but there are only 5; lower --warmup, or raise --steps.",
            await Refusal(("--schedule", RateSchedule.Cosine), ("--warmup", 5)));
        // A default that is spelt out is passed over no less.
        Assert.StartsWith("--batch-size is for --lines", await Refusal(("--batch-size", 32)));
        // What goes together still does, and what asks for nothing is none too many.
        using var held = PaddedBatch.From([[5L, 6, 7]], padId: 0);
        await Call(("--held-out", new[] { held }), ("--evaluate-every", 2), ("--warmup", 4), ("--schedule", RateSchedule.Linear), ("--eos", false));
        await Call(("--evaluate-every", 0), ("--warmup", 5), ("--schedule", RateSchedule.Constant));
        await Call(("--loss", LossSetting.Manual), ("--counted", counted));

        Task Call(params (string, object?)[] given) => magics.CallAsync(magic, [("--model", net), ("--batches", Tiny.Motif()), ("--steps", 5), .. given]);
        Task<string> Refusal(params (string, object?)[] given) => magics.RefusalAsync(magic, [("--model", net), ("--batches", Tiny.Motif()), ("--steps", 5), .. given]);
    }

    [Fact]
    public async Task Of_checkpoints()
    {
        var net = Tiny.Net();
        Assert.StartsWith("--checkpoint-folder alone writes nothing and reads nothing; give --checkpoint-every or --resume too", await magics.RefusalAsync("#!xt-train",
            ("--model", net), ("--batches", Tiny.Motif()), ("--checkpoint-folder", "checkpoints")));
        Assert.False(Directory.Exists("checkpoints"));
    }

    [Fact]
    public async Task Of_comparisons_on_batches_of_ones_own()
    {
        var line = nn.Linear(3, 1);
        (Tensor, Tensor)[] pairs = [(zeros(2, 3), zeros(2, 1))];
        Assert.StartsWith("--settings is for padded batches", await magics.RefusalAsync("#!xt-compare",
            ("--model", line), ("--batches", pairs), ("--loss", nn.MSELoss()), ("--settings", "mask")));
        Assert.StartsWith("--setting is for padded batches", await magics.RefusalAsync("#!xt-train",
            ("--model", line), ("--batches", pairs), ("--loss", nn.MSELoss()), ("--setting", "mask")));
    }

    [Fact]
    public async Task Of_runs_that_go_on()
    {
        var net = Tiny.Net();
        Func<Tensor, Tensor, Tensor> one = (logits, targets) => nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: 0),
            other = (logits, targets) => nn.functional.cross_entropy(logits.transpose(1, 2), targets);
        var letters = CharTokenizer.From(["ab"]);
        await magics.TrainAsync(net, Tiny.Motif(), ("--loss", one), ("--schedule", RateSchedule.Constant));
        Assert.StartsWith("--loss is settled by the run that goes on", await Refusal(("--loss", other)));
        Assert.StartsWith("--schedule is settled", await Refusal(("--schedule", RateSchedule.Linear)));
        Assert.StartsWith("--warmup is settled", await Refusal(("--warmup", 3)));
        Assert.StartsWith("--lines is settled", await Refusal(("--lines", new[] { "ab" })));
        Assert.StartsWith("--tokenizer is settled", await Refusal(("--tokenizer", letters)));
        Assert.StartsWith("--batch-size is settled", await Refusal(("--batch-size", 4)));
        Assert.StartsWith("--resume is settled", await Refusal(("--resume", true)));
        await magics.TrainAsync(net, null, ("--continue", true), ("--loss", one));
        Assert.Equal(10, magics.Run.Steps.Count);

        Task<string> Refusal(params (string, object?)[] given) => magics.RefusalAsync("#!xt-train", [("--model", net), ("--steps", 5), ("--continue", true), .. given]);
    }

    [Fact]
    public async Task Of_losses_and_masks()
    {
        var ids = tensor(new long[,] { { 5, 6, 0 }, { 7, 0, 0 } });
        using var batch = PaddedBatch.From([[5L, 6], [7]], padId: 0);
        var (logits, targets, net) = (zeros(2, 3, 12), ids, Tiny.Net());
        Assert.Equal("--model is another way to get --logits; give one of the two.", await Refusal("#!xt-loss", ("--logits", logits), ("--targets", targets), ("--model", net)));
        Assert.StartsWith("--ids is read by a --model, and plays no part beside --logits", await Refusal("#!xt-loss", ("--ids", ids), ("--logits", logits), ("--targets", targets)));
        Assert.StartsWith("--ids is read by a --model", await Refusal("#!xt-loss", ("--ids", batch), ("--pad-id", 0L), ("--logits", logits), ("--targets", targets)));
        Assert.StartsWith("--targets belongs to --logits; give both", await Refusal("#!xt-loss", ("--ids", ids), ("--model", net), ("--targets", targets)));
        // A padded batch tells its pad id, at least.
        await magics.CallAsync("#!xt-loss", [("--ids", batch), ("--logits", logits), ("--targets", targets)]);

        Assert.StartsWith("--seed chooses what --mask-prob hides", await Refusal("#!xt-mask", ("--ids", ids), ("--attention", 0), ("--seed", 3)));
        Assert.StartsWith("--ignore-index is of the loss", await Refusal("#!xt-mask", ("--ids", ids), ("--attention", 0), ("--ignore-index", 0L)));
        foreach (var (option, value) in new (string, object)[] { ("--mask", batch.Mask), ("--kv-mask", batch.Mask), ("--mask-prob", 0.5), ("--bidirectional", true) })
        {
            Assert.Equal($"{option} is of self-attention, and plays no part where a --context is looked at; leave it out.",
                await Refusal("#!xt-mask", ("--ids", ids), ("--attention", 0), ("--context", ids), (option, value)));
        }
        await magics.CallAsync("#!xt-mask", [("--ids", ids), ("--attention", 0), ("--mask-prob", 0.5), ("--seed", 3)]);
    }

    [Fact]
    public async Task Of_generating_and_of_the_doctor()
    {
        var net = Tiny.Net();
        var prompt = new long[] { 5, 6 };
        foreach (var (option, value) in new (string, object)[] { ("--top-k", 3), ("--top-p", 0.9), ("--min-p", 0.1), ("--seed", 5) })
        {
            Assert.Equal($"{option} chooses among tokens, but --temperature 0 takes the likeliest; leave one of the two out.",
                await Refusal("#!xt-generate", ("--prompt", prompt), ("--model", net), ("--temperature", 0.0), (option, value)));
        }
        using var optimizer = optim.SGD(net.parameters(), 0.1);
        var ids = ones(2, 4, dtype: int64);
        Assert.StartsWith("--optimizer is what a --step moves; give both", await Refusal("#!xt-doctor", ("--model", net), ("--batch", ids), ("--optimizer", optimizer)));
        Assert.StartsWith("--module is for a --model that is a function", await Refusal("#!xt-doctor", ("--model", net), ("--batch", ids), ("--module", new Bigram())));
        Assert.StartsWith("The length is for attention between positions, and this model has none", await Refusal("#!xt-model", ("--model", new Bigram()), ("--length", 8L)));
    }

    private Task<string> Refusal(string magic, params (string, object?)[] given) => magics.RefusalAsync(magic, given);
}
