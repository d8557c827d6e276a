using System.Globalization;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Jupyter.Output;

/// <summary>The parts of a cell's output that were too much for the front end, in files for as long as the kernel runs.</summary>
/// <remarks>Not thread-safe: its cell's output guards it.</remarks>
internal sealed class KeptOutput(OutputLimit limit, int cell) : IDisposable
{
    private readonly CutDisplays displays = new(limit);
    private long shown;
    private readonly List<string> files = [];

    /// <summary>Files whose notes the next output clears.</summary>
    private readonly List<string> outdated = [];

    private long kept;
    private StreamWriter? file;

    /// <summary>The part of <paramref name="text"/> that is still to be shown, with a note where the rest is at the cut.</summary>
    public string Admit(string text)
    {
        RemoveOutdated();
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
                note = $"\n[Output cut after {Millions(limit.Characters)} million characters. The rest is in {path}{limit.HowLong}.]\n";
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
        note = null;
        RemoveOutdated();
        // What is not shown needs no file of its own: the page holds all of it.
        if (displays.Admits(bundle.Data.Values.Where(IsShown).Sum(text => (long)text.Length), displayId))
            return Admit(bundle);
        note = displays.Keep(bundle, displayId, NewPath);
        return null;
    }

    /// <summary>The update of a display; null where that display was not shown.</summary>
    public MimeBundle? AdmitUpdate(MimeBundle bundle, string displayId) => displays.IsCut(displayId) ? null : Cut(bundle);

    /// <summary>The bundle with each too long representation replaced by a note that says where it is.</summary>
    public MimeBundle Admit(MimeBundle bundle)
    {
        RemoveOutdated();
        return Cut(bundle);
    }

    private MimeBundle Cut(MimeBundle bundle)
    {
        if (bundle.Data.Values.All(IsShown))
            return bundle;
        var data = new Dictionary<string, string>();
        var notes = new List<string>();
        foreach (var (mimeType, text) in bundle.Data)
        {
            if (IsShown(text))
                data[mimeType] = text;
            else
                notes.Add($"[{mimeType} of {Millions(text.Length)} million characters left out. {KeepWhole(mimeType, text)}]");
        }
        data["text/plain"] = string.Join('\n', [.. notes, .. data.TryGetValue("text/plain", out var plain) ? [plain] : (string[])[]]);
        return new MimeBundle(data);
    }

    /// <summary>The error with its message and each line of its traceback cut, and a note that says where all of it is.</summary>
    public CellError Admit(CellError error)
    {
        RemoveOutdated();
        if (error.Message.Length <= limit.ErrorCharacters && error.Traceback.All(line => line.Length <= limit.ErrorCharacters))
            return error;
        IEnumerable<string> whole = error.Traceback.Count > 0 ? error.Traceback : [error.Message];
        var note = $"[Error cut. {KeepWhole("text/plain", string.Join('\n', whole))}]";
        return error with { Message = Cut(error.Message), Traceback = [.. error.Traceback.Select(Cut), note] };
    }

    private string Cut(string text) => text.Length <= limit.ErrorCharacters
        ? text
        : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, limit.ErrorCharacters)}… ({text.Length:N0} characters)");

    /// <summary>Counts anew, after the outputs have been cleared.</summary>
    /// <param name="wait">Whether they are only by the next output, which may never come.</param>
    public void Reset(bool wait)
    {
        displays.Reset();
        file?.Dispose();
        file = null;
        outdated.AddRange(files);
        files.Clear();
        (shown, kept) = (0, 0);
        if (!wait)
            RemoveOutdated();
    }

    /// <summary>The notes that named them are cleared: a loop that writes and clears does not fill the disk.</summary>
    private void RemoveOutdated()
    {
        outdated.ForEach(Remove);
        outdated.Clear();
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It goes with the kernel's folder.
        }
    }

    public void Dispose()
    {
        file?.Dispose();
        file = null;
        displays.Dispose();
    }

    private bool IsShown(string text) => text.Length <= limit.Characters;

    /// <returns>Where it is, or why it is nowhere, in a sentence.</returns>
    private string KeepWhole(string mimeType, string text)
    {
        if (kept + text.Length > limit.KeptCharacters)
            return "It was not kept: this cell's files hold as much as they may.";
        try
        {
            var path = NewPath(mimeType switch { "text/html" => "html", "image/svg+xml" => "svg", _ => "txt" });
            kept += text.Length;
            File.WriteAllText(path, text);
            return $"It is in {path}{limit.HowLong}.";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"It is lost: {error.Message}";
        }
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

    private string NewPath(string extension)
    {
        var path = Path.Combine(limit.Folder(),
            string.Create(CultureInfo.InvariantCulture, $"cell-{cell}-{Guid.NewGuid().ToString("N")[..6]}.{extension}"));
        files.Add(path);
        return path;
    }

    private static string Millions(long characters) => (characters / 1e6).ToString("0.#", CultureInfo.InvariantCulture);
}
