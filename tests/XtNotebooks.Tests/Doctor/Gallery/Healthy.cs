using TorchSharp;
using XtNotebooks.Diagnostics;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Diagnostics.Texts;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>Set-ups that are right, many of them odd enough to be taken for a mistake.</summary>
internal static class Healthy
{
    private static DoctorOptions Usual { get; } = new() { PadId = Pad, EosId = Eos, Loss = Shifted(Pad) };

    private static DoctorBatch RightPadded() => new() { Inputs = Right(), Mask = Mask() };

    private static DoctorReport Ask(DoctorBatch batch, DoctorOptions options, TinyOptions? model = null)
    {
        var net = new TinyModel(model);
        return Doctor.Examine(net.Run, batch, options with { Module = net });
    }

    /// <summary>Labels of left-padded rows: what follows a real token; a row's first token follows a pad and is not learned.</summary>
    private static Tensor AfterReal() => Labels(Left(), Mask(left: true).logical_and(Mask(left: true).roll(1, 1)).logical_and(arange(Width).ne(0)));

    private static Case Well(string name, Func<DoctorReport> examine) => new(name, null, examine);

    public static IEnumerable<Case> All() => [.. Losses(), .. Batches(), .. Models(), .. Metrics()];

    private static IEnumerable<Case> Losses() =>
    [
        Well("next tokens, pads ignored by their id", () => Ask(DoctorBatch.FromIds(Right()), Usual)),
        Well("the model on all tokens but the last", () => Ask(DoctorBatch.FromIds(Right()), Usual with
        {
            BatchLoss = (net, b) => CrossEntropy(net(b with { Inputs = Head(b.Inputs), Mask = null }), Tail(b.Inputs), Pad),
        })),
        Well("labels of -100 beyond each row's end", () => Ask(RightPadded() with { Labels = Labels(Right(), Mask()) }, Usual with { Loss = Shifted() })),
        Well("labels shifted in the data", () => Ask(
            new() { Inputs = Head(Right()), Labels = Tail(Labels(Right(), Mask())), Mask = Head(Mask()) }, Usual with { Loss = Aligned() })),
        Well("label smoothing", () => Ask(RightPadded(), Usual with { Loss = Shifted(Pad, smoothing: 0.1) })),
        Well("weights per class", () => Ask(RightPadded(), Usual with
        {
            Loss = (l, y) => CrossEntropy(Head(l), Tail(y), Pad, weight: arange(1, Vocabulary + 1, dtype: float32)),
        })),
        Well("weights that grow along the row", () => Ask(RightPadded(), Usual with
        {
            Loss = (l, y) =>
            {
                var (losses, counts) = NextTokens(l, y, Pad);
                var weights = counts * arange(1, losses.shape[1] + 1, dtype: float32);
                return (losses * weights).sum() / weights.sum();
            },
        })),
        Well("focal loss", () => Ask(RightPadded(), Usual with
        {
            Loss = (l, y) =>
            {
                var (losses, counts) = NextTokens(l, y, Pad);
                return ((1 - (-losses).exp()).square() * losses * counts).sum() / counts.sum();
            },
        })),
        Well("the hardest half of the tokens alone", () => Ask(DoctorBatch.FromIds(Right().narrow(0, 1, 1)), Usual with
        {
            Loss = (l, y) => NextTokens(l, y, Pad) is var (losses, counts) ? (losses * counts).flatten().topk(3).values.mean() : l,
        })),
        Well("unlikelihood: some rows are pushed away from", () => Ask(RightPadded(), Usual with
        {
            Loss = (l, y) => NextTokens(l, y, Pad) is var (losses, counts) ? (losses * counts * tensor(new[] { 1f, -0.5f, 1, -1, 1, 0.5f }).unsqueeze(1)).sum() / counts.sum() : l,
        })),
        Well("a sum divided by all positions, where rows are always full", () => Ask(
            DoctorBatch.FromIds(randint(2, Vocabulary, [4, 9], dtype: int64, generator: new Generator(6))),
            new() { Loss = (l, y) => CrossEntropy(Head(l), Tail(y), reduction: nn.Reduction.Sum) / y.numel() })),
        Well("half precision", () =>
        {
            var net = new TinyModel(new() { UsesMask = true });
            return Doctor.Examine((DoctorBatch b) => net.Run(b).to(bfloat16), RightPadded(), Usual with { Module = net });
        }),
        Well("a sum", () => Ask(RightPadded(), Usual with { Loss = (l, y) => CrossEntropy(Head(l), Tail(y), Pad, nn.Reduction.Sum) })),
        Well("a sum divided by the rows", () => Ask(RightPadded(), Usual with { Loss = (l, y) => CrossEntropy(Head(l), Tail(y), Pad, nn.Reduction.Sum) / y.shape[0] })),
        Well("a sum divided by a constant", () => Ask(RightPadded(), Usual with { Loss = (l, y) => CrossEntropy(Head(l), Tail(y), Pad, nn.Reduction.Sum) / 1000 })),
        Well("a mean of row means, declared", () => Ask(RightPadded(), Usual with { Loss = SickLosses.RowMeans, Denominator = Denominator.RowMeans })),
        Well("cross entropy with a penalty on the normalizer", () => Ask(RightPadded(), Usual with
        {
            Loss = (l, y) => Shifted(Pad)(l, y) + 1e-3 * (l.logsumexp(-1).square() * y.ne(Pad)).sum() / y.ne(Pad).sum(),
        })),
        Well("a penalty on the size of the weights", () =>
        {
            var net = new TinyModel();
            return Doctor.Examine(net, Right(), Usual with { Loss = (l, y) => Shifted(Pad)(l, y) + 1e-3 * net.parameters().Select(p => p.square().sum()).Aggregate((a, b) => a + b) });
        }),
        Well("half teacher, half data", () =>
        {
            var teacher = randn([Lengths.Length, Width, Vocabulary], generator: new Generator(3)).softmax(-1);
            return Ask(RightPadded(), Usual with
            {
                Loss = (l, y) =>
                {
                    var (losses, counts) = NextTokens(l, y, Pad);
                    var soft = -(Head(teacher) * Head(l).log_softmax(-1)).sum(-1);
                    return ((losses * 0.5 + soft * 0.5) * counts).sum() / counts.sum();
                },
            });
        }),
        Well("log probabilities, gathered", () =>
        {
            var net = new TinyModel();
            return Doctor.Examine((Tensor ids) => net.call(ids).log_softmax(-1), Right(), Usual with
            {
                Module = net,
                Loss = (l, y) => -(Head(l).gather(-1, Tail(y).unsqueeze(-1)).squeeze(-1) * Tail(y).ne(Pad)).sum() / Tail(y).ne(Pad).sum(),
            });
        }),
        Well("a loss that takes [batch, tokens, seq]", () => Ask(RightPadded(), Usual with
        {
            Loss = (l, y) => nn.functional.cross_entropy(l.narrow(2, 0, Width - 1), Tail(y), ignore_index: Pad),
        })),
        Well("a loss that takes [batch, tokens, seq], with as many positions as tokens", () =>
        {
            var ids = randint(2, Vocabulary, [3, Vocabulary], dtype: int64, generator: new Generator(9));
            return Ask(DoctorBatch.FromIds(ids), Usual with { Loss = (l, y) => nn.functional.cross_entropy(l, y.roll(-1, 1).masked_fill(arange(Vocabulary).eq(Vocabulary - 1), -100)) });
        }),
        Well("a model that gives [batch, tokens, seq]", () => Ask(RightPadded(), Usual with
        {
            Loss = (l, y) => nn.functional.cross_entropy(l.narrow(2, 0, Width - 1), Tail(y), ignore_index: Pad),
        }, new() { TokensSecond = true })),
        Well("a loss with a mask of its own from outside", () =>
        {
            var outside = Tail(Mask());
            return Ask(DoctorBatch.FromIds(Right()), Usual with
            {
                Loss = (l, y) => NextTokens(l, y, -100) is var (losses, _) ? (losses * outside).sum() / outside.sum() : l,
            });
        }),
        Well("a loss that hides tokens at random", () => Ask(RightPadded(), Usual with
        {
            BatchLoss = (net, b) =>
            {
                var hidden = rand(b.Inputs.shape).lt(0.5).logical_and(b.Mask!);
                return CrossEntropy(net(b with { Inputs = b.Inputs.masked_fill(hidden, 2) }), Texts.Labels(b.Inputs, hidden));
            },
        }, new() { Causal = false, UsesMask = true })),
        Well("a loss in two chunks of rows", () => Ask(RightPadded(), Usual with
        {
            BatchLoss = (net, b) =>
            {
                var half = b.Inputs.shape[0] / 2;
                DoctorBatch Part(long from) => new() { Inputs = b.Inputs.narrow(0, from, half), Mask = b.Mask!.narrow(0, from, half) };
                Tensor Sum(DoctorBatch part) => CrossEntropy(Head(net(part)), Tail(part.Inputs), Pad, nn.Reduction.Sum);
                return (Sum(Part(0)) + Sum(Part(half))) / Tail(b.Inputs).ne(Pad).sum();
            },
        })),
        Well("a loss that remembers a running mean", () =>
        {
            var mean = 1.0;
            return Ask(RightPadded(), Usual with
            {
                Loss = (l, y) =>
                {
                    var loss = Shifted(Pad)(l, y);
                    mean = 0.9 * mean + 0.1 * loss.detach().ToDouble();
                    return loss / Math.Max(mean, 0.1);
                },
            });
        }),
        Well("two accumulated batches, divided by the targets of both", () => SickLosses.Accumulated((net, batches, optimizer) =>
        {
            var targets = batches.Sum(b => Tail(b.Inputs).ne(Pad).sum().ToDouble());
            foreach (var b in batches)
                (CrossEntropy(Head(net.Run(b)), Tail(b.Inputs), Pad, nn.Reduction.Sum) / targets).backward();
        })),
        Well("the same in training mode with dropout", () =>
        {
            var net = new TinyModel(new() { Dropout = 0.05 });
            var optimizer = optim.SGD(net.parameters(), 0.1);
            return Doctor.Examine(net.Run, RightPadded(), Usual with
            {
                Module = net,
                Optimizer = optimizer,
                Step = batches =>
                {
                    net.train();
                    optimizer.zero_grad();
                    var targets = batches.Sum(b => Tail(b.Inputs).ne(Pad).sum().ToDouble());
                    foreach (var b in batches)
                        (CrossEntropy(Head(net.Run(b)), Tail(b.Inputs), Pad, nn.Reduction.Sum) / targets).backward();
                    nn.utils.clip_grad_norm_(net.parameters(), 0.01);
                    optimizer.step();
                },
            });
        }),
    ];

    private static IEnumerable<Case> Batches() =>
    [
        Well("pad and end of text are one id, masked by length", () => Ask(
            new() { Inputs = Right(pad: Eos), Labels = Labels(Right(pad: Eos), Mask()) }, new() { PadId = Eos, EosId = Eos, Loss = Shifted() })),
        Well("the same, with a mask that does not count the end of text", () => Ask(
            new() { Inputs = Right(pad: Eos), Labels = Labels(Right(pad: Eos), Mask()), Mask = Mask().logical_and(Right(pad: Eos).ne(Eos)) },
            new() { PadId = Eos, EosId = Eos, Loss = Shifted() })),
        Well("pad and end of text are one id, and the loss finds each row's end itself", () => Ask(DoctorBatch.FromIds(Right(pad: Eos)), new()
        {
            PadId = Eos,
            EosId = Eos,
            Loss = (l, y) =>
            {
                var counts = Tail(y.eq(Eos).to(int64).cumsum(1).le(1).logical_or(y.ne(Eos)));
                return (NextTokens(l, y, -100).Losses * counts).sum() / counts.sum();
            },
        })),
        Well("the pad id is told, that it ends texts too is not", () => Ask(
            new() { Inputs = Right(pad: Eos), Labels = Labels(Right(pad: Eos), Mask()) }, new() { PadId = Eos, Loss = Shifted() })),
        Well("rows without an end of text", () => Ask(DoctorBatch.FromIds(Right(eos: null)), Usual)),
        Well("full rows without any pad", () => Ask(DoctorBatch.FromIds(randint(2, Vocabulary, [4, 9], dtype: int64, generator: new Generator(2))), Usual)),
        Well("one row", () => Ask(DoctorBatch.FromIds(Right().narrow(0, 1, 1)), Usual)),
        Well("a prompt that is not learned", () => Ask(
            RightPadded() with { Labels = Labels(Right(), Mask().logical_and(arange(Width).unsqueeze(0).ge(3))) }, Usual with { Loss = Shifted() })),
        Well("a row with a prompt and nothing else", () => Ask(
            RightPadded() with { Labels = Labels(Right(), Mask().logical_and(arange(Lengths.Length).unsqueeze(1).ne(3))) }, Usual with { Loss = Shifted() })),
        Well("packed documents with a mask that keeps them apart", () => Ask(SickModels.Packed(), Usual, new() { UsesDocuments = true, ResetsPositions = true, Layers = 2 })),
        Well("packed documents that may see each other", () => Ask(DoctorBatch.FromIds(Packed().Ids), Usual)),
        Well("left padding with a mask and positions from it", () => Ask(
            new() { Inputs = Left(), Labels = AfterReal(), Mask = Mask(left: true) }, Usual with { Loss = Shifted() }, new() { UsesMask = true, Positions = TinyPositions.FromMask })),
        Well("left padding with position ids in the batch", () => Ask(
            new() { Inputs = Left(), Labels = AfterReal(), Mask = Mask(left: true), Positions = (Mask(left: true).to(int64).cumsum(-1) - 1).clamp(min: 0) }, Usual with { Loss = Shifted() }, new() { UsesMask = true })),
        Well("pads between a caption and its codes, told by the mask", () =>
        {
            var ids = cat([Right(), randint(2, Vocabulary, [Lengths.Length, 4], dtype: int64, generator: new Generator(4))], 1);
            var mask = cat([Mask(), ones(Lengths.Length, 4, dtype: @bool)], 1);
            return Ask(new() { Inputs = ids, Mask = mask }, Usual, new() { UsesMask = true });
        }),
        Well("pads between a caption and its codes, told by the id", () => Ask(
            DoctorBatch.FromIds(cat([Right(), randint(2, Vocabulary, [Lengths.Length, 4], dtype: int64, generator: new Generator(4))], 1)), Usual, new() { MaskFromIds = true })),
        Well("a placeholder that the loss leaves out by its id", () =>
        {
            var ids = Right();
            ids[TensorIndex.Ellipsis, 1] = tensor(3L);
            return Ask(new() { Inputs = ids, Mask = Mask() }, Usual with { Loss = (l, y) => Shifted()(l, y.masked_fill(y.eq(3).logical_or(y.eq(Pad)), -100)) });
        }),
        Well("a begin token that is read and never written", () =>
        {
            var ids = Right();
            ids[TensorIndex.Ellipsis, 0] = tensor((long)Vocabulary);
            return Ask(new() { Inputs = ids, Mask = Mask() }, Usual, new() { Inputs = Vocabulary + 1 });
        }),
        Well("labels with a sentinel of the user's own", () => Ask(
            RightPadded() with { Labels = Labels(Right(), Mask(), -1) }, Usual with { Loss = Shifted(-1), IgnoreIndex = -1 })),
        Well("a row of nothing but pads", () =>
        {
            var (ids, mask) = (Right(), Mask());
            ids[2] = full([Width], Pad, dtype: int64);
            mask[2] = zeros([Width], dtype: @bool);
            return Ask(new() { Inputs = ids, Mask = mask }, Usual, new() { UsesMask = true });
        }),
    ];

    private static IEnumerable<Case> Models() =>
    [
        Well("a plain delegate and nothing else told", () => Doctor.Examine((Tensor ids) => new TinyModel().call(ids), Right(), new())),
        Well("words to be found again, in an encoder with its mask", () => Ask(SickModels.MaskedWords(), Usual with { Loss = Aligned() }, new() { Causal = false, UsesMask = true })),
        Well("an encoder that makes its mask from the ids", () => Ask(SickModels.MaskedWords() with { Mask = null }, Usual with { Loss = Aligned() }, new() { Causal = false, MaskFromIds = true })),
        Well("an encoder and a decoder", () => Ask(SickModels.Translation(), Usual with { Loss = Aligned() }, new() { UsesSource = true })),
        Well("a prefix that sees itself, and an answer that is learned", () =>
        {
            var ids = Right();
            ids[TensorIndex.Ellipsis, 2] = tensor(2L);
            var first = ids.eq(2).to(int64).cumsum(1);
            ids = ids.masked_fill(ids.eq(2).logical_and(first.gt(1)), 3);
            ids[TensorIndex.Ellipsis, 0] = tensor(5L);
            ids[TensorIndex.Ellipsis, 1] = tensor(6L);
            ids[TensorIndex.Ellipsis, 2] = tensor(2L);
            var answer = Mask().logical_and(arange(Width).unsqueeze(0).ge(3));
            return Ask(new() { Inputs = ids, Labels = Labels(ids, answer), Mask = Mask() }, Usual with { Loss = Shifted() }, new() { PrefixEndsWith = 2, UsesMask = true });
        }),
        Well("rows as long as the position table", () => Ask(RightPadded(), Usual, new() { MaxLength = Width })),
        Well("dropout, in training mode before", () =>
        {
            var net = new TinyModel(new() { Dropout = 0.3 });
            net.train();
            return Doctor.Examine(net, Right(), Usual);
        }),
        Well("a gate that starts at zero", () => Ask(RightPadded(), Usual, new() { ZeroGate = true })),
        Well("a gain that is stored less one and starts at zero", () => Ask(RightPadded(), Usual, new() { OffsetGate = true })),
        Well("a low-rank update that starts at zero", () => Ask(RightPadded(), Usual, new() { LowRank = true })),
        Well("frozen embeddings", () =>
        {
            var net = new TinyModel();
            foreach (var (name, parameter) in net.named_parameters().Where(p => p.name.StartsWith("tokens", StringComparison.Ordinal)))
                parameter.requires_grad = false;
            return Doctor.Examine(net, Right(), Usual);
        }),
        Well("an expert that no token was sent to, declared", () => Ask(RightPadded(), Usual with { AllowedWithoutGradient = ["unused"] }, new() { Unused = true })),
        Well("an untrained model", () => Ask(RightPadded(), Usual with { Untrained = true })),
        Well("a mask for queries too, with a large negative number", () => Ask(RightPadded(), Usual, new() { UsesMask = true, MaskReachesQueries = true })),
        Well("no positions at all", () => Ask(RightPadded(), Usual, new() { Positions = TinyPositions.None, UsesMask = true })),
    ];

    private static IEnumerable<Case> Metrics() =>
    [
        Well("accuracy masked as the loss is", () => Ask(RightPadded(), Usual with { Metric = (l, y) => Accuracy(Head(l), Tail(y), Tail(y).ne(Pad)) })),
        Well("perplexity", () => Ask(RightPadded(), Usual with { Metric = (l, y) => Math.Exp(Shifted(Pad)(l, y).ToDouble()) })),
        Well("accuracy that leaves out the end of text on purpose", () => Ask(RightPadded(), Usual with
        {
            Metric = (l, y) => Accuracy(Head(l), Tail(y), Tail(y).ne(Pad).logical_and(Tail(y).ne(Eos))),
        })),
        Well("accuracy of the answer alone, as the loss", () => Ask(
            RightPadded() with { Labels = Labels(Right(), Mask().logical_and(arange(Width).unsqueeze(0).ge(3))) },
            Usual with { Loss = Shifted(), Metric = (l, y) => Accuracy(Head(l), Tail(y), Tail(y).ne(-100)) })),
        Well("a metric that remembers earlier batches", () =>
        {
            var (hits, all) = (0.0, 0.0);
            return Ask(RightPadded(), Usual with
            {
                Metric = (l, y) =>
                {
                    hits += Head(l).argmax(-1).eq(Tail(y)).logical_and(Tail(y).ne(Pad)).sum().ToDouble() + 1;
                    all += Tail(y).ne(Pad).sum().ToDouble();
                    return hits / all;
                },
            });
        }),
    ];
}
