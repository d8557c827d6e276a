using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>A batch as a grid of tokens, with the loss mask as a layer over it: what counts, what is ignored, and which pads count.</summary>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record LossMaskView : IView
{
    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>The id that fills sequences up; null where the batch has none.</summary>
    public required long? PadId { get; init; }

    /// <summary>The target id that the loss leaves out.</summary>
    public required long IgnoreIndex { get; init; }

    /// <summary>Numbers of the whole batch, whatever is shown of it.</summary>
    public required LossMaskTotals Totals { get; init; }

    /// <summary>The batch in words, the most important first.</summary>
    public required IReadOnlyList<ViewRemark> Remarks { get; init; }

    /// <summary>The shown rows; null stands for those left out.</summary>
    public required IReadOnlyList<LossMaskRow?> Rows { get; init; }

    /// <summary>The positions of the shown columns; null stands for those left out.</summary>
    public required IReadOnlyList<int?> Columns { get; init; }

    /// <summary>Looks at a batch on any device.</summary>
    /// <param name="ids">[batch, seq] or [seq], int64 or int32: tokens as they are fed and, shifted by one, predicted.</param>
    /// <param name="padId">The id that fills sequences up; null where there is none.</param>
    /// <param name="ignoreIndex">The target id that the loss leaves out; -100 as in <c>cross_entropy</c>.</param>
    /// <param name="options">Token texts, lengths, the attention mask and how much to show.</param>
    /// <exception cref="ArgumentException">The ids are not a batch of whole numbers, or an option does not fit them.</exception>
    public static LossMaskView From(torch.Tensor ids, long? padId, long ignoreIndex = -100, LossMaskOptions? options = null) =>
        From(TensorRows.Ids(ids), padId, ignoreIndex, options);

    /// <summary>Looks at a batch of ids.</summary>
    /// <inheritdoc cref="From(torch.Tensor, long?, long, LossMaskOptions?)"/>
    public static LossMaskView From(IReadOnlyList<long[]> ids, long? padId, long ignoreIndex = -100, LossMaskOptions? options = null) =>
        LossMaskReading.Read(ids, padId, ignoreIndex, options ?? new());

    /// <summary>Looks at a padded batch, which knows its pad id, lengths and side.</summary>
    /// <inheritdoc cref="From(torch.Tensor, long?, long, LossMaskOptions?)"/>
    public static LossMaskView From(PaddedBatch batch, long ignoreIndex = -100, LossMaskOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return From(batch.Ids, batch.PadId, ignoreIndex, (options ?? new()) with
        {
            Lengths = LengthsOf(batch),
            PaddedLeft = batch.Side == PaddingSide.Left,
        });
    }

    internal static IReadOnlyList<int> LengthsOf(PaddedBatch batch) => [.. TensorRows.Ids(batch.Lengths)[0].Select(n => (int)n)];

    /// <inheritdoc/>
    public string ToHtml() => LossMaskHtml.Write(this);

    /// <inheritdoc/>
    public string ToText() => LossMaskText.Write(this);
}
