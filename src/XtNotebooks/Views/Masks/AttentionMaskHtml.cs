namespace XtNotebooks.Views;

/// <summary>Draws who attends to whom.</summary>
internal static class AttentionMaskHtml
{
    public static string Write(AttentionMaskView view)
    {
        var html = new HtmlWriter();
        if (view.Title is not null)
            html.Add($"<p><strong>{view.Title}</strong></p>\n");
        html.Add(Remarks.ToHtml(view.Remarks));
        if (view.Cells.Count > 0)
        {
            Grid(html, view);
            html.Add(GridScript.Line);
            var kinds = view.Cells.SelectMany(row => row).ToHashSet();
            html.Add($"<p class=\"legend\">");
            foreach (var (state, name) in Legend.Where(entry => kinds.Contains(entry.State)))
                html.Add(Html.Of($"<b>{new Html(Class(state).Replace("<td class=", "<span class=", StringComparison.Ordinal))}</span> {name}</b> "));
            html.Add($"</p>");
        }
        return ViewFrame.Render("attmask", "Attention mask: " + view.Remarks[0].Text, Css, html.Done(), GridScript.For(Meanings));
    }

    private static void Grid(HtmlWriter html, AttentionMaskView view)
    {
        html.Add($"<div class=\"scroll\"><table class=\"grid\">\n<thead><tr><th>looks ↓ at →");
        var k = 0;
        foreach (var column in view.Columns)
            html.Add(column is { } c ? Html.Of($"<th data-t=\"key {c} {view.Keys[k]}\">{view.Keys[k++]}") : new Html("<th>…"));
        html.Add($"</thead>\n<tbody>\n");
        var q = 0;
        foreach (var row in view.Rows)
        {
            if (row is not { } r)
            {
                html.Add($"<tr><th>⋮</tr>\n");
                continue;
            }
            html.Add($"<tr><th data-t=\"query {r} {view.Queries[q]}\">{view.Queries[q]}");
            k = 0;
            foreach (var column in view.Columns)
                html.Add(new Html(column is null ? "<td class=gap>" : Class(view.Cells[q][k++])));
            html.Add($"</tr>\n");
            q++;
        }
        html.Add($"</tbody></table></div>\n");
    }

    private static string Class(AttentionState state) => state switch
    {
        AttentionState.Seen => "<td class=c>",
        AttentionState.PadSeen => "<td class=p>!",
        AttentionState.PadLooks => "<td class=q>",
        AttentionState.Future => "<td class=f>",
        AttentionState.Masked => "<td class=i>",
        AttentionState.KvMasked => "<td class=v>",
        _ => "<td class=b>",
    };

    private static readonly (AttentionState State, string Name)[] Legend =
    [
        (AttentionState.Seen, "attends"), (AttentionState.PadSeen, "attends to a pad"), (AttentionState.PadLooks, "a pad attends"), (AttentionState.Future, "later"),
        (AttentionState.Masked, "masked"), (AttentionState.KvMasked, "hidden by the kv mask"), (AttentionState.HiddenByBoth, "later, and masked"),
    ];

    private const string Meanings =
        """{"c":"attends","p":"a real token attends to a pad","q":"a pad attends","f":"hidden: it comes later","i":"hidden by the mask","v":"hidden by the kv mask","b":"hidden: later, and masked"}""";

    private const string Css = """
        .xt-attmask .grid{border-collapse:separate;border-spacing:1px}
        .xt-attmask .grid th{font:10px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;padding:0 .3em}
        .xt-attmask .grid thead th{max-width:15px;text-align:center;overflow:hidden}
        .xt-attmask .grid thead th:first-child{max-width:none;font-size:9px}
        .xt-attmask .grid td,.xt-attmask .legend span{width:15px;min-width:15px;height:15px;padding:0;border-radius:2px;font:700 10px/15px system-ui,sans-serif;text-align:center;box-shadow:inset 0 0 0 1px var(--line)}
        .xt-attmask .legend span{display:inline-block;vertical-align:middle;margin-left:1em}
        .xt-attmask .legend{color:var(--muted)}
        .xt-attmask .legend b{font-weight:400;white-space:nowrap}
        .xt-attmask .c{background:var(--real)}
        .xt-attmask .grid td.p,.xt-attmask .legend .p{background:var(--warnbg);color:var(--warn);box-shadow:inset 0 0 0 2px var(--warn)}
        .xt-attmask .grid td.q,.xt-attmask .legend .q{background:var(--realbg);box-shadow:inset 0 0 0 2px var(--real)}
        .xt-attmask .v{background:radial-gradient(circle at 50% 50%,var(--muted) 0 2px,transparent 2.5px)}
        .xt-attmask .i,.xt-attmask .b{background:repeating-linear-gradient(135deg,var(--hatch) 0 1px,transparent 1px 4px)}
        """;
}
