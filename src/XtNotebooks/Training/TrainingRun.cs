using XtNotebooks.Extensibility;
using XtNotebooks.Views;

namespace XtNotebooks.Training;

/// <summary>What happened while a model was trained; plain numbers, no tensor held.</summary>
[TypeFormatterSource(typeof(TrainingFormatterSource))]
public sealed record TrainingRun
{
    /// <summary>For people: the loss setting, or what the caller named it.</summary>
    public required string Name { get; init; }

    /// <summary>Every step that was taken, in order.</summary>
    public required IReadOnlyList<TrainingStep> Steps { get; init; }

    /// <summary>Looks at held-out data, in order; empty where none was given.</summary>
    public IReadOnlyList<TrainingEvaluation> Evaluations { get; init; } = [];

    /// <summary>How many steps were asked for.</summary>
    public int PlannedSteps { get; init; }

    /// <summary>Why it ended.</summary>
    public TrainingEnd End { get; init; } = TrainingEnd.Completed;

    /// <summary>Why it ended, in one sentence; empty where all steps were taken.</summary>
    public string EndReason { get; init; } = "";

    /// <summary>Where it ran, for example "cpu".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>What the model computed in.</summary>
    public TrainingPrecision Precision { get; init; }

    /// <summary>The seed of dropout and sampling; null where none was set.</summary>
    public long? Seed { get; init; }

    /// <summary>Wall time of all of it.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The last held-out real-token loss; null where nothing was held out, or where the batches do not tell which targets are real.</summary>
    public double? HeldOutRealLoss => Evaluations.Count == 0 ? null : Evaluations[^1].RealLoss;

    /// <summary>The last held-out loss: of real tokens where they are known, otherwise the run's own; null where nothing was held out.</summary>
    public double? HeldOutLoss => Evaluations.Count == 0 ? null : Evaluations[^1].Loss;

    /// <summary>Whether its losses are nats of tokens.</summary>
    internal bool InNats => Steps.Any(step => step.InNats);

    /// <summary>Means over the last <paramref name="steps"/> steps; null where a value was never recorded there.</summary>
    public (double? Reported, double? Real, double? Pad) Last(int steps)
    {
        var last = Steps.Skip(Math.Max(0, Steps.Count - steps)).ToList();
        return (Mean(last.Select(s => (double?)s.ReportedLoss)), Mean(last.Select(s => s.RealLoss)), Mean(last.Select(s => s.PadLoss)));

        static double? Mean(IEnumerable<double?> values) => values.Where(v => v is not null).ToList() is { Count: > 0 } known ? known.Average() : null;
    }

    /// <summary>The first step whose value fell below <paramref name="threshold"/>; null where none did.</summary>
    /// <param name="threshold">Nats.</param>
    /// <param name="value">Which value, for example <c>step => step.RealLoss</c>.</param>
    public int? FirstStepBelow(double threshold, Func<TrainingStep, double?> value) => Steps.FirstOrDefault(step => value(step) < threshold)?.Step;
}

/// <summary>Why a run ended.</summary>
public enum TrainingEnd
{
    /// <summary>All steps were taken.</summary>
    Completed,

    /// <summary>The caller cancelled; the run up to there is whole.</summary>
    Cancelled,

    /// <summary>Held-out loss did not improve any more.</summary>
    StoppedEarly,

    /// <summary>A loss or a gradient was NaN or infinite, or the weights after the last step.</summary>
    NotFinite,

    /// <summary>Every target of a batch was ignored.</summary>
    NothingToLearn,

    /// <summary>The batches ended before the steps did.</summary>
    OutOfBatches,
}

/// <summary>Runs that began with the same weights and saw the same batches.</summary>
/// <param name="Runs">One for each setting, in the order given.</param>
[TypeFormatterSource(typeof(TrainingFormatterSource))]
public sealed record TrainingComparison(IReadOnlyList<TrainingRun> Runs)
{
    /// <summary>The run of a setting.</summary>
    /// <exception cref="KeyNotFoundException">There is none of that name; the message lists those there are.</exception>
    public TrainingRun this[string name] => Runs.FirstOrDefault(run => run.Name == name)
        ?? throw new KeyNotFoundException($"There is no run \"{name}\"; there are: {string.Join(", ", Runs.Select(run => $"\"{run.Name}\""))}.");
}
