using TorchSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using XtNotebooks.Views;

namespace XtNotebooks.Training;

/// <summary><c>#!xt-train</c>: trains a model and shows what its loss is made of while it learns.</summary>
internal static class TrainMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-train",
        Summary = "Trains a model, showing reported, real-token and pad loss while it learns; an interrupt stops after the current step.",
        Options =
        [
            .. TrainingInputs.Common.Select(option => option.Name switch
            {
                "--model" => option with { Summary = "The model to train: a module from ids [batch, seq] to logits [batch, seq, numTokens], or any module with --batches and --loss to match." },
                "--batches" => option with { Summary = "Any enumerable of PaddedBatch; or, with a --loss, of tensors (x, y), several inputs and a target, or whatever the loss takes." },
                "--loss" => option with { Summary = "A loss of your own: a LossSetting, a function from logits and targets (or any output and target) to a scalar, a loss module such as CrossEntropyLoss, or a function of a whole batch." },
                _ => option,
            }),
            new() { Name = "--setting", Summary = $"How pads are treated: {string.Join(", ", TrainingInputs.Settings.Keys)}; a wrapper given as the model has its own.", Complete = _ => TrainingInputs.Settings.Keys },
            new() { Name = "--checkpoint-every", Summary = "Steps between checkpoints; 0 for none.", Type = typeof(int), Default = 0 },
            new() { Name = "--checkpoint-folder", Summary = "Where checkpoints are written." },
            new() { Name = "--resume", Summary = "Go on from the newest checkpoint in the folder, if there is one, until there are --steps in all.", Type = typeof(bool) },
            new() { Name = "--continue", Summary = "Go on with the trainer of an earlier call, its optimizer, options and batches, or begin where there is none yet, so that the same cell goes on when it is run again; without it the optimizer begins anew, the weights as they are.", Type = typeof(bool) },
            new() { Name = "--as", Summary = "The variable that gets the run; its trainer goes to the same name with Trainer behind.", Default = "run" },
        ],
        Examples =
        [
            "#!xt-train net --batches batches --steps 300",
            "#!xt-train net --batches batches --steps 100 --continue",
            "#!xt-train net --lines names --tokenizer tokenizer --eos --steps 300 --evaluate-every 50",
            "#!xt-train net --batches batches --loss smoothed --clip-norm 1 --schedule cosine --warmup 20",
            "#!xt-train regressor --batches pairs --loss squares --held-out apart --evaluate-every 20 --early-stop 3",
        ],
        StopsWithin = TimeSpan.FromSeconds(30),
        Run = static (call, cancellationToken) => Task.Run(() => Train(call, cancellationToken), CancellationToken.None),
    };

    private static void Train(MagicCall call, CancellationToken cancellationToken)
    {
        var name = call.Require<string>("--as");
        var module = TrainingInputs.Trained(call);
        var device = module.parameters().FirstOrDefault()?.device.ToString() ?? "cpu";
        var panel = new LivePanel(call.Notebook, call.Get<TrainingPrecision>("--precision") == TrainingPrecision.Full ? device : device + ", bfloat16", TimeProvider.System);
        Trainer? trainer = null;
        var before = 0;
        try
        {
            trainer = Trainer(call, name, module);
            trainer.OnStep = panel.OnStep;
            before = trainer.Run.Steps.Count;
            var steps = call.Get<int>("--steps");
            // A cell that is run again after a crash gives --steps in all.
            var count = call.Get<bool>("--resume") ? steps - before : steps;
            if (before > 0 && count < 1 && call.Get<bool>("--resume"))
            {
                Leave(trainer.Run);
                call.Notebook.Write($"Nothing is left to train: the checkpoint is of step {before}, and --steps asks for {steps} in all; raise --steps to go on.\n");
                return;
            }
            trainer.Train(count, cancellationToken);
        }
        catch (Exception e) when (e is not (OperationCanceledException or MagicException))
        {
            if (trainer is { Run.Steps.Count: > 0 })
                Leave(trainer.Run);
            throw TrainingSentences.Of(e, trainer);
        }
        Leave(trainer.Run);
        cancellationToken.ThrowIfCancellationRequested();
        if (trainer.Run.End is TrainingEnd.NotFinite or TrainingEnd.NothingToLearn)
            throw new MagicException(trainer.Run.EndReason);
        if (trainer.Run.Steps.Count > before || trainer.Run.End is not (TrainingEnd.OutOfBatches or TrainingEnd.StoppedEarly))
            return;
        throw new MagicException(before == 0 ? trainer.Run.EndReason : $"No step was taken: {trainer.Run.EndReason} "
            + (trainer.Run.End == TrainingEnd.StoppedEarly ? "Train without --continue to begin anew, with a longer --early-stop or none." : "Train without --continue to begin with the batches anew."));

        void Leave(TrainingRun run)
        {
            call.Notebook.SetVariable(name, run, typeof(TrainingRun));
            panel.End(run.ToChart());
        }
    }

    private static Trainer Trainer(MagicCall call, string name, torch.nn.Module module)
    {
        if (call.Get<bool>("--continue"))
        {
            if (call.Notebook.TryGetVariable(name + "Trainer", out var variable) && variable.Value is Trainer earlier)
                return ContinuedRun.Check(call, earlier, module);
            // Only what names its data can begin; anything else meant a run of before.
            if (!call.Has("--batches") && !call.Has("--lines"))
                throw new MagicException($"There is no {name}Trainer to continue, and nothing to begin with; give --batches, or --lines and a --tokenizer, or name the run with --as.");
        }
        TrainingInputs.Check(call, Command);
        if (call.Get<string>("--checkpoint-folder") is null && (call.Get<bool>("--resume") || call.Get<int>("--checkpoint-every") > 0))
            throw new MagicException("Checkpoints need a --checkpoint-folder; give one.");
        call.Refuse(Command, !call.Get<bool>("--resume") && call.Get<int>("--checkpoint-every") == 0,
            "alone writes nothing and reads nothing; give --checkpoint-every or --resume too, or leave it out.", "--checkpoint-folder");
        var trainer = TrainingInputs.OwnLoss(call, module) is { } own
            ? Training.Trainer.For(module, (System.Collections.IEnumerable)call.Values["--batches"]!, own, Recorded(call, TrainingInputs.Options(call, [])), "own loss", HeldOut.OfAnyKind(call))
            : OnTokens(call);
        if (call.Get<bool>("--resume"))
            trainer.Resume();
        // The one before holds an optimizer's state, twice the model's size; another variable may still want it.
        if (call.Notebook.TryGetVariable(name + "Trainer", out var before) && before.Value is Trainer old
            && !call.Notebook.Variables.Any(other => other.Name != name + "Trainer" && ReferenceEquals(other.Value, old)))
        {
            old.Dispose();
        }
        call.Notebook.SetVariable(name + "Trainer", trainer, typeof(Trainer));
        ContinuedRun.Begin(trainer, call);
        return trainer;
    }

    private static Trainer OnTokens(MagicCall call)
    {
        var model = TrainingInputs.Model(call);
        var (batches, heldOut, _) = TrainingInputs.Batches(call);
        return new(TrainedModel.From(model), batches, Setting(call, model), Recorded(call, TrainingInputs.OnTokens(call, model, heldOut)));
    }

    private static TrainerOptions Recorded(MagicCall call, TrainerOptions options) => options with
    {
        RecordGradientNorm = true,
        RecordMemory = true,
        CheckpointEvery = call.Get<int>("--checkpoint-every"),
        CheckpointFolder = call.Get<string>("--checkpoint-folder"),
    };

    private static LossSetting Setting(MagicCall call, torch.nn.Module<torch.Tensor, torch.Tensor> module) =>
        (call.Values.GetValueOrDefault("--loss"), call.Get<string>("--setting")) switch
        {
            (not null, not null) => throw new MagicException("Give --loss or --setting, not both."),
            ({ } loss, null) => TrainingInputs.Loss(call, loss, "own loss"),
            (null, { } setting) => TrainingInputs.Setting(setting),
            _ => module is AutoregressiveWrapper wrapper ? LossSetting.From(wrapper) : LossSetting.IgnorePads,
        };
}
