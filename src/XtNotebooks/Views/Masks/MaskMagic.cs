using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary><c>#!xt-mask</c>: a batch with its loss mask, or one row as attention sees it.</summary>
internal static class MaskMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-mask",
        Summary = "Draws a batch with its loss mask: what counts, what is ignored, which pads count; or one row as attention sees it.",
        Options =
        [
            MagicInputs.Ids, MagicInputs.PadId, MagicInputs.IgnoreIndex, MagicInputs.Tokenizer,
            new() { Name = "--attention", Summary = "A row to show as attention sees it, from 0, instead of the loss mask.", Type = typeof(int) },
            new() { Name = "--mask", Summary = "The mask given to the model, [batch, seq], true where a key may be seen.", Type = typeof(Tensor) },
            new() { Name = "--kv-mask", Summary = "With --attention: the mask of keys given to the model (selfAttnKvMask), [batch, seq]; it takes the place of --mask.", Type = typeof(Tensor) },
            new() { Name = "--mask-prob", Summary = "With --attention: a kv mask as a wrapper with this maskProb draws one, 0 to below 1.", Type = typeof(double) },
            new() { Name = "--seed", Summary = "Chooses what --mask-prob hides.", Type = typeof(int), Default = 0 },
            new() { Name = "--context", Summary = "With --attention: what cross-attention looks at: ids [batch, keys], a PaddedBatch, or an encoder's output [batch, keys, dim].", Type = typeof(object) },
            new() { Name = "--context-mask", Summary = "With --context: [batch, keys], true where a key may be seen.", Type = typeof(Tensor) },
            new() { Name = "--bidirectional", Summary = "Positions see what comes later too, as in an encoder.", Type = typeof(bool) },
            MagicInputs.Title, MagicInputs.As("mask"),
        ],
        Examples = ["#!xt-mask batch --ignore-index 0", "#!xt-mask batch --attention 2 --tokenizer tokenizer", "#!xt-mask batch --attention 0 --mask-prob 0.15", "#!xt-mask target --attention 0 --context source"],
        Run = static (call, _) => MagicInputs.Show(call, () => Read(call)),
    };

    private static IView Read(MagicCall call)
    {
        call.Refuse(Command, !call.Has("--mask-prob"), "chooses what --mask-prob hides; give that too, or leave it out.", "--seed");
        call.Refuse(Command, call.Has("--attention"), "is of the loss, which attention does not know; leave it out, or leave out --attention.", "--ignore-index");
        call.Refuse(Command, call.Has("--context"), "is of self-attention, and plays no part where a --context is looked at; leave it out.", "--mask", "--kv-mask", "--mask-prob", "--bidirectional");
        if (call.Values.GetValueOrDefault("--attention") is int row)
            return Attention(call, row);
        if (AttentionOnly.FirstOrDefault(option => call.Values.GetValueOrDefault(option) is not null) is { } alone)
            throw new MagicException($"{alone} shows in a row as attention sees it; give --attention with the row's number too.");
        var batch = call.Require<object>("--ids") as PaddedBatch;
        return LossMaskView.From(MagicInputs.Batch(call), MagicInputs.Pad(call), call.Require<long>("--ignore-index"), new()
        {
            Token = MagicInputs.Token(call),
            Title = call.Get<string>("--title"),
            Causal = !call.Get<bool>("--bidirectional"),
            Mask = MagicInputs.Given(call, "--mask") is { } mask ? TensorRows.Flags(mask) : null,
            Lengths = batch is null ? null : LossMaskView.LengthsOf(batch),
            PaddedLeft = batch is { Side: PaddingSide.Left },
        });
    }

    private static AttentionMaskView Attention(MagicCall call, int row)
    {
        var ids = Row(MagicInputs.Batch(call), row, 2);
        if (MagicInputs.Given(call, "--kv-mask") is not null && call.Values.GetValueOrDefault("--mask-prob") is not null)
            throw new MagicException("--kv-mask and --mask-prob are two ways to say the same; give one.");
        var options = new AttentionMaskOptions
        {
            Causal = !call.Get<bool>("--bidirectional"),
            Mask = Given(call, "--mask", row),
            KvMask = call.Values.GetValueOrDefault("--mask-prob") is double part
                ? AttentionMaskOptions.DrawKvMask((int)ids.numel(), part, call.Get<int>("--seed"))
                : Given(call, "--kv-mask", row),
            Real = MagicInputs.Real(call) is { } real ? Row(real, row, 2) : null,
            ContextReal = call.Values.GetValueOrDefault("--context") is PaddedBatch source ? Row(MagicInputs.Alive("--context", source.Mask), row, 2) : null,
            Token = MagicInputs.Token(call),
            Title = call.Get<string>("--title"),
        };
        var pad = MagicInputs.Pad(call);
        if (call.Values.GetValueOrDefault("--context") is not { } given)
        {
            return call.Values.GetValueOrDefault("--context-mask") is null ? AttentionMaskView.From(ids, pad, options)
                : throw new MagicException("--context-mask belongs to a --context; give both.");
        }
        var context = given switch
        {
            PaddedBatch batch => MagicInputs.Alive("--context", batch.Ids),
            Tensor tensor => MagicInputs.Alive("--context", tensor),
            var other => throw MagicInputs.Wrong("--context", other, "ids, a PaddedBatch, or an encoder's output"),
        };
        return AttentionMaskView.Cross(ids, pad, Row(context, row, context.is_floating_point() ? 3 : 2), Given(call, "--context-mask", row), options);
    }

    private static readonly string[] AttentionOnly = ["--kv-mask", "--mask-prob", "--context", "--context-mask"];

    private static Tensor? Given(MagicCall call, string option, int row) => MagicInputs.Given(call, option) is { } mask ? Row(mask, row, 2) : null;

    /// <summary>A row of a batch; what has a dimension less is one already.</summary>
    private static Tensor Row(Tensor batch, int row, int dimensions) => batch.dim() < dimensions ? batch
        : row >= 0 && row < batch.shape[0] ? batch[row]
        : throw new MagicException($"--attention {row} is no row of a batch [{string.Join(", ", batch.shape)}]; it has rows 0 to {batch.shape[0] - 1}.");
}
