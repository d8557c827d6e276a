using TorchSharp;
using XtNotebooks.Diagnostics;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Diagnostics.Texts;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>Sound set-ups put together at random: other shapes, ids, lengths, losses and models than the gallery has.</summary>
[Collection(DefaultGenerator.Name)]
public sealed class SoundSetUpsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void No_sound_set_up_is_accused_whatever_it_is_made_of(int series)
    {
        for (var seed = series * 40; seed < series * 40 + 40; seed++)
        {
            using var scope = NewDisposeScope();
            var (description, report) = Examined(new Random(seed));
            Assert.False(report.IsSick, $"Set-up {seed}: {description}\n{report.ToText()}");
        }
    }

    [Theory]
    [InlineData("pads-as-targets")]
    [InlineData("shift")]
    [InlineData("causality")]
    [InlineData("attention-to-pads")]
    [InlineData("mask-off-by-one")]
    public void A_mistake_put_into_a_random_set_up_is_named(string mistake)
    {
        for (var seed = 0; seed < 25; seed++)
        {
            using var scope = NewDisposeScope();
            var report = Mistaken(new Random(seed), mistake);
            Assert.True(report.Findings.Any(f => f.Check == mistake && f.Severity > Severity.Advice), $"Set-up {seed}\n{report.ToText()}");
        }
    }

    private static DoctorReport Mistaken(Random chance, string mistake)
    {
        var (rows, width) = (chance.Next(2, 6), chance.Next(7, 14));
        var pad = chance.Next(2) == 0 ? 0L : Vocabulary - 1;
        var left = mistake == "attention-to-pads";
        var lengths = Enumerable.Range(0, rows).Select(r => r == 0 ? width - 3 : chance.Next(4, width + 1)).ToArray();
        var (ids, real) = Batch(chance, lengths, width, pad, 3, left);
        var oneMore = real.logical_or(real.roll(1, 1).logical_and(arange(width).ne(0)));
        var labels = mistake switch { "pads-as-targets" => ids, "mask-off-by-one" => Labels(ids, oneMore), _ => Labels(ids, real) };
        var net = new TinyModel(new()
        {
            Causal = mistake != "causality",
            UsesMask = mistake is "causality",
            Layers = chance.Next(1, 3),
            Positions = left ? TinyPositions.None : TinyPositions.Learned,
        });
        return Doctor.Examine(net.Run, new() { Inputs = ids, Labels = labels, Mask = real }, new()
        {
            Module = net,
            Loss = mistake == "shift" ? chance.Next(2) == 0 ? Aligned() : (l, y) => CrossEntropy(l.narrow(1, 0, width - 2), y.narrow(1, 2, width - 2)) : Shifted(),
            PadId = pad,
            EosId = 3,
            Seed = chance.Next(1000),
        });
    }

    private static (string Description, DoctorReport Report) Examined(Random chance)
    {
        var (rows, width) = (chance.Next(1, 7), chance.Next(3, 15));
        var pad = chance.Next(2) == 0 ? 0L : Vocabulary - 1;
        var ends = chance.Next(3) switch { 0 => null, 1 => (long?)3, _ => pad };
        var left = chance.Next(4) == 0;
        var lengths = Enumerable.Range(0, rows).Select(_ => chance.Next(3, width + 1)).ToArray();
        var (ids, real) = Batch(chance, lengths, width, pad, ends, left);
        var keep = left ? real.logical_and(real.roll(1, 1)).logical_and(arange(width).ne(0)) : real;
        if (chance.Next(3) == 0 && lengths.Max() > 4)
            keep = keep.logical_and(arange(width).ge(chance.Next(0, 3)));

        var form = chance.Next(ends == pad || left ? 1 : 0, 4);
        var batch = form switch
        {
            0 => DoctorBatch.FromIds(ids),
            1 => new() { Inputs = ids, Labels = Labels(ids, keep), Mask = real },
            2 => new() { Inputs = Head(ids), Labels = Tail(Labels(ids, keep)), Mask = Head(real) },
            _ => new DoctorBatch { Inputs = ids, Labels = Labels(ids, keep, -1), Mask = real },
        };
        var ignore = form switch { 0 => pad, 3 => -1L, _ => -100L };
        var reduction = chance.Next(4) == 0 ? nn.Reduction.Sum : nn.Reduction.Mean;
        var smoothing = chance.Next(3) == 0 ? 0.1 : 0;
        Tensor Loss(Tensor l, Tensor y) => form == 2 ? CrossEntropy(l, y, ignore, reduction, smoothing) : CrossEntropy(Head(l), Tail(y), ignore, reduction, smoothing);

        var model = new TinyOptions
        {
            UsesMask = left || chance.Next(2) == 0,
            Positions = left ? TinyPositions.FromMask : (TinyPositions)chance.Next(0, 3),
            MaxLength = chance.Next(2) == 0 ? width : 32,
            Layers = chance.Next(1, 3),
            Dropout = chance.Next(3) == 0 ? 0.2 : 0,
            ZeroGate = chance.Next(4) == 0,
            TokensSecond = false,
        };
        var net = new TinyModel(model);
        var report = Doctor.Examine(net.Run, batch, new()
        {
            Module = net,
            Loss = Loss,
            PadId = pad,
            EosId = ends,
            IgnoreIndex = ignore < 0 ? ignore : null,
            Untrained = true,
            Metric = chance.Next(2) == 0 ? null : (l, y) => (form == 2 ? (l, y) : (Head(l), Tail(y))) is var (at, of) ? Accuracy(at, of, of.ne(ignore)) : 0,
            Seed = chance.Next(1000),
        });
        return ($"{rows} x {width}, lengths {string.Join(",", lengths)}, pad {pad}, end {ends}, left {left}, form {form}, {reduction}, {model}", report);
    }

    private static (Tensor Ids, Tensor Real) Batch(Random chance, int[] lengths, int width, long pad, long? ends, bool left)
    {
        var (ids, real) = (new List<long>(), new List<bool>());
        foreach (var length in lengths)
        {
            for (var t = 0; t < width; t++)
            {
                var at = left ? t - (width - length) : t;
                var inside = at >= 0 && at < length;
                real.Add(inside);
                ids.Add(!inside ? pad : ends is { } end && at == length - 1 ? end : chance.Next(4, Vocabulary - 1));
            }
        }
        return (tensor(ids.ToArray()).reshape(lengths.Length, width), tensor(real.ToArray()).reshape(lengths.Length, width));
    }
}
