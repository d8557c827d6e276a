using TorchSharp;
using XtNotebooks.Diagnostics;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Diagnostics.Texts;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>Models, metrics and data with a mistake; the losses are sound.</summary>
internal static class SickModels
{
    private static DoctorOptions Usual { get; } = new() { PadId = Pad, EosId = Eos, Loss = Shifted(Pad) };

    private static DoctorReport Ask(DoctorBatch batch, TinyOptions model, DoctorOptions? options = null)
    {
        var net = new TinyModel(model);
        return Doctor.Examine(net.Run, batch, (options ?? Usual) with { Module = net });
    }

    private static DoctorBatch RightPadded() => new() { Inputs = Right(), Mask = Mask() };

    private static DoctorBatch LeftPadded() => new() { Inputs = Left(), Mask = Mask(left: true) };

    public static IEnumerable<Case> All() => [.. Sides(), .. SeePads(), .. SeeFuture(), .. PackedRows(), .. Metrics(), .. Evaluation(), .. Ranges(), .. Gradients(), .. Beginnings()];

    private static IEnumerable<Case> Sides() =>
    [
        new("left padding with a mask, but positions counted from the pads", "padding-side", () => Ask(LeftPadded(), new() { UsesMask = true }))
        { Also = ["repadding"], Threads = ["huggingface/transformers#18388"] },
        new("left padding, and positions divided by the width", "padding-side", () => Ask(LeftPadded(), new() { UsesMask = true, Positions = TinyPositions.DividedByWidth }))
        { Also = ["repadding"] },
    ];

    private static IEnumerable<Case> SeePads() =>
    [
        new("an encoder that is never given the mask", "attention-to-pads", () => Ask(MaskedWords(), new() { Causal = false }, Usual with { Loss = Aligned() }))
        { Threads = ["huggingface/transformers#278"] },
        new("left padding without a mask", "attention-to-pads", () => Ask(LeftPadded(), new() { Positions = TinyPositions.None })),
        new("an encoder behind a delegate, without its mask", "attention-to-pads", () =>
        {
            var net = new TinyModel(new() { Causal = false });
            return Doctor.Examine(net.Run, MaskedWords(), Usual with { Loss = Aligned() });
        }),
        new("a decoder sees its source's pads", "attention-to-pads", () => Ask(Translation(), new() { UsesSource = true, UsesSourceMask = false }, Usual with { Loss = Aligned() })),
    ];

    private static IEnumerable<Case> SeeFuture() =>
    [
        new("a language model with an encoder's attention", "causality", () => Ask(RightPadded(), new() { Causal = false, UsesMask = true }))
        { Threads = ["huggingface/transformers#48745"] },
        new("a causal mask that is off by one", "causality", () => Ask(RightPadded(), new() { Diagonal = 2, UsesMask = true })),
        new("causal attention, but a convolution that looks ahead", "causality", () => Ask(RightPadded(), new() { LooksAhead = true, UsesMask = true }))
        { Also = ["attention-to-pads", "padding-side"] },
    ];

    private static IEnumerable<Case> PackedRows() =>
    [
        new("packed documents under a plain causal mask", "packing", () => Ask(Packed(), new()))
        { Threads = ["huggingface/transformers#46634"] },
        new("packed documents with reset positions and nothing else", "packing", () => Ask(Packed(), new() { ResetsPositions = true }))
        { Threads = ["huggingface/nanoVLM#204"] },
        new("the document mask reaches the first layer only", "packing", () => Ask(Packed(), new() { Layers = 2, UsesDocuments = true, DocumentsInFirstLayerOnly = true })),
    ];

    internal static DoctorBatch Packed()
    {
        var (ids, documents) = Texts.Packed();
        return new() { Inputs = ids, Documents = documents };
    }

    /// <summary>Every fourth real token hidden behind id 2 and to be found again.</summary>
    internal static DoctorBatch MaskedWords()
    {
        var (ids, mask) = (Right(), Mask());
        var hidden = (arange(Width).unsqueeze(0) + arange(Lengths.Length).unsqueeze(1)).remainder(4).eq(1).logical_and(mask);
        return new() { Inputs = ids.masked_fill(hidden, 2), Labels = Labels(ids, hidden), Mask = mask };
    }

    /// <summary>Decoder inputs that begin with id 2, labels that end with the end of text.</summary>
    internal static DoctorBatch Translation()
    {
        var (ids, mask) = (Right(), Mask());
        var begin = full([Lengths.Length, 1], 2, dtype: int64);
        var inputs = cat([begin, Head(ids).masked_fill(Head(ids).eq(Eos), Pad)], 1);
        return new() { Inputs = inputs, Labels = Labels(ids, mask), Mask = mask, Source = Right(), SourceMask = mask };
    }

    private static IEnumerable<Case> Metrics() =>
    [
        new("accuracy over all positions, pads included", "metric-mask", () => Ask(RightPadded(), new(), Usual with
        {
            Metric = (l, y) => Accuracy(Head(l), Tail(y), ones_like(Tail(y), dtype: @bool)),
        })),
        new("hits divided by all positions where labels are -100", "metric-mask", () =>
        {
            var ids = Right();
            return Ask(new() { Inputs = ids, Labels = Labels(ids, Mask()), Mask = Mask() }, new(), Usual with
            {
                Loss = Shifted(),
                Metric = (l, y) => Head(l).argmax(-1).eq(Tail(y)).to(float32).mean().ToDouble(),
            });
        }),
        new("entropy over prompt and answer, loss over the answer", "metric-mask", () =>
        {
            var ids = Right();
            var answer = Mask().logical_and(arange(Width).unsqueeze(0).ge(3));
            return Ask(new() { Inputs = ids, Labels = Labels(ids, answer), Mask = Mask() }, new(), Usual with
            {
                Loss = Shifted(),
                BatchMetric = (net, b) =>
                {
                    var p = Head(net(b)).softmax(-1);
                    var entropy = -(p * p.clamp(min: 1e-9).log()).sum(-1);
                    return (entropy * Tail(b.Mask!)).sum().ToDouble() / Tail(b.Mask!).sum().ToDouble();
                },
            });
        }) { Threads = ["huggingface/trl#6803"] },
    ];

    private static IEnumerable<Case> Evaluation() =>
    [
        new("functional dropout that does not ask for the mode", "evaluation-mode", () => Ask(RightPadded(), new() { DropoutAlways = true }))
        { Threads = ["pytorch/pytorch#124464"] },
        new("a dropout that eval() does not reach: it is in an array", "evaluation-mode", () => Ask(RightPadded(), new() { HidesDropout = true })),
        new("a buffer that evaluation changes", "evaluation-mode", () => Ask(RightPadded(), new() { CountsCalls = true })),
    ];

    private static IEnumerable<Case> Ranges() =>
    [
        new("a tokenizer with one id more than the model", "out-of-range", () =>
        {
            var ids = Right();
            ids[0, 3] = tensor((long)Vocabulary);
            return Ask(new() { Inputs = ids, Mask = Mask() }, new());
        }) { Threads = ["huggingface/transformers#12763"] },
        new("a special token that can be read but not written", "out-of-range", () =>
        {
            var ids = Right();
            ids[4, 5] = tensor((long)Vocabulary);
            return Ask(new() { Inputs = ids, Mask = Mask() }, new() { Inputs = Vocabulary + 1 });
        }),
    ];

    private static IEnumerable<Case> Gradients() =>
    [
        new("a layer that is registered and never called", "no-gradient", () => Ask(RightPadded(), new() { Unused = true }))
        { Threads = ["state-spaces/s4#26"] },
        new("embeddings behind a detach", "no-gradient", () => Ask(RightPadded(), new() { Detached = true })),
        new("a loss computed without a graph", "no-gradient", () => Ask(RightPadded(), new(), Usual with { Loss = (l, y) => Shifted(Pad)(l.detach(), y) })),
    ];

    private static IEnumerable<Case> Beginnings() =>
    [
        new("an untrained model with logits thirty times too large", "initial-loss", () => Ask(RightPadded(), new() { Scale = 30 }, Usual with { Untrained = true }))
        { Threads = ["pengzhangzhi/Open-dLLM#8"] },
        new("an \"untrained\" model that knows the answers", "initial-loss", () =>
        {
            var ids = Right();
            return Doctor.Examine((DoctorBatch b) => nn.functional.one_hot(b.Inputs.roll(-1, 1), Vocabulary).to(float32) * 6, new() { Inputs = ids, Mask = Mask() }, Usual with { Untrained = true });
        }) { Also = ["causality", "attention-to-pads"] },
    ];
}
