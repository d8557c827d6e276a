using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Losses;
using XtNotebooks.Transformers;

namespace XtNotebooks.Views;

/// <summary><c>#!xt-loss</c>: what a reported loss is made of.</summary>
internal static class LossMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-loss",
        Summary = "Takes the loss of a batch apart: real tokens, pads that count, and what other settings would have reported.",
        Options =
        [
            MagicInputs.Ids with { Required = false },
            MagicInputs.Model,
            new() { Name = "--logits", Summary = "Logits [batch, seq, numTokens] in place of a model.", Type = typeof(torch.Tensor) },
            new() { Name = "--targets", Summary = "Targets [batch, seq] that belong to --logits.", Type = typeof(torch.Tensor) },
            MagicInputs.PadId, MagicInputs.IgnoreIndexOfModel, MagicInputs.Tokenizer, MagicInputs.As("breakdown"),
        ],
        Examples = ["#!xt-loss batch --model net --ignore-index 0", "#!xt-loss --logits logits --targets targets --pad-id 0"],
        Run = static (call, _) => MagicInputs.Show(call, () =>
        {
            var (logits, targets) = Inputs(call);
            var (pad, ignored, tokenizer) = (MagicInputs.Pad(call), MagicInputs.Ignored(call), call.Get<ITokenizer>("--tokenizer"));
            return LossBreakdown.From(logits, targets, pad, ignored, new()
            {
                Real = MagicInputs.RealTargets(call, targets),
                EosId = pad is not null && tokenizer?.EosId == pad ? pad : null,
                PadValue = ignored == pad ? (call.Values.GetValueOrDefault("--model") as AutoregressiveWrapper)?.PadValue : null,
                TokenClass = tokenizer is null ? null : tokenizer.ClassOf,
            });
        }),
    };

    private static (torch.Tensor Logits, torch.Tensor Targets) Inputs(MagicCall call)
    {
        var known = call.Has("--logits");
        call.Refuse(Command, known, "is another way to get --logits; give one of the two.", "--model");
        call.Refuse(Command, known && !(call.Values.GetValueOrDefault("--ids") is PaddedBatch && !call.Has("--pad-id")),
            "is read by a --model, and plays no part beside --logits; leave it out.", "--ids");
        call.Refuse(Command, !known, "belongs to --logits; give both, or leave it out: the targets of --ids are the ids themselves.", "--targets");
        if (call.Get<torch.Tensor>("--logits") is { } logits)
            return (logits, call.Get<torch.Tensor>("--targets") ?? throw new MagicException("--logits needs the --targets that belong to it."));
        if (call.Values.GetValueOrDefault("--ids") is null)
            throw new MagicException("Give a batch and a --model, or --logits and --targets.");
        return MagicInputs.Forward(call, MagicInputs.Batch(call));
    }
}
