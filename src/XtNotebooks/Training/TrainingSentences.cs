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
        ("HeldOut batches, Device and Precision are for", "--held-out and --precision are for"),
        ("give its LossSetting a Counted, the number of targets it averages,", "give --counted, a function from a batch to the number of targets it averages,"),
        ("but Counted takes", "but --counted takes"), ("Counted gives less", "--counted gives less"),
        ("LearningRate", "--learning-rate"), ("Accumulation", "--accumulate"), ("EvaluateEvery", "--evaluate-every"), ("ClipNorm", "--clip-norm"),
        ("EarlyStopAfter", "--early-stop"), ("HeldOut batches", "--held-out batches"), ("HeldOut", "--held-out"),
        ("BatchSize", "--batch-size"), ("CheckpointEvery", "--checkpoint-every"), ("CheckpointFolder", "--checkpoint-folder"),
    ];

    /// <param name="e">What was thrown.</param>
    /// <param name="steps">Steps taken before.</param>
    public static MagicException Of(Exception e, int steps = 0)
    {
        var line = Views.MagicInputs.FirstLine(e);
        if (IsOutOfMemory(e))
        {
            return new MagicException($"Out of memory{(steps > 0 ? $" in step {steps + 1}" : "")}: lower --batch-size or --length (or make smaller --batches), and raise "
                + $"--accumulate to keep the step's size; on a GPU --precision bfloat16 halves what the layers hold ({line.TrimEnd('.')}).", e);
        }
        if (e is ArgumentException or CheckpointException or IOException or MagicException)
            return new MagicException(Names.Aggregate(line, (text, name) => text.Replace(name.Property, name.Option, StringComparison.Ordinal)), e);
        // Somebody's own loss or model, mostly: where in the notebook says more than a stack.
        var place = CellLine().Match(e.StackTrace ?? "") is { Success: true } match ? $" at {match.Groups[1].Value}, line {match.Groups[2].Value}" : "";
        return new MagicException($"Step {steps + 1} failed{place} ({e.GetType().Name}: {line.TrimEnd('.')}); the run is kept as step {steps} left it.", e);
    }

    private static bool IsOutOfMemory(Exception e) => e is OutOfMemoryException
        || (e is not ArgumentException && (e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("not enough memory", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)));

    [GeneratedRegex(@" in (Cell \d+):line (\d+)")]
    private static partial Regex CellLine();
}
