using System.Text;
using System.Text.RegularExpressions;

namespace XtNotebooks.Kernel.Notebooks.Html;

/// <summary>Keeps one copy of a script library that several outputs bring each for itself.</summary>
/// <remarks>An output draws alone, so each chart of a notebook carries the whole of its library. On one page the library is needed once: an
/// element marked <c>data-xt-script="NAME"</c>, or any inline script of over 100 KB, moves to the page's head, and repeats of it
/// go.</remarks>
/// <param name="drop">Whether all scripts go instead, for a page that is only read.</param>
internal sealed partial class SharedScripts(bool drop = false)
{
    private const int LibrarySize = 100_000;

    private readonly HashSet<string> seen = new(StringComparer.Ordinal);
    private readonly StringBuilder head = new();

    /// <summary>The scripts taken out so far, each once, in order of their first use.</summary>
    public string Head => head.ToString();

    /// <summary>The output's HTML without its shared scripts, or without any.</summary>
    public string TakeOut(string html) =>
        !html.Contains("<script", StringComparison.OrdinalIgnoreCase) ? html : Script().Replace(html, match =>
    {
        if (drop)
            return "";
        var attributes = match.Groups["attributes"].Value;
        var isLibrary = match.Groups["text"].Length >= LibrarySize && !NotClassic().IsMatch(attributes);
        if (!isLibrary && !Marker().IsMatch(attributes))
            return match.Value;
        if (seen.Add(match.Groups["text"].Value))
            head.Append(match.Value).Append('\n');
        return "";
    });

    [GeneratedRegex("""<script\b(?<attributes>[^>]*)>(?<text>.*?)</script\s*>""", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Script();

    [GeneratedRegex("""\bdata-xt-script\s*=""", RegexOptions.IgnoreCase)]
    private static partial Regex Marker();

    // A module has a scope of its own, and a data type is text that only its output knows.
    [GeneratedRegex("""\btype\s*=\s*["']?(?!text/javascript|application/javascript)[\w/+.-]+""", RegexOptions.IgnoreCase)]
    private static partial Regex NotClassic();
}
