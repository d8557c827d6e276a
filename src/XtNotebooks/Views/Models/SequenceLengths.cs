using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>How many tokens a model is thought to read.</summary>
/// <param name="Own">In a sequence.</param>
/// <param name="Context">In what cross-attention reads.</param>
internal sealed record SequenceLengths(long Own, long Context)
{
    /// <summary>The length that is given; otherwise the example's, otherwise the longest that the model takes; null where there is none of these.</summary>
    /// <exception cref="ArgumentException">The given length is none, or longer than the model takes.</exception>
    public static SequenceLengths? Of(nn.Module model, object? example, long? given)
    {
        if (given is { } length)
        {
            if (length < 1)
                throw new ArgumentException($"The length must be 1 or more, but is {length}.");
            if (Wrapper(model) is { HasAbsolutePositions: true } net && length > net.MaxSeqLen)
                throw new ArgumentException($"The length is {length}, but the model's absolute positions end at {net.MaxSeqLen} (MaxSeqLen); give {net.MaxSeqLen} or less.");
            return new(length, length);
        }
        if (example is PaddedBatch batch)
            return new(batch.Seq, batch.Seq);
        if (example is not null && BatchLoss.Tensors(example) is [var first, ..] parts && first.dim() > 1)
            return model is XTransformer && parts is [_, var target] && target.dim() > 1 ? new(target.shape[1], first.shape[1]) : new(first.shape[1], first.shape[1]);
        return model is XTransformer { Encoder.MaxSeqLen: > 0 and var source, Decoder.Net.MaxSeqLen: > 0 and var written } ? new(written, source)
            : Wrapper(model) is { MaxSeqLen: > 0 and var longest } ? new(longest, longest)
            : null;
    }

    private static TransformerWrapper? Wrapper(nn.Module model) => model switch
    {
        TransformerWrapper net => net,
        AutoregressiveWrapper wrapper => wrapper.Net,
        XTransformer both => both.Decoder.Net,
        _ => model.modules().OfType<TransformerWrapper>().FirstOrDefault(),
    };
}
