using XtNotebooks.Training;

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
}
