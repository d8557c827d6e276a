using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

/// <summary><c>--held-out</c> batches of one's own kind.</summary>
public sealed class HeldOutMagicTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly MagicCalls magics = new();
    private readonly TorchSharp.Modules.Linear line;
    private readonly List<(Tensor X, Tensor Y)> pairs, apart;
    private readonly Func<Tensor, Tensor, Tensor> squares = (output, target) => nn.functional.mse_loss(output, target);

    public HeldOutMagicTests()
    {
        using var generator = new Generator(4);
        pairs = [.. Enumerable.Range(0, 30).Select(_ => randn([8, 3], generator: generator)).Select(x => (x, x.sum(1, keepdim: true)))];
        apart = [(pairs[0].X[..2], pairs[0].Y[..2]), (pairs[1].X, pairs[1].Y)];
        line = nn.Linear(3, 1);
        Tiny.Initialise(line, seed: 0);
    }

    public void Dispose() => scope.Dispose();

    private double Mse(IEnumerable<(Tensor X, Tensor Y)> batches)
    {
        using var _ = no_grad();
        return batches.Average(pair => (line.call(pair.X) - pair.Y).square().mean().item<float>());
    }

    [Fact]
    public async Task They_are_looked_at_by_the_loss_and_their_line_is_drawn()
    {
        var before = Mse(apart);
        await magics.TrainAsync(line, pairs, ("--loss", squares), ("--held-out", apart), ("--evaluate-every", 2), ("--learning-rate", 0.05));
        Assert.Equal([0, 2, 4, 5], magics.Run.Evaluations.Select(e => e.Step));
        Assert.Equal(before, magics.Run.Evaluations[0].ReportedLoss!.Value, 1e-5);
        Assert.Equal(Mse(apart), magics.Run.HeldOutLoss!.Value, 1e-5);
        Assert.Contains(Assert.IsType<LineChart>(Assert.Single(magics.Notebook.Shown)).Panels[0].Lines, drawn => drawn.Name == "held-out");
        Func<(Tensor X, Tensor Y), long> rows = batch => batch.X.shape[0];
        await magics.TrainAsync(line, pairs, ("--loss", squares), ("--held-out", apart), ("--counted", rows), ("--learning-rate", 0.05));
        Assert.Equal((2 * Mse([apart[0]]) + 8 * Mse([apart[1]])) / 10, magics.Run.HeldOutLoss!.Value, 1e-5);
    }

    [Fact]
    public async Task A_function_of_the_whole_batch_looks_at_what_it_takes_and_a_run_stops_early_by_it()
    {
        Func<PaddedBatch, Tensor> loss;
        using var net = Tiny.Net();
        loss = batch => nn.functional.cross_entropy(net.call(batch.Ids)[.., ..^1].transpose(1, 2), batch.Ids[.., 1..], ignore_index: 0);
        using var held = PaddedBatch.From([[5L, 6, 7]], padId: 0);
        // A rate at which nothing is learned for good.
        await magics.TrainAsync(net, Tiny.Motif(), ("--loss", loss), ("--held-out", new[] { held }), ("--evaluate-every", 1), ("--early-stop", 2), ("--steps", 20), ("--learning-rate", 50.0));
        Assert.Equal(TrainingEnd.StoppedEarly, magics.Run.End);
        Assert.All(magics.Run.Evaluations, look => Assert.True(look is { RealLoss: null, ReportedLoss: > 0 }));
    }

    [Fact]
    public async Task Comparisons_look_at_them_under_each_loss()
    {
        var losses = new Dictionary<string, object> { ["squares"] = squares, ["torch's"] = nn.MSELoss(), ["absolute"] = nn.L1Loss() };
        await magics.CallAsync("#!xt-compare", [("--model", line), ("--batches", pairs), ("--loss", losses), ("--held-out", apart), ("--steps", 3)]);
        var comparison = (TrainingComparison)magics.Notebook.Declared["comparison"].Value!;
        Assert.Equal(comparison["squares"].HeldOutLoss, comparison["torch's"].HeldOutLoss);
        Assert.NotEqual(comparison["squares"].HeldOutLoss, comparison["absolute"].HeldOutLoss);
    }

    [Fact]
    public async Task Bad_input_is_one_sentence_and_the_run_until_there_is_kept()
    {
        Assert.StartsWith("--held-out is a Int32; give an enumerable of batches", await Refusal(("--held-out", 3)));
        Assert.StartsWith("--held-out names no variable \"apart\"", await Refusal(("--held-out", "apart")));
        Assert.StartsWith("--held-out holds no batch", await Refusal(("--held-out", Array.Empty<(Tensor, Tensor)>())));
        Assert.StartsWith("--held-out gives more than 2000 batches, and seems to have no end", await Refusal(("--held-out", Endless())));
        Assert.StartsWith("Held-out batch 1 of 1: A batch is ([8, 3]), but the model takes one tensor and the loss a target", await Refusal(("--held-out", new[] { pairs[0].X })));
        Assert.Equal(5, magics.Run.Steps.Count);
        Func<Tensor, Tensor, Tensor> fails = (output, target) => line.training ? squares(output, target) : throw new DivideByZeroException("nothing held out");
        Assert.Equal("The look at held-out batches after step 5 failed (DivideByZeroException: nothing held out); the run is kept as step 5 left it.",
            await Refusal(("--held-out", apart), ("--loss", fails)));
        Assert.Equal("The look at held-out batches after step 0 failed (DivideByZeroException: nothing held out); no step was taken, and the weights are as they were.",
            await Refusal(("--held-out", apart), ("--loss", fails), ("--evaluate-every", 1)));
        Func<Tensor, Tensor, Tensor> broken = (output, target) => squares(output, target) * (line.training ? 1 : float.NaN);
        Assert.StartsWith("The held-out loss after step 5 is not a number; the weights are finite: it is the loss", await Refusal(("--held-out", apart), ("--loss", broken)));
        Assert.Equal(TrainingEnd.NotFinite, magics.Run.End);
        Assert.Equal("own loss: The look at held-out batches after step 5 failed (DivideByZeroException: nothing held out); the model's weights are put back.",
            await magics.RefusalAsync("#!xt-compare", ("--model", line), ("--batches", pairs), ("--steps", 5), ("--loss", fails), ("--held-out", apart)));

        Task<string> Refusal(params (string, object?)[] given) =>
            magics.RefusalAsync("#!xt-train", [("--model", line), ("--batches", pairs), ("--steps", 5), ("--loss", squares), .. given]);

        IEnumerable<(Tensor X, Tensor Y)> Endless()
        {
            while (true)
                yield return pairs[0];
        }
    }

    [Fact]
    public async Task Batches_of_tokens_that_never_end_are_refused_too()
    {
        using var net = Tiny.Net();
        Assert.StartsWith("--held-out gives more than 2000 batches, and seems to have no end; give a list", await magics.RefusalAsync("#!xt-train",
            ("--model", net), ("--batches", Tiny.Motif()), ("--held-out", Tiny.Motif() with { BatchSize = 1 })));
        await magics.TrainAsync(net, Tiny.Motif(), ("--held-out", Tiny.Motif().Take(2)));
        Assert.NotNull(magics.Run.HeldOutRealLoss);
    }
}
