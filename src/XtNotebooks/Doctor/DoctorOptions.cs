using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>What the doctor is told besides model and batch. Whatever is left out is not guessed: the checks that need it say so.</summary>
public sealed record DoctorOptions
{
    /// <summary>The user's loss of logits and targets (<see cref="DoctorBatch.Labels"/>, or else the inputs): a scalar that carries a gradient.</summary>
    public Func<Tensor, Tensor, Tensor>? Loss { get; init; }

    /// <summary>The user's loss where it calls the model itself, for example on all tokens but the last: <c>(net, batch) => …</c>. It must use
    /// the <c>net</c> it is given. Takes the place of <see cref="Loss"/>.</summary>
    public Func<Func<DoctorBatch, Tensor>, DoctorBatch, Tensor>? BatchLoss { get; init; }

    /// <summary>How <see cref="Loss"/> wants its logits.</summary>
    public LogitsLayout LossLayout { get; init; }

    /// <summary>The user's metric of logits and targets, with the arguments of <see cref="Loss"/>.</summary>
    public Func<Tensor, Tensor, double>? Metric { get; init; }

    /// <summary>The user's metric where it calls the model itself, as in <see cref="BatchLoss"/>. Takes the place of <see cref="Metric"/>.</summary>
    public Func<Func<DoctorBatch, Tensor>, DoctorBatch, double>? BatchMetric { get; init; }

    /// <summary>Runs one of the user's optimizer steps over the given micro-batches (gradient accumulation). Needs <see cref="Optimizer"/>.</summary>
    public Action<IReadOnlyList<DoctorBatch>>? Step { get; init; }

    /// <summary>The optimizer that <see cref="Step"/> moves; its state is put back afterwards.</summary>
    public optim.Optimizer? Optimizer { get; init; }

    /// <summary>The module whose parameters the model's delegate uses; not needed where the model is a module.</summary>
    public nn.Module? Module { get; init; }

    /// <summary>The id that fills rows up; null where there is none or <see cref="DoctorBatch.Mask"/> tells.</summary>
    public long? PadId { get; init; }

    /// <summary>The id that ends a text; may be the pad id.</summary>
    public long? EosId { get; init; }

    /// <summary>The label that the loss leaves out, for labels that the doctor has to add; -100 where null.</summary>
    public long? IgnoreIndex { get; init; }

    /// <summary>What the loss is meant to divide by, where that is not one of the two usual answers.</summary>
    public Denominator Denominator { get; init; }

    /// <summary>Whether the model is freshly initialised, so that its first loss should be near ln(vocabulary).</summary>
    public bool Untrained { get; init; }

    /// <summary>Names of parameters, or the beginnings of names, that are meant to get no gradient here, such as experts no token was sent to.</summary>
    public IReadOnlyList<string> AllowedWithoutGradient { get; init; } = [];

    /// <summary>What every random choice of the examination is made from.</summary>
    public int Seed { get; init; }
}

/// <summary>The order of a logits tensor's dimensions.</summary>
public enum LogitsLayout
{
    /// <summary>The doctor finds out.</summary>
    Detect,

    /// <summary>[batch, seq, tokens].</summary>
    BatchSeqTokens,

    /// <summary>[batch, tokens, seq], as <c>cross_entropy</c> takes it.</summary>
    BatchTokensSeq,
}

/// <summary>What a loss divides by.</summary>
public enum Denominator
{
    /// <summary>Nothing is said: the tokens that are trained, or nothing that depends on the padding.</summary>
    Unsaid,

    /// <summary>The tokens that are trained.</summary>
    ValidTokens,

    /// <summary>Every position, padded or not.</summary>
    AllTokens,

    /// <summary>First each row's own tokens, then the rows: a mean of row means.</summary>
    RowMeans,

    /// <summary>Nothing, or a constant: a sum.</summary>
    Sum,
}
