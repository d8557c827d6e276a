using System.Security.Cryptography;
using XtNotebooks.Extensibility;
using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>What an examination came to: the verdict first, findings by their cost, and what could not be checked.</summary>
/// <remarks>The same model, batch, options and seed give the same report; it holds no tensor.</remarks>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record DoctorReport : IView
{
    /// <summary>All checks in their order.</summary>
    public required IReadOnlyList<CheckOutcome> Outcomes { get; init; }

    /// <summary>The findings: causes before what follows from them, the worst and costliest first.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>The shape of the batch.</summary>
    public required BatchFacts Batch { get; init; }

    /// <summary>What every random choice was made from.</summary>
    public required int Seed { get; init; }

    /// <summary>The value of the loss on the untouched batch; null where there is none.</summary>
    public required double? Loss { get; init; }

    /// <summary>What the examination cost, in forward passes of the whole batch.</summary>
    public required double Forwards { get; init; }

    /// <summary>What the examination cost, in backward passes of the whole batch.</summary>
    public required double Backwards { get; init; }

    /// <summary>Whether anything worse than an advice was found.</summary>
    public bool IsSick => Findings.Any(f => f.Severity > Severity.Advice);

    /// <summary>The verdict, in one sentence.</summary>
    public string Verdict => DoctorText.Verdict(this);

    /// <inheritdoc/>
    public string ToText() => DoctorText.Write(this);

    /// <inheritdoc/>
    public string ToHtml() => DoctorHtml.Write(this);

    /// <summary>The report for other programs: indented JSON with stable names.</summary>
    public string ToJson() => DoctorJson.Write(this);

    /// <summary>Does nothing where the worst finding is milder than <paramref name="severity"/>: for the first lines of a training script.</summary>
    /// <exception cref="SickException">Something as bad was found; the message is the report's text.</exception>
    public void ThrowIfSick(Severity severity = Severity.Warning)
    {
        if (Findings.Any(f => f.Severity >= severity))
            throw new SickException(ToText()) { Report = this };
    }

    internal static DoctorReport From(Examination exam, IReadOnlyList<CheckOutcome> outcomes) => new()
    {
        Outcomes = outcomes,
        Findings = [.. outcomes.SelectMany(o => o.Findings)
            .OrderBy(f => f.FollowsFrom is not null).ThenByDescending(f => f.Severity).ThenByDescending(f => f.Cost)],
        Batch = BatchFacts.Of(exam),
        Seed = exam.Options.Seed,
        Loss = exam.Objective is not null && exam.Clean is { } clean ? clean.Loss : null,
        Forwards = exam.Forwards,
        Backwards = exam.Backwards,
    };
}

/// <summary>A batch in numbers.</summary>
/// <param name="Rows">How many rows it has.</param>
/// <param name="Columns">How many positions a row has.</param>
/// <param name="Pads">How many of the inputs are known to be pads.</param>
/// <param name="Vocabulary">How many tokens the logits have.</param>
/// <param name="Hash">The first 12 hexadecimal digits of the SHA-256 of ids, labels and mask.</param>
public sealed record BatchFacts(int Rows, int Columns, long Pads, long Vocabulary, string Hash)
{
    internal static BatchFacts Of(Examination exam)
    {
        var batch = exam.Batch;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in new[] { batch.Inputs, batch.Labels, batch.Documents, batch.Source })
            Append(hash, part is null ? [] : TensorRows.Ids(part).SelectMany(r => r));
        foreach (var part in new[] { batch.Mask, batch.SourceMask })
            Append(hash, part is null ? [] : TensorRows.Flags(part).SelectMany(r => r).Select(f => f ? 1L : 0L));
        var columns = (int)batch.Inputs.shape[1];
        return new((int)batch.Inputs.shape[0], columns, exam.Sequences.Real.Sum(r => r.Take(columns).LongCount(x => !x)), exam.Vocabulary,
            Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 6)));
    }

    private static void Append(IncrementalHash hash, IEnumerable<long> values)
    {
        var numbers = values.ToArray();
        hash.AppendData(BitConverter.GetBytes(numbers.LongLength));
        foreach (var number in numbers)
            hash.AppendData(BitConverter.GetBytes(number));
    }
}
