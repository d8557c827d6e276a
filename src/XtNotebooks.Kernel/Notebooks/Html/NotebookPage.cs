using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Notebooks.Html;

/// <summary>A notebook as one HTML page that needs no network, no server and, to be read, no script.</summary>
internal static class NotebookPage
{
    /// <summary>Loads nothing from outside, whatever the notebook's outputs say; styles inside the page may work.</summary>
    private const string Policy =
        "default-src 'none'; img-src data: blob:; media-src data: blob:; font-src data:; frame-src data: blob:; style-src 'unsafe-inline'";

    /// <summary>Scripts inside the page may work too.</summary>
    private const string PolicyWithScripts = Policy + "; script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:";

    /// <param name="notebook">The notebook with its outputs.</param>
    /// <param name="folder">Its folder, from which pictures in its Markdown are read.</param>
    /// <param name="name">What the page is called if the notebook has no title.</param>
    /// <param name="options">Where the page will lie, and what it leaves out.</param>
    public static string Render(NotebookDocument notebook, string folder, string name, NotebookPageOptions? options = null)
    {
        options ??= new();
        var markdown = new MarkdownHtml(folder, options.Folder);
        var scripts = new SharedScripts(drop: options.WithoutScripts);
        var outputs = new OutputHtml(scripts, markdown);
        var body = new StringBuilder();
        foreach (var cell in notebook.Cells)
        {
            if (!cell.HasTag("remove-cell"))
                body.Append(Cell(cell, markdown, outputs));
        }
        var title = markdown.Headings.FirstOrDefault(heading => heading.Level == 1)?.Text ?? name;
        return $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="{(options.WithoutScripts ? Policy : PolicyWithScripts)}">
            <meta name="notebook-source" content="{NotebookSource.Fingerprint(notebook)}">
            <title>{WebUtility.HtmlEncode(title)}</title>
            <style>
            {PageStyle.Css}</style>
            {scripts.Head}</head>
            <body>
            <a class="skip" href="#content">Skip to the notebook</a>
            {Contents(markdown.Headings)}<main id="content">
            {body}</main>
            </body>
            </html>

            """;
    }

    private static string Cell(NotebookCell cell, MarkdownHtml markdown, OutputHtml outputs) => cell.Kind switch
    {
        CellKind.Markdown =>
            Fold(cell, "cell", "Show", $"<section class=\"cell md\">\n{markdown.Render(cell.Source, cell.Attachments)}</section>\n"),
        CellKind.Code => Fold(cell, "cell", "Show the cell", Code(cell, outputs)),
        CellKind.Raw when cell.Source.Length > 0 =>
            $"<section class=\"cell raw\"><pre>{WebUtility.HtmlEncode(cell.Source)}</pre></section>\n",
        _ => "",
    };

    private static string Code(NotebookCell cell, OutputHtml outputs)
    {
        var html = new StringBuilder();
        var label = cell.ExecutionCount is { } count ? string.Create(CultureInfo.InvariantCulture, $"{count}") : "";
        html.Append("<section class=\"cell code\">\n");
        if (!cell.HasTag("remove-input") && !string.IsNullOrWhiteSpace(cell.Source))
        {
            var number = label.Length > 0 ? $"<span class=\"count\" aria-label=\"Cell {label}\">{label}</span>" : "";
            html.Append(Fold(cell, "input", "Show the code",
                $"<div class=\"in\">{number}<pre class=\"src\" tabindex=\"0\"><code>{CodeHtml.Render(cell.Source)}</code></pre></div>\n"));
        }
        if (!cell.HasTag("remove-output") && cell.Outputs.Count > 0)
            html.Append(Fold(cell, "output", "Show the output",
                $"<div class=\"outs\">\n{string.Concat(cell.Outputs.Select(outputs.Render))}</div>\n"));
        return html.Append("</section>\n").ToString();
    }

    /// <summary>Closes a part that the notebook hides, so that the reader opens it: Jupyter Book's tags and JupyterLab's
    /// metadata.</summary>
    private static string Fold(NotebookCell cell, string part, string label, string html)
    {
        var jupyter = cell.Metadata["jupyter"] as JsonObject;
        var hidden = cell.HasTag("hide-" + part) || part switch
        {
            "input" => IsTrue(jupyter?["source_hidden"]),
            "output" => IsTrue(jupyter?["outputs_hidden"]) || IsTrue(cell.Metadata["collapsed"]),
            _ => false,
        };
        return hidden ? $"<details class=\"fold\"><summary>{label}</summary>\n{html}</details>\n" : html;
    }

    private static string Contents(IReadOnlyList<PageHeading> headings)
    {
        var listed = headings.Where(heading => heading.Level is 2 or 3).ToList();
        if (listed.Count < 2)
            return "";
        var items = listed.Select(heading => $"<li class=\"l{heading.Level}\"><a href=\"#{WebUtility.HtmlEncode(heading.Id)}\">{WebUtility.HtmlEncode(heading.Text)}</a></li>\n");
        return $"<nav aria-label=\"Contents\"><details open><summary>Contents</summary>\n<ul>\n{string.Concat(items)}</ul></details></nav>\n";
    }

    private static bool IsTrue(JsonNode? node) => node is JsonValue value && value.TryGetValue(out bool flag) && flag;
}

/// <summary>How a page is made, beyond what the notebook says.</summary>
internal sealed record NotebookPageOptions
{
    /// <summary>The folder the page will lie in, so that relative links lead from there; null for the notebook's own.</summary>
    public string? Folder { get; init; }

    /// <summary>Whether scripts are left out: pictures and tables stay, in a tenth of the size where there are charts.</summary>
    public bool WithoutScripts { get; init; }
}
