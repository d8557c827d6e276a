using System.Globalization;
using System.Text;
using TorchSharp;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>Which position attends to which, and why not where it does not: the causal mask, the key-padding mask, both as attention sees them.</summary>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record AttentionMaskView : IView
{
    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>The mask in words, the most important first.</summary>
    public required IReadOnlyList<ViewRemark> Remarks { get; init; }

    /// <summary>The tokens that are looked at, one for each column.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>The tokens that look, one for each row.</summary>
    public required IReadOnlyList<string> Queries { get; init; }

    /// <summary>[query][key], as shown.</summary>
    public required IReadOnlyList<IReadOnlyList<AttentionState>> Cells { get; init; }

    /// <summary>The positions of the shown columns and, where queries and keys are the same tokens, rows; null stands for those left out.</summary>
    public required IReadOnlyList<int?> Columns { get; init; }

    /// <summary>The positions of the shown rows; null stands for those left out.</summary>
    public required IReadOnlyList<int?> Rows { get; init; }

    /// <summary>Looks at one sequence as self-attention sees it.</summary>
    /// <param name="ids">[seq], whole numbers: the tokens.</param>
    /// <param name="padId">The id that fills up at either end; null for none.</param>
    /// <param name="causal">Whether a position sees only itself and what stands before it.</param>
    /// <param name="mask">[seq], true where a key may be seen, as given to the model; null for none.</param>
    /// <param name="token">A token's text; without it the ids are shown.</param>
    /// <param name="max">Rows and columns shown at most.</param>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static AttentionMaskView From(
        torch.Tensor ids, long? padId, bool causal = true, torch.Tensor? mask = null, Func<long, string>? token = null, int max = 48)
    {
        var rows = TensorRows.Ids(ids);
        if (rows.Count != 1)
            throw new ArgumentException($"An attention mask is shown for one sequence, but the ids hold {rows.Count}; choose one: ids[0].", nameof(ids));
        IReadOnlyList<bool>? seen = null;
        if (mask is not null)
        {
            using var flat = mask.reshape(1, -1);
            seen = TensorRows.Flags(flat)[0];
        }
        return From(rows[0], padId, causal, seen, token, max);
    }

    /// <summary>Looks at one sequence of ids as self-attention sees it.</summary>
    /// <inheritdoc cref="From(torch.Tensor, long?, bool, torch.Tensor?, Func{long, string}?, int)"/>
    public static AttentionMaskView From(
        long[] ids, long? padId, bool causal = true, IReadOnlyList<bool>? mask = null, Func<long, string>? token = null, int max = 48)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (mask is not null && mask.Count != ids.Length)
            throw new ArgumentException($"The mask has {mask.Count} positions and the sequence {ids.Length}; it needs as many.", nameof(mask));
        var (start, end) = (0, ids.Length);
        while (end > 0 && ids[end - 1] == padId)
            end--;
        while (start < end && ids[start] == padId)
            start++;
        bool Real(int i) => i >= start && i < end;
        AttentionState State(int query, int key) => (causal && key > query, mask is not null && !mask[key]) switch
        {
            (true, true) => AttentionState.HiddenByBoth,
            (true, false) => AttentionState.Future,
            (false, true) => AttentionState.Masked,
            _ when Real(query) && !Real(key) => AttentionState.PadSeen,
            _ when !Real(query) => AttentionState.PadLooks,
            _ => AttentionState.Seen,
        };

        var kept = LossMaskReading.Kept(ids.Length, max);
        var all = Enumerable.Range(0, ids.Length).SelectMany(q => Enumerable.Range(0, ids.Length).Select(k => State(q, k)))
            .GroupBy(s => s).ToDictionary(g => g.Key, g => g.LongCount());
        var blind = Enumerable.Range(0, ids.Length).Where(q => Enumerable.Range(0, ids.Length).All(k => State(q, k) is AttentionState.Future or AttentionState.Masked or AttentionState.HiddenByBoth)).ToList();
        string Text(long id) => token is not null && id >= 0 ? HtmlText.Visible(token(id)) : id.ToString(CultureInfo.InvariantCulture);
        return new AttentionMaskView
        {
            Remarks = Words_(ids.Length, all, blind, causal, mask is not null, kept),
            Keys = [.. kept.OfType<int>().Select(i => Text(ids[i]))],
            Queries = [.. kept.OfType<int>().Select(i => Text(ids[i]))],
            Cells = [.. kept.OfType<int>().Select(q => (IReadOnlyList<AttentionState>)[.. kept.OfType<int>().Select(k => State(q, k))])],
            Columns = kept,
            Rows = kept,
        };
    }

    /// <inheritdoc/>
    public string ToHtml() => AttentionMaskHtml.Write(this);

    /// <inheritdoc/>
    public string ToText()
    {
        var text = new StringBuilder();
        if (Title is not null)
            text.Append(Title).Append('\n');
        text.Append(XtNotebooks.Views.Remarks.ToText(Remarks)).Append("x seen, P a pad that is seen, p a pad looks, . later, - masked\n");
        foreach (var row in Cells)
        {
            text.Append(string.Concat(row.Select(state => state switch
            {
                AttentionState.Seen => 'x',
                AttentionState.PadSeen => 'P',
                AttentionState.PadLooks => 'p',
                AttentionState.Future => '.',
                _ => '-',
            }))).Append('\n');
        }
        return text.ToString();
    }

    private static List<ViewRemark> Words_(
        int count, Dictionary<AttentionState, long> all, List<int> blind, bool causal, bool masked, IReadOnlyList<int?> kept)
    {
        var seen = all.GetValueOrDefault(AttentionState.Seen) + all.GetValueOrDefault(AttentionState.PadSeen) + all.GetValueOrDefault(AttentionState.PadLooks);
        List<ViewRemark> remarks =
        [
            new($"{Words.Count(count, "position")}, {(causal ? "causal" : "both directions")}{(masked ? ", with a key-padding mask" : "")}: "
                + $"{Words.Number(seen)} of {Words.Number((long)count * count)} pairs attend."),
        ];
        if (all.GetValueOrDefault(AttentionState.PadSeen) is > 0 and var pads)
            remarks.Add(new($"Real tokens attend to pads in {Words.Count(pads, "pair")}{(masked ? "; the mask leaves them visible." : ": pass `mask:` to hide them.")}", RemarkKind.Warning));
        if (blind.Count > 0)
            remarks.Add(new($"Nothing is visible from {(blind.Count == 1 ? "position" : "positions")} {Words.Rows(blind).Split(' ', 2)[1]}: the softmax there is over nothing but masked values.", RemarkKind.Warning));
        if (kept.Contains(null))
            remarks.Add(new($"Left out of the picture, not of the numbers: {Words.Count(count - kept.Count(k => k is not null), "position")} in the middle.", RemarkKind.Omission));
        return remarks;
    }
}

/// <summary>What one position makes of another.</summary>
public enum AttentionState
{
    /// <summary>A real token attends to a real token.</summary>
    Seen,

    /// <summary>A real token attends to a pad.</summary>
    PadSeen,

    /// <summary>A pad attends; without effect where pads do not count.</summary>
    PadLooks,

    /// <summary>Hidden because it comes later.</summary>
    Future,

    /// <summary>Hidden by the mask given to the model.</summary>
    Masked,

    /// <summary>Hidden by both.</summary>
    HiddenByBoth,
}
