using System.Text.RegularExpressions;
using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace XtNotebooks.Docs.Tests;

public sealed partial class LinkTests
{
    public static TheoryData<string> Pages => [.. Repository.Pages];

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_link_leads_to_a_file_and_a_heading_that_there_are(string page)
    {
        foreach (var url in Markdown.Parse(Repository.Read(page)).Descendants<LinkInline>().Select(link => link.Url ?? ""))
        {
            if (url.Contains("://", StringComparison.Ordinal) || url.StartsWith("mailto:", StringComparison.Ordinal))
                continue;
            var parts = url.Split('#', 2);
            var target = parts[0].Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, Uri.UnescapeDataString(parts[0]));
            var file = Path.GetFullPath(target, Repository.Root);
            Assert.True(File.Exists(file) || Directory.Exists(file), $"{page} links to {url}, which there is not.");
            if (parts.Length == 2 && file.EndsWith(".md", StringComparison.Ordinal))
                Assert.True(Anchors(File.ReadAllText(file)).Contains(parts[1]), $"{page} links to {url}, but there is no such heading.");
        }
    }

    /// <summary>A blank line in a table ends it: what follows is shown as text with strokes.</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public void A_row_of_a_table_stands_below_its_header(string page)
    {
        var lines = Fenced().Replace(Repository.Read(page), match => new string('\n', match.Value.Count(c => c == '\n'))).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith('|') && (i == 0 || !lines[i - 1].StartsWith('|')))
                Assert.True(i + 1 < lines.Length && BelowHeader().IsMatch(lines[i + 1]), $"{page}:{i + 1} is a row without a header: {lines[i]}");
        }
    }

    /// <summary>The anchors that a page's headings get where repositories are shown.</summary>
    private static HashSet<string> Anchors(string text) =>
        [.. Markdown.Parse(text).Descendants<HeadingBlock>().Select(heading => text[heading.Span.Start..(heading.Span.End + 1)].TrimStart('#').Trim())
            .Select(title => NoAnchor().Replace(title.ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();

    [GeneratedRegex(@"^\|( *:?-+:? *\|)+\s*$")]
    private static partial Regex BelowHeader();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();
}
