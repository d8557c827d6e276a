using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class OwnModelsAndLossesTests : TrainingCells
{
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
        Assert.StartsWith("--setting is for padded batches", await Refusal(("--batches", pairs), ("--loss", squares), ("--setting", "mask")));
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
        using var net = Tiny.Net();
        Assert.StartsWith("--counted is for a --loss of your own", (await Assert.ThrowsAsync<MagicException>(() => Call("#!xt-train", On(net, ("--counted", rows))))).Message);

        async Task<string> Refusal(params (string, object?)[] given) => (await Assert.ThrowsAsync<MagicException>(() =>
            Call("#!xt-train", On(line, [("--batches", parts), ("--loss", squares), ("--accumulate", 2), .. given])))).Message;
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
}
