using System.Text;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>Writes a file whole or not at all: a reader, or a crash at any moment, finds the old file or the new one.</summary>
internal static class AtomicFile
{
    /// <exception cref="NotebookException">The file cannot be written; says why.</exception>
    public static void Write(string path, string content)
    {
        // A link is followed, so that what it points at is replaced and the link stays.
        var target = File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } end
            ? end.FullName
            : Path.GetFullPath(path);
        var temporary = $"{target}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                using var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
                writer.Write(content);
                writer.Flush();
                stream.Flush(flushToDisk: true);
            }
            if (!OperatingSystem.IsWindows() && File.Exists(target))
                File.SetUnixFileMode(temporary, File.GetUnixFileMode(target));
            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Delete(temporary);
            throw new NotebookException($"'{path}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Finds out whether <see cref="Write"/> will be able to write here, before hours of work depend on it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What the error calls it: the option and the path as typed.</param>
    /// <exception cref="NotebookException">It will not; says why.</exception>
    public static void Probe(string path, string name)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (Directory.Exists(path))
            throw new NotebookException($"{name} is a folder; name a file in it.");
        if (!Directory.Exists(folder))
            throw new NotebookException($"The folder of {name} does not exist; create it first.");
        var probe = $"{Path.GetFullPath(path)}.{Environment.ProcessId}.tmp";
        try
        {
            using (new FileStream(probe, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose)) { }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NotebookException($"Nothing can be written to {name} ({error.Message}); name a file in a folder of yours.", error);
        }
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What is left over is named .tmp; the first error is the one to tell.
        }
    }
}
