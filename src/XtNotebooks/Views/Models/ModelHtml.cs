using System.Globalization;

namespace XtNotebooks.Views;

/// <summary>Draws a model as a tree that opens and closes by itself, without a script.</summary>
internal static class ModelHtml
{
    private const int MaxNodes = ModelText.MaxNodes, MaxOwn = 100, LongestValue = ModelText.LongestValue;

    /// <remarks>Long names and shapes may need more than their share: then fewer modules are drawn.</remarks>
    public static string Write(ModelView view)
    {
        for (var nodes = MaxNodes; ; nodes = nodes * 3 / 4)
        {
            var html = Write(view, nodes);
            if (nodes < 8 || ViewFrame.Fits(html))
                return html;
        }
    }

    private static string Write(ModelView view, int nodes)
    {
        var html = new HtmlWriter();
        if (view.Title is not null)
            html.Add($"<p><strong>{view.Title}</strong></p>\n");
        html.Add($"<p class=\"lead\">{view.Sentence}</p>\n");
        if (view.Note is not null)
            html.Add($"<p class=\"muted\">{view.Note}</p>\n");
        if (view.Options.Count > 0)
        {
            html.Add($"<p>Not the default (in brackets): ");
            html.Add(Html.Join(", ", view.Options.Select(o => Html.Of($"<code>{HtmlText.Cut(o.Name)} = {HtmlText.Cut(o.Value, LongestValue)}</code> <span class=\"muted\">({HtmlText.Cut(o.Default, LongestValue)})</span>"))));
            html.Add($"</p>\n");
        }
        if (view.Example is not null)
            html.Add($"<p class=\"muted\">→ is the shape that a module gives for {view.Example}.</p>\n");
        var left = nodes;
        html.Add($"<div class=\"tree\">\n");
        Node(html, view.Root, view.Root, depth: 0, ref left);
        html.Add($"</div>\n");
        if (left < 0)
            html.Add($"<p class=\"muted\">Modules and parameters beyond the first {nodes} are left out; the numbers count them.</p>\n");
        return ViewFrame.Render("model", "Model: " + view.Sentence, Css, html.Done());
    }

    /// <summary>"6.5 M".</summary>
    public static string Big(long value) => value switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e9:0.##} G"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:0.##} M"),
        >= 10_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:0.#} k"),
        _ => Words.Number(value),
    };

    private static void Node(HtmlWriter html, ModelNode node, ModelNode root, int depth, ref int left)
    {
        if (left-- <= 0)
            return;
        var leaf = node.Children.Count == 0 && node.Own.Count == 0;
        html.Add(leaf ? new Html("<div class=\"leaf\">") : new Html(depth < 2 ? "<details open><summary>" : "<details><summary>"));
        html.Add($"<b>{HtmlText.Cut(node.Name)}</b> {HtmlText.Cut(node.Type)}");
        if (node.Output is not null)
            html.Add($" <span class=\"out\">→ {node.Output}</span>");
        if (node.Count > 1)
            html.Add($" <span class=\"times\">× {node.Count} alike</span>");
        if (node.Parameters > 0)
        {
            var share = root.Parameters == 0 ? 0 : node.Parameters * (double)node.Count / root.Parameters;
            html.Add($" <span class=\"muted\">{Big(node.Parameters)} parameters{(node.Count > 1 ? " each" : "")}, {Words.Percent(share)}, {TensorSummary.Size(node.Bytes)}{(node.AllFlopsPerToken > 0 ? $", {Big(node.AllFlopsPerToken)} FLOPs a token" : "")}</span>");
            html.Add($"<span class=\"share\" aria-hidden=\"true\"><i style=\"width:{Math.Min(1, share) * 100:0.#}%\"></i></span>");
        }
        html.Add(leaf ? new Html("</div>\n") : new Html("</summary>\n"));
        if (leaf)
            return;
        foreach (var p in node.Own.Take(MaxOwn))
        {
            if (left-- <= 0)
                break;
            html.Add($"<div class=\"leaf\"><code>{HtmlText.Cut(p.Name)}</code> [{string.Join(", ", p.Shape)}] {p.DType}{(p.Trainable ? "" : ", fixed")}</div>\n");
        }
        if (node.Own.Count > MaxOwn && left > 0)
            html.Add($"<div class=\"leaf muted\">and {Words.Count(node.Own.Count - MaxOwn, "more parameter or buffer", "more parameters and buffers")}</div>\n");
        foreach (var child in node.Children)
            Node(html, child, root, depth + 1, ref left);
        html.Add($"</details>\n");
    }

    private const string Css = """
        .xt-model .tree{line-height:1.65}
        .xt-model details,.xt-model .leaf{padding-left:1.2em;border-left:1px solid var(--line);margin-left:.3em}
        .xt-model .tree>details{border:0;margin:0;padding:0}
        .xt-model summary{cursor:pointer}
        .xt-model .out{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:nowrap}
        .xt-model .times{color:var(--focus)}
        .xt-model .share{display:inline-block;width:70px;height:8px;margin-left:.6em;background:var(--soft);border-radius:2px}
        .xt-model .share i{display:block;height:8px;background:var(--real);border-radius:2px}
        """;
}
