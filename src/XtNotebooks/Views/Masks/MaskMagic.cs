using XtNotebooks.Data;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary><c>#!xt-mask</c>: a batch with its loss mask, or one row as attention sees it.</summary>
internal static class MaskMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-mask",
        Summary = "Draws a batch with its loss mask: what counts, what is ignored, which pads count.",
        Options =
        [
            MagicInputs.Ids, MagicInputs.PadId, MagicInputs.IgnoreIndex, MagicInputs.Tokenizer,
            new() { Name = "--attention", Summary = "A row to show as attention sees it, from 0, instead of the loss mask.", Type = typeof(int) },
            new() { Name = "--mask", Summary = "The mask given to the model, [batch, seq], true where a key may be seen.", Type = typeof(TorchSharp.torch.Tensor) },
            new() { Name = "--bidirectional", Summary = "Positions see what comes later too, as in an encoder.", Type = typeof(bool) },
            MagicInputs.Title, MagicInputs.As("mask"),
        ],
        Examples = ["#!xt-mask batch --ignore-index 0", "#!xt-mask batch --attention 2 --tokenizer tokenizer"],
        Run = static (call, _) => call.Values.GetValueOrDefault("--attention") is int row ? Attention(call, row) : Loss(call),
    };

    private static Task Loss(MagicCall call) => MagicInputs.Show(call, () => LossMaskView.From(
        MagicInputs.Batch(call), MagicInputs.Pad(call), call.Require<long>("--ignore-index"), new()
        {
            Token = MagicInputs.Token(call),
            Title = call.Get<string>("--title"),
            Causal = !call.Get<bool>("--bidirectional"),
            Mask = call.Get<TorchSharp.torch.Tensor>("--mask") is { } mask ? TensorRows.Flags(mask) : null,
            Lengths = call.Require<object>("--ids") is PaddedBatch batch ? LossMaskView.LengthsOf(batch) : null,
            PaddedLeft = call.Require<object>("--ids") is PaddedBatch { Side: PaddingSide.Left },
        }));

    private static Task Attention(MagicCall call, int row)
    {
        var ids = MagicInputs.Batch(call);
        if (ids.dim() == 2 && (row < 0 || row >= ids.shape[0]))
            throw new MagicException($"--attention {row} is no row of the batch; it has rows 0 to {ids.shape[0] - 1}.");
        return MagicInputs.Show(call, () => AttentionMaskView.From(
            ids.dim() == 2 ? ids[row] : ids, MagicInputs.Pad(call), !call.Get<bool>("--bidirectional"),
            call.Get<TorchSharp.torch.Tensor>("--mask") is { } mask ? mask.dim() == 2 ? mask[row] : mask : null,
            MagicInputs.Token(call)) with { Title = call.Get<string>("--title") });
    }
}
