using TorchSharp;
using XtNotebooks.Diagnostics;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Diagnostics.Texts;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>Losses and batches with a mistake; the models are sound.</summary>
internal static class SickLosses
{
    private static DoctorOptions Usual { get; } = new() { PadId = Pad, EosId = Eos };

    private static DoctorReport Ask(DoctorBatch batch, DoctorOptions options, TinyOptions? model = null)
    {
        var net = new TinyModel(model);
        return Doctor.Examine(net.Run, batch, options with { Module = net });
    }

    private static DoctorReport Ask(Tensor ids, DoctorOptions options, TinyOptions? model = null) => Ask(DoctorBatch.FromIds(ids), options, model);

    public static IEnumerable<Case> All() => [.. Pads(), .. Ignored(), .. Denominators(), .. Shifts(), .. Repadded(), .. Empty(), .. OffByOne(), .. Sentinels()];

    private static IEnumerable<Case> Pads() =>
    [
        new("cross_entropy without ignore_index on padded rows", "pads-as-targets", () => Ask(Right(), Usual with { Loss = Shifted() }))
        { Threads = ["lucidrains/x-transformers#297"] },
        new("labels that still hold the pads, shifted in the data", "pads-as-targets", () =>
        {
            var ids = Right();
            var batch = new DoctorBatch { Inputs = Head(ids), Labels = Tail(ids), Mask = Head(Mask()) };
            return Ask(batch, Usual with { Loss = Aligned() });
        }) { Threads = ["lukas-blecher/LaTeX-OCR#305"] },
        new("rows filled up with the end of text, the loss leaves out -100 alone", "pads-as-targets", () => Ask(
            Right(pad: Eos), new() { PadId = Eos, EosId = Eos, Loss = Shifted() }))
        { Threads = ["FlagAI-Open/FlagAI#522"] },
        new("the model on all tokens but the last, pads counted", "pads-as-targets", () => Ask(Right(), Usual with
        {
            BatchLoss = (net, b) => CrossEntropy(net(b with { Inputs = Head(b.Inputs) }), Tail(b.Inputs)),
        })),
        new("pads on the left are predicted too", "pads-as-targets", () => Ask(
            new DoctorBatch { Inputs = Left(), Mask = Mask(left: true) }, Usual with { Loss = Shifted() },
            new() { UsesMask = true, Positions = TinyPositions.FromMask })),
    ];

    private static IEnumerable<Case> Ignored() =>
    [
        new("pad is the end of text, and the pad id is ignored", "ignored-class", () => Ask(Right(pad: Eos), new() { PadId = Eos, EosId = Eos, Loss = Shifted(Eos) }))
        { Threads = ["huggingface/transformers#23530"] },
        new("a collator writes -100 over every end of text, as over pads", "ignored-class", () =>
        {
            var ids = Right(pad: Eos);
            return Ask(new DoctorBatch { Inputs = ids, Labels = Labels(ids, ids.ne(Eos)), Mask = Mask() },
                new() { PadId = Eos, EosId = Eos, Loss = Shifted() });
        }) { Threads = ["huggingface/trl#976"] },
        new("id 0 is a real code and the ignored one", "ignored-class", () =>
        {
            var codes = randint(0, Vocabulary, [4, 12], dtype: int64, generator: new Generator(11));
            codes[TensorIndex.Ellipsis, 5] = tensor(0L);
            return Ask(new DoctorBatch { Inputs = codes, Mask = ones(4, 12, dtype: @bool) }, new() { PadId = 0, Loss = Shifted(0) });
        }) { Threads = ["lucidrains/DALLE-pytorch#57"] },
    ];

    private static IEnumerable<Case> Denominators() =>
    [
        new("two accumulated batches, each with its own mean", "denominator", () => Accumulated((net, batches, optimizer) =>
        {
            foreach (var b in batches)
                (Shifted(Pad)(net.Run(b), b.Inputs) / batches.Count).backward();
        })) { Threads = ["huggingface/trl#2175", "huggingface/transformers#34191"] },
        new("the same with Adam and gradients cleared after the step", "denominator", () => Accumulated((net, batches, optimizer) =>
        {
            foreach (var b in batches)
                (Shifted(Pad)(net.Run(b), b.Inputs) / batches.Count).backward();
            optimizer.step();
            foreach (var p in net.parameters())
                p.grad = null;
        }, steps: true)),
        new("the sum of real tokens divided by all positions", "denominator", () => Ask(Right(), Usual with
        {
            Loss = (l, y) => NextTokens(l, y, Pad) is var (losses, counts) ? (losses * counts).mean() : l,
        })) { Also = ["repadding"], Threads = ["OpenNMT/OpenNMT-py#526", "tracel-ai/burn#5568"] },
        new("the number of targets is counted before the shift", "denominator", () =>
        {
            var ids = Right();
            return Ask(new DoctorBatch { Inputs = ids, Labels = Labels(ids, Mask()) }, Usual with
            {
                Loss = (l, y) => CrossEntropy(Head(l), Tail(y), reduction: nn.Reduction.Sum) / y.ne(-100).sum(),
            });
        }) { Threads = ["huggingface/transformers#37766"] },
        new("a mean of row means that nobody declared", "denominator", () => Ask(Right(), Usual with { Loss = RowMeans })),
    ];

    internal static Tensor RowMeans(Tensor logits, Tensor ids)
    {
        var (losses, counts) = NextTokens(logits, ids, Pad);
        return ((losses * counts).sum(1) / counts.sum(1)).mean();
    }

    internal static DoctorReport Accumulated(Action<TinyModel, IReadOnlyList<DoctorBatch>, optim.Optimizer> backward, bool steps = false)
    {
        var net = new TinyModel();
        var optimizer = optim.AdamW(net.parameters(), 1e-3);
        return Doctor.Examine(net.Run, DoctorBatch.FromIds(Right()), Usual with
        {
            Module = net,
            Loss = Shifted(Pad),
            Optimizer = optimizer,
            Step = batches =>
            {
                optimizer.zero_grad();
                backward(net, batches, optimizer);
                if (!steps)
                    optimizer.step();
            },
        });
    }

    private static IEnumerable<Case> Shifts() =>
    [
        new("no shift: every token predicts itself", "shift", () => Ask(Right(), Usual with { Loss = Aligned(Pad) })),
        new("shifted in the data and again in the loss", "shift", () =>
        {
            var ids = Right();
            return Ask(new DoctorBatch { Inputs = Head(ids), Labels = Tail(Labels(ids, Mask())) }, Usual with { Loss = Shifted() });
        }) { Threads = ["huggingface/transformers#47394"] },
        new("a decoder is fed the labels themselves", "shift", () =>
        {
            var ids = Right();
            return Ask(new DoctorBatch { Inputs = ids, Labels = Labels(ids, Mask()), Source = Right(), SourceMask = Mask() }, Usual with { Loss = Aligned() }, new() { UsesSource = true });
        }),
    ];

    private static IEnumerable<Case> Repadded() =>
    [
        new("is each token replaced or not: pads count as \"not\"", "repadding", () =>
        {
            var replaced = Right().remainder(3).eq(0).logical_and(Mask()).to(int64);
            return Ask(new DoctorBatch { Inputs = Right(), Labels = replaced, Mask = Mask() }, Usual with { Loss = Aligned() },
                new() { Outputs = 2, Causal = false, UsesMask = true });
        }) { Also = ["pads-as-targets"], Threads = ["voidism/DiffCSE#25"] },
        new("positions divided by the padded width", "repadding", () => Ask(Right(), Usual with { Loss = Shifted(Pad) }, new() { Positions = TinyPositions.DividedByWidth })),
        new("a sum divided by the padded width", "repadding", () => Ask(Right(), Usual with
        {
            Loss = (l, y) => CrossEntropy(Head(l), Tail(y), Pad, nn.Reduction.Sum) / y.shape[1],
        })),
    ];

    private static IEnumerable<Case> Empty() =>
    [
        new("every target of the batch is ignored: NaN", "nothing-to-learn", () =>
        {
            var ids = Right();
            return Ask(new DoctorBatch { Inputs = ids, Labels = full_like(ids, -100), Mask = Mask() }, Usual with { Loss = Shifted() });
        }) { Threads = ["pytorch/pytorch#70348"] },
        new("every target is ignored and the loss says zero", "nothing-to-learn", () =>
        {
            var ids = Right();
            return Ask(new DoctorBatch { Inputs = ids, Labels = full_like(ids, -100), Mask = Mask() }, Usual with
            {
                Loss = (l, y) => CrossEntropy(Head(l), Tail(y), reduction: nn.Reduction.Sum) / Tail(y).ne(-100).sum().clamp(min: 1),
            });
        }),
        new("a mean of row means with an empty row", "nothing-to-learn", () =>
        {
            var ids = Right();
            ids[2] = full([Width], Pad, dtype: int64);
            return Ask(ids, Usual with { Loss = RowMeans, Denominator = Denominator.RowMeans });
        }),
        new("a row of pads that may look at nothing", "nothing-to-learn", () =>
        {
            var (ids, mask) = (Right(), Mask());
            ids[2] = full([Width], Pad, dtype: int64);
            mask[2] = zeros([Width], dtype: @bool);
            return Ask(new DoctorBatch { Inputs = ids, Mask = mask }, Usual with { Loss = Shifted(Pad) }, new() { UsesMask = true, MinusInfinity = true });
        }),
    ];

    private static IEnumerable<Case> OffByOne() =>
    [
        new("the mask is one place too long: the first pad is learned", "mask-off-by-one", () => Ask(new DoctorBatch { Inputs = Right(), Mask = Mask() }, Usual with
        {
            BatchLoss = (net, b) => Masked(net(b), b.Inputs, Head(b.Mask!)),
        })) { Also = ["repadding"], Threads = ["ml-explore/mlx-lm#1697"] },
        new("the mask is one place too short: the end is never learned", "mask-off-by-one", () =>
        {
            var ids = Right();
            var keep = cat([Tail(Mask()), zeros(Lengths.Length, 1, dtype: @bool)], 1);
            return Ask(new DoctorBatch { Inputs = ids, Labels = Labels(ids, keep), Mask = Mask() }, Usual with { Loss = Shifted() });
        }),
    ];

    private static Tensor Masked(Tensor logits, Tensor ids, Tensor mask)
    {
        var (losses, _) = NextTokens(logits, ids, -100);
        return (losses * mask).sum() / mask.sum();
    }

    private static IEnumerable<Case> Sentinels() =>
    [
        new("the data say -100, the loss leaves out -1", "sentinel", () =>
        {
            var ids = Right();
            return Ask(new DoctorBatch { Inputs = ids, Labels = Labels(ids, Mask()), Mask = Mask() }, Usual with { Loss = Shifted(-1) });
        }) { Threads = ["huggingface/transformers#2759"] },
        new("the data say -1, the loss leaves out -100", "sentinel", () =>
        {
            var ids = Right();
            return Ask(new DoctorBatch { Inputs = ids, Labels = Labels(ids, Mask(), -1), Mask = Mask() }, Usual with { Loss = Shifted() });
        }),
        new("the data say 100007, which no vocabulary has, the loss leaves out -100", "sentinel", () =>
        {
            var ids = Right();
            return Ask(new DoctorBatch { Inputs = ids, Labels = Labels(ids, Mask(), 100_007), Mask = Mask() }, Usual with { Loss = Shifted() });
        }),
        new("a hand-made loss learns -1 as the last token", "sentinel", () =>
        {
            var ids = Right();
            return Ask(new DoctorBatch { Inputs = ids, Labels = Labels(ids, Mask(), -1), Mask = Mask() }, Usual with
            {
                Loss = (l, y) => -Head(l).log_softmax(-1).gather(-1, Tail(y).remainder(Vocabulary).unsqueeze(-1)).mean(),
            });
        }) { Also = ["pads-as-targets", "repadding"] },
    ];
}
