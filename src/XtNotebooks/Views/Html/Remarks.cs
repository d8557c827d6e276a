using System.Text;

namespace XtNotebooks.Views;

/// <summary>The sentences above a view: the first stands alone, the rest are a list.</summary>
internal static class Remarks
{
    public static Html ToHtml(IReadOnlyList<ViewRemark> remarks)
    {
        var html = new HtmlWriter();
        var first = true;
        foreach (var remark in remarks)
        {
            var kind = remark.Kind switch { RemarkKind.Warning => "warn", RemarkKind.Omission => "muted", _ => "fact" };
            if (first)
                html.Add($"<p class=\"lead\">{Code(remark.Text)}</p>\n");
            else
                html.Add($"<p class=\"{kind}\">{Mark(remark.Kind)}{Code(remark.Text)}</p>\n");
            first = false;
        }
        return html.Done();
    }

    public static string ToText(IReadOnlyList<ViewRemark> remarks) =>
        string.Concat(remarks.Select((r, i) => (i > 0 ? Mark(r.Kind) : "") + r.Text.Replace("`", "", StringComparison.Ordinal) + "\n"));

    /// <summary>Encodes a sentence; what stands between backticks becomes code.</summary>
    public static Html Code(string text)
    {
        var html = new StringBuilder();
        var parts = text.Split('`');
        for (var i = 0; i < parts.Length; i++)
        {
            var code = i % 2 == 1 && i < parts.Length - 1;
            html.Append(code ? "<code>" : "").Append(HtmlText.Encode(parts[i])).Append(code ? "</code>" : "");
        }
        return new Html(html.ToString());
    }

    private static string Mark(RemarkKind kind) => kind == RemarkKind.Warning ? "⚠ " : "";
}
