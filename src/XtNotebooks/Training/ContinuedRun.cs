using System.Runtime.CompilerServices;
using TorchSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using XtNotebooks.Views;

namespace XtNotebooks.Training;

/// <summary>What <c>--continue</c> may not be given: an option that the earlier call settled otherwise would be passed over in silence.</summary>
internal static class ContinuedRun
{
    private static readonly ConditionalWeakTable<Trainer, IReadOnlyDictionary<string, object?>> Begun = [];

    // These say how far, not how.
    private static readonly string[] Free = ["--model", "--steps", "--continue", "--as"];

    /// <summary>Keeps what a run was begun with, as long as its trainer is kept.</summary>
    public static void Begin(Trainer trainer, MagicCall call) => Begun.AddOrUpdate(trainer, call.Values);

    /// <returns>The earlier trainer.</returns>
    /// <exception cref="MagicException">The call asks for something else than the trainer does; the message names the option.</exception>
    public static Trainer Check(MagicCall call, Trainer earlier, torch.nn.Module module)
    {
        if (!ReferenceEquals(earlier.Model.Module, module is AutoregressiveWrapper wrapper ? wrapper.Net : module))
            throw new MagicException("--model is another model than the run's; train it without --continue, or name another run with --as.");
        if (call.Values.GetValueOrDefault("--batches") is { } batches && !ReferenceEquals(batches, earlier.Source))
            throw new MagicException("--batches are others than the run's, which goes on with its own; leave them out, or train without --continue.");
        foreach (var option in TrainMagic.Command.Options.Where(option => !Free.Contains(option.Name) && option.Name != "--batches"))
        {
            // A default that is spelt out asks for that value too.
            if (call.Gives(TrainMagic.Command, option.Name) && call.Values[option.Name]! is var value && !AsBegun(option.Name, value, earlier) && !Same(option.Name, value, earlier))
                throw new MagicException($"{option.Name} is settled by the run that goes on; leave it out, or train without --continue.");
        }
        Schedule(earlier, call.Get<int>("--steps"));
        return earlier;
    }

    // A schedule knows its end: behind it nothing is learned.
    private static void Schedule(Trainer earlier, int count)
    {
        var (schedule, taken) = (earlier.Options.Schedule, earlier.Run.Steps.Count);
        if (schedule is null || count < 1 || taken == 0)
            return;
        var left = Enumerable.Range(taken + 1, count).Reverse().SkipWhile(step => schedule(step) <= 0).Count();
        // A schedule may reach 0 with its last step.
        if (left < count && (schedule(taken) > 0 || left > 0))
            left++;
        if (left == 0)
            throw new MagicException($"The schedule has ended: the learning rate is 0 after step {taken}, and further steps would learn nothing. Train without --continue for a schedule anew; the weights stay as they are.");
        if (left < count)
            throw new MagicException($"The schedule ends with step {taken + left}, and the learning rate is 0 from there on; give --steps {left}, or train without --continue for a schedule anew.");
    }

    private static bool AsBegun(string option, object value, Trainer earlier) =>
        option != "--resume" && Begun.TryGetValue(earlier, out var values) && Equals(values.GetValueOrDefault(option), value);

    // The same said otherwise, or by a trainer that no magic made.
    private static bool Same(string option, object value, Trainer earlier) => option switch
    {
        "--learning-rate" => Equals(value, earlier.Options.LearningRate),
        "--schedule" => value is RateSchedule.Constant && earlier.Options.Schedule is null,
        "--warmup" => value is 0 && earlier.Options.Schedule is null,
        "--clip-norm" => Equals(value, earlier.Options.ClipNorm),
        "--accumulate" => Equals(value, earlier.Options.Accumulation),
        "--evaluate-every" => Equals(value, earlier.Options.EvaluateEvery),
        "--early-stop" => Equals(value, earlier.Options.EarlyStopAfter),
        "--held-out" => ReferenceEquals(value, earlier.Options.HeldOut),
        "--precision" => Equals(value, earlier.Options.Precision),
        "--seed" => value is int seed && earlier.Options.Seed == seed,
        "--setting" => TrainingInputs.Setting((string)value).Name == earlier.Setting.Name,
        "--checkpoint-every" => Equals(value, earlier.Options.CheckpointEvery),
        "--checkpoint-folder" => Equals(value, earlier.Options.CheckpointFolder),
        _ => false,
    };
}
