using TorchSharp;
using XtNotebooks.Training;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class ComparisonTests
{
    [Fact]
    public void All_settings_begin_with_the_same_weights_and_see_the_same_batches()
    {
        var seed = 0;
        using var compared = Trainer.Compare(() => Tiny.Net(seed++), Tiny.Motif(), [LossSetting.WrapperDefaults, LossSetting.IgnorePads, LossSetting.Manual], 5);
        var first = compared.Comparison.Runs.Select(run => run.Steps[0].RealLoss!.Value).ToList();
        Assert.All(first, loss => Assert.Equal(first[0], loss));
        Assert.Equal(compared["ignoreIndex: pad"].Steps.Select(s => s.ReportedLoss), compared["manual"].Steps.Select(s => s.ReportedLoss));
        Assert.Equal(3, compared.Models.Count);
    }

    [Fact]
    public void Cancelling_leaves_out_what_had_not_begun()
    {
        using var stop = new CancellationTokenSource();
        using var compared = Trainer.Compare(() => Tiny.Net(), Tiny.Motif(), [LossSetting.WrapperDefaults, LossSetting.IgnorePads], 5,
            new() { OnStep = _ => stop.Cancel() }, stop.Token);
        var run = Assert.Single(compared.Comparison.Runs);
        Assert.Equal(TrainingEnd.Cancelled, run.End);
    }

    [Fact]
    public void An_unknown_setting_lists_those_there_are()
    {
        using var compared = Trainer.Compare(() => Tiny.Net(), Tiny.Motif(), [LossSetting.IgnorePads], 1);
        Assert.Contains("\"ignoreIndex: pad\"", Assert.Throws<KeyNotFoundException>(() => compared["nothing"]).Message);
    }

    [Fact]
    public void Two_settings_of_one_name_are_refused() =>
        Assert.Throws<ArgumentException>(() => Trainer.Compare(() => Tiny.Net(), Tiny.Motif(), [LossSetting.Lens, LossSetting.Lens], 1));

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
}
