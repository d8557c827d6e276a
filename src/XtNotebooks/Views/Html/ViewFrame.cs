using System.Security.Cryptography;
using System.Text;

namespace XtNotebooks.Views;

/// <summary>The outermost element of every view: scoped style, an id of its own, and the scripts that only add comfort.</summary>
internal static class ViewFrame
{
    /// <summary>What a view may need unless the reader asks for more, a little under 200 KB.</summary>
    public const int Room = 195 * 1024;

    /// <summary>Whether a page is as small as a view has to be, encoded as it is sent.</summary>
    public static bool Fits(string html, int room = Room) => Encoding.UTF8.GetByteCount(html) <= room;

    /// <param name="kind">A short class name of the view, for example <c>mask</c>; its rules all start with <c>.xt-mask</c>.</param>
    /// <param name="label">What a screen reader says first.</param>
    /// <param name="css">Rules of this kind of view; every selector starts with its class.</param>
    /// <param name="body">The content, complete without scripts.</param>
    /// <param name="script">The body of a function of <c>root</c>, the element; null for none.</param>
    public static string Render(string kind, string label, string css, Html body, string? script = null)
    {
        var id = Id(kind, body.Value, script ?? "");
        var html = new HtmlWriter();
        html.Add($"<div class=\"xt xt-{kind}\" id=\"{id}\" role=\"figure\" aria-label=\"{label}\">\n");
        html.Add(new Html($"<style>{Palette.Css}{Minify(css)}</style>\n"));
        html.Add(body);
        if (script is not null)
            html.Add(new Html($"\n<script>for(const root of document.querySelectorAll('#{id}:not([data-live])')){{root.dataset.live=1;((root)=>{{{Minify(script)}}})(root)}}</script>"));
        html.Add($"\n</div>");
        return html.Done().Value;
    }

    /// <summary>The same content always has the same id, so that expectation files hold; other content has another.</summary>
    public static string Id(string kind, params ReadOnlySpan<string> content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in content)
            hash.AppendData(Encoding.UTF8.GetBytes(part));
        return $"xt-{kind}-{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 5))}";
    }

    /// <summary>Lines joined, indentation dropped: styles and scripts are written to be read here and sent short.</summary>
    internal static string Minify(string text) => string.Concat(text.Split('\n').Select(line => line.Trim()));
}
