using XtNotebooks.Data;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>One batch as the model and the loss get it; only <see cref="Inputs"/> is needed.</summary>
/// <remarks>The doctor hands changed copies of it to the model's delegate (wider, perturbed, mirrored), so a delegate that uses a mask or
/// documents must take them from its argument, not from a variable outside.</remarks>
public sealed record DoctorBatch
{
    /// <summary>[batch, seq], int64: the ids that the model reads; the decoder's own ids in an encoder-decoder.</summary>
    public required Tensor Inputs { get; init; }

    /// <summary>[batch, seq], int64: the labels that the loss gets; null where the loss gets <see cref="Inputs"/> and shifts them itself.</summary>
    public Tensor? Labels { get; init; }

    /// <summary>[batch, seq], bool: true where <see cref="Inputs"/> holds a real token; null where the pad id alone tells.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>[batch, seq], int64: which packed document a token belongs to; null where rows hold one document each.</summary>
    public Tensor? Documents { get; init; }

    /// <summary>[batch, seq], int64: position ids, where the model is given any.</summary>
    public Tensor? Positions { get; init; }

    /// <summary>[batch, source], int64: the encoder's ids in an encoder-decoder.</summary>
    public Tensor? Source { get; init; }

    /// <summary>[batch, source], bool: true where <see cref="Source"/> holds a real token.</summary>
    public Tensor? SourceMask { get; init; }

    /// <summary>A batch of nothing but ids.</summary>
    /// <param name="ids">[batch, seq], int64.</param>
    public static DoctorBatch FromIds(Tensor ids) => new() { Inputs = ids };

    /// <summary>The ids and the mask of a padded batch; its tensors stay its own.</summary>
    /// <param name="batch">The batch.</param>
    public static DoctorBatch From(PaddedBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return new() { Inputs = batch.Ids, Mask = batch.Mask };
    }
}
