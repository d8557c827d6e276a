using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

[Collection(Diagnostics.DefaultGenerator.Name)]
public sealed class PanelAndResultTests : TrainingCells
{
    [Fact]
    public async Task Losses_weights_and_random_numbers_are_the_same_to_the_bit_with_and_without_the_panel()
    {
        using var scope = NewDisposeScope();
        var panels = 0;
        notebook.OnShown = value => panels += value is TrainingPanel ? 1 : 0;
        var (watched, alone, other) = (Net(), Net(), Net());
        await Call("#!xt-train", On(watched, ("--steps", 40), ("--seed", 7)));
        var drawnBehind = rand(4);
        using var trainer = new Trainer(TrainedModel.From(alone), Tiny.Motif(), LossSetting.IgnorePads, new() { Seed = 7 });
        var run = trainer.Train(40);
        Assert.True(panels > 0);
        Assert.True(rand(4).equal(drawnBehind).all().item<bool>());
        Assert.Equal(run.Steps.Select(s => (s.ReportedLoss, s.RealLoss, s.PadLoss)),
            ((TrainingRun)notebook.Declared["run"].Value!).Steps.Select(s => (s.ReportedLoss, s.RealLoss, s.PadLoss)));
        Assert.NotEmpty(watched.parameters());
        Assert.True(Same(watched, alone));
        // Dropout takes part: other numbers lead to other weights.
        using var unlike = new Trainer(TrainedModel.From(other), Tiny.Motif(), LossSetting.IgnorePads, new() { Seed = 8 });
        unlike.Train(40);
        Assert.False(Same(other, alone));

        static bool Same(nn.Module a, nn.Module b) => a.state_dict().All(entry => entry.Value.bytes.SequenceEqual(b.state_dict()[entry.Key].bytes));
    }

    private static TransformerWrapper Net()
    {
        var net = new TransformerWrapper(new()
        {
            NumTokens = 12, MaxSeqLen = 16, EmbDropout = 0.1,
            AttnLayers = new Decoder(new() { Dim = 16, Depth = 2, Heads = 2, AttnDimHead = 8, AttnDropout = 0.1, FfDropout = 0.2 }),
        });
        Tiny.Initialise(net, seed: 0);
        return net;
    }
}
