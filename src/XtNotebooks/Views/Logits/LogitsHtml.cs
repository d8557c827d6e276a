using System.Globalization;

namespace XtNotebooks.Views;

/// <summary>Draws strips of tokens; radio buttons choose what the colour means, without a script.</summary>
internal static class LogitsHtml
{
    private const int Worst = 8, MaxCharacters = 110_000, LeastCharacters = 4_000;

    /// <param name="views">The strips.</param>
    /// <param name="comparison">What they are compared by; null for one alone.</param>
    /// <remarks>Encoded texts and tables may need more than their share: then fewer positions are drawn, and at last no table.</remarks>
    public static string Write(IReadOnlyList<LogitsView> views, LogitsComparison? comparison = null)
    {
        for (var room = MaxCharacters; ; room = room * 3 / 4)
        {
            var html = Write(views, comparison, room, tables: room >= LeastCharacters);
            if (room < LeastCharacters || ViewFrame.Fits(html))
                return html;
        }
    }

    private static string Write(IReadOnlyList<LogitsView> views, LogitsComparison? comparison, int room, bool tables)
    {
        var html = new HtmlWriter();
        var summary = comparison?.Sentence ?? string.Join(" ", views.Select(LogitsText.Summary));
        if (comparison is not null)
            html.Add($"<p class=\"lead\">{summary}</p>\n");
        var mode = views.Count > 0 ? views[0].Mode : LogitsMode.Loss;
        var group = ViewFrame.Id("mode", summary, string.Concat(views.SelectMany(v => v.Tokens).Select(t => t.Text)));
        foreach (var choice in Enum.GetValues<LogitsMode>())
        {
            var (id, name) = ($"{group}-{choice}", choice.ToString().ToLowerInvariant());
            html.Add($"<input type=\"radio\" name=\"{group}\" id=\"{id}\" class=\"m-{name}\"{(choice == mode ? new Html(" checked") : default)}><label for=\"{id}\">{name}</label>\n");
        }
        html.Add($"<div class=\"sides\">");
        foreach (var view in views)
            Strip(html, view, room / views.Count);
        html.Add($"</div>\n").Add(GridScript.Line);
        if (views.Count > 0)
            Legend(html, views);
        foreach (var (heading, table) in tables ? comparison?.Tables ?? [] : [])
            html.Add($"<details open class=\"pairs\"><summary>{heading}</summary>").Add(table.ToHtml()).Add($"</details>\n");
        foreach (var view in tables ? views : [])
            Costliest(html, view);
        return ViewFrame.Render("logits", "Logits: " + summary, Css.Value, html.Done(), Apart + GridScript.For("{}"));
    }

    private static void Strip(HtmlWriter html, LogitsView view, int room)
    {
        html.Add($"<div class=\"strips\">");
        if (view.Title is not null)
            html.Add($"<p><strong>{view.Title}</strong></p>\n");
        html.Add($"<p>{LogitsText.Summary(view)}</p>\n");
        if (LogitsText.Warning(view) is { } warning)
            html.Add($"<p class=\"warn\">⚠ {warning}</p>\n");
        // Of several strips the line below them says which one it speaks of.
        html.Add(view.Title is null ? new Html("<table class=\"grid\"><tbody>\n") : Html.Of($"<table class=\"grid\" data-t=\"{view.Title}\"><tbody>\n"));
        var shown = 0;
        foreach (var row in view.Tokens.GroupBy(t => t.Row))
        {
            if (room <= 0)
                break;
            html.Add($"<tr><th data-t=\"row {row.Key}\">{row.Key}");
            foreach (var token in row.TakeWhile(_ => room > 0))
            {
                var cell = Cell(view, token);
                html.Add(cell);
                room -= cell.Value.Length;
                shown++;
            }
            html.Add($"</tr>\n");
        }
        html.Add($"</tbody></table>");
        if (view.Count > shown)
            html.Add($"<p class=\"muted\">{Words.Number(shown)} of {Words.Count(view.Count, "position")} are shown; the sentence counts all of them.</p>");
        html.Add($"</div>\n");
    }

    private static Html Cell(LogitsView view, LogitsToken token)
    {
        var kind = token.State switch { TargetState.Ignored => " i", TargetState.PadCounts => " p", _ => "" };
        var surprise = token.Loss - token.Entropy;
        var colours = $"l{Level(token.Loss, view)} e{Level(token.Entropy, view)} {(surprise < 0 ? "u" : "s")}{Level(Math.Abs(surprise), view)}";
        var odd = token.State != TargetState.Ignored && token.Rank > 0 && double.IsNaN(token.Loss) ? " nan" : "";
        return Html.Of($"<td class=\"{colours}{kind}{odd}{(token.Cut ? " cut" : "")}\" data-d=\"{LogitsText.Detail(view, token)}\">{token.Text}");
    }

    private static int Level(double value, LogitsView view) =>
        double.IsNaN(value) ? 0 : (int)Math.Round(Math.Clamp(value / view.BlindGuess, 0, 1) * 10);

    private static void Legend(HtmlWriter html, IReadOnlyList<LogitsView> views)
    {
        var tokens = views.SelectMany(view => view.Tokens).ToList();
        var sizes = views.DistinctBy(view => view.NumTokens).ToList();
        var full = string.Join(" or ", sizes.Select(view => Words.Nats(view.BlindGuess)));
        html.Add($"<p class=\"muted key\"><span class=\"of-loss\">Loss, what the true token cost: 0 <i class=\"ramp\"></i> {full} nats.</span>");
        html.Add($" <span class=\"of-entropy\">Entropy, how unsure the model was: 0 <i class=\"ramp\"></i> {full} nats.</span>");
        html.Add($" <span class=\"of-surprise\">Surprise, loss less entropy: {string.Join(" or ", sizes.Select(view => "-" + Words.Nats(view.BlindGuess)))} <i class=\"ramp both\"></i> {full} nats, blue below zero.</span>");
        html.Add($" A blind guess among {string.Join(" or ", sizes.Select(view => Words.Number(view.NumTokens)))} tokens costs {full} nats.");
        if (tokens.Any(t => t.State == TargetState.PadCounts))
            html.Add($" Dashed: a pad that counts.");
        if (tokens.Any(t => t.State == TargetState.Ignored))
            html.Add($" Struck out and pale: ignored.");
        if (views.Any(view => view.Odd is { NaN: > 0 }))
            html.Add($" Framed, with a sign: a loss that is not a number.");
        if (views.Select(view => view.Filter).OfType<string>().Distinct().ToList() is { Count: > 0 } filters)
            html.Add($" Underlined: {string.Join(", or ", filters)} would never give it.");
        html.Add($"</p>\n");
    }

    private static void Costliest(HtmlWriter html, LogitsView view)
    {
        var worst = view.Tokens.Where(t => t.State != TargetState.Ignored && !double.IsNaN(t.Loss)).OrderByDescending(t => t.Loss).Take(Worst).ToList();
        if (worst.Count == 0)
            return;
        html.Add($"<details><summary>The costliest tokens{(view.Title is null ? "" : " of " + view.Title)}</summary>");
        html.Add(new ViewTable(["token", "row", "position", "loss, nats", "share", "rank", "the model's guesses"],
            [.. worst.Select(t => (IReadOnlyList<string>)
            [
                t.Text, t.Row.ToString(CultureInfo.InvariantCulture), t.Position.ToString(CultureInfo.InvariantCulture), Words.Nats(t.Loss),
                Words.Percent(t.ShareOfLoss), Words.Number(t.Rank), LogitsText.Guesses(t, most: 5),
            ])]).ToHtml());
        html.Add($"</details>\n");
    }

    /// <summary>The same view twice on a page has the same names, by which choosing in one would choose in the other: each gets a number of its own.</summary>
    private const string Apart = """
        const strip='-'+(window.xtStrips=(window.xtStrips||0)+1);
        for(const i of root.querySelectorAll('input')){const l=i.nextElementSibling;i.name+=strip;i.id+=strip;l.htmlFor=i.id;i.checked=i.defaultChecked}

        """;

    private static readonly Lazy<string> Css = new(() => """
        .xt-logits input{position:absolute;opacity:0;width:1px;height:1px}
        .xt-logits label{display:inline-block;padding:.1em .7em;margin:0 4px .5em 0;border:1px solid var(--line);border-radius:1em;cursor:pointer;color:var(--muted)}
        .xt-logits input:checked+label{color:var(--fg);border-color:var(--focus);font-weight:600}
        .xt-logits input:focus-visible+label{outline:2px solid var(--focus)}
        .xt-logits .sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27em),1fr));gap:.6em 1.6em}
        .xt-logits .strips{min-width:0}
        .xt-logits .grid{display:block;overflow-x:auto}
        .xt-logits .grid tbody{display:block}
        .xt-logits .grid tr{display:block;margin:2px 0}
        .xt-logits .grid th{display:inline-block;font-weight:400;font-size:10px;min-width:2em;padding:0 .4em}
        .xt-logits .grid td{--a:0%;--c:var(--pad);display:inline-block;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;padding:.05em .22em;margin:0 1px 2px 0;border-radius:3px;white-space:pre;cursor:default;box-shadow:inset 0 0 0 1px var(--line);background:color-mix(in srgb,var(--c) var(--a),var(--bg))}
        .xt-logits .grid td.i{background:none;color:var(--muted);text-decoration:line-through}
        .xt-logits .grid td.p{box-shadow:none;outline:1.5px dashed var(--warn);outline-offset:-1.5px}
        .xt-logits .grid td.nan{box-shadow:inset 0 0 0 2px var(--warn);background:var(--warnbg)}
        .xt-logits .grid td.nan::before{content:"⚠";color:var(--warn)}
        .xt-logits .grid td.cut{text-decoration:underline 2px;text-underline-offset:3px}
        .xt-logits .grid td.i.cut{text-decoration:underline line-through}
        .xt-logits .grid td:focus-visible{outline:2px solid var(--focus);outline-offset:1px}
        .xt-logits .say{min-height:3em;max-width:none}
        .xt-logits input:checked~.key [class^=of]{display:none}
        .xt-logits .m-loss:checked~.key .of-loss,.xt-logits .m-entropy:checked~.key .of-entropy,.xt-logits .m-surprise:checked~.key .of-surprise{display:inline}
        .xt-logits .ramp{display:inline-block;width:7em;height:1em;vertical-align:-2px;border-radius:2px;box-shadow:inset 0 0 0 1px var(--line);background:linear-gradient(to right,var(--bg),color-mix(in srgb,var(--pad) 50%,var(--bg)))}
        .xt-logits .ramp.both{background:linear-gradient(to right,color-mix(in srgb,var(--real) 50%,var(--bg)),var(--bg),color-mix(in srgb,var(--pad) 50%,var(--bg)))}
        .xt-logits summary{cursor:pointer;color:var(--muted)}
        .xt-logits .numbers td:last-child,.xt-logits .numbers th:last-child,.xt-logits .pairs td:nth-last-child(2),.xt-logits .pairs th:nth-last-child(2){text-align:left}
        """ + string.Concat(Enumerable.Range(1, 10).Select(i => $".xt-logits .m-loss:checked~.sides .l{i},.xt-logits .m-entropy:checked~.sides .e{i},.xt-logits .m-surprise:checked~.sides .s{i}{{--a:{i * 5}%!important}}"
            + $".xt-logits .m-surprise:checked~.sides .u{i}{{--c:var(--real)!important;--a:{i * 5}%!important}}"
            // Without scripts the later of two alike takes the earlier's choice away.
            + $".xt-logits:not(:has(input:checked)) .l{i}{{--a:{i * 5}%!important}}"))
        + ".xt-logits:not(:has(input:checked)) .of-entropy,.xt-logits:not(:has(input:checked)) .of-surprise{display:none}");
}
