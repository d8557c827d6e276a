using System.Globalization;

namespace XtNotebooks.Views;

/// <summary>Finds out what every position of a batch does to the loss.</summary>
internal static class LossMaskReading
{
    public static LossMaskView Read(IReadOnlyList<long[]> ids, long? padId, long ignoreIndex, LossMaskOptions options)
    {
        ArgumentNullException.ThrowIfNull(ids);
        Check(ids, options);
        var seq = ids.Count == 0 ? 0 : ids[0].Length;
        var rows = Kept(ids.Count, options.MaxRows);
        var columns = Kept(seq, options.MaxColumns);
        var shown = rows.OfType<int>().ToHashSet();

        var all = new List<LossMaskRow>(ids.Count);
        var count = new long[5];
        var shared = 0L;
        for (var row = 0; row < ids.Count; row++)
        {
            var (start, end) = RealSpan(ids[row], row, padId, ignoreIndex, options);
            var states = new TargetState[seq];
            for (var t = 0; t < seq; t++)
            {
                states[t] = State(ids[row][t], t, start, end, padId, ignoreIndex, options);
                count[(int)states[t]]++;
                shared += states[t] == TargetState.Counts && ids[row][t] == padId ? 1 : 0;
            }
            all.Add(new LossMaskRow(
                row,
                shown.Contains(row) ? [.. columns.Select(c => c is { } t ? Cell(ids[row][t], states[t], options) : null)] : [],
                Side(start, end, seq),
                NothingToLearn: !states.Contains(TargetState.Counts),
                AttendsToPads(row, start, end, seq, options)));
        }

        var totals = new LossMaskTotals(ids.Count, seq, count[(int)TargetState.Counts], count[(int)TargetState.PadCounts],
            count[(int)TargetState.Ignored], count[(int)TargetState.RealIgnored]);
        return new LossMaskView
        {
            Title = options.Title,
            PadId = padId,
            IgnoreIndex = ignoreIndex,
            Totals = totals,
            Remarks = LossMaskRemarks.Of(totals, all, padId, ignoreIndex, options, columns, shared),
            Rows = [.. rows.Select(r => r is { } index ? all[index] : null)],
            Columns = columns,
        };
    }

    /// <summary>The indices that are shown: all, or the first and the last with a null between them.</summary>
    public static IReadOnlyList<int?> Kept(int count, int max)
    {
        if (count <= max)
            return [.. Enumerable.Range(0, count).Select(i => (int?)i)];
        var tail = Math.Max(max / 3, Math.Min(1, max - 1));
        var head = max - tail;
        return [.. Enumerable.Range(0, head).Select(i => (int?)i), null, .. Enumerable.Range(count - tail, tail).Select(i => (int?)i)];
    }

    private static TargetState State(long id, int t, int start, int end, long? padId, long ignoreIndex, LossMaskOptions options)
    {
        if (t == 0)
            return TargetState.NotATarget;
        var real = t >= start && t < end;
        if (!real && options.IgnoreBeyondLengths && options.Lengths is not null)
            return TargetState.Ignored;
        if (id != ignoreIndex)
            return real ? TargetState.Counts : TargetState.PadCounts;
        // A negative id in the text is a label that somebody set on purpose, not a token.
        return real && id >= 0 ? TargetState.RealIgnored : TargetState.Ignored;
    }

    /// <summary>The real tokens' first position and the one after their last; equal where there is none.</summary>
    private static (int Start, int End) RealSpan(long[] ids, int row, long? padId, long ignoreIndex, LossMaskOptions options)
    {
        if (options.Lengths is { } lengths)
            return options.PaddedLeft ? (ids.Length - lengths[row], ids.Length) : (0, lengths[row]);
        bool IsPad(long id) => id == padId || (id < 0 && id == ignoreIndex);
        var end = ids.Length;
        while (end > 0 && IsPad(ids[end - 1]))
            end--;
        var start = 0;
        while (start < end && IsPad(ids[start]))
            start++;
        return (start, end);
    }

    private static RowPadding Side(int start, int end, int seq) => (start > 0, end < seq) switch
    {
        _ when start >= end => RowPadding.Only,
        (false, false) => RowPadding.None,
        (false, true) => RowPadding.Right,
        (true, false) => RowPadding.Left,
        _ => RowPadding.Both,
    };

    private static bool AttendsToPads(int row, int start, int end, int seq, LossMaskOptions options)
    {
        if (start >= end)
            return false;
        bool Seen(int key) => options.Mask is null || options.Mask[row][key];
        for (var key = 0; key < (options.Causal ? start : seq); key++)
        {
            if ((key < start || key >= end) && Seen(key))
                return true;
        }
        return false;
    }

    private static LossMaskCell Cell(long id, TargetState state, LossMaskOptions options) =>
        new(options.Token is { } token && id >= 0
                ? HtmlText.Visible(token(id))
                : id.ToString(CultureInfo.InvariantCulture),
            state);

    private static void Check(IReadOnlyList<long[]> ids, LossMaskOptions options)
    {
        if (ids.Any(row => row.Length != ids[0].Length))
            throw new ArgumentException("The rows of a batch need one length; fill the shorter ones up with the pad id.", nameof(ids));
        if (options.MaxRows < 2 || options.MaxColumns < 2)
            throw new ArgumentException("MaxRows and MaxColumns must be 2 or more, so that a first and a last one can be shown.", nameof(options));
        if (options.Lengths is { } lengths && (lengths.Count != ids.Count || lengths.Any(n => n < 0 || n > ids[0].Length)))
            throw new ArgumentException(
                $"Lengths needs one number from 0 to {(ids.Count == 0 ? 0 : ids[0].Length)} for each of the {ids.Count} rows.", nameof(options));
        if (options.Mask is { } mask && (mask.Count != ids.Count || mask.Any(row => row.Count != ids[0].Length)))
            throw new ArgumentException($"Mask needs the shape of the ids, [{ids.Count}, {(ids.Count == 0 ? 0 : ids[0].Length)}].", nameof(options));
    }
}
