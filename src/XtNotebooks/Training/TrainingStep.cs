namespace XtNotebooks.Training;

/// <summary>One optimizer step, in plain numbers.</summary>
public sealed record TrainingStep
{
    /// <summary>From 1.</summary>
    public required int Step { get; init; }

    /// <summary>The loss that was minimised, before the step, nats: what a progress bar shows.</summary>
    public required double ReportedLoss { get; init; }

    /// <summary>Mean loss of the batch's real targets, whatever the setting counts, nats; null where the batch does not tell which are real.</summary>
    public double? RealLoss { get; init; }

    /// <summary>Mean loss of the batch's pads as targets, whatever the setting counts, nats; null where there are none.</summary>
    public double? PadLoss { get; init; }

    /// <summary>Real targets in the batch.</summary>
    public long RealTokens { get; init; }

    /// <summary>Pads among the batch's targets.</summary>
    public long PadTokens { get; init; }

    /// <summary>Whether its loss is nats of tokens; a loss of one's own kind of batch has a unit that only its author knows.</summary>
    internal bool InNats => RealLoss is not null || RealTokens + PadTokens > 0;

    /// <summary>The optimizer's learning rate in this step.</summary>
    public double LearningRate { get; init; }

    /// <summary>Euclidean norm of the whole gradient before clipping; null where it was not asked for.</summary>
    public double? GradientNorm { get; init; }

    /// <summary>Wall time of the step.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Memory of the process after the step, bytes; null where it was not asked for.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Input tokens per second, pads included.</summary>
    public double TokensPerSecond => Duration > TimeSpan.Zero ? (RealTokens + PadTokens) / Duration.TotalSeconds : 0;
}

/// <summary>A look at held-out data.</summary>
/// <param name="Step">After which step; 0 is before the first.</param>
/// <param name="RealLoss">Mean loss of the held-out real targets, nats, every target weighing the same; null where the batches do not tell which are real, as
/// for a loss of one's own kind of batch.</param>
/// <param name="PadLoss">Mean loss of the held-out pads as targets, nats; null where there are none.</param>
/// <param name="ReportedLoss">The run's own loss where it is one of one's own kind of batch: the mean over held-out batches, weighted by the targets that
/// each is said to count, or alike where that is not said; null where <paramref name="RealLoss"/> is known.</param>
public sealed record TrainingEvaluation(int Step, double? RealLoss, double? PadLoss, double? ReportedLoss = null)
{
    /// <summary>What early stopping goes by: the loss of real targets where it is known, otherwise the run's own; NaN where neither is.</summary>
    public double Loss => RealLoss ?? ReportedLoss ?? double.NaN;
}
