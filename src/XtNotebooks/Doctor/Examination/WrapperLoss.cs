using TorchSharp;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>The loss of an <see cref="AutoregressiveWrapper"/>, with its net as an argument.</summary>
internal static class WrapperLoss
{
    public static Func<Func<DoctorBatch, Tensor>, DoctorBatch, Tensor> Of(AutoregressiveWrapper wrapper) => (net, batch) =>
    {
        var ids = batch.Inputs.to(int64);
        var steps = ids.shape[1] - 1;
        // The last token predicts nothing; it is left out where the positions end before it, as the wrapper does.
        var fed = wrapper.Net.HasAbsolutePositions && ids.shape[1] == wrapper.MaxSeqLen + 1 ? steps : ids.shape[1];
        var inputs = ids.masked_fill(ids.eq(wrapper.IgnoreIndex), wrapper.PadValue).narrow(1, 0, fed);
        var logits = net(batch with { Inputs = inputs, Mask = batch.Mask?.narrow(1, 0, fed) });
        var tokens = logits.shape[2];
        var predictions = logits.narrow(1, 0, steps).reshape(-1, tokens);
        var targets = (batch.Labels ?? ids).narrow(1, 1, steps).reshape(-1);
        if (!wrapper.Net.OutputIsLogProb)
            return nn.functional.cross_entropy(predictions, targets, ignore_index: wrapper.IgnoreIndex);
        var counts = targets.ne(wrapper.IgnoreIndex);
        var picked = predictions.gather(-1, targets.masked_fill(counts.logical_not(), 0).unsqueeze(-1)).squeeze(-1);
        return -picked.masked_fill(counts.logical_not(), 0).sum() / counts.sum();
    };
}
