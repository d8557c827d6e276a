using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>Strips of two models, or of one model at two steps, side by side where the page is wide enough, and where they differ most.</summary>
/// <param name="Views">The strips; give each a title. Each is compared with the last.</param>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record LogitsComparison(IReadOnlyList<LogitsView> Views) : IView
{
    private const int Most = 8;

    /// <summary>Which costs less, by how much, and at how many positions.</summary>
    public string Sentence
    {
        get
        {
            if (Views.Count < 2 || Views[0].MeanLoss is not { } first || Views[^1].MeanLoss is not { } last)
                return string.Join(" ", Views.Select(LogitsText.Summary));
            var (one, other) = (Views[0].Title ?? "the first", Views[^1].Title ?? "the last");
            var pairs = Pairs;
            var alike = Math.Abs(first - last) < 0.005;
            var whole = alike ? $"{one} and {other} cost the same, {Words.Nats(first)} nats a token"
                : $"{one}: {Words.Nats(first)} nats a token; {other}: {Words.Nats(last)}. The first costs {Words.Nats(Math.Abs(first - last))} {(first < last ? "less" : "more")}";
            return pairs.Count == 0 ? whole + "; they do not show the same tokens."
                : $"{whole}; at {Words.Percent(pairs.Count(p => p.One.Loss < p.Other.Loss) / (double)pairs.Count)} of {Words.Count(pairs.Count, "counted token")} {(alike ? "the first" : "it")} costs less.";
        }
    }

    /// <inheritdoc/>
    public string ToHtml() => LogitsHtml.Write(Views, Views.Count > 1 ? this : null);

    /// <inheritdoc/>
    public string ToText() => (Views.Count > 1 ? Sentence + "\n\n" : "") + string.Join("\n", Views.Select(v => v.ToText()))
        + (Differences is { Rows.Count: > 0 } table ? "\nWhere they differ most:\n" + table.ToText() : "");

    /// <summary>The positions whose cost differs most; null where the strips do not show the same tokens.</summary>
    internal ViewTable? Differences => Pairs is not { Count: > 0 } pairs ? null : new(
        ["token", "row", "position", Views[0].Title ?? "first, nats", Views[^1].Title ?? "last, nats", "difference", $"{Views[0].Title ?? "the first"} guesses", $"{Views[^1].Title ?? "the last"} guesses"],
        [.. pairs.Where(p => p.One.Loss != p.Other.Loss).OrderByDescending(p => Math.Abs(p.One.Loss - p.Other.Loss)).Take(Most).Select(p => (IReadOnlyList<string>)
        [
            p.One.Text, Words.Number(p.One.Row), Words.Number(p.One.Position), Words.Nats(p.One.Loss), Words.Nats(p.Other.Loss),
            (p.One.Loss > p.Other.Loss ? "+" : "-") + Words.Nats(Math.Abs(p.One.Loss - p.Other.Loss)), LogitsText.Guesses(p.One, 3), LogitsText.Guesses(p.Other, 3),
        ])]);

    private List<(LogitsToken One, LogitsToken Other)> Pairs
    {
        get
        {
            if (Views.Count < 2)
                return [];
            var others = Views[^1].Tokens.ToDictionary(t => (t.Row, t.Position));
            return [.. Views[0].Tokens
                .Where(t => t.State != TargetState.Ignored && double.IsFinite(t.Loss))
                .Select(t => (One: t, Other: others.GetValueOrDefault((t.Row, t.Position))!))
                .Where(p => p.Other is not null && p.Other.Text == p.One.Text && double.IsFinite(p.Other.Loss))];
        }
    }
}
