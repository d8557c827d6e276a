using System.Globalization;
using XtNotebooks.Losses;

namespace XtNotebooks.Views;

/// <summary>Draws a loss breakdown.</summary>
internal static class LossBreakdownHtml
{
    private const int MaxClasses = 12;

    public static string Write(LossBreakdownView view)
    {
        var b = view.Breakdown;
        var html = new HtmlWriter();
        if (view.Title is not null)
            html.Add($"<p><strong>{view.Title}</strong></p>\n");
        html.Add($"<p class=\"lead\">{b.Summary}</p>\n");
        if (b.Fix is not null)
            html.Add($"<p><span class=\"good\">The cure:</span> <code>{b.Fix}</code></p>\n");
        foreach (var warning in Warnings(b))
            html.Add($"<p class=\"warn\">⚠ {warning}</p>\n");
        Bars(html, b);
        html.Add(Parts(b).ToHtml());
        Slices(html, b);
        Settings(html, b);
        return ViewFrame.Render("loss", "Loss breakdown: " + b.Summary, Css, html.Done());
    }

    public static IEnumerable<string> Warnings(LossBreakdown b)
    {
        if (b.PadsInsideRows > 0)
            yield return $"{Words.Count(b.PadsInsideRows, "counted pad stands", "counted pads stand")} between real tokens: the pad id may be a token of the data.";
        if (b.RowsWithNothingToLearn > 0 && !b.NothingToLearn)
            yield return $"In {Words.Count(b.RowsWithNothingToLearn, "row")} every target is ignored.";
    }

    public static ViewTable Parts(LossBreakdown b)
    {
        var gradient = b.Parts.Any(p => p.ShareOfGradient is not null);
        return new ViewTable(
            ["", "targets", "share of the mean", "mean, nats", "share of the sum", .. gradient ? ["share of the gradient"] : Array.Empty<string>()],
            [
                .. b.Parts.Where(p => p.Count > 0 || p.Kind == LossPartKind.Real).Select(p => (IReadOnlyList<string>)
                [
                    p.Name, Words.Number(p.Count),
                    p.Kind == LossPartKind.Ignored ? "–" : Share(p.ShareOfDenominator),
                    p.Mean is { } mean ? p.Kind == LossPartKind.Ignored ? $"({Number(mean)})" : Number(mean) : "–",
                    p.Kind == LossPartKind.Ignored ? "–" : Share(p.ShareOfSum),
                    .. gradient ? [p.ShareOfGradient is { } g ? Share(g) : "–"] : Array.Empty<string>(),
                ]),
                [
                    "reported", Words.Number(b.Counted), b.Counted > 0 ? "100 %" : "–", b.Reported is { } r ? Number(r) : "nothing to learn from",
                    b.Counted > 0 ? "100 %" : "–", .. gradient ? ["100 %"] : Array.Empty<string>(),
                ],
            ]);
    }

    public static ViewTable Counterfactuals(LossBreakdown b) => new(
        ["setting", "would report", "targets", "in code", ""],
        [.. b.Counterfactuals.Select(c => (IReadOnlyList<string>)
        [
            c.Setting,
            c.Reported is { } reported ? Number(reported) : c.NeedsAnotherForward ? "needs another forward" : "–",
            c.Counted is { } counted ? Words.Number(counted) : "–",
            c.Code,
            c.Note,
        ])]);

    private static void Bars(HtmlWriter html, LossBreakdown b)
    {
        if (b.NothingToLearn)
            return;
        html.Add($"<div class=\"bars\" aria-hidden=\"true\">\n");
        Bar("what is averaged", b.Real.ShareOfDenominator, b.Pads.ShareOfDenominator);
        Bar("what it adds up to", b.Real.ShareOfSum, b.Pads.ShareOfSum);
        if (b.Real.ShareOfGradient is >= 0 and { } real && b.Pads.ShareOfGradient is >= 0 and { } pads)
            Bar("what pulls the weights", real, pads);
        html.Add($"</div>\n");

        void Bar(string name, double real, double pads)
        {
            html.Add($"<span class=\"name\">{name}</span><span class=\"bar\">");
            Part("real", "real tokens", real);
            Part("pad", "pads", pads);
            html.Add($"</span>\n");
        }

        void Part(string kind, string name, double share)
        {
            if (share > 0)
                html.Add($"<span class=\"{kind}\" style=\"width:{share * 100:0.##}%\"><b>{(share > 0.16 ? $"{name} {Share(share)}" : share > 0.06 ? Share(share) : "")}</b></span>");
        }
    }

    private static void Slices(HtmlWriter html, LossBreakdown b)
    {
        if (b.NothingToLearn)
            return;
        html.Add($"<div class=\"slices\">\n");
        if (b.ByPosition.Count > 1)
            html.Add($"<div>{LineChartHtml.Picture(ByPosition(b))}</div>\n");
        if (b.ByTokenClass.Count > 1)
            Classes(html, b);
        html.Add($"</div>\n");
    }

    private static LineChart ByPosition(LossBreakdown b)
    {
        var lines = new List<ChartLine>();
        Add("real tokens", 0, p => p.RealMean);
        Add("pads", 1, p => p.PadMean);
        return new LineChart
        {
            Sentence = "Loss by position.",
            XLabel = "position",
            Panels = [new ChartPanel("Loss by position", "nats", lines)],
            Height = 210,
            Width = 460,
        };

        void Add(string name, int style, Func<LossAtPosition, double?> mean)
        {
            if (b.ByPosition.Any(p => mean(p) is not null))
                lines.Add(new ChartLine(name, [.. b.ByPosition.Select(p => (double)p.Position)], [.. b.ByPosition.Select(p => mean(p) ?? double.NaN)], style));
        }
    }

    private static void Classes(HtmlWriter html, LossBreakdown b)
    {
        var shown = b.ByTokenClass.Take(MaxClasses).ToList();
        html.Add($"<div class=\"scroll\"><table class=\"numbers\">\n<thead><tr><th>targets<th>count<th>mean, nats<th>share of the sum<th></thead>\n<tbody>\n");
        foreach (var c in shown)
            html.Add($"<tr><th>{HtmlText.Cut(c.Name)}<td>{Words.Number(c.Count)}<td>{Number(c.Mean)}<td>{Share(c.ShareOfSum)}<td class=\"share\"><span class=\"{(c.Name == "pads" ? "pad" : "real")}\" style=\"width:{Math.Clamp(c.ShareOfSum, 0, 1) * 100:0.#}px\"></span></tr>\n");
        html.Add($"</tbody></table>");
        if (b.ByTokenClass.Count > MaxClasses)
            html.Add($"<p class=\"muted\">{Words.Count(b.ByTokenClass.Count - MaxClasses, "smaller class is", "smaller classes are")} left out.</p>");
        html.Add($"</div>\n");
    }

    private static void Settings(HtmlWriter html, LossBreakdown b)
    {
        if (b.Counterfactuals.Count == 0)
            return;
        html.Add($"<details open><summary>The same batch and weights under other settings</summary><div class=\"scroll\"><table class=\"numbers settings\">\n<thead><tr><th>setting<th>would report<th>targets<th>in code</thead>\n<tbody>\n");
        foreach (var row in Counterfactuals(b).Rows)
            html.Add($"<tr><th>{row[0]}<td>{row[1]}<td>{row[2]}<td><code>{row[3]}</code>{(row[4].Length > 0 ? Html.Of($" <span class=\"muted\">{row[4]}</span>") : new Html(""))}</tr>\n");
        html.Add($"</tbody></table></div></details>\n");
    }

    private static string Number(double value) => Math.Abs(value) < 1e9 ? value.ToString("0.000", CultureInfo.InvariantCulture) : Words.Short(value);

    private static string Share(double share) => LossSentence.Percent(share);

    private const string Css = """
        .xt-loss .bars{display:grid;grid-template-columns:max-content 1fr;gap:4px 10px;max-width:720px;margin:.4em 0 .8em;align-items:center}
        .xt-loss .bars .name{color:var(--muted);text-align:right}
        .xt-loss .bar{display:flex;height:24px;gap:2px}
        .xt-loss .bar span{display:block;overflow:hidden;border-radius:3px;min-width:3px}
        .xt-loss .bar b{display:block;padding:0 .5em;line-height:22px;font-size:12px;font-weight:600;white-space:nowrap;color:var(--fg)}
        .xt-loss .bar .real{background:var(--realbg);border:1px solid var(--real)}
        .xt-loss .bar .pad{background:repeating-linear-gradient(135deg,var(--padbg) 0 6px,var(--padbg2) 6px 9px);border:1px solid var(--pad)}
        .xt-loss .slices{display:flex;flex-wrap:wrap;gap:8px 28px;align-items:flex-start;margin:.6em 0}
        .xt-loss .slices img{max-width:100%;height:auto}
        .xt-loss .share span{display:inline-block;height:10px;min-width:2px;border-radius:2px}
        .xt-loss .share{text-align:left;min-width:110px}
        .xt-loss .share .real{background:var(--real)}
        .xt-loss .share .pad{background:var(--pad)}
        .xt-loss .numbers tbody tr:last-child th{border:0}
        .xt-loss .settings td:last-child,.xt-loss .settings th:last-child{text-align:left;white-space:normal}
        .xt-loss summary{cursor:pointer;color:var(--muted)}
        """;
}
