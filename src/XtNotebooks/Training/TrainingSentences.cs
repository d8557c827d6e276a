using System.Text.RegularExpressions;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;

namespace XtNotebooks.Training;

/// <summary>What went wrong while a magic trained, in one sentence that says what to do, in the magic's own words.</summary>
internal static partial class TrainingSentences
{
    // What C# calls them, and what the magics do.
    private static readonly (string Property, string Option)[] Names =
    [
        ("or train in full precision (", "or leave --precision out ("),
        ("give its LossSetting a Counted, the number of targets it averages,", "give --counted, a function from a batch to the number of targets it averages,"),
        ("but Counted takes", "but --counted takes"), ("Counted gives less", "--counted gives less"),
        ("LearningRate", "--learning-rate"), ("Accumulation", "--accumulate"), ("EvaluateEvery", "--evaluate-every"), ("ClipNorm", "--clip-norm"),
        ("EarlyStopAfter", "--early-stop"), ("HeldOut batches", "--held-out batches"), ("HeldOut", "--held-out"),
        ("BatchSize", "--batch-size"), ("CheckpointEvery", "--checkpoint-every"), ("CheckpointFolder", "--checkpoint-folder"),
    ];

    /// <param name="e">What was thrown.</param>
    /// <param name="trainer">What threw it; null where there was none yet.</param>
    /// <param name="compared">Whether its run is one of a comparison, which is then given up.</param>
    public static MagicException Of(Exception e, Trainer? trainer, bool compared = false)
    {
        var line = Views.MagicInputs.FirstLine(e);
        var steps = trainer?.Run.Steps.Count ?? 0;
        if (IsOutOfMemory(e))
        {
            return new MagicException($"Out of memory{(steps > 0 ? $" in step {steps + 1}" : "")}: lower --batch-size or --length (or make smaller --batches), and raise "
                + $"--accumulate to keep the step's size; on a GPU --precision bfloat16 halves what the layers hold ({line.TrimEnd('.')}).", e);
        }
        if (e is ArgumentException or CheckpointException or IOException or MagicException)
            return new MagicException(Names.Aggregate(line, (text, name) => text.Replace(name.Property, name.Option, StringComparison.Ordinal)), e);
        // Somebody's own loss or model, mostly: where in the notebook says more than a stack.
        var place = CellLine().Match(e.StackTrace ?? "") is { Success: true } match ? $" at {match.Groups[1].Value}, line {match.Groups[2].Value}" : "";
        var failed = (compared && trainer is not null ? Views.Words.Label(trainer.Setting.Name) + " " : "") + (trainer is { Looking: true } ? $"The look at held-out batches after step {steps}" : $"Step {steps + 1}");
        // What torch says of a step size or a factor beyond its type's range.
        if (line.Contains("without overflow", StringComparison.Ordinal))
            line = line.TrimEnd('.') + ": lower --learning-rate, or a factor of the loss";
        return new MagicException($"{failed} failed{place} ({e.GetType().Name}: {line.TrimEnd('.')}); {(compared ? "the model's weights are put back" : steps == 0 ? "no step was taken, and the weights are as they were" : $"the run is kept as step {steps} left it")}.", e);
    }

    private static bool IsOutOfMemory(Exception e) => e is OutOfMemoryException
        || (e is not ArgumentException && (e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("not enough memory", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)));

    [GeneratedRegex(@" in (Cell \d+):line (\d+)")]
    private static partial Regex CellLine();
}
