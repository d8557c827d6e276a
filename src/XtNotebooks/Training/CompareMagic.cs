using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary><c>#!xt-compare</c>: the same weights and batches under several losses.</summary>
internal static class CompareMagic
{
    private const string DefaultSettings = "defaults,ignore-pads";

    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-compare",
        Summary = "Trains from the same weights on the same batches under several loss settings, and draws their runs together; the model's weights are put back.",
        Options =
        [
            .. TrainingInputs.Common.Select(option => option.Name switch
            {
                "--model" => option with { Summary = "The model to train: a module from ids [batch, seq] to logits [batch, seq, numTokens], or any module with --batches and --loss to match." },
                "--batches" => option with { Summary = "Any enumerable of PaddedBatch; or, with a --loss, of tensors (x, y), several inputs and a target, or whatever the losses take." },
                "--loss" => option with { Summary = "Losses of your own, beside the --settings: one or several in an array, or by name in a dictionary; each a LossSetting, a function from logits and targets (or any output and target) to a scalar, a loss module such as CrossEntropyLoss, or a function of a whole batch." },
                _ => option,
            }),
            new() { Name = "--settings", Summary = $"How pads are treated, for padded batches: a comma-separated list of {string.Join(", ", TrainingInputs.Settings.Keys)}.", Default = DefaultSettings, Complete = _ => TrainingInputs.Settings.Keys },
            new() { Name = "--as", Summary = "The variable that gets the comparison.", Default = "comparison" },
        ],
        Examples = ["#!xt-compare net --batches batches --steps 300", "#!xt-compare net --batches batches --settings manual,defaults,ignore-pads,mask --loss smoothed", "#!xt-compare regressor --batches pairs --loss losses"],
        StopsWithin = TimeSpan.FromSeconds(30),
        Run = static (call, cancellationToken) => Task.Run(() => Compare(call, cancellationToken), CancellationToken.None),
    };

    private static void Compare(MagicCall call, CancellationToken cancellationToken)
    {
        var given = TrainingInputs.Trained(call);
        var model = given is AutoregressiveWrapper wrapper ? wrapper.Net : given;
        var panel = new LivePanel(call.Notebook, model.parameters().FirstOrDefault()?.device.ToString() ?? "cpu", TimeProvider.System);
        TrainingComparison comparison;
        TrainingInputs.Check(call, Command);
        Trainer? running = null;
        using var scope = NewDisposeScope();
        var weights = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());
        try
        {
            comparison = OfOwnBatches(call) ? OnOwnBatches(call, model, panel, Runs, cancellationToken) : OnTokens(call, model, panel, Runs, cancellationToken);
        }
        catch (Exception e) when (e is not (OperationCanceledException or MagicException))
        {
            throw TrainingSentences.Of(e, running, compared: true);
        }
        finally
        {
            model.LoadStateDict(weights);
        }
        call.Notebook.SetVariable(call.Require<string>("--as"), comparison, typeof(TrainingComparison));
        panel.End(comparison.ToChart());
        cancellationToken.ThrowIfCancellationRequested();
        if (comparison.Runs.FirstOrDefault(run => run.End is TrainingEnd.NotFinite or TrainingEnd.NothingToLearn) is { } failed)
            throw new MagicException($"{Views.Words.Label(failed.Name)} {failed.EndReason}");

        Trainer Runs(Trainer trainer) => running = trainer;
    }

    private static bool OfOwnBatches(MagicCall call) => call.Values.GetValueOrDefault("--lines") is null
        && call.Values.GetValueOrDefault("--batches") is System.Collections.IEnumerable and not (string or IEnumerable<PaddedBatch>);

    private static TrainingComparison OnTokens(MagicCall call, nn.Module module, LivePanel panel, Func<Trainer, Trainer> runs, CancellationToken cancellationToken)
    {
        var given = TrainingInputs.Model(call);
        var model = given is AutoregressiveWrapper wrapper ? wrapper.Net : given;
        var settings = call.Require<string>("--settings").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(TrainingInputs.Setting).ToList();
        var losses = TrainingInputs.Losses(call);
        if (settings.Count == 0 && losses.Count == 0)
            throw new MagicException($"--settings names none; choose among {string.Join(", ", TrainingInputs.Settings.Keys)}.");
        // A loss of the whole batch calls the model itself.
        settings.AddRange(losses.Select(loss => TrainingInputs.OwnLoss(call, module, loss.Loss) is { } own
            ? new LossSetting(loss.Name, (_, batch) => new(own.Of(batch))) { Counted = own.Counted }
            : TrainingInputs.Loss(call, loss.Loss, loss.Name)));
        var (batches, heldOut, owned) = TrainingInputs.Batches(call);
        try
        {
            var options = TrainingInputs.OnTokens(call, model, heldOut) with { OnStep = panel.OnStep };
            return Comparison.Of(() => model, batches, [.. settings.Select(setting => setting.Name)],
                (i, _, shared) => runs(new Trainer(TrainedModel.From(model), shared, settings[i], options)), call.Get<int>("--steps"), options, cancellationToken).Comparison;
        }
        finally
        {
            foreach (var batch in owned ? heldOut : [])
                batch.Dispose();
        }
    }

    private static TrainingComparison OnOwnBatches(MagicCall call, nn.Module model, LivePanel panel, Func<Trainer, Trainer> runs, CancellationToken cancellationToken)
    {
        call.Refuse(Command, true, "is for padded batches and a loss of logits and targets; leave it out.", "--settings");
        var losses = TrainingInputs.Losses(call);
        if (losses.Count == 0)
            throw new MagicException("--batches are no PaddedBatch, so only you know their losses; give --loss: functions from output and target, loss modules, or functions of the batch, in an array or by name in a dictionary.");
        var own = losses.Select(loss => TrainingInputs.OwnLoss(call, model, loss.Loss)!).ToList();
        var (options, heldOut) = (TrainingInputs.Options(call, []) with { OnStep = panel.OnStep }, HeldOut.OfAnyKind(call));
        return Comparison.Of(() => model, ((System.Collections.IEnumerable)call.Values["--batches"]!).Cast<object>(), [.. losses.Select(loss => loss.Name)],
            (i, _, shared) => runs(Trainer.For(model, shared, own[i], options, losses[i].Name, heldOut)), call.Get<int>("--steps"), options, cancellationToken).Comparison;
    }
}
