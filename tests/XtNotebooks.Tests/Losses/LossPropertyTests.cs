using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using TorchSharp;
using XtNotebooks.Losses;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Losses;

public class LossPropertyTests
{
    [Property(MaxTest = 200)]
    public Property The_whole_is_cross_entropys_own_value_and_the_parts_agree_with_it()
    {
        var cases = from rows in Gen.Choose(1, 6)
                    from columns in Gen.Choose(1, 40)
                    from vocabulary in Gen.Choose(2, 50)
                    from pads in Gen.Choose(0, 10)
                    from emptyRows in Gen.Choose(0, 2)
                    from ignorePads in Gen.Elements(true, false)
                    from seed in Gen.Choose(0, int.MaxValue)
                    select (rows, columns, vocabulary, pads, emptyRows, ignorePads, seed);
        return Prop.ForAll(cases.ToArbitrary(), c =>
        {
            using var scope = NewDisposeScope();
            var generator = new Generator((ulong)c.seed);
            var logits = randn([c.rows, c.columns, c.vocabulary], generator: generator) * 3;
            var targets = randint(0, c.vocabulary, [c.rows, c.columns], dtype: int64, generator: generator);
            targets = targets.masked_fill(rand([c.rows, c.columns], generator: generator).lt(c.pads / 10.0), 0);
            var ignore = c.ignorePads ? 0 : -100;
            for (var row = 0; row < Math.Min(c.emptyRows, c.rows); row++)
                targets[row] = ignore;
            var breakdown = LossBreakdown.From(logits, targets, padId: 0, ignoreIndex: ignore);

            var counted = targets.ne(ignore).sum().item<long>();
            if (counted == 0)
                return breakdown is { NothingToLearn: true, Reported: null };
            var whole = nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: ignore).item<float>();
            var real = breakdown.Real.ShareOfDenominator * (breakdown.Real.Mean ?? 0);
            var pad = breakdown.Pads.ShareOfDenominator * (breakdown.Pads.Mean ?? 0);
            // float32 has 2^-24 of relative rounding in each of the additions that cross_entropy makes, pairwise: a few of them remain.
            var tolerance = 4e-6 * Math.Max(1, whole);
            return Math.Abs(breakdown.Reported!.Value - whole) <= tolerance
                && Math.Abs(real + pad - whole) <= tolerance
                && Math.Abs(breakdown.Real.ShareOfSum + breakdown.Pads.ShareOfSum - 1) < 1e-12
                && Math.Abs(breakdown.Parts.Sum(p => p.ShareOfDenominator) - 1) < 1e-12
                && breakdown.Parts.Sum(p => p.Count) == c.rows * c.columns
                && breakdown.Counted == counted;
        });
    }

    [Property(MaxTest = 50)]
    public Property The_gradients_shares_add_up_to_one()
    {
        var cases = from columns in Gen.Choose(2, 12) from seed in Gen.Choose(0, int.MaxValue) select (columns, seed);
        return Prop.ForAll(cases.ToArbitrary(), c =>
        {
            using var scope = NewDisposeScope();
            var generator = new Generator((ulong)c.seed);
            var weight = randn([8, 11], generator: generator).requires_grad_();
            var bias = zeros(11).requires_grad_();
            var logits = randn([3, c.columns, 8], generator: generator).matmul(weight) + bias;
            var targets = randint(0, 11, [3, c.columns], dtype: int64, generator: generator);
            targets = targets.masked_fill(rand([3, c.columns], generator: generator).lt(0.5), 0);
            targets[0, 0] = 3;
            var breakdown = LossBreakdown.From(logits, targets, padId: 0, options: new() { GradientOf = [weight, bias] });
            return Math.Abs(breakdown.Real.ShareOfGradient!.Value + breakdown.Pads.ShareOfGradient!.Value - 1) < 1e-9;
        });
    }
}
