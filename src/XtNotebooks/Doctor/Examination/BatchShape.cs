using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>Refuses batches whose parts do not fit together.</summary>
internal static class BatchShape
{
    /// <exception cref="DoctorException">A part has the wrong shape or kind of numbers.</exception>
    public static void Check(DoctorBatch batch)
    {
        Ids(batch.Inputs, "The inputs");
        var shape = batch.Inputs.shape;
        if (shape[0] == 0 || shape[1] == 0)
            throw new DoctorException("The batch is empty; give one with at least one row and one token.");
        Fits(batch.Labels, "The labels", shape, ids: true);
        Fits(batch.Mask, "The mask", shape, ids: false);
        Fits(batch.Documents, "The documents", shape, ids: true);
        Fits(batch.Positions, "The positions", shape, ids: true);
        if (batch.Source is { } source)
        {
            Ids(source, "The source");
            Fits(batch.SourceMask, "The source mask", source.shape, ids: false);
        }
        else if (batch.SourceMask is not null)
        {
            throw new DoctorException("There is a source mask but no source; give both or neither.");
        }
    }

    private static void Fits(Tensor? part, string name, long[] shape, bool ids)
    {
        if (part is null)
            return;
        if (ids)
            Ids(part, name);
        if (!part.shape.SequenceEqual(shape))
            throw new DoctorException($"{name} have the shape [{string.Join(", ", part.shape)}], but it must be [{string.Join(", ", shape)}] as that of the ids they belong to.");
        if (!ids && part.dtype != ScalarType.Bool)
            throw new DoctorException($"{name} must be bool, true where a token is real, not {part.dtype}; use `mask.to(bool)`.");
    }

    private static void Ids(Tensor ids, string name)
    {
        if (ids.dim() != 2 || ids.dtype is not (ScalarType.Int64 or ScalarType.Int32))
            throw new DoctorException($"{name} must be int64 of shape [batch, seq], not {ids.dtype} of shape [{string.Join(", ", ids.shape)}].");
    }
}
