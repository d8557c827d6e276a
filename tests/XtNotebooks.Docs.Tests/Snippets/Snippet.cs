using Markdig;
using Markdig.Syntax;

namespace XtNotebooks.Docs.Tests.Snippets;

/// <summary>A block of code on a page.</summary>
/// <param name="Page">The page's path from the repository's root.</param>
/// <param name="Line">The line it begins on, from 1.</param>
/// <param name="Language">What the fence names, for example <c>csharp</c>.</param>
/// <param name="Code">The code as the reader sees it.</param>
/// <param name="Before">Code that a comment before the block holds, <c>&lt;!-- before: … --&gt;</c>: what the page takes for granted.</param>
internal sealed record Snippet(string Page, int Line, string Language, string Code, string Before)
{
    private const string Mark = "<!-- before:";

    /// <summary>The blocks of all pages in one language.</summary>
    public static IReadOnlyList<Snippet> All(string language) => [.. Repository.Pages.SelectMany(Of).Where(snippet => snippet.Language == language)];

    public static IEnumerable<Snippet> Of(string page)
    {
        var before = "";
        foreach (var block in Markdown.Parse(Repository.Read(page)).Descendants())
        {
            if (block is HtmlBlock html && html.Lines.ToString().Trim() is var text && text.StartsWith(Mark, StringComparison.Ordinal))
                before = text[Mark.Length..text.LastIndexOf("-->", StringComparison.Ordinal)].Trim('\n');
            else if (block is FencedCodeBlock fence)
            {
                yield return new(page, fence.Line + 1, fence.Info ?? "", fence.Lines.ToString(), before);
                before = "";
            }
        }
    }

    public override string ToString() => $"{Page}:{Line}";
}
