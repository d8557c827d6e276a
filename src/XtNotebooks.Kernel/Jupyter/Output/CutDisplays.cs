using System.Globalization;
using System.Net;
using System.Text;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Jupyter.Output;

/// <summary>Counts one cell's displays, and puts those that are too many into a page.</summary>
/// <remarks>Not thread-safe: its cell's output guards it.</remarks>
internal sealed class CutDisplays(OutputLimit limit) : IDisposable
{
    private readonly HashSet<string> shown = [];
    private readonly HashSet<string> cut = [];
    private int count;
    private long characters;
    private long kept;
    private StreamWriter? page;

    /// <summary>Whether one more display is still to be shown; once one was not, no later one is.</summary>
    /// <param name="length">The characters of it that would be shown.</param>
    /// <param name="displayId">By which it may be updated.</param>
    public bool Admits(long length, string? displayId)
    {
        if (page is not null || count == limit.Displays)
            return false;
        // One alone is always shown: the limit of a single representation has seen to it.
        if (count > 0 && characters + length > limit.DisplayCharacters)
            return false;
        count++;
        characters += length;
        if (displayId is not null)
            shown.Add(displayId);
        return true;
    }

    /// <summary>Keeps a display that is not shown.</summary>
    /// <returns>What the reader is told at the first one; null at the others.</returns>
    public string? Keep(MimeBundle bundle, string? displayId, Func<string, string> newPath)
    {
        // One that is shown as well goes on being updated there.
        if (displayId is not null && !shown.Contains(displayId))
            cut.Add(displayId);
        string? note = null;
        if (page is null)
        {
            var shown = count.ToString("N0", CultureInfo.InvariantCulture);
            try
            {
                var path = newPath("html");
                page = new StreamWriter(path, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true)) { AutoFlush = true };
                note = $"\n[Output cut after {shown} displays. The rest is in {path}{limit.HowLong}, without later updates.]\n";
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                page = new StreamWriter(Stream.Null);
                note = $"\n[Output cut after {shown} displays. The rest is lost: {error.Message}]\n";
            }
        }
        Write(Html(bundle));
        return note;
    }

    /// <summary>Whether no display with this id was shown, though there was one.</summary>
    public bool IsCut(string displayId) => cut.Contains(displayId);

    /// <summary>Counts anew.</summary>
    public void Reset()
    {
        Dispose();
        page = null;
        shown.Clear();
        cut.Clear();
        (count, characters, kept) = (0, 0, 0);
    }

    public void Dispose() => page?.Dispose();

    private void Write(string html)
    {
        if (kept >= limit.KeptCharacters)
            return;
        var fits = kept + html.Length <= limit.KeptCharacters;
        kept = fits ? kept + html.Length : limit.KeptCharacters;
        try
        {
            if (fits)
                page!.WriteLine(html);
            if (kept >= limit.KeptCharacters)
                page!.WriteLine("<p>The rest was not kept.</p>");
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            kept = limit.KeptCharacters;
        }
    }

    private static string Html(MimeBundle bundle)
    {
        var data = bundle.Data;
        if (data.TryGetValue("text/html", out var html) || data.TryGetValue("image/svg+xml", out html))
            return $"<div>{html}</div>";
        foreach (var (type, text) in data)
        {
            if (type.StartsWith("image/", StringComparison.Ordinal))
                return $"<img src=\"data:{type};base64,{text}\">";
        }
        return $"<pre>{WebUtility.HtmlEncode(data.TryGetValue("text/plain", out var plain) ? plain : string.Join('\n', data.Values))}</pre>";
    }
}
