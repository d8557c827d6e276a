using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Notebooks.Html;

/// <summary>A cell's outputs as HTML, each in the richest of its MIME types that a page can show without help.</summary>
internal sealed class OutputHtml(SharedScripts scripts, MarkdownHtml markdown)
{
    /// <summary>MIME types in order of preference. A Plotly figure is shown by its <c>text/html</c> twin, which draws itself.</summary>
    private static readonly string[] Preferred =
        ["text/html", "image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif", "text/markdown", "text/latex", "text/plain",
            "application/json"];

    public string Render(JsonNode? output) => output is not JsonObject parts ? "" : parts["output_type"]?.ToString() switch
    {
        "stream" => Terminal(MultilineText.Join(parts["text"]), parts["name"]?.ToString() == "stderr" ? "stderr" : "stdout"),
        "error" => Error(parts),
        "display_data" or "execute_result" => Bundle(parts["data"] as JsonObject ?? []),
        _ => "",
    };

    private string Bundle(JsonObject data)
    {
        var type = Preferred.FirstOrDefault(data.ContainsKey);
        var text = MultilineText.Join(type is null ? null : data[type]);
        return type switch
        {
            null => "",
            "text/html" => $"<div class=\"rich\">{scripts.TakeOut(text)}</div>\n",
            "text/markdown" => $"<div class=\"md\">{markdown.Render(text, [])}</div>\n",
            "image/svg+xml" => Picture(type, Convert.ToBase64String(Encoding.UTF8.GetBytes(text)), data),
            "text/plain" or "text/latex" => Terminal(text, "result"),
            "application/json" => Terminal(data[type] is { } json ? NotebookJson.Write(json) : "null", "result"),
            _ => Picture(type, text.ReplaceLineEndings(""), data),
        };
    }

    /// <summary>Also for SVG: as a picture it runs no script and its ids cannot collide with another's.</summary>
    private static string Picture(string type, string base64, JsonObject data) =>
        $"<img src=\"data:{type};base64,{WebUtility.HtmlEncode(base64)}\" alt=\"{WebUtility.HtmlEncode(MultilineText.Join(data["text/plain"]))}\">\n";

    private static string Error(JsonObject parts)
    {
        var traceback = (parts["traceback"] as JsonArray ?? []).Select(line => line?.ToString() ?? "").ToList();
        return Terminal(traceback.Count > 0 ? string.Join('\n', traceback) : $"{parts["ename"]}: {parts["evalue"]}", "error");
    }

    private static string Terminal(string text, string kind) =>
        $"<pre class=\"out {kind}\" tabindex=\"0\">{AnsiHtml.Render(text.TrimEnd('\n'))}</pre>\n";
}
