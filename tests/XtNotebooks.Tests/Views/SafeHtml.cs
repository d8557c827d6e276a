using System.Text.RegularExpressions;
using AngleSharp.Html.Parser;

namespace XtNotebooks.Tests.Views;

/// <summary>What must hold for the HTML of every view, whatever data it shows.</summary>
internal static partial class SafeHtml
{
    /// <summary>Token text that breaks out of a page that forgets to encode it.</summary>
    public const string Attack = "</script></style><img src=x onerror=alert(1)>\"'`&amp;\u202e\ud800\0";

    /// <summary>Parses as a browser does and checks elements, attributes, network addresses and the reach of the style.</summary>
    public static void Check(string html, int maxBytes = 200 * 1024)
    {
        Assert.True(System.Text.Encoding.UTF8.GetByteCount(html) < maxBytes, $"The view has {html.Length} characters.");
        var page = new HtmlParser().ParseDocument("<!doctype html><body>" + html);
        Assert.Empty(page.QuerySelectorAll("img[src='x'],[onerror],iframe,link,object,embed"));
        Assert.DoesNotContain(page.All, e => e.Attributes.Any(a => a.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase)));
        // A link that a reader may follow fetches nothing by itself.
        Assert.DoesNotContain(page.QuerySelectorAll("[src],[href]").Where(e => !e.Matches("a[href^='https://'][rel=noreferrer]")), e =>
            !(e.GetAttribute("src") ?? e.GetAttribute("href"))!.StartsWith("data:", StringComparison.Ordinal));
        Assert.Single(page.Body!.Children);
        Assert.DoesNotMatch(new Regex(@"[\u202a-\u202e\u2066-\u2069\0]"), html);
        foreach (var style in page.QuerySelectorAll("style"))
            CheckScope(style.TextContent);
        Assert.DoesNotContain("url(http", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", html, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What a reader sees where scripts and styles are stripped.</summary>
    public static string WithoutScripts(string html)
    {
        var page = new HtmlParser().ParseDocument("<!doctype html><body>" + html);
        foreach (var gone in page.QuerySelectorAll("script,style").ToList())
            gone.Remove();
        return page.Body!.TextContent;
    }

    private static void CheckScope(string css)
    {
        foreach (Match rule in Selectors().Matches(css))
        {
            foreach (var selector in rule.Groups[1].Value.Split(',').Select(s => s.Trim()).Where(s => s.Length > 0 && !s.StartsWith('@')))
                Assert.Contains(".xt", selector, StringComparison.Ordinal);
        }
    }

    [GeneratedRegex(@"(?:^|[{}])\s*([^{}@;]+)\{")]
    private static partial Regex Selectors();
}
