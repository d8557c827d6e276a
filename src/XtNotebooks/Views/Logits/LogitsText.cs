using System.Globalization;
using System.Text;

namespace XtNotebooks.Views;

/// <summary>What a model thought, in words.</summary>
internal static class LogitsText
{
    public static string Summary(LogitsView view)
    {
        if (view.Count == 0)
            return "The batch is empty: it holds no position.";
        if (view.MeanLoss is not { } mean)
            return $"{Words.Count(view.Count, "position")}, all ignored: nothing to learn from.";
        var counted = view.Tokens.Where(t => t.State != TargetState.Ignored && !double.IsNaN(t.Loss)).ToList();
        var right = counted.Count(t => t.Rank == 1);
        var sentence = $"{Words.Nats(mean)} nats a token over {Words.Count(view.Counted, "counted position")}";
        return counted.Count == 0 ? sentence + "."
            : $"{sentence}; {Words.Percent(right / (double)counted.Count)} of the shown ones were the model's first guess.";
    }

    public static string Detail(LogitsView view, LogitsToken token)
    {
        var state = token.State switch { TargetState.Ignored => "ignored, ", TargetState.PadCounts => "a pad that counts, ", _ => "" };
        var cost = token.Rank == 0 ? "no token of the vocabulary"
            : double.IsNaN(token.Loss) ? "a loss that is not a number"
            : $"{Words.Nats(token.Loss)} nats, rank {Words.Number(token.Rank)}{(token.ShareOfLoss > 0 ? $", {Words.Percent(token.ShareOfLoss)} of the loss" : "")}";
        var nucleus = token.Kept is { } kept
            ? string.Create(CultureInfo.InvariantCulture, $"; {view.Filter} keeps {kept}{(token.Cut ? ", not this one" : "")}")
            : "";
        return $"position {token.Position}: {state}{cost}; entropy {Words.Nats(token.Entropy)}{nucleus}; guesses: {Guesses(token)}";
    }

    /// <summary>Losses that are not finite, and what that means; null where all are.</summary>
    public static string? Warning(LogitsView view)
    {
        if (view.Odd is not { } odd)
            return null;
        var parts = new List<string>();
        if (odd.Infinite > 0)
            parts.Add($"{Words.Count(odd.Infinite, "counted token costs", "counted tokens cost")} infinitely much, as the model rules {(odd.Infinite == 1 ? "it" : "them")} out");
        if (odd.NaN > 0)
            parts.Add($"{Words.Count(odd.NaN, "counted token has", "counted tokens have")} a loss that is not a number");
        return $"{string.Join("; ", parts)}; the first is in row {odd.Row} at position {odd.Position}.";
    }

    public static string Guesses(LogitsToken token, int most = int.MaxValue) =>
        string.Join(", ", token.Candidates.Take(most).Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Text} {Words.Percent(c.Probability)}")));

    public static string Write(LogitsView view)
    {
        var text = new StringBuilder();
        if (view.Title is not null)
            text.Append(view.Title).Append('\n');
        text.Append(Summary(view)).Append('\n');
        if (Warning(view) is { } warning)
            text.Append("⚠ ").Append(warning).Append('\n');
        foreach (var row in view.Tokens.GroupBy(t => t.Row).Take(16))
        {
            text.Append(CultureInfo.InvariantCulture, $"{row.Key}");
            foreach (var token in row.Take(24))
                text.Append(CultureInfo.InvariantCulture, $"  {token.Text} {(token.State == TargetState.Ignored ? "-" : Words.Nats(token.Loss))}");
            text.Append(row.Count() > 24 ? "  …\n" : "\n");
        }
        return text.ToString();
    }
}
