using TorchSharp;
using XtNotebooks.Diagnostics;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>Small batches and the losses that people write for them.</summary>
internal static class Texts
{
    public const int Vocabulary = 13;
    public const long Pad = 0;
    public const long Eos = 1;
    public const int Width = 12;
    public static readonly int[] Lengths = [12, 5, 8, 4, 10, 6];

    /// <summary>[6, 12]: random tokens 2 to 12, the end of text, pads on the right.</summary>
    public static Tensor Right(long pad = Pad, long? eos = Eos) => Rows(pad, eos, left: false);

    /// <summary>The same with pads on the left.</summary>
    public static Tensor Left(long pad = Pad, long? eos = Eos) => Rows(pad, eos, left: true);

    /// <summary>True where a token of <see cref="Right"/> is real.</summary>
    public static Tensor Mask(bool left = false) =>
        tensor(Lengths.SelectMany(n => Enumerable.Range(0, Width).Select(t => left ? t >= Width - n : t < n)).ToArray()).reshape(Lengths.Length, Width);

    /// <summary>[4, 12]: three documents a row, each with its end, and which is which.</summary>
    public static (Tensor Ids, Tensor Documents) Packed()
    {
        var chance = new Random(5);
        var (ids, documents) = (new List<long>(), new List<long>());
        foreach (var lengths in new[] { new[] { 5, 4, 3 }, [3, 5, 4], [4, 4, 4], [6, 3, 3] })
        {
            for (var d = 0; d < lengths.Length; d++)
            {
                for (var t = 0; t < lengths[d]; t++)
                {
                    ids.Add(t == lengths[d] - 1 ? Eos : chance.Next(2, Vocabulary));
                    documents.Add(d);
                }
            }
        }
        return (tensor(ids.ToArray()).reshape(4, Width), tensor(documents.ToArray()).reshape(4, Width));
    }

    /// <summary>Labels that are the ids, with -100 where <paramref name="keep"/> is false.</summary>
    public static Tensor Labels(Tensor ids, Tensor keep, long sentinel = -100) => ids.masked_fill(keep.logical_not(), sentinel);

    public static Tensor CrossEntropy(Tensor logits, Tensor targets, long ignore = -100, nn.Reduction reduction = nn.Reduction.Mean, double smoothing = 0, Tensor? weight = null) =>
        nn.functional.cross_entropy(logits.reshape(-1, logits.shape[^1]), targets.reshape(-1), weight, ignore, reduction, smoothing);

    /// <summary>Each token's loss, [batch, seq - 1], and where targets count.</summary>
    public static (Tensor Losses, Tensor Counts) NextTokens(Tensor logits, Tensor ids, long ignore)
    {
        var (l, y) = (Head(logits), Tail(ids));
        return (CrossEntropy(l, y, ignore, nn.Reduction.None).reshape(y.shape), y.ne(ignore));
    }

    /// <summary>The usual loss of logits and ids: shifted once.</summary>
    public static Func<Tensor, Tensor, Tensor> Shifted(long ignore = -100, double smoothing = 0) =>
        (logits, ids) => CrossEntropy(Head(logits), Tail(ids), ignore, smoothing: smoothing);

    /// <summary>The loss of labels that were shifted before.</summary>
    public static Func<Tensor, Tensor, Tensor> Aligned(long ignore = -100) => (logits, labels) => CrossEntropy(logits, labels, ignore);

    public static Tensor Head(Tensor t) => t.narrow(1, 0, t.shape[1] - 1);

    public static Tensor Tail(Tensor t) => t.narrow(1, 1, t.shape[1] - 1);

    /// <summary>The part of the counted targets that the logits hit.</summary>
    public static double Accuracy(Tensor logits, Tensor targets, Tensor counts)
    {
        var hits = logits.argmax(-1).eq(targets).logical_and(counts).sum().ToDouble();
        return hits / counts.sum().ToDouble();
    }

    private static Tensor Rows(long pad, long? eos, bool left)
    {
        var chance = new Random(3);
        var ids = new List<long>();
        foreach (var length in Lengths)
        {
            var text = Enumerable.Range(0, length).Select(t => eos is { } end && t == length - 1 ? end : (long)chance.Next(2, Vocabulary)).ToList();
            var pads = Enumerable.Repeat(pad, Width - length);
            ids.AddRange(left ? pads.Concat(text) : text.Concat(pads));
        }
        return tensor(ids.ToArray()).reshape(Lengths.Length, Width);
    }
}
