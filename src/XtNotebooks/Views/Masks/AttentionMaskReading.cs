using System.Globalization;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Finds out who attends to whom.</summary>
internal static class AttentionMaskReading
{
    public static AttentionMaskView Self(long[] ids, long? padId, bool causal, IReadOnlyList<bool>? mask, IReadOnlyList<bool>? kvMask, IReadOnlyList<bool>? told, Func<long, string>? token, int max)
    {
        Fits(mask, "The mask", ids.Length);
        Fits(kvMask, "The kv mask", ids.Length);
        Shows(max);
        var real = Real(ids, padId, told);
        // As in the model: a kv mask takes the place of the key-padding mask.
        var keys = kvMask ?? mask;
        AttentionState State(int query, int key) => (causal && key > query, keys is not null && !keys[key]) switch
        {
            (true, true) => AttentionState.HiddenByBoth,
            (true, false) => AttentionState.Future,
            (false, true) => kvMask is null ? AttentionState.Masked : AttentionState.KvMasked,
            _ => Visible(real(query), real(key)),
        };

        List<ViewRemark> remarks =
        [
            new($"{Words.Count(ids.Length, "position")}, {(causal ? "causal" : "both directions")}"
                + (kvMask is not null ? $", with a kv mask that hides {Words.Number(kvMask.Count(k => !k))} of them as keys" : mask is not null ? ", with a key-padding mask" : "") + ": "),
        ];
        if (kvMask is not null && mask is not null && Enumerable.Range(0, ids.Length).Count(i => !mask[i] && kvMask[i]) is > 0 and var open)
            remarks.Add(new($"The kv mask takes the place of `mask:` for keys: {Words.Count(open, "position")} that `mask:` would hide can be read.", RemarkKind.Warning));
        return Build(ids, ids, State, remarks, masked: keys is not null, padId, token, token, max);
    }

    public static AttentionMaskView Cross(long[] ids, long? padId, long[] context, long? contextPadId, IReadOnlyList<bool>? contextMask, bool named, AttentionMaskOptions options)
    {
        Fits(contextMask, "The context mask", context.Length);
        Shows(options.Max);
        var real = Real(ids, padId, Flags(options.Real));
        var contextReal = named || options.ContextReal is not null ? Real(context, contextPadId, Flags(options.ContextReal)) : _ => true;
        AttentionState State(int query, int key) => contextMask is not null && !contextMask[key] ? AttentionState.Masked
            : Visible(real(query), contextReal(key));
        List<ViewRemark> remarks =
        [
            new($"{Words.Count(ids.Length, "position")} looking at {Words.Count(context.Length, "context position")}{(contextMask is null ? "" : ", with a context mask")}: "),
        ];
        return Build(ids, context, State, remarks, contextMask is not null, padId, options.Token, named ? options.Token : null, options.Max) with { Title = options.Title };
    }

    /// <summary>[seq], or [1, seq]: one flag for each position.</summary>
    public static IReadOnlyList<bool>? Flags(Tensor? mask)
    {
        if (mask is null)
            return null;
        using var flat = mask.reshape(1, -1);
        return TensorRows.Flags(flat)[0];
    }

    private static AttentionState Visible(bool realQuery, bool realKey) =>
        !realQuery ? AttentionState.PadLooks : realKey ? AttentionState.Seen : AttentionState.PadSeen;

    private static AttentionMaskView Build(
        long[] queries, long[] keys, Func<int, int, AttentionState> state, List<ViewRemark> remarks, bool masked, long? padId,
        Func<long, string>? queryText, Func<long, string>? keyText, int max)
    {
        var (rows, columns) = (LossMaskReading.Kept(queries.Length, max), LossMaskReading.Kept(keys.Length, max));
        var count = new long[Enum.GetValues<AttentionState>().Length];
        var blind = new List<int>();
        for (var q = 0; q < queries.Length; q++)
        {
            var sees = false;
            for (var k = 0; k < keys.Length; k++)
            {
                var at = state(q, k);
                count[(int)at]++;
                sees |= at is AttentionState.Seen or AttentionState.PadSeen or AttentionState.PadLooks;
            }
            if (!sees)
                blind.Add(q);
        }
        var seen = count[(int)AttentionState.Seen] + count[(int)AttentionState.PadSeen] + count[(int)AttentionState.PadLooks];
        remarks[0] = new($"{remarks[0].Text}{Words.Number(seen)} of {Words.Number((long)queries.Length * keys.Length)} pairs attend.");
        if (count[(int)AttentionState.PadSeen] is > 0 and var pads)
        {
            remarks.Add(new($"Real tokens attend to pads in {Words.Count(pads, "pair")}"
                + (masked ? "; the mask leaves them visible." : $": pass `{(ReferenceEquals(queries, keys) ? "mask:" : "contextMask:")}` to hide them."), RemarkKind.Warning));
        }
        if (blind.Count > 0)
            remarks.Add(new($"Nothing is visible from {(blind.Count == 1 ? "position" : "positions")} {Words.Rows(blind).Split(' ', 2)[1]}: the softmax there is over nothing but masked values.", RemarkKind.Warning));
        if (rows.Contains(null) || columns.Contains(null))
        {
            var (left, wide) = (queries.Length - rows.OfType<int>().Count(), keys.Length - columns.OfType<int>().Count());
            remarks.Add(new($"Left out of the picture, not of the numbers: {(left == wide && ReferenceEquals(queries, keys) ? Words.Count(left, "position") : $"{Words.Count(left, "row")} and {Words.Count(wide, "column")}")} in the middle.", RemarkKind.Omission));
        }
        string Text(long id, Func<long, string>? token) => token is not null && id >= 0 ? HtmlText.Visible(token(id)) : id.ToString(CultureInfo.InvariantCulture);
        return new AttentionMaskView
        {
            Remarks = remarks,
            Keys = [.. columns.OfType<int>().Select(i => Text(keys[i], keyText))],
            Queries = [.. rows.OfType<int>().Select(i => Text(queries[i], queryText))],
            Cells = [.. rows.OfType<int>().Select(q => (IReadOnlyList<AttentionState>)[.. columns.OfType<int>().Select(k => state(q, k))])],
            Columns = columns,
            Rows = rows,
        };
    }

    /// <summary>Whether a position is a token: as told, or what is not the pad id at either end.</summary>
    private static Func<int, bool> Real(long[] ids, long? padId, IReadOnlyList<bool>? told)
    {
        Fits(told, "Real", ids.Length);
        var (start, end) = RealSpan(ids, padId);
        return told is null ? i => i >= start && i < end : i => told[i];
    }

    private static (int Start, int End) RealSpan(long[] ids, long? padId)
    {
        var (start, end) = (0, ids.Length);
        while (end > 0 && ids[end - 1] == padId)
            end--;
        while (start < end && ids[start] == padId)
            start++;
        return (start, end);
    }

    private static void Fits(IReadOnlyList<bool>? mask, string name, int length)
    {
        if (mask is not null && mask.Count != length)
            throw new ArgumentException($"{name} has {mask.Count} positions and the sequence {length}; it needs as many.");
    }

    private static void Shows(int max)
    {
        if (max < 2)
            throw new ArgumentException($"{max} rows and columns were asked for; ask for 2 or more, so that a first and a last one can be shown.");
    }
}
