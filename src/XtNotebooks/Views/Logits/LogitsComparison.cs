using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>Strips of two models, or of one model at two steps, side by side where the page is wide enough, and where they differ most.</summary>
/// <param name="Views">The strips; give each a title. Each is compared with the last.</param>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record LogitsComparison(IReadOnlyList<LogitsView> Views) : IView
{
    private const int Most = 8;

    /// <summary>Which costs less, by how much, and at how many positions; of more than two each one beside the last.</summary>
    public string Sentence => Views.Count < 2 || Views.Any(view => view.MeanLoss is null)
        ? string.Join(" ", Views.Select(LogitsText.Summary))
        : string.Join(" ", Enumerable.Range(0, Views.Count - 1).Select(Compared));

    private string Compared(int at)
    {
        var (first, last) = (Views[at].MeanLoss!.Value, Views[^1].MeanLoss!.Value);
        var (one, other) = (Name(at), Name(Views.Count - 1));
        var pairs = Pairs(at);
        var alike = Math.Abs(first - last) < 0.005;
        var apart = !alike && double.IsFinite(first - last);
        var whole = !apart && !alike ? $"{one}: {Words.Nats(first)} nats a token; {other}: {Words.Nats(last)}"
            : alike ? $"{one} and {other} cost the same, {Words.Nats(first)} nats a token"
            : $"{one}: {Words.Nats(first)} nats a token; {other}: {Words.Nats(last)}. {(Views.Count > 2 ? one : "The first")} costs {Words.Nats(Math.Abs(first - last))} {(first < last ? "less" : "more")}";
        return pairs.Count == 0 ? whole + (double.IsFinite(first - last) ? "; they do not show the same tokens." : ".")
            : $"{whole}; at {Words.Percent(pairs.Count(p => p.One.Loss < p.Other.Loss) / (double)pairs.Count)} of {Words.Count(pairs.Count, "counted token")} {(apart ? "it" : Views.Count > 2 ? one : "the first")} costs less.";
    }

    private string Name(int at) => Views[at].Title ?? (at == 0 ? "the first" : at == Views.Count - 1 ? "the last" : $"number {at + 1}");

    /// <inheritdoc/>
    public string ToHtml() => LogitsHtml.Write(Views, Views.Count > 1 ? this : null);

    /// <inheritdoc/>
    public string ToText() => (Views.Count > 1 ? Sentence + "\n\n" : "") + string.Join("\n", Views.Select(v => v.ToText()))
        + string.Concat(Tables.Select(table => $"\n{table.Heading}:\n{table.Table.ToText()}"));

    /// <summary>Of each strip but the last the positions whose cost differs most from the last one's; none where they do not show the same tokens.</summary>
    internal IEnumerable<(string Heading, ViewTable Table)> Tables => Enumerable.Range(0, Math.Max(0, Views.Count - 1))
        .Select(at => (Views.Count > 2 ? $"Where {Name(at)} and {Name(Views.Count - 1)} differ most" : "Where they differ most", Table: Differences(at)!))
        .Where(table => table.Table is { Rows.Count: > 0 });

    private ViewTable? Differences(int at) => Pairs(at) is not { Count: > 0 } pairs ? null : new(
        ["token", "row", "position", Views[at].Title ?? "first, nats", Views[^1].Title ?? "last, nats", "difference", $"{Name(at)} guesses", $"{Name(Views.Count - 1)} guesses"],
        [.. pairs.Where(p => p.One.Loss != p.Other.Loss).OrderByDescending(p => Math.Abs(p.One.Loss - p.Other.Loss)).Take(Most).Select(p => (IReadOnlyList<string>)
        [
            p.One.Text, Words.Number(p.One.Row), Words.Number(p.One.Position), Words.Nats(p.One.Loss), Words.Nats(p.Other.Loss),
            (p.One.Loss > p.Other.Loss ? "+" : "-") + Words.Nats(Math.Abs(p.One.Loss - p.Other.Loss)), LogitsText.Guesses(p.One, 3), LogitsText.Guesses(p.Other, 3),
        ])]);

    private List<(LogitsToken One, LogitsToken Other)> Pairs(int at)
    {
        var others = Views[^1].Tokens.ToDictionary(t => (t.Row, t.Position));
        return [.. Views[at].Tokens
            .Where(t => t.State != TargetState.Ignored && !double.IsNaN(t.Loss))
            .Select(t => (One: t, Other: others.GetValueOrDefault((t.Row, t.Position))!))
            .Where(p => p.Other is not null && p.Other.Text == p.One.Text && !double.IsNaN(p.Other.Loss))];
    }
}
