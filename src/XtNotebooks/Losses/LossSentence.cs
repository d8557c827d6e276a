using System.Globalization;
using XtNotebooks.Views;

namespace XtNotebooks.Losses;

/// <summary>Says in one sentence what a mean is made of, and in one line what to change.</summary>
internal static class LossSentence
{
    public static string Summary(LossBreakdown b)
    {
        if (b.Batch * b.Seq == 0)
            return $"The batch is empty: [{b.Batch}, {b.Seq}] holds no target.";
        if (b.NothingToLearn)
            return $"Nothing to learn from: every one of the {Number(b.Ignored.Count)} targets is the ignored id {b.IgnoreIndex}.";
        if (b.Reported is { } reported && !double.IsFinite(reported))
            return $"The reported loss is {(double.IsNaN(reported) ? "not a number" : "infinite")}: the logits of a counted target hold NaN or infinity.";
        var (real, pads) = (b.Real, b.Pads);
        var sentence = (pads.Count, real.Count) switch
        {
            (0, _) => $"All {Number(real.Count)} counted targets are real tokens; their mean is the reported {Nats(b.Reported)} nats"
                + (b.Ignored.Count > 0 ? $" ({Number(b.Ignored.Count)} more are ignored)." : "."),
            (_, 0) => $"All {Number(pads.Count)} counted targets are pads; the reported {Nats(b.Reported)} nats tell nothing of the data.",
            _ => $"{Percent(pads.ShareOfDenominator)} of the counted targets are pads at {Nats(pads.Mean)} nats; they "
                + Verb(real.Mean!.Value, pads.Mean!.Value, b.Reported!.Value),
        };
        return b.IgnoredRealTokens == 0 ? sentence
            : sentence + $" {Number(b.IgnoredRealTokens)} ignored {(b.IgnoredRealTokens == 1 ? "target is a token" : "targets are tokens")} of the data, "
                + "which the model never learns to predict.";
    }

    public static string? Fix(LossBreakdown b, LossBreakdownOptions options, bool paddedLeft)
    {
        // What counts is not what is wrong with NaN.
        if (b.PadId is not { } pad || b.Reported is { } reported && !double.IsFinite(reported))
            return null;
        // Ignoring the pad id would also ignore tokens of the data that share it: there only the lengths can tell them apart.
        var shared = b.IgnoredRealTokens > 0 || options.EosId == pad || b.PadIdIsRealToken || b.PadsInsideRows > 0;
        return b.Pads.Count == 0 && b.IgnoredRealTokens == 0 ? null
            : shared && paddedLeft ? $"new AutoregressiveWrapper(net, padValue: {pad}).forward(x.masked_fill(~mask, -100))   // mask: true at real tokens; lens: would cut them off on the left"
            : shared ? "wrapper.forward(x, lens: lengths)   // with ignoreIndex left at -100: the lengths, not an id, say what is a pad"
            : $"new AutoregressiveWrapper(net, ignoreIndex: {pad}, padValue: {pad})   // or cross_entropy(…, ignore_index: {pad})";
    }

    private static string Verb(double real, double pads, double reported) =>
        Nats(real) == Nats(reported) ? $"leave the real tokens' {Nats(real)} at the reported {Nats(reported)}."
        : $"{(pads < real ? "pull" : "push")} the real tokens' {Nats(real)} {(pads < real ? "down" : "up")} to the reported {Nats(reported)}.";

    public static string Percent(double share)
    {
        if (double.IsNaN(share))
            return "–";
        var percent = share * 100;
        // Never "0 %" of something that is there, nor "100 %" of what is not the whole.
        var digits = percent is > 0 and < 1 or > 99 and < 100 ? "0.0" : "0";
        return percent.ToString(digits, CultureInfo.InvariantCulture) + " %";
    }

    private static string Nats(double? value) => value is { } nats ? Words.Nats(nats) : "none";

    private static string Number(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
