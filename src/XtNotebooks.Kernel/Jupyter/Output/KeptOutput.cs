using System.Globalization;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Jupyter.Output;

/// <summary>The parts of a cell's output that were too much for the front end, in files for as long as the kernel runs.</summary>
/// <remarks>Not thread-safe: its cell's output guards it.</remarks>
internal sealed class KeptOutput(OutputLimit limit, int cell) : IDisposable
{
    private readonly CutDisplays displays = new(limit);
    private long shown;
    private long kept;
    private StreamWriter? file;

    /// <summary>The part of <paramref name="text"/> that is still to be shown, with a note where the rest is at the cut.</summary>
    public string Admit(string text)
    {
        if (shown + text.Length <= limit.Characters && file is null)
        {
            shown += text.Length;
            return text;
        }
        var room = file is null ? (int)(limit.Characters - shown) : 0;
        var note = "";
        if (file is null)
        {
            try
            {
                var path = NewPath("txt");
                file = new StreamWriter(path) { AutoFlush = true };
                note = $"\n[Output cut after {Millions(limit.Characters)} million characters. The rest is in {path} while this kernel runs.]\n";
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                file = StreamWriter.Null as StreamWriter ?? new StreamWriter(Stream.Null);
                note = $"\n[Output cut after {Millions(limit.Characters)} million characters. The rest is lost: {error.Message}]\n";
            }
        }
        shown = limit.Characters;
        Keep(text.AsSpan(room));
        return text[..room] + note;
    }

    /// <summary>A new display as it is still to be shown; null where there are too many, with a note at the first one that is not shown.</summary>
    public MimeBundle? AdmitDisplay(MimeBundle bundle, string? displayId, out string? note)
    {
        bundle = Admit(bundle);
        note = null;
        if (displays.Admits(bundle))
            return bundle;
        note = displays.Keep(bundle, displayId, NewPath);
        return null;
    }

    /// <summary>The update of a display; null where that display was not shown.</summary>
    public MimeBundle? AdmitUpdate(MimeBundle bundle, string displayId) => displays.IsCut(displayId) ? null : Admit(bundle);

    /// <summary>The bundle with each too long representation replaced by a note that says where it is.</summary>
    public MimeBundle Admit(MimeBundle bundle)
    {
        if (bundle.Data.Values.All(text => text.Length <= limit.Characters))
            return bundle;
        var data = new Dictionary<string, string>();
        var notes = new List<string>();
        foreach (var (mimeType, text) in bundle.Data)
        {
            if (text.Length <= limit.Characters)
            {
                data[mimeType] = text;
                continue;
            }
            var path = NewPath(mimeType switch { "text/html" => "html", "image/svg+xml" => "svg", _ => "txt" });
            File.WriteAllText(path, text);
            notes.Add($"[{mimeType} of {Millions(text.Length)} million characters left out. It is in {path} while this kernel runs.]");
        }
        data["text/plain"] = string.Join('\n', [.. notes, .. data.TryGetValue("text/plain", out var plain) ? [plain] : (string[])[]]);
        return new MimeBundle(data);
    }

    /// <summary>Counts anew, after the outputs have been cleared.</summary>
    public void Reset()
    {
        shown = 0;
        displays.Reset();
        file?.Dispose();
        file = null;
    }

    public void Dispose()
    {
        file?.Dispose();
        file = null;
        displays.Dispose();
    }

    private void Keep(ReadOnlySpan<char> text)
    {
        var room = Math.Min(text.Length, limit.KeptCharacters - kept);
        if (room <= 0)
            return;
        kept += room;
        try
        {
            file!.Write(text[..(int)room]);
            if (kept == limit.KeptCharacters)
                file.WriteLine("\n[The rest was not kept.]");
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            kept = limit.KeptCharacters;
        }
    }

    private string NewPath(string extension) =>
        Path.Combine(limit.Folder(),
            string.Create(CultureInfo.InvariantCulture, $"cell-{cell}-{Guid.NewGuid().ToString("N")[..6]}.{extension}"));

    private static string Millions(long characters) => (characters / 1e6).ToString("0.#", CultureInfo.InvariantCulture);
}
