using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using XtNotebooks.Views;
using static TorchSharp.torch;
using Pair = (TorchSharp.torch.Tensor X, TorchSharp.torch.Tensor Y);

namespace XtNotebooks.Tests.Training;

/// <summary>Held-out batches with a loss of one's own kind of batch.</summary>
public sealed class HeldOutTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    // out = x₁ - x₂ before the first step.
    private static TorchSharp.Modules.Linear Plane()
    {
        var plane = nn.Linear(2, 1, hasBias: false);
        using var _ = no_grad();
        plane.weight.copy_(tensor(new[,] { { 1f, -1f } }));
        return plane;
    }

    private static Tensor Of(float[,] values) => tensor(values);

    // Errors: 4 in the first; 2, 1 and 4 in the second.
    private static List<Pair> Apart() => [(Of(new[,] { { 1f, 2f } }), Of(new[,] { { 3f } })), (Of(new[,] { { 2f, 0f }, { 1f, 1f }, { 0f, 3f } }), Of(new[,] { { 0f }, { 1f }, { 1f } }))];

    private static List<Pair> Batches() => [.. Enumerable.Repeat((Of(new[,] { { 1f, 1f } }), Of(new[,] { { 1f } })), 100)];

    private static TrainerOptions Sgd(double rate = 0.1) => new() { EvaluateEvery = 1, LearningRate = rate, Optimizer = (parameters, lr) => optim.SGD(parameters, lr) };

    private static Func<Pair, Tensor> Squares(nn.Module<Tensor, Tensor> model) => batch => nn.functional.mse_loss(model.call(batch.X), batch.Y);

    [Fact]
    public void Their_mean_weighs_targets_alike_where_the_loss_tells_how_many_there_are_and_batches_where_not()
    {
        var plane = Plane();
        using var alike = Trainer.For(plane, Batches(), Squares(plane), Sgd(), heldOut: Apart());
        using var counted = Trainer.For(plane, Batches(), Squares(plane), Sgd(), counted: batch => batch.X.shape[0], heldOut: Apart());
        // 4² and (2² + 1² + 4²) / 3 = 7.
        var first = alike.Train(1).Evaluations;
        Assert.Equal((0, (16 + 7) / 2.0), (first[0].Step, first[0].ReportedLoss!.Value));
        Assert.Equal((null, null, first[0].ReportedLoss!.Value), (first[0].RealLoss, first[0].PadLoss, first[0].Loss));
        // One step on x = (1, 1), y = 1: out = 0, so the slope is -2 · x, and the weights (1, -1) become (1.2, -0.8). Errors are then 3.4; 2.4, 0.6 and 3.4.
        Assert.Equal((1, (3.4 * 3.4 + (2.4 * 2.4 + 0.6 * 0.6 + 3.4 * 3.4) / 3) / 2), (first[1].Step, first[1].ReportedLoss!.Value), (a, b) => a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 1e-5);
        Assert.Equal((2, alike.Run.Evaluations[^1].Loss, null), (alike.Run.Evaluations.Count, alike.Run.HeldOutLoss!.Value, alike.Run.HeldOutRealLoss));
        using (no_grad())
            plane.weight.copy_(tensor(new[,] { { 1f, -1f } }));
        Assert.Equal((16 + 3 * 7) / 4.0, counted.Train(1).Evaluations[0].ReportedLoss!.Value, 1e-6);
    }

    [Fact]
    public void Batches_that_count_nothing_are_passed_over_and_all_of_them_are_refused()
    {
        var plane = Plane();
        var seen = 0;
        Func<Pair, long> counted = batch => batch.X.shape[0] == 1 ? 0 : 3;
        using var trainer = Trainer.For(plane, Batches(), (Pair batch) => { seen++; return Squares(plane)(batch); }, Sgd(), counted: counted, heldOut: Apart());
        Assert.Equal(7, trainer.Train(1).Evaluations[0].Loss, 1e-6);
        Assert.Equal(3, seen); // one look before the step, the step, one look after it
        using var none = Trainer.For(plane, Batches(), Squares(plane), Sgd(), counted: _ => 0, heldOut: Apart());
        Assert.StartsWith("The held-out batches count no target at all", Assert.Throws<ArgumentException>(() => none.Train(1)).Message);
    }

    [Fact]
    public void The_loss_is_asked_in_evaluation_mode_without_gradients_and_nothing_of_the_run_changes()
    {
        var batches = Enumerable.Repeat((Of(new[,] { { 1f, 1f }, { 0f, 2f }, { 3f, 1f } }), Of(new[,] { { 1f }, { 0f }, { 2f } })), 10).ToList();
        // What batch normalisation remembers would tell of held-out batches that it has seen in training mode.
        var (watched, alone) = (Model(), Model());
        var modes = new List<(bool Training, bool Gradients)>();
        using var looking = Trainer.For(watched, batches, (Pair batch) =>
        {
            modes.Add((watched.training, is_grad_enabled()));
            return Squares(watched)(batch);
        }, Sgd(0.01), heldOut: Apart());
        using var plain = Trainer.For(alone, batches, Squares(alone), Sgd(0.01) with { EvaluateEvery = 0 });
        Assert.Equal(plain.Train(4).Steps.Select(s => s.ReportedLoss), looking.Train(4).Steps.Select(s => s.ReportedLoss));
        Assert.Equal([(false, false), (false, false), (true, true)], modes.Take(3));
        Assert.True(watched.training && is_grad_enabled());
        Assert.Equal([0, 1, 2, 3, 4], looking.Run.Evaluations.Select(e => e.Step));
        Assert.All(watched.state_dict().Zip(alone.state_dict()), pair => Assert.True(pair.First.Value.equal(pair.Second.Value).all().item<bool>(), pair.First.Key));

        static TorchSharp.Modules.Sequential Model()
        {
            var model = nn.Sequential(("wide", nn.Linear(2, 4)), ("norm", nn.BatchNorm1d(4)), ("out", nn.Linear(4, 1)));
            Tiny.Initialise(model, seed: 1);
            return model;
        }
    }

    [Fact]
    public void It_leaves_no_tensor_behind()
    {
        var plane = Plane();
        using var trainer = Trainer.For(plane, Batches(), Squares(plane), Sgd(), heldOut: Apart());
        trainer.Train(2);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        trainer.Train(5);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    // Learns to give 10, while 0 is held out: each step makes it worse there.
    private static (TorchSharp.Modules.Linear Model, List<Pair> Toward, List<Pair> Away) Opposite()
    {
        var line = nn.Linear(1, 1, hasBias: false);
        using var _ = no_grad();
        line.weight.copy_(ones(1, 1));
        return (line, [.. Enumerable.Repeat((ones(1, 1), full(1, 1, 10f)), 100)], [(ones(1, 1), zeros(1, 1))]);
    }

    [Fact]
    public void One_look_is_told_as_one()
    {
        var (line, toward, away) = Opposite();
        using var trainer = Trainer.For(line, toward, Squares(line), Sgd(0.01) with { EarlyStopAfter = 1 }, heldOut: away);
        Assert.EndsWith(" of step 0 in 1 look.", trainer.Train(50).EndReason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_stops_early_by_it()
    {
        var (line, toward, away) = Opposite();
        using var trainer = Trainer.For(line, toward, Squares(line), Sgd(0.01) with { EarlyStopAfter = 2 }, heldOut: away);
        var run = trainer.Train(50);
        Assert.Equal((TrainingEnd.StoppedEarly, 2), (run.End, run.Steps.Count));
        Assert.Equal("Stopped after step 2: the held-out loss has not gone below 1.000 of step 0 in 2 looks.", run.EndReason);
    }

    [Fact]
    public void Padded_batches_whose_loss_is_no_number_end_the_run_with_the_batch_and_the_layer()
    {
        using var net = Tiny.Net();
        var batches = Tiny.Motif().Take(2).ToList();
        using var single = PaddedBatch.From([[5L], [7L]], padId: 0, length: 8);
        using var trainer = new Trainer(TrainedModel.From(net), batches, LossSetting.IgnorePads, new()
        {
            // Finite weights whose products are not.
            HeldOut = [single, batches[0]],
            OnStep = _ => { using (no_grad()) net.parameters().ToList().ForEach(weight => weight.fill_(1e30f)); },
        });
        var run = trainer.Train(1);
        Assert.Equal(TrainingEnd.NotFinite, run.End);
        Assert.StartsWith("The held-out loss after step 1 is not a number; the weights are finite, and ", run.EndReason, StringComparison.Ordinal);
        Assert.Contains("is the first layer whose output is not. Lower the learning rate or clip the gradient. The batch is number 2 of the 2 held out, PaddedBatch [", run.EndReason, StringComparison.Ordinal);
        Assert.DoesNotContain("leave it out", run.EndReason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_number_is_never_the_best_look()
    {
        using var net = Tiny.Net();
        using var single = PaddedBatch.From([[5L], [7L]], padId: 0, length: 8);
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads, new() { HeldOut = [single], EvaluateEvery = 1, EarlyStopAfter = 2 });
        var run = trainer.Train(9);
        Assert.Equal(TrainingEnd.StoppedEarly, run.End);
        Assert.Equal("Stopped after step 2: the held-out loss was no number in any of 3 looks, so that it cannot improve; hold out batches with targets that count.", run.EndReason);
    }

    [Fact]
    public void Checkpoints_keep_the_looks_and_a_resumed_run_goes_on_with_them()
    {
        var folder = Directory.CreateTempSubdirectory("xt-held-out-").FullName;
        try
        {
            var options = Sgd() with { CheckpointEvery = 2, CheckpointFolder = folder };
            var (whole, broken, again) = (Plane(), Plane(), Plane());
            using var straight = Trainer.For(whole, Batches(), Squares(whole), Sgd(), heldOut: Apart());
            using var first = Trainer.For(broken, Batches(), Squares(broken), options, heldOut: Apart());
            using var second = Trainer.For(again, Batches(), Squares(again), options, heldOut: Apart());
            first.Train(3);
            Assert.Equal(first.Run.Evaluations.Take(2), second.Resume().Evaluations);
            Assert.Equal(straight.Train(5).Evaluations, second.Train(3).Evaluations);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("rows", "Held-out batch 2 of 2: The loss \"own loss\" must be one number, but is [3, 1]; take its mean, for example loss.mean().")]
    [InlineData("nothing", "Held-out batch 2 of 2: The loss \"own loss\" must be one number, but is null; take its mean, for example loss.mean().")]
    [InlineData("refuses", "Held-out batch 2 of 2: three rows are too many.")]
    public void A_loss_that_gives_no_number_names_the_batch(string kind, string sentence)
    {
        var plane = Plane();
        Func<Pair, Tensor> loss = batch => batch.X.shape[0] == 1 ? Squares(plane)(batch)
            : kind == "rows" ? (plane.call(batch.X) - batch.Y).square() : kind == "nothing" ? null! : throw new ArgumentException("three rows are too many.");
        using var trainer = Trainer.For(plane, Batches(), loss, Sgd() with { EvaluateEvery = 0 }, heldOut: Apart());
        Assert.Equal(sentence, Assert.Throws<ArgumentException>(() => trainer.Train(2)).Message);
        Assert.Equal(2, trainer.Run.Steps.Count);
    }

    [Fact]
    public void A_loss_that_is_not_finite_there_stops_the_run_and_says_where()
    {
        var plane = Plane();
        Func<Pair, Tensor> loss = batch => Squares(plane)(batch) / (batch.X.shape[0] == 3 ? zeros(1) : ones(1)).sum();
        using var trainer = Trainer.For(plane, Batches(), loss, Sgd(), heldOut: Apart());
        var run = trainer.Train(5);
        Assert.Equal((TrainingEnd.NotFinite, 0), (run.End, run.Steps.Count));
        Assert.Equal("The held-out loss after step 0 is infinite; the weights are finite: it is the loss, which may average no target. "
            + "The batch is number 2 of the 2 held out, ([3, 2], [3, 1]); mend it or leave it out.", run.EndReason);
        // Weights that broke in the last step are named.
        var broken = Plane();
        using var last = Trainer.For(broken, Batches(), Squares(broken), Sgd() with
        {
            EvaluateEvery = 0, OnStep = _ => { using (no_grad()) broken.weight.fill_(float.NaN); },
        }, heldOut: Apart());
        Assert.StartsWith("The held-out loss after step 1 is not a number; the weights of weight are not finite since step 1.", last.Train(1).EndReason);
    }

    [Fact]
    public void A_cancelled_look_leaves_a_whole_run()
    {
        var plane = Plane();
        using var stop = new CancellationTokenSource();
        using var trainer = Trainer.For(plane, Batches(), (Pair batch) =>
        {
            if (!plane.training)
                stop.Cancel();
            return Squares(plane)(batch);
        }, Sgd() with { EvaluateEvery = 0 }, heldOut: Apart());
        var run = trainer.Train(2, stop.Token);
        Assert.Equal((TrainingEnd.Cancelled, 2, 0), (run.End, run.Steps.Count, run.Evaluations.Count));
        Assert.Equal("Cancelled in a look at held-out batches after step 2 of 2; model and run are as that step left them.", run.EndReason);
    }

    [Fact]
    public void What_is_given_twice_or_is_of_another_kind_is_refused_with_a_sentence()
    {
        using var bigram = new Bigram();
        using var padded = PaddedBatch.From([[5L, 6, 7], [8, 9]], padId: 0);
        Func<PaddedBatch, Tensor> loss = batch => nn.functional.cross_entropy(bigram.call(batch.Ids)[.., ..^1].transpose(1, 2), batch.Ids[.., 1..], ignore_index: 0);
        using var taken = Trainer.For(bigram, Tiny.Motif(), loss, new() { HeldOut = [padded] });
        var seen = Assert.Single(taken.Train(1).Evaluations).Loss;
        Assert.Equal(loss(padded).item<float>(), seen, 1e-6);
        Assert.StartsWith("Held-out batches are given twice", Refusal(() => Trainer.For(bigram, Tiny.Motif(), loss, new() { HeldOut = [padded] }, heldOut: [padded])));
        var plane = Plane();
        Assert.StartsWith("The options' HeldOut holds padded batches, but the loss takes a ValueTuple", Refusal(() => Trainer.For(plane, Batches(), Squares(plane), new() { HeldOut = [padded] })));
        Assert.Contains("EarlyStopAfter needs HeldOut", Refusal(() => Trainer.For(plane, Batches(), Squares(plane), Sgd() with { EarlyStopAfter = 2 })));
        Assert.Equal("EvaluateEvery needs HeldOut batches to look at; give them, or leave it out.", Refusal(() => Trainer.For(plane, Batches(), Squares(plane), Sgd())));
        var gone = Apart();
        gone[1].X.Dispose();
        using var trainer = Trainer.For(plane, Batches(), Squares(plane), Sgd(), heldOut: gone);
        Assert.Equal("Held-out batch 2 of 2: it was disposed of; keep held-out batches until the run has ended.", Refusal(() => trainer.Train(1)));

        static string Refusal(Action act) => Assert.Throws<ArgumentException>(act).Message;
    }

    [Fact]
    public void Compared_losses_look_each_by_itself_and_views_tell_what_they_saw()
    {
        using var compared = Trainer.Compare(Plane, Batches(), new Dictionary<string, Func<TorchSharp.Modules.Linear, Pair, Tensor>>
        {
            ["squares"] = (model, batch) => Squares(model)(batch),
            ["absolute"] = (model, batch) => nn.functional.l1_loss(model.call(batch.X), batch.Y),
        }, steps: 3, Sgd(1e-12), heldOut: Apart());
        Assert.Equal(11.5, compared["squares"].HeldOutLoss!.Value, 1e-6);
        Assert.Equal((4 + (2 + 1 + 4) / 3.0) / 2, compared["absolute"].HeldOutLoss!.Value, 1e-5);
        var chart = compared.Comparison.ToChart();
        Assert.Equal("held-out batches", chart.Summary!.Headings[^1]);
        Assert.Equal("11.500", chart.Summary.Rows[0][^1]);
        var one = compared["squares"].ToChart();
        Assert.Contains("11.50 on held-out batches", one.Sentence);
        Assert.Contains(one.Panels[0].Lines, line => line.Name == "held-out" && line.Y.Count == 4);
    }
}
