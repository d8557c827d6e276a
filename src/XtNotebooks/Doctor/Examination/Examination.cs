using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>What all checks look at: the patient, and what has been seen of it so far. Nothing is computed twice.</summary>
internal sealed class Examination
{
    private readonly Func<DoctorBatch, Tensor> model;
    private readonly double tokens;
    private readonly CancellationToken cancellation;
    private TargetReading? reading;
    private string? readingFailure;
    private double? evaluationNoise;
    private bool? lossIsRandom;

    public Examination(Func<DoctorBatch, Tensor> model, nn.Module? module, DoctorBatch batch, DoctorOptions options, ModelState state, CancellationToken cancellation)
    {
        (this.model, Module, Batch, Options, State, this.cancellation) = (model, module, batch, options, state, cancellation);
        tokens = Math.Max(1, batch.Inputs.numel());
        Objective = Objective.From(options);
        Parameters = [.. (module?.named_parameters() ?? []).Where(p => p.parameter.requires_grad).Select(p => (p.name, (Tensor)p.parameter))];
    }

    public nn.Module? Module { get; }
    public DoctorBatch Batch { get; }
    public DoctorOptions Options { get; }
    public ModelState State { get; }
    public Objective? Objective { get; }

    /// <summary>The trainable parameters.</summary>
    public IReadOnlyList<(string Name, Tensor Value)> Parameters { get; }

    /// <summary>Forward passes so far, in units of the whole batch.</summary>
    public double Forwards { get; private set; }

    /// <summary>Backward passes so far, in units of the whole batch.</summary>
    public double Backwards { get; private set; }

    /// <summary>Size of the vocabulary, from the logits; 0 until the model has run.</summary>
    public long Vocabulary { get; private set; }

    /// <summary>Whether the model's logits are [batch, seq, tokens], not [batch, tokens, seq].</summary>
    public bool TokensLast { get; private set; } = true;

    /// <summary>What made-up logits are made of: double precision where the model has it, else single, in which small gradients are seen.</summary>
    public ScalarType MadeUpKind { get; private set; } = ScalarType.Float32;

    /// <summary>The loss over the model in evaluation mode, with gradients; null where model or loss cannot run on this batch.</summary>
    public LossRun? Clean { get; private set; }

    /// <summary>Why the model cannot run on this batch; null where it can.</summary>
    public string? ModelFailure { get; private set; }

    /// <summary>Why the loss cannot run on this batch; null where it can.</summary>
    public string? LossFailure { get; private set; }

    /// <summary>The batch as token sequences; available once the vocabulary is known.</summary>
    public Sequences Sequences { get; private set; } = null!;

    /// <summary>Runs model and loss once on the untouched batch.</summary>
    public void Begin()
    {
        Module?.eval();
        LearnShape();
        Sequences = Sequences.Of(Batch, Options, Vocabulary);
        if (WouldBreakDevice())
        {
            LossFailure = "ids or labels are outside the vocabulary";
            return;
        }
        try
        {
            Clean = Run(Batch, gradients: true, Options.Seed);
        }
        catch (Exception error) when (IsTheirs(error))
        {
            (ModelFailure, LossFailure) = modelError is null ? (null, Say(error)) : (Say(error), (string?)null);
        }
    }

    /// <summary>What the loss trains; null where that cannot be read, and then <paramref name="why"/> says why.</summary>
    public TargetReading? Reading(out string why)
    {
        if (reading is null && readingFailure is null)
        {
            (reading, readingFailure) = ReadTargets();
        }
        why = readingFailure ?? "";
        return reading;
    }

    /// <summary>How the trained targets relate to the batch's tokens.</summary>
    public Alignment Alignment(TargetReading of) => Diagnostics.Alignment.Of(of, Sequences);

    /// <summary>Reads what the loss trains on a changed batch; the model is not run.</summary>
    public TargetReading Read(DoctorBatch batch)
    {
        cancellation.ThrowIfCancellationRequested();
        return TargetReading.Of(Objective!, batch, Vocabulary, TokensLast, Options.Seed, kind: MadeUpKind);
    }

    /// <summary>The user's loss over the user's model on <paramref name="batch"/>.</summary>
    public LossRun Run(DoctorBatch batch, bool gradients, int seed)
    {
        if (Objective is null)
            return new() { Loss = double.NaN, Logits = Logits(batch, seed), LogitGradient = null, Gradients = [], Seen = batch, Calls = 1 };
        var (calls, seen, logits) = (0, batch, (Tensor?)null);
        manual_seed(seed);
        using var mode = set_grad_enabled(gradients);
        var loss = Objective.Of(asked =>
        {
            calls++;
            seen = asked;
            return logits = Net(asked);
        }, batch);
        if (logits is null)
            throw new DoctorException(NeverCalled);
        IReadOnlyList<Tensor?> all = [];
        if (gradients && loss.requires_grad)
        {
            Backwards += seen.Inputs.numel() / tokens;
            var wanted = (calls == 1 && logits.requires_grad ? new[] { logits } : []).Concat(Parameters.Select(p => p.Value)).ToList();
            if (wanted.Count > 0)
                all = Slopes.Of(loss, wanted);
        }
        var withLogits = all.Count > Parameters.Count;
        return new()
        {
            Loss = loss.ToDouble(),
            Logits = Canonical(logits.detach()),
            LogitGradient = withLogits && all[0] is { } g ? Canonical(g) : null,
            Gradients = withLogits ? [.. all.Skip(1)] : all,
            Seen = seen,
            Calls = calls,
        };
    }

    /// <summary>The model's logits for <paramref name="batch"/>, [batch, seq, tokens], without a graph.</summary>
    public Tensor Logits(DoctorBatch batch, int seed)
    {
        manual_seed(seed);
        using var mode = no_grad();
        return Canonical(Net(batch));
    }

    /// <summary>Counts a run that a delegate of the user's made by itself.</summary>
    public void CountStep(double batches)
    {
        Forwards += batches;
        Backwards += batches;
    }

    /// <summary>The largest difference between two evaluations of the same batch with different seeds: 0 for a model without chance.</summary>
    public double EvaluationNoise()
    {
        if (evaluationNoise is null)
        {
            using var scope = NewDisposeScope();
            evaluationNoise = Differences.Largest(Logits(Clean!.Seen, Options.Seed + 1), Clean.Logits);
            ChangedItself = State.HasChanged();
        }
        return evaluationNoise.Value;
    }

    /// <summary>Whether weights or buffers changed by evaluating alone; known after <see cref="EvaluationNoise"/>.</summary>
    public bool ChangedItself { get; private set; }

    /// <summary>Whether evaluation mode is repeatable up to rounding.</summary>
    public bool IsRandomInEvaluation() => EvaluationNoise() > SameShapeTolerance;

    /// <summary>Whether the logits have half precision, so that comparisons between shapes must be coarse.</summary>
    public bool IsHalfPrecision => Clean!.Logits.dtype is ScalarType.Float16 or ScalarType.BFloat16;

    /// <summary>Differences of logits up to this are rounding, where the shapes are the same.</summary>
    public double SameShapeTolerance => Tolerance(64);

    /// <summary>Differences of logits up to this are rounding, where the shapes differ and sums are made in another order.</summary>
    public double OtherShapeTolerance => Tolerance(4096);

    /// <summary>Whether the loss itself draws random numbers, such as a masking of its own.</summary>
    public bool LossIsRandom() => lossIsRandom ??= ReadLossChance();

    /// <summary>Whether an error comes from the user's code or from torch, not from the examination's own cancellation or a refusal of ours.</summary>
    public bool IsTheirs(Exception error) =>
        error is not DoctorException && !(error is OperationCanceledException && cancellation.IsCancellationRequested);

    /// <summary>The first line of an error, fit for a sentence.</summary>
    public static string Say(Exception error)
    {
        var line = error.Message.Split('\n')[0].Trim().TrimEnd('.');
        return line.Length > 160 ? line[..160] + "…" : line.Length == 0 ? error.GetType().Name : line;
    }

    /// <summary>Rounding of so many units in the last place of the largest logit.</summary>
    private double Tolerance(double units)
    {
        var logits = Clean!.Logits;
        var unit = logits.dtype switch { ScalarType.Float64 => 2.2e-16, ScalarType.BFloat16 => 7.8e-3, ScalarType.Float16 => 9.8e-4, _ => 1.2e-7 };
        // Half precision needs fewer of its coarse units.
        var factor = unit > 1e-4 ? Math.Min(units, 16) : units;
        return factor * unit * Math.Max(1, Differences.Size(logits));
    }

    private bool ReadLossChance()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Read(Batch), TargetReading.Of(Objective!, Batch, Vocabulary, TokensLast, Options.Seed + 1, kind: MadeUpKind));
        return a.Loss != b.Loss && !(double.IsNaN(a.Loss) && double.IsNaN(b.Loss))
            || !a.Target.SelectMany(r => r).SequenceEqual(b.Target.SelectMany(r => r));
    }

    private (TargetReading?, string?) ReadTargets()
    {
        if (Objective is null)
            return (null, "give --loss");
        if (ModelFailure is not null)
            return (null, "the model cannot run on this batch");
        if (LossFailure is not null)
            return (null, "the loss cannot run on this batch");
        try
        {
            var read = Read(Batch);
            if (read.Calls != 1)
                return (null, $"the loss calls the model {read.Calls} times");
            if (!read.HasGradient)
                return (null, "the loss carries no gradient to the logits");
            var rough = TargetReading.Of(Objective, Batch, Vocabulary, TokensLast, Options.Seed, rough: true, MadeUpKind);
            return read.Places().All(p => rough.Trained[p.Row][p.Column]) ? (read, null)
                : (null, "the loss chooses by the logits which targets count (hard examples alone?)");
        }
        catch (Exception error) when (IsTheirs(error))
        {
            return (null, $"the loss cannot be asked about made-up logits ({Say(error)})");
        }
    }

    private Tensor Net(DoctorBatch batch)
    {
        cancellation.ThrowIfCancellationRequested();
        Forwards += batch.Inputs.numel() / tokens;
        Tensor logits;
        try
        {
            logits = model(batch);
        }
        catch (Exception error) when (IsTheirs(error))
        {
            modelError = error;
            throw;
        }
        return logits.dim() == 3
            ? logits
            : throw new DoctorException($"The model gives a tensor of shape [{string.Join(", ", logits.shape)}]; logits have the shape [batch, seq, tokens].");
    }

    private Tensor Canonical(Tensor logits) => TokensLast ? logits : logits.transpose(1, 2);

    /// <summary>Learns the vocabulary and the layouts from ids that fit every vocabulary, so that a bad id is found by looking, not by a crash.</summary>
    private void LearnShape()
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        manual_seed(Options.Seed);
        long[] shape;
        long length;
        ScalarType kind;
        try
        {
            (shape, length, kind) = ShapeOn(Batch with { Inputs = zeros_like(Batch.Inputs), Source = Batch.Source is { } source ? zeros_like(source) : null });
        }
        catch (Exception error) when (IsTheirs(error))
        {
            try
            {
                (shape, length, kind) = ShapeOn(Batch);
            }
            catch (Exception again) when (IsTheirs(again))
            {
                throw new DoctorException($"The model cannot run on this batch, nor on one of zeros of the same shape: {Say(again)}.", again);
            }
        }
        var tokensLast = shape[1] == length;
        if (shape[1] == length && shape[2] == length)
            tokensLast = IsTokensLastWhenNarrower() ?? true;
        modelError = null;
        if (shape[1] != length && shape[2] != length)
            throw new DoctorException($"The logits have the shape [{string.Join(", ", shape)}], but the batch has {length} positions; give one logit row for each position.");
        TokensLast = tokensLast;
        Vocabulary = TokensLast ? shape[2] : shape[1];
        if (kind == ScalarType.Float64)
            MadeUpKind = kind;
        if (!WouldBreakDevice())
            Objective?.SettleLayout(Options, Batch, shape, TokensLast, MadeUpKind, IsTheirs);
    }

    /// <summary>The logits' layout where as many tokens as positions hide it: the dimension that shrinks with the batch is that of the positions.
    /// Null where the model takes no narrower batch.</summary>
    private bool? IsTokensLastWhenNarrower()
    {
        var width = Batch.Inputs.shape[1];
        if (width < 2)
            return null;
        try
        {
            var narrow = Variants.Columns(Batch, width - 1);
            var (shape, length, _) = ShapeOn(narrow with { Inputs = zeros_like(narrow.Inputs) });
            return shape[1] == length ? true : shape[2] == length ? false : null;
        }
        catch (Exception error) when (IsTheirs(error))
        {
            return null;
        }
    }

    /// <summary>Shape and kind of the logits, and for how many positions they were asked: a loss that calls the model may leave the last token out.</summary>
    private (long[] Shape, long Length, ScalarType Kind) ShapeOn(DoctorBatch batch)
    {
        if (Options.BatchLoss is null)
        {
            var given = Net(batch);
            return (given.shape, batch.Inputs.shape[1], given.dtype);
        }
        (long[], long, ScalarType)? seen = null;
        try
        {
            Objective!.Of(asked =>
            {
                var logits = Net(asked);
                seen = (logits.shape, asked.Inputs.shape[1], logits.dtype);
                return logits;
            }, batch);
        }
        catch (Exception error) when (IsTheirs(error) && seen is not null)
        {
            // The loss may not like zeros; the logits are known by now.
        }
        return seen ?? throw new DoctorException(NeverCalled);
    }

    /// <summary>On a GPU an index outside its range ends the process's use of the device: such a batch is judged without running it.</summary>
    private bool WouldBreakDevice()
    {
        if (Batch.Inputs.device.type == DeviceType.CPU || Options.BatchLoss is not null)
            return false;
        using var scope = NewDisposeScope();
        return Outside(Batch.Inputs, null) || Outside(Batch.Labels ?? Batch.Inputs, Options.IgnoreIndex ?? -100);

        bool Outside(Tensor ids, long? but)
        {
            var bad = ids.lt(0).logical_or(ids.ge(Vocabulary));
            return (but is { } sentinel ? bad.logical_and(ids.ne(sentinel)) : bad).any().item<bool>();
        }
    }

    private const string NeverCalled = "The loss never calls the model it is given: use the first argument, as in (net, batch) => loss(net(batch), batch.Labels).";

    private Exception? modelError;
}
