using System.Text.RegularExpressions;
using Markdig;
using Markdig.Syntax;

namespace XtNotebooks.Docs.Tests;

/// <summary>docs/troubleshooting.md goes by what the reader saw; each of its headings is a sentence that our code can say, or one marked as another's.</summary>
public sealed partial class TroubleshootingTests
{
    private const string Page = "docs/troubleshooting.md";

    /// <summary>Code between two parts of a sentence: what is filled in.</summary>
    private const int MostBetween = 700;

    public static TheoryData<string> Headings => [.. Titles()];

    [Theory]
    [MemberData(nameof(Headings))]
    public void A_heading_is_what_the_code_says(string title)
    {
        Assert.StartsWith("`", title, StringComparison.Ordinal);
        // "…" stands for what differs from case to case; the rest stands in one source file, in this order.
        var parts = title.Trim('`').Split('…', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Assert.True(Sources.Value.Any(source => Says(source, parts)), $"No source file says: {title}");
    }

    private static bool Says(string source, string[] parts)
    {
        // From any place where it may begin.
        for (var start = source.IndexOf(parts[0], StringComparison.Ordinal); start >= 0; start = source.IndexOf(parts[0], start + 1, StringComparison.Ordinal))
        {
            var at = start;
            if (parts.All(part => (at = source.IndexOf(part, at, Math.Min(source.Length - at, part.Length + MostBetween), StringComparison.Ordinal)) >= 0))
                return true;
        }
        return false;
    }

    private static IEnumerable<string> Titles()
    {
        var text = Repository.Read(Page);
        return Markdown.Parse(text).Descendants<HeadingBlock>().Where(heading => heading.Level == 3)
            .Select(heading => text[heading.Span.Start..(heading.Span.End + 1)].TrimStart('#').Trim());
    }

    private static readonly Lazy<List<string>> Sources = new(() =>
    [
        .. Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.*", SearchOption.AllDirectories)
            .Where(file => !Built().IsMatch(file) && Path.GetExtension(file) is ".cs" or ".targets" or ".dib")
            // A sentence that goes over several lines of source is put together.
            .Select(file => Joined().Replace(File.ReadAllText(file).Replace("&lt;", "<").Replace("&gt;", ">").Replace("&quot;", "\""), "").Replace("\\\"", "\"", StringComparison.Ordinal)),
    ]);

    [GeneratedRegex(@"[/\\](bin|obj)[/\\]")]
    private static partial Regex Built();

    [GeneratedRegex("\"\\s*\\+\\s*\\$?\"")]
    private static partial Regex Joined();
}
