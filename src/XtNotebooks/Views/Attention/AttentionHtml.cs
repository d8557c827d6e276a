namespace XtNotebooks.Views;

/// <summary>Draws attention maps as small pictures, one for each head, with its habit below.</summary>
internal static class AttentionHtml
{
    private const int MaxBytes = 150_000;

    public static string Write(AttentionView view)
    {
        var html = new HtmlWriter();
        if (view.Title is not null)
            html.Add($"<p><strong>{view.Title}</strong></p>\n");
        html.Add($"<p class=\"lead\">{view.Sentence}</p>\n");
        if (view.Heads.Where(h => h.Pads >= 0.005).ToList() is { Count: > 0 } looking)
            html.Add($"<p class=\"warn\">⚠ Real tokens give weight to pads in {Words.Count(looking.Count, "head")}; pass <code>mask:</code> to hide them.</p>\n");
        html.Add($"<p class=\"muted\">Each row of a map is a query, top to bottom; each column the key it looks at. Darker is more, full at 1.</p>\n");
        var used = 0;
        var shown = 0;
        foreach (var layer in view.Heads.GroupBy(h => h.Layer))
        {
            html.Add($"<p><strong>layer {layer.Key}</strong></p><div class=\"heads\">\n");
            foreach (var head in layer)
            {
                var image = used < MaxBytes ? Convert.ToBase64String(Png.OfWeights(head.Weights, head.Rows, head.Columns)) : "";
                used += image.Length;
                shown += image.Length > 0 ? 1 : 0;
                html.Add($"<figure tabindex=\"0\">");
                if (image.Length > 0)
                    html.Add($"<img alt=\"{head.Name}: {head.Habit}\" src=\"data:image/png;base64,{image}\">");
                html.Add($"<figcaption>head {head.Head}: {head.Habit}</figcaption></figure>\n");
            }
            html.Add($"</div>\n");
        }
        Omissions(html, view, shown);
        if (view.Tokens.Count > 0)
            html.Add($"<p class=\"muted tokens\">{string.Join(' ', view.Tokens.Take(64))}{(view.Tokens.Count > 64 ? " …" : "")}</p>\n");
        return ViewFrame.Render("attention", "Attention maps: " + view.Sentence, Css, html.Done());
    }

    private static void Omissions(HtmlWriter html, AttentionView view, int shown)
    {
        if (view.Heads.Count > 0 && (view.Heads[0].Rows < view.Size.Queries || view.Heads[0].Columns < view.Size.Keys))
            html.Add($"<p class=\"muted\">Pictures show the first {view.Heads[0].Rows} queries and {view.Heads[0].Columns} keys; the words count all of them.</p>\n");
        if (shown < view.Heads.Count)
            html.Add($"<p class=\"muted\">{Words.Count(view.Heads.Count - shown, "picture is", "pictures are")} left out to keep the output small; their words are here.</p>\n");
    }

    private const string Css = """
        .xt-attention .heads{display:flex;flex-wrap:wrap;gap:10px 14px}
        .xt-attention figure{margin:0;width:150px;border-radius:4px}
        .xt-attention img{width:150px;height:150px;image-rendering:pixelated;border:1px solid var(--line);border-radius:3px;background:#fff;display:block;transition:none}
        .xt-attention figure:hover img,.xt-attention figure:focus img{width:300px;height:300px}
        .xt-attention figure:hover,.xt-attention figure:focus{width:300px}
        .xt-attention figcaption{font-size:11px;line-height:1.35;color:var(--muted)}
        .xt-attention .tokens{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
        """;
}
