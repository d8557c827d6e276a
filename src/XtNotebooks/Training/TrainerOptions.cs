using TorchSharp;
using TorchSharp.Modules;
using XtNotebooks.Data;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>How a model is trained.</summary>
public sealed record TrainerOptions
{
    /// <summary>Step size.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Makes the optimizer from parameters and <see cref="LearningRate"/>; Adam by default.</summary>
    public Func<IEnumerable<Parameter>, double, optim.Optimizer> Optimizer { get; init; } = (parameters, rate) => optim.Adam(parameters, rate);

    /// <summary>From the step (from 1) to a factor of <see cref="LearningRate"/>; null for 1. See <see cref="Schedules"/>.</summary>
    public Func<int, double>? Schedule { get; init; }

    /// <summary>The gradient is scaled down to this norm where it is longer; null for no limit.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Batches in a step. Their losses are weighted by the targets they count, so that the step is that of one large batch.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>Batches to look at without learning; they stay the caller's. For a loss of one's own kind of batch,
    /// <see cref="Trainer.For{TBatch}"/> takes them.</summary>
    public IReadOnlyList<PaddedBatch> HeldOut { get; init; } = [];

    /// <summary>A look at held-out batches before every so many steps, and at the end; 0 for the end alone. Without any it is refused.</summary>
    public int EvaluateEvery { get; init; }

    /// <summary>Stops after so many looks without a better held-out loss, <see cref="TrainingEvaluation.Loss"/>; null for never.</summary>
    public int? EarlyStopAfter { get; init; }

    /// <summary>Writes a checkpoint after every so many steps; 0 for never.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>The folder of checkpoints.</summary>
    public string? CheckpointFolder { get; init; }

    /// <summary>Seeds torch before the first step, for dropout; null leaves its generator alone.</summary>
    public long? Seed { get; init; }

    /// <summary>What the model computes in while it is trained. Its weights are float32 before and after, also in checkpoints; in bfloat16 they are other
    /// objects than before, so take <c>parameters()</c> again.</summary>
    public TrainingPrecision Precision { get; init; }

    /// <summary>Where batches are moved to; null where they are already with the model.</summary>
    public Device? Device { get; init; }

    /// <summary>Whether steps record the norm of the gradient, as clipping does anyway.</summary>
    public bool RecordGradientNorm { get; init; }

    /// <summary>Whether steps record the memory of the process.</summary>
    public bool RecordMemory { get; init; }

    /// <summary>Whether steps record the losses of real tokens and pads.</summary>
    public bool RecordSplit { get; init; } = true;

    /// <summary>Called after every step, on the training thread; it sees numbers alone and cannot change the result.</summary>
    public Action<TrainingProgress>? OnStep { get; init; }

    /// <summary>Measures time.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal void Check(int heldOut)
    {
        Positive(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "positive");
        Positive(Accumulation > 0, nameof(Accumulation), Accumulation, "at least 1");
        Positive(EvaluateEvery >= 0, nameof(EvaluateEvery), EvaluateEvery, "at least 0");
        Positive(CheckpointEvery >= 0, nameof(CheckpointEvery), CheckpointEvery, "at least 0");
        Positive(ClipNorm is null or > 0, nameof(ClipNorm), ClipNorm, "positive");
        Positive(EarlyStopAfter is null or > 0, nameof(EarlyStopAfter), EarlyStopAfter, "at least 1");
        if (EarlyStopAfter is not null && (EvaluateEvery == 0 || heldOut == 0))
            throw new ArgumentException($"{nameof(EarlyStopAfter)} needs {nameof(HeldOut)} batches and {nameof(EvaluateEvery)}; give both.");
        if (EvaluateEvery > 0 && heldOut == 0)
            throw new ArgumentException($"{nameof(EvaluateEvery)} needs {nameof(HeldOut)} batches to look at; give them, or leave it out.");
        if (CheckpointEvery > 0 && CheckpointFolder is null)
            throw new ArgumentException($"{nameof(CheckpointEvery)} needs a {nameof(CheckpointFolder)}; give one.");

        static void Positive(bool good, string name, object? value, string what)
        {
            if (!good)
                throw new ArgumentException(FormattableString.Invariant($"{name} must be {what}, but is {value}."));
        }
    }
}

/// <summary>What a model computes in while it is trained.</summary>
public enum TrainingPrecision
{
    /// <summary>Single precision throughout.</summary>
    Full,

    /// <summary>Forward and backward in bfloat16, twice as fast and half as large on GPUs that have it; losses, gradients' sums, optimizer and weights in
    /// float32 (arXiv:1710.03740).</summary>
    BFloat16,
}

/// <summary>What a caller sees after a step.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="Step">The step just taken.</param>
/// <param name="PlannedSteps">How many there will be.</param>
/// <param name="Evaluation">The latest look at held-out data; null before the first.</param>
public sealed record TrainingProgress(string Name, TrainingStep Step, int PlannedSteps, TrainingEvaluation? Evaluation);
