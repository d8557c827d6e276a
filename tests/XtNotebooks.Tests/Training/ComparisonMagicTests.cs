using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class ComparisonMagicTests : TrainingCells
{
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
        Assert.StartsWith("--settings is for padded batches", await Refusal(("--batches", pairs), ("--loss", squares), ("--settings", "mask")));
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
}
