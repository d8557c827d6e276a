using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>Changed copies of a batch: the same texts written down in another way, or other texts in the same way.</summary>
internal static class Variants
{
    /// <summary>Some rows of a batch.</summary>
    public static DoctorBatch Rows(DoctorBatch batch, IReadOnlyList<int> rows)
    {
        var index = tensor(rows.Select(r => (long)r).ToArray(), device: batch.Inputs.device);
        return Map(batch, t => t.index_select(0, index), source: true);
    }

    /// <summary>The first columns of a batch.</summary>
    public static DoctorBatch Columns(DoctorBatch batch, long count) => Map(batch, t => t.narrow(1, 0, count).contiguous(), source: false);

    /// <summary>The batch with more pads at one end of every row.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="by">How many columns are added.</param>
    /// <param name="left">Whether they stand before the texts.</param>
    /// <param name="pad">The id that fills inputs up.</param>
    /// <param name="label">The label that fills labels up.</param>
    public static DoctorBatch Wider(DoctorBatch batch, long by, bool left, long pad, long label)
    {
        Tensor Widen(Tensor t, Scalar fill)
        {
            var more = full([t.shape[0], by], fill, dtype: t.dtype, device: t.device);
            return left ? cat([more, t], 1) : cat([t, more], 1);
        }
        return batch with
        {
            Inputs = Widen(batch.Inputs, pad),
            Labels = batch.Labels is { } labels ? Widen(labels, label) : null,
            Mask = batch.Mask is { } mask ? Widen(mask, 0) : null,
            Documents = batch.Documents is { } documents ? Edge(documents, by, left) : null,
            Positions = batch.Positions is { } positions ? Widen(positions, 0) : null,
        };
    }

    /// <summary>The batch with every row turned by its own number of places: pads that stood on one side stand on the other.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="turns">For each row, by how many places it moves to the right; what falls off comes back on the left.</param>
    public static DoctorBatch Turned(DoctorBatch batch, IReadOnlyList<int> turns)
    {
        var columns = batch.Inputs.shape[1];
        var from = turns.SelectMany(by => Enumerable.Range(0, (int)columns).Select(t => ((t - by) % columns + columns) % columns)).ToArray();
        var index = tensor(from, device: batch.Inputs.device).reshape(turns.Count, columns);
        return Map(batch, t => t.gather(1, index), source: false);
    }

    /// <summary>The batch with other ids in some places.</summary>
    public static DoctorBatch WithInputs(DoctorBatch batch, IReadOnlyList<long[]> ids) =>
        batch with { Inputs = From(ids, batch.Inputs) };

    /// <summary>The batch with other labels.</summary>
    public static DoctorBatch WithLabels(DoctorBatch batch, IReadOnlyList<long[]> labels) =>
        batch with { Labels = From(labels, batch.Labels ?? batch.Inputs) };

    private static Tensor From(IReadOnlyList<long[]> rows, Tensor like) =>
        tensor(rows.SelectMany(r => r).ToArray(), device: like.device).reshape(rows.Count, -1).to(like.dtype);

    private static Tensor Edge(Tensor t, long by, bool left)
    {
        var edge = left ? t.narrow(1, 0, 1) : t.narrow(1, t.shape[1] - 1, 1);
        var more = edge.expand(t.shape[0], by);
        return left ? cat([more, t], 1) : cat([t, more], 1);
    }

    private static DoctorBatch Map(DoctorBatch batch, Func<Tensor, Tensor> change, bool source) => batch with
    {
        Inputs = change(batch.Inputs),
        Labels = batch.Labels is { } labels ? change(labels) : null,
        Mask = batch.Mask is { } mask ? change(mask) : null,
        Documents = batch.Documents is { } documents ? change(documents) : null,
        Positions = batch.Positions is { } positions ? change(positions) : null,
        Source = batch.Source is { } ids && source ? change(ids) : batch.Source,
        SourceMask = batch.SourceMask is { } seen && source ? change(seen) : batch.SourceMask,
    };
}
