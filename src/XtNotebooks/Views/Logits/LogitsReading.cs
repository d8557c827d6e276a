using System.Globalization;
using XtNotebooks.Losses;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Reads what a model thought of each token.</summary>
internal static class LogitsReading
{
    public static LogitsView Read(Tensor logits, Tensor targets, LogitsOptions options)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(targets);
        var filter = SamplingOverlay.From(options);
        if (options.TopK < 1)
            throw new ArgumentException($"TopK is {options.TopK}; ask for one candidate or more.", nameof(options));
        if (options.MaxTokens < 1)
            throw new ArgumentException($"MaxTokens is {options.MaxTokens}; show one position or more.", nameof(options));
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        if (logits.dim() == 2 && targets.dim() == 1)
            (logits, targets) = (logits.unsqueeze(0), targets.unsqueeze(0));
        if (options.Real is { } flags && (flags.dtype != @bool || flags.numel() != targets.numel()))
            throw new ArgumentException($"Real must be bool and as large as the targets, [{string.Join(", ", targets.shape)}], but is {flags.dtype} [{string.Join(", ", flags.shape)}]; "
                + "a mask of the inputs loses its first column: mask[.., 1..].", nameof(options));
        logits = logits.detach();
        var losses = TokenLosses.PerToken(logits, targets, options.IgnoreIndex);                     // [batch, seq]
        var (seq, numTokens) = (targets.shape[1], logits.shape[2]);
        var counted = targets.ne(options.IgnoreIndex).count_nonzero().item<long>();
        var sum = losses.to(float64).sum().item<double>();
        var odd = double.IsFinite(sum) ? null : Odd(losses);

        var shown = (int)Math.Min(targets.numel(), options.MaxTokens);
        return new LogitsView
        {
            Title = options.Title,
            Tokens = shown == 0 ? [] : Tokens(
                logits.reshape(-1, numTokens).slice(0, 0, shown, 1), targets.to(logits.device).reshape(-1).slice(0, 0, shown, 1), seq, sum, odd, options, filter),
            Count = targets.numel(),
            Counted = counted,
            MeanLoss = counted > 0 ? sum / counted : null,
            NumTokens = numTokens,
            Mode = options.Mode,
            Filter = filter?.ToString(),
            Odd = odd,
        };
    }

    private static List<LogitsToken> Tokens(Tensor logits, Tensor targets, long seq, double sum, OddLosses? odd, LogitsOptions options, SamplingOverlay? filter)
    {
        var n = (int)targets.shape[0];
        var logProbs = nn.functional.log_softmax(logits.to(float32), dim: -1);                       // [n, numTokens]
        var probs = logProbs.exp();
        // 0 · -∞ counts as nothing.
        var entropy = Array(probs.mul(logProbs.clamp_min(-1e4)).sum(-1).neg());
        var known = targets.ge(0).logical_and(targets.lt(logits.shape[1]));
        var own = logProbs.gather(1, targets.where(known, zeros_like(targets)).unsqueeze(1));        // [n, 1]
        var nll = Array(own.neg());
        var rank = Array(logProbs.gt(own).sum(-1).to(float32));
        var k = (int)Math.Min(options.TopK, logits.shape[1]);
        var (top, ids) = probs.topk(k, -1);
        var (topProbs, topIds) = (Array(top), Array(ids.to(float64)));
        var kept = filter is null ? null : Array(filter.Kept(probs));
        var target = targets.cpu().data<long>().ToArray();
        var valid = known.cpu().data<bool>().ToArray();
        var real = options.Real?.reshape(-1).slice(0, 0, n, 1).cpu().contiguous().data<bool>().ToArray();

        return [.. Enumerable.Range(0, n).Select(i =>
        {
            var state = target[i] == options.IgnoreIndex ? TargetState.Ignored
                : (real is null ? target[i] == options.PadId : !real[i]) ? TargetState.PadCounts
                : TargetState.Counts;
            return new LogitsToken(
                (int)(i / seq), (int)(i % seq), valid[i] ? Text(target[i]) : target[i].ToString(CultureInfo.InvariantCulture), state,
                valid[i] ? nll[i] : double.NaN, entropy[i], valid[i] ? (long)rank[i] + 1 : 0,
                state == TargetState.Ignored || sum == 0 ? 0 : Share(nll[i]),
                [.. Enumerable.Range(i * k, k).Select(c => new LogitsCandidate(Text((long)topIds[c]), topProbs[c]))],
                kept is null ? null : (long)kept[i]);
        })];

        // Infinite losses share what is infinite; nothing is a share of what is not a number.
        double Share(double loss) => odd is null ? loss / sum : odd.NaN > 0 || !double.IsInfinity(loss) ? 0 : 1.0 / odd.Infinite;

        string Text(long id) => options.Token is { } token ? HtmlText.Visible(token(id)) : id.ToString(CultureInfo.InvariantCulture);
    }

    private static OddLosses? Odd(Tensor losses)
    {
        var places = losses.isfinite().logical_not().nonzero();                                      // [n, 2]
        if (places.shape[0] == 0)
            return null;
        var first = places[0].cpu().data<long>();
        var nan = losses.isnan().sum().item<long>();
        return new(places.shape[0] - nan, nan, first[0], first[1]);
    }

    private static double[] Array(Tensor values) => values.to(float64).cpu().contiguous().data<double>().ToArray();
}
