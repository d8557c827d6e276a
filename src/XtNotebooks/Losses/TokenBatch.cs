using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Losses;

/// <summary>A batch's targets, each with its loss and its kind, as plain arrays in row order.</summary>
internal sealed class TokenBatch
{
    public required int Rows { get; init; }
    public required int Columns { get; init; }
    public required long? PadId { get; init; }
    public required long IgnoreIndex { get; init; }

    /// <summary>[Rows * Columns] target ids.</summary>
    public required long[] Targets { get; init; }

    /// <summary>[Rows * Columns] nats; 0 where the target is outside the vocabulary.</summary>
    public required double[] Losses { get; init; }

    /// <summary>[Rows * Columns]: is the target an ignored id that no vocabulary has, such as -100?</summary>
    public required bool[] Outside { get; init; }

    /// <summary>[Rows * Columns]: is the target a token of the data?</summary>
    public required bool[] Real { get; init; }

    /// <summary>What cross_entropy reports; NaN where nothing is counted.</summary>
    public required double Mean { get; init; }

    public int Length => Targets.Length;
    public long Counted => Count(LossPartKind.Real) + Count(LossPartKind.Pad);

    public LossPartKind Kind(int i) =>
        Targets[i] == IgnoreIndex ? LossPartKind.Ignored : Real[i] ? LossPartKind.Real : LossPartKind.Pad;

    public long Count(LossPartKind kind) => Indices(kind).LongCount();

    public double Sum(LossPartKind kind) => Indices(kind).Sum(i => Losses[i]);

    /// <summary>Null where there are none, or where ignored ids have no loss.</summary>
    public double? MeanOf(LossPartKind kind)
    {
        var known = Indices(kind).Where(i => !Outside[i]).Select(i => Losses[i]).ToList();
        return known.Count == 0 ? null : known.Average();
    }

    public IEnumerable<int> Indices(LossPartKind kind) => Enumerable.Range(0, Length).Where(i => Kind(i) == kind);

    public long IgnoredRealTokens() => Indices(LossPartKind.Ignored).LongCount(i => Real[i] && !Outside[i]);

    public bool PadIdIsRealToken() => Enumerable.Range(0, Length).Any(i => Real[i] && Targets[i] == PadId);

    public long RowsWithNothingToLearn() =>
        Enumerable.Range(0, Rows).LongCount(row => Enumerable.Range(row * Columns, Columns).All(i => Targets[i] == IgnoreIndex));

    /// <summary>Counted pads between a row's first and last real target.</summary>
    public long PadsInsideRows() => Enumerable.Range(0, Rows).Sum(row =>
    {
        var (first, last) = RealSpan(row);
        return first < 0 ? 0L : Enumerable.Range(first, last - first).LongCount(column => Kind(row * Columns + column) == LossPartKind.Pad);
    });

    /// <summary>The columns of a row's first and last real target; -1 where it has none.</summary>
    public (int First, int Last) RealSpan(int row)
    {
        var real = Real.AsSpan(row * Columns, Columns);
        return (real.IndexOf(true), real.LastIndexOf(true));
    }

    /// <summary>Whether rows are filled up at their start.</summary>
    public bool PaddedLeft()
    {
        long left = 0, right = 0;
        for (var row = 0; row < Rows; row++)
        {
            var (first, last) = RealSpan(row);
            if (first >= 0)
                (left, right) = (left + first, right + Columns - 1 - last);
        }
        return left > right;
    }

    /// <summary>Copies what is needed off the device: targets and one loss each.</summary>
    public static TokenBatch Read(Tensor logits, Tensor targets, long? padId, long ignoreIndex, LossBreakdownOptions options)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var outside = targets.lt(0).logical_or(targets.ge(logits.shape[2]));          // ignored, or refused before
        var (nll, mean) = TokenLosses.BothUnchecked(logits.detach(), targets, targets.masked_fill(outside, 0), ignoreIndex);
        var losses = nll.to(ScalarType.Float64).masked_fill(outside.to(nll.device), 0).cpu().reshape(-1).data<double>().ToArray();
        var ids = targets.cpu().reshape(-1).data<long>().ToArray();
        var (rows, columns) = ((int)targets.shape[0], (int)targets.shape[1]);
        return new TokenBatch
        {
            Rows = rows, Columns = columns, PadId = padId, IgnoreIndex = ignoreIndex, Targets = ids, Losses = losses, Mean = mean.to(ScalarType.Float64).item<double>(),
            Outside = outside.cpu().reshape(-1).data<bool>().ToArray(),
            Real = options.Real is { } real ? Told(real, targets) : Guessed(ids, rows, columns, padId, ignoreIndex, options.EosId),
        };
    }

    private static bool[] Told(Tensor real, Tensor targets)
    {
        if (!real.shape.SequenceEqual(targets.shape) || real.dtype != ScalarType.Bool)
            throw new ArgumentException(
                $"Real must be bool and as large as the targets, [{string.Join(", ", targets.shape)}], but is {real.dtype} "
                + $"[{string.Join(", ", real.shape)}]; a mask of the inputs loses its first column: mask[.., 1..].");
        return real.cpu().reshape(-1).data<bool>().ToArray();
    }

    private static bool[] Guessed(long[] ids, int rows, int columns, long? padId, long ignoreIndex, long? eosId)
    {
        // A negative ignore index put into the data marks what is no token; a vocabulary's id does not.
        var real = ids.Select(id => id != padId && (id != ignoreIndex || ignoreIndex >= 0)).ToArray();
        if (padId is null || eosId != padId)
            return real;
        for (var row = 0; row < rows; row++)
        {
            // pad = EOS: the first of the pads that follow a row's text ends it.
            var last = real.AsSpan(row * columns, columns).LastIndexOf(true);
            if (last >= 0 && last + 1 < columns && ids[row * columns + last + 1] == padId)
                real[row * columns + last + 1] = true;
        }
        return real;
    }
}
