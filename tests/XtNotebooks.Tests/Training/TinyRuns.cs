using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

/// <summary>Runs of the small model on the small data.</summary>
internal static class TinyRuns
{
    public static TrainingRun Train(LossSetting setting, int steps = 10, TrainerOptions? options = null, int seed = 0, CancellationToken token = default)
    {
        using var net = Tiny.Net(seed);
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), setting, options);
        return trainer.Train(steps, token);
    }

    public static IEnumerable<double> Reported(TrainingRun run) => run.Steps.Select(step => step.ReportedLoss);
}
