using System.Text;
using TorchSharp;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>Which position attends to which, and why not where it does not: causal, key-padding, kv and context masks, combined as attention sees
/// them.</summary>
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
        torch.Tensor ids, long? padId, bool causal = true, torch.Tensor? mask = null, Func<long, string>? token = null, int max = 48) =>
        From(ids, padId, new AttentionMaskOptions { Causal = causal, Mask = mask, Token = token, Max = max });

    /// <summary>Looks at one sequence as self-attention sees it, with all of its masks combined.</summary>
    /// <param name="ids">[seq], whole numbers: the tokens.</param>
    /// <param name="padId">The id that fills up at either end; null for none.</param>
    /// <param name="options">The masks, token texts and how much to show.</param>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static AttentionMaskView From(torch.Tensor ids, long? padId, AttentionMaskOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return AttentionMaskReading.Self(One(ids, "ids"), padId, options.Causal,
            AttentionMaskReading.Flags(options.Mask), AttentionMaskReading.Flags(options.KvMask), AttentionMaskReading.Flags(options.Real), options.Token, options.Max) with { Title = options.Title };
    }

    /// <summary>Looks at one sequence of ids as self-attention sees it.</summary>
    /// <inheritdoc cref="From(torch.Tensor, long?, bool, torch.Tensor?, Func{long, string}?, int)"/>
    public static AttentionMaskView From(
        long[] ids, long? padId, bool causal = true, IReadOnlyList<bool>? mask = null, Func<long, string>? token = null, int max = 48)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return AttentionMaskReading.Self(ids, padId, causal, mask, kvMask: null, told: null, token, max);
    }

    /// <summary>Looks at one sequence as cross-attention sees its context.</summary>
    /// <param name="ids">[seq], whole numbers: the tokens that look.</param>
    /// <param name="padId">The id that fills both up; null for none.</param>
    /// <param name="context">What is looked at: tokens [keys], whole numbers; or an encoder's output [keys, dim], whose positions are numbered.</param>
    /// <param name="contextMask">[keys], true where a key may be seen, as given to the model; null for none.</param>
    /// <param name="options">Token texts and how much to show; its masks are those of self-attention and play no part.</param>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static AttentionMaskView Cross(
        torch.Tensor ids, long? padId, torch.Tensor context, torch.Tensor? contextMask = null, AttentionMaskOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        var hidden = context.is_floating_point();
        if (hidden && context.dim() != 2)
            throw new ArgumentException($"A context of one sequence is [keys, dim] or ids [keys], not [{string.Join(", ", context.shape)}]; choose one: context[0].", nameof(context));
        var keys = hidden ? [.. Enumerable.Range(0, (int)context.shape[0]).Select(i => (long)i)] : One(context, "context's ids");
        return AttentionMaskReading.Cross(One(ids, "ids"), padId, keys, padId, AttentionMaskReading.Flags(contextMask), named: !hidden, options ?? new());
    }

    private static long[] One(torch.Tensor ids, string what)
    {
        var rows = TensorRows.Ids(ids);
        return rows.Count == 1 ? rows[0]
            : throw new ArgumentException($"An attention mask is shown for one sequence, but the {what} hold {rows.Count}; choose one: ids[0].", nameof(ids));
    }

    /// <inheritdoc/>
    public string ToHtml() => AttentionMaskHtml.Write(this);

    /// <inheritdoc/>
    public string ToText()
    {
        var text = new StringBuilder();
        if (Title is not null)
            text.Append(Title).Append('\n');
        text.Append(XtNotebooks.Views.Remarks.ToText(Remarks)).Append("x seen, P a pad that is seen, p a pad looks, . later, - masked, k hidden by the kv mask\n");
        foreach (var row in Cells)
        {
            text.Append(string.Concat(row.Select(state => state switch
            {
                AttentionState.Seen => 'x',
                AttentionState.PadSeen => 'P',
                AttentionState.PadLooks => 'p',
                AttentionState.Future => '.',
                AttentionState.KvMasked => 'k',
                _ => '-',
            }))).Append('\n');
        }
        return text.ToString();
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

    /// <summary>Hidden by the kv mask, such as a wrapper's <c>maskProb</c> draws.</summary>
    KvMasked,
}
