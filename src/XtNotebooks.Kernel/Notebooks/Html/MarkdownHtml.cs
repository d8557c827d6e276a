using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Markdig;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace XtNotebooks.Kernel.Notebooks.Html;

/// <summary>Markdown cells as HTML that needs nothing beside the page: pictures are put in, headings get unique ids for the
/// contents.</summary>
/// <param name="folder">The notebook's folder, from which relative pictures are read.</param>
/// <param name="pageFolder">The page's folder, from which relative links are to lead; null where it is the notebook's.</param>
/// <remarks>HTML in the Markdown is kept, as in Jupyter: the notebook's author is trusted no less than its outputs.</remarks>
internal sealed class MarkdownHtml(string folder, string? pageFolder = null)
{
    private const long LargestPicture = 10_000_000;

    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .UsePipeTables().UseEmphasisExtras().UseAutoLinks().UseTaskLists().UseFootnotes().UseDefinitionLists().Build();

    private readonly HashSet<string> ids = new(StringComparer.Ordinal);
    private readonly List<PageHeading> headings = [];

    /// <summary>The headings so far, in reading order.</summary>
    public IReadOnlyList<PageHeading> Headings => headings;

    public string Render(string markdown, JsonObject attachments)
    {
        var document = Markdown.Parse(markdown, Pipeline);
        foreach (var heading in document.Descendants<HeadingBlock>())
        {
            var text = Text(heading.Inline);
            var id = UniqueId(text);
            heading.GetAttributes().Id = id;
            headings.Add(new(heading.Level, text, id));
        }
        foreach (var picture in document.Descendants<LinkInline>().Where(link => link.IsImage).ToList())
            PutIn(picture, attachments);
        foreach (var link in document.Descendants<LinkInline>().Where(link => !link.IsImage))
            link.Url = FromPage(link.Url);
        using var writer = new StringWriter(CultureInfo.InvariantCulture);
        var renderer = new HtmlRenderer(writer);
        Pipeline.Setup(renderer);
        renderer.ObjectRenderers.ReplaceOrAdd<CodeBlockRenderer>(new ColouredCode());
        renderer.Render(document);
        return writer.ToString();
    }

    private void PutIn(LinkInline picture, JsonObject attachments)
    {
        var url = picture.Url ?? "";
        if (url.StartsWith("attachment:", StringComparison.Ordinal))
        {
            var name = Uri.UnescapeDataString(url["attachment:".Length..]);
            if (attachments[name] is JsonObject bundle
                && bundle.FirstOrDefault(each => each.Key.StartsWith("image/", StringComparison.Ordinal)) is { Key: not null } image)
                picture.Url = $"data:{image.Key};base64,{MultilineText.Join(image.Value).ReplaceLineEndings("")}";
        }
        else if (Uri.TryCreate(url, UriKind.Absolute, out var absolute) && absolute.Scheme is "http" or "https")
        {
            // A page that opens offline loads nothing: the reader is given the way instead.
            picture.IsImage = false;
            if (picture.FirstChild is null)
                picture.AppendChild(new LiteralInline(url));
        }
        else if (!url.StartsWith("data:", StringComparison.Ordinal) && PictureType(url) is { } type)
        {
            var file = new FileInfo(Path.Combine(folder, Uri.UnescapeDataString(url.Split('?', '#')[0])));
            if (file.Exists && file.Length <= LargestPicture)
                picture.Url = $"data:{type};base64,{Convert.ToBase64String(File.ReadAllBytes(file.FullName))}";
        }
    }

    /// <summary>A relative link as it has to be written on a page that lies in another folder than the notebook.</summary>
    private string? FromPage(string? url)
    {
        if (pageFolder is null || string.IsNullOrEmpty(url) || url[0] is '#' or '/' or '\\' || Uri.TryCreate(url, UriKind.Absolute, out _))
            return url;
        var end = url.AsSpan().IndexOfAny('?', '#');
        var (path, rest) = end < 0 ? (url, "") : (url[..end], url[end..]);
        return path.Length == 0 ? url : Path.GetRelativePath(pageFolder, Path.Combine(folder, path)).Replace('\\', '/') + rest;
    }

    private static string? PictureType(string url) => Path.GetExtension(url.Split('?', '#')[0]).ToUpperInvariant() switch
    {
        ".PNG" => "image/png",
        ".JPG" or ".JPEG" => "image/jpeg",
        ".GIF" => "image/gif",
        ".WEBP" => "image/webp",
        ".SVG" => "image/svg+xml",
        _ => null,
    };

    private string UniqueId(string text)
    {
        var slug = new StringBuilder();
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c))
                slug.Append(char.ToLowerInvariant(c));
            else if (slug.Length > 0 && slug[^1] != '-')
                slug.Append('-');
        }
        var name = slug.ToString().Trim('-') is { Length: > 0 } given ? given : "section";
        var id = name;
        for (var number = 2; !ids.Add(id); number++)
            id = string.Create(CultureInfo.InvariantCulture, $"{name}-{number}");
        return id;
    }

    private static string Text(ContainerInline? inline)
    {
        var text = new StringBuilder();
        foreach (var part in inline?.Descendants() ?? [])
        {
            _ = part switch
            {
                LiteralInline literal => text.Append(literal.Content.AsSpan()),
                CodeInline code => text.Append(code.Content),
                _ => text,
            };
        }
        return text.ToString();
    }

    /// <summary>Fenced C# gets the colours that code cells have.</summary>
    private sealed class ColouredCode : HtmlObjectRenderer<CodeBlock>
    {
        protected override void Write(HtmlRenderer renderer, CodeBlock obj)
        {
            var code = obj.Lines.ToString();
            var isCSharp = obj is FencedCodeBlock { Info: { } info } && info.ToUpperInvariant() is "CSHARP" or "CS" or "C#";
            renderer.EnsureLine();
            renderer.Write("<pre class=\"src\" tabindex=\"0\"><code>").Write(isCSharp ? CodeHtml.Render(code) : WebUtility.HtmlEncode(code))
                .WriteLine("</code></pre>");
        }
    }
}

/// <param name="Level">1 for the title to 6.</param>
/// <param name="Text">Without markup.</param>
/// <param name="Id">The element's id on the page.</param>
internal sealed record PageHeading(int Level, string Text, string Id);
