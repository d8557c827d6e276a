using TorchSharp;
using TorchSharp.Modules;
using XtNotebooks.Data;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>Trains any model, on padded batches or on batches of any other kind, and records what its loss is made of.</summary>
/// <remarks>
/// <para>Seeded, and on one thread (<c>torch.set_num_threads(1)</c>) repeatable to the bit. A run that is cancelled, or that stops for a reason, leaves
/// model, optimizer and <see cref="Run"/> usable; <see cref="Train"/> may be called again and goes on.</para>
/// <para>Batches of a list stay the caller's; batches that a sequence makes as it goes are freed after their step.</para>
/// </remarks>
public sealed partial class Trainer : IDisposable
{
    private readonly TrainedModel model;
    private readonly LossSetting setting;
    private readonly TrainerOptions options;
    private readonly BatchLoss? own;
    private readonly IReadOnlyList<object> heldOut;
    private readonly IEnumerator<object> batches;
    private readonly bool ownsBatches;
    private readonly optim.Optimizer optimizer;
    private readonly Parameter[] parameters;
    private readonly MasterWeights? masters;
    private readonly List<TrainingStep> steps = [];
    private readonly List<TrainingEvaluation> evaluations = [];
    private TimeSpan spent;
    private int planned;
    private long? vocabulary;
    private HashSet<string>? oddBefore;

    /// <summary>Prepares a run; nothing is computed yet.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or the model has no parameter to train.</exception>
    public Trainer(TrainedModel model, IEnumerable<PaddedBatch> batches, LossSetting setting, TrainerOptions? options = null)
        : this(model, batches, batches, setting, null, options?.HeldOut ?? [], options)
    {
    }

    private Trainer(
        TrainedModel model, IEnumerable<object> batches, object source, LossSetting setting, BatchLoss? own, IReadOnlyList<object> heldOut, TrainerOptions? options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batches);
        ArgumentNullException.ThrowIfNull(setting);
        (this.model, this.setting, this.own, this.heldOut, this.options) = (model, setting, own, heldOut, options ?? new());
        this.options.Check(heldOut.Count);
        parameters = [.. model.Module.parameters().Where(parameter => parameter.requires_grad)];
        if (parameters.Length == 0)
            throw new ArgumentException("The model has no parameter that requires a gradient; there is nothing to train.");
        if (this.options.Accumulation > 1 && (own is null ? setting is { Counted: null, OfTokens: null } : own.Counted is null))
            throw LossDenominator.Unknown(setting.Name, "does not tell how many targets it averages");
        if (own is not null && this.options.Device is not null)
            throw new ArgumentException("A loss of one's own kind of batch takes no Device, which needs padded batches; move the batches, and leave that out.");
        if (this.options.Precision == TrainingPrecision.BFloat16)
        {
            masters = new MasterWeights(model.Module);
            parameters = masters.Masters;
            this.model = InFloat32(model);
        }
        Source = source;
        this.batches = batches.GetEnumerator();
        ownsBatches = source is IEnumerable<PaddedBatch> and not IReadOnlyCollection<PaddedBatch>;
        optimizer = this.options.Optimizer(parameters, this.options.LearningRate);
        Run = Snapshot(TrainingEnd.Completed, "");
    }

    /// <summary>Called after every step, in place of <see cref="TrainerOptions.OnStep"/> where it is set.</summary>
    public Action<TrainingProgress>? OnStep { get; set; }

    /// <summary>What happened so far.</summary>
    public TrainingRun Run { get; private set; }

    internal TrainedModel Model => model;

    internal LossSetting Setting => setting;

    internal TrainerOptions Options => options;

    internal object Source { get; }

    /// <summary>Whether the last thing it did was a look at held-out batches, which did not come to its end.</summary>
    internal bool Looking { get; private set; }

    /// <summary>The optimizer, with its state.</summary>
    public optim.Optimizer Optimizer => optimizer;

    /// <summary>Goes on from the newest checkpoint in <see cref="TrainerOptions.CheckpointFolder"/>: weights, optimizer, random generator and run are as
    /// they were there, and the batches seen until there are drawn and left out.</summary>
    /// <returns>The run until there; unchanged where the folder has none.</returns>
    /// <exception cref="CheckpointException">A file is damaged or does not fit the model; the message says which.</exception>
    public TrainingRun Resume()
    {
        if (steps.Count > 0)
            throw new InvalidOperationException("Resume before the first step; this trainer has already taken some.");
        var folder = options.CheckpointFolder ?? throw new ArgumentException($"Resuming needs a {nameof(TrainerOptions.CheckpointFolder)}; give one.");
        if (Checkpoint.Load(folder, model.Module, optimizer) is { } run)
        {
            steps.AddRange(run.Steps);
            evaluations.AddRange(run.Evaluations);
            spent = run.Duration;
            for (var drawn = 0; drawn < steps.Count * options.Accumulation && batches.MoveNext(); drawn++)
            {
                if (ownsBatches)
                    Free(batches.Current);
            }
            Run = Snapshot(TrainingEnd.Completed, "");
        }
        return Run;
    }

    /// <summary>Takes <paramref name="count"/> further steps.</summary>
    /// <returns>The whole run, earlier steps included. It says why it ended: all steps taken, cancelled, a loss or weights that are not finite, nothing to learn.</returns>
    public TrainingRun Train(int count, CancellationToken cancellationToken = default)
    {
        if (count < 1)
            throw new ArgumentException($"A run needs at least one step, but {count} were asked for.");
        planned = steps.Count + count;
        if (steps.Count == 0 && options.Seed is { } seed)
            manual_seed(seed).Dispose();
        var start = options.Time.GetTimestamp();
        var before = spent;
        model.Module.train();
        Looking = false;
        var stop = new Stop(TrainingEnd.Completed, "");
        masters?.Enter();
        var first = steps.Count;
        try
        {
            oddBefore ??= Odd();
            while (steps.Count < planned && stop.End == TrainingEnd.Completed)
            {
                stop = cancellationToken.IsCancellationRequested
                    ? new(TrainingEnd.Cancelled, $"Cancelled after step {steps.Count} of {planned}; model and run are as that step left them.")
                    : (Due(steps.Count) ? Look(cancellationToken) : null) ?? StopsEarly() ?? Step();
            }
            if (heldOut.Count > 0 && stop.End is not (TrainingEnd.NotFinite or TrainingEnd.Cancelled) && evaluations.LastOrDefault()?.Step != steps.Count)
                stop = Look(cancellationToken) ?? stop;
            stop = Checked(stop, first);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The caller's own loss or batches stopped by themselves, within the step.
            stop = Checked(new(TrainingEnd.Cancelled, Looking
                ? $"Cancelled in a look at held-out batches after step {steps.Count} of {planned}; model and run are as that step left them."
                : $"Cancelled within step {Math.Min(steps.Count + 1, planned)} of {planned}; the model is as step {steps.Count} left it, and that step's batches are passed over."), first);
        }
        finally
        {
            // An exception of the caller's own loss leaves a whole run too.
            masters?.Leave();
            spent = before + options.Time.GetElapsedTime(start);
            Run = Snapshot(stop.End, stop.Reason);
        }
        return Run;
    }

    /// <summary>Frees the optimizer; the model stays the caller's.</summary>
    public void Dispose()
    {
        batches.Dispose();
        optimizer.Dispose();
        masters?.Dispose();
    }

    private Stop Step()
    {
        using var scope = NewDisposeScope();
        var start = options.Time.GetTimestamp();
        var rate = options.LearningRate * (options.Schedule?.Invoke(steps.Count + 1) ?? 1);
        if (options.Schedule is not null)
        {
            foreach (var group in optimizer.ParamGroups)
                group.LearningRate = rate;
        }
        var drawn = Draw();
        if (drawn.Count == 0)
            return new(TrainingEnd.OutOfBatches, $"The batches ended after step {steps.Count} of {planned}.");
        try
        {
            var sums = new StepSums();
            foreach (var parameter in parameters) parameter.grad = null; // zeros would be kept through the forward pass, and move what gets no gradient
            var weights = Weights(drawn);
            if (weights is null)
                return new(TrainingEnd.NothingToLearn, NothingToLearn());
            foreach (var (batch, weight) in drawn.Zip(weights).Where(pair => pair.Second > 0))
            {
                using var inner = NewDisposeScope();
                var output = Loss(batch);
                var loss = sums.Add(batch as PaddedBatch, weight, output.Loss, options.RecordSplit ? output.Logits : null);
                if (!double.IsFinite(loss))
                    return NotFinite(batch, Which(drawn, drawn.IndexOf(batch)), output, loss);
                (weight == 1 ? output.Loss : output.Loss * weight).backward();
                masters?.Collect();
            }
            var norm = options.ClipNorm is { } limit ? nn.utils.clip_grad_norm_(parameters, limit)
                : options.RecordGradientNorm ? GradientNorm.Of(parameters) : (double?)null;
            if (norm is { } n && !double.IsFinite(n))
                return NotFiniteGradient(drawn, weights);
            optimizer.step();
            masters?.Publish();
            steps.Add(sums.ToStep(steps.Count + 1) with { LearningRate = rate, GradientNorm = norm, Duration = options.Time.GetElapsedTime(start), MemoryBytes = options.RecordMemory ? Environment.WorkingSet : null });
        }
        finally
        {
            if (ownsBatches || options.Device is not null)
                drawn.ForEach(Free);
        }
        var stop = new Stop(TrainingEnd.Completed, "");
        if (options.CheckpointEvery > 0 && steps.Count % options.CheckpointEvery == 0)
        {
            // The newest checkpoint stays one to go on from.
            if (NotFiniteWeights() is { } odd)
                stop = new(TrainingEnd.NotFinite, odd + " No checkpoint was written of this step.");
            else
                SaveCheckpoint();
        }
        (OnStep ?? options.OnStep)?.Invoke(new(setting.Name, steps[^1], planned, evaluations.LastOrDefault()));
        return stop;
    }

    private void SaveCheckpoint()
    {
        // What is kept are the float32 weights.
        masters?.Leave();
        try
        {
            Checkpoint.Save(options.CheckpointFolder!, model.Module, optimizer, Snapshot(TrainingEnd.Completed, ""));
        }
        finally
        {
            masters?.Enter();
        }
    }

    private static void Free(object batch) => (batch as IDisposable)?.Dispose();

    private LossOutput Loss(object batch)
    {
        if (batch is PaddedBatch { Ids.IsInvalid: true } || BatchLoss.Tensors(batch)?.Any(part => part.IsInvalid) == true)
            throw new ArgumentException($"A batch of step {steps.Count + 1} was disposed of; keep batches until the run has ended, or give a sequence that makes them anew.");
        var output = own is null ? setting.Loss(model, (PaddedBatch)batch) : new LossOutput(OfOwn(own, batch));
        CheckNumber(output.Loss);
        if (!output.Loss.requires_grad)
            throw new ArgumentException($"The loss \"{setting.Name}\" does not depend on the model's weights, so there is nothing to learn; compute it from the model's output, without no_grad, detach or argmax.");
        return output;
    }

    private void CheckNumber(Tensor? loss)
    {
        if (loss is null || loss.numel() != 1)
            throw new ArgumentException($"The loss \"{setting.Name}\" must be one number, but is {(loss is null ? "null" : $"[{string.Join(", ", loss.shape)}]")}; take its mean, for example loss.mean().");
    }

    private List<object> Draw()
    {
        var drawn = new List<object>();
        while (drawn.Count < options.Accumulation && batches.MoveNext())
        {
            var batch = batches.Current;
            drawn.Add(options.Device is { } device ? ((PaddedBatch)batch).To(device) : batch);
            if (options.Device is not null && ownsBatches)
                Free(batch);
        }
        return drawn;
    }

    // The mean over all batches' targets is each batch's mean, weighted by how many it counts; null where there are none at all.
    // One that counts nothing has NaN for a mean: its weight is 0, and it is not asked.
    private double[]? Weights(List<object> drawn)
    {
        if (drawn.Count == 1)
            return [1];
        var shares = own?.Counted is { } counts ? Shares([.. drawn.Select(counts)])
            : setting.Counted is { } counted ? Shares([.. drawn.Cast<PaddedBatch>().Select(counted)])
            : LossDenominator.Shares(setting.Name, setting.OfTokens!, [.. drawn.Cast<PaddedBatch>()], vocabulary ??= Vocabulary((PaddedBatch)drawn[0]));
        if (shares.All(share => share == 0))
            return null;
        return shares;

        static double[] Shares(long[] counts) => [.. counts.Select(count => count == 0 ? 0 : (double)count / counts.Sum())];
    }

    private long Vocabulary(PaddedBatch batch)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        // Nothing is dropped out, so that the run's random numbers stay the same.
        model.Module.eval();
        try
        {
            return model.Forward(batch.Ids[..1]).shape[^1];
        }
        finally
        {
            model.Module.train();
        }
    }

    private string NothingToLearn() =>
        $"Nothing to learn from in step {steps.Count + 1}: every target of its batch is ignored under \"{setting.Name}\"; leave out rows without a token.";

    // Losses need more digits than bfloat16 has.
    private static TrainedModel InFloat32(TrainedModel model) => model with
    {
        Forward = ids => model.Forward(ids).to(ScalarType.Float32),
        ForwardMasked = model.ForwardMasked is { } masked ? (ids, mask) => masked(ids, mask).to(ScalarType.Float32) : null,
    };

    private IEnumerable<(string Name, Tensor Parameter)> Named() => masters is null
        ? model.Module.named_parameters().Select(p => (p.name, (Tensor)p.parameter))
        : masters.Names.Zip(masters.Masters, (name, parameter) => (name, (Tensor)parameter));

    private TrainingRun Snapshot(TrainingEnd end, string reason) => new()
    {
        Name = setting.Name,
        Steps = [.. steps],
        Evaluations = [.. evaluations],
        PlannedSteps = planned,
        End = end,
        EndReason = reason,
        Device = parameters[0].device.ToString(),
        Precision = options.Precision,
        Seed = options.Seed,
        Duration = spent,
    };

    private readonly record struct Stop(TrainingEnd End, string Reason);
}
