using TorchSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary><c>#!xt-compare</c>: the same weights and batches under several losses.</summary>
internal static class CompareMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-compare",
        Summary = "Trains from the same weights on the same batches under several loss settings, and draws their runs together; the model's weights are put back.",
        Options =
        [
            .. TrainingInputs.Common,
            new() { Name = "--settings", Summary = $"A comma-separated list of {string.Join(", ", TrainingInputs.Settings.Keys)}.", Default = "defaults,ignore-pads", Complete = _ => TrainingInputs.Settings.Keys },
            new() { Name = "--as", Summary = "The variable that gets the comparison.", Default = "comparison" },
        ],
        Examples = ["#!xt-compare net --batches batches --steps 300", "#!xt-compare net --batches batches --settings manual,defaults,ignore-pads,mask --loss smoothed"],
        StopsWithin = TimeSpan.FromSeconds(30),
        Run = static (call, cancellationToken) => Task.Run(() => Compare(call, cancellationToken), CancellationToken.None),
    };

    private static void Compare(MagicCall call, CancellationToken cancellationToken)
    {
        var given = TrainingInputs.Model(call);
        var model = given is AutoregressiveWrapper wrapper ? wrapper.Net : given;
        var panel = new LivePanel(call.Notebook, model.parameters().FirstOrDefault()?.device.ToString() ?? "cpu", TimeProvider.System);
        TrainingComparison comparison;
        using var scope = NewDisposeScope();
        var weights = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());
        try
        {
            var settings = call.Require<string>("--settings").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(TrainingInputs.Setting).ToList();
            if (settings.Count == 0 && call.Values.GetValueOrDefault("--loss") is null)
                throw new MagicException($"--settings names none; choose among {string.Join(", ", TrainingInputs.Settings.Keys)}.");
            if (call.Values.GetValueOrDefault("--loss") is { } loss)
                settings.Add(TrainingInputs.Loss(loss, "own loss"));
            var (batches, heldOut, owned) = TrainingInputs.Batches(call);
            comparison = Trainer.Compare(() => model, batches, settings, call.Get<int>("--steps"),
                TrainingInputs.Options(call, heldOut) with { OnStep = panel.OnStep }, cancellationToken).Comparison;
            foreach (var batch in owned ? heldOut : [])
                batch.Dispose();
        }
        catch (Exception e) when (e is not (OperationCanceledException or MagicException))
        {
            throw TrainingSentences.Of(e);
        }
        finally
        {
            model.LoadStateDict(weights);
        }
        call.Notebook.SetVariable(call.Require<string>("--as"), comparison, typeof(TrainingComparison));
        panel.End(comparison.ToChart());
        cancellationToken.ThrowIfCancellationRequested();
        if (comparison.Runs.FirstOrDefault(run => run.End is TrainingEnd.NotFinite or TrainingEnd.NothingToLearn) is { } failed)
            throw new MagicException($"{failed.Name}: {failed.EndReason}");
    }
}
