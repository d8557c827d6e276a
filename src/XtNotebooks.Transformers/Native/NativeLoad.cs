using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace XtNotebooks.Transformers.Native;

/// <summary>Loads libraries by path; the bridge from an adapted copy where the system's libraries are older than it asks for.</summary>
internal static partial class NativeLoad
{
    public static void Library(string path)
    {
        try
        {
            NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new LibTorchException($"{path} does not load: {Reason(e)}; restore its package again (dotnet restore --force).", e);
        }
    }

    /// <summary>Loads the original, or its copy with those symbol versions made optional that the system lacks and nothing uses.</summary>
    public static (string Path, IReadOnlyList<string> Relaxed) Bridge(string original, LibraryCache cache)
    {
        var relaxed = new List<string>();
        var path = original;
        while (true)
        {
            try
            {
                NativeLibrary.Load(path);
                return (path, relaxed);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                var missing = MissingVersion().Match(e.Message).Groups[1].Value;
                if (missing.Length == 0 || relaxed.Contains(missing))
                    throw new LibTorchException($"{original} does not load: {Reason(e)}; restore TorchSharp's package again (dotnet restore --force).", e);
                relaxed.Add(missing);
                path = cache.Store(Path.GetFileName(original), SymbolVersions.Relax(original, relaxed));
            }
        }
    }

    // The runtime lists every name it tried; the loader's own words are the first line that names the path.
    private static string Reason(Exception e) =>
        e.Message.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith('/'))?.TrimEnd('.') ?? e.Message.Split('\n')[0].Trim();

    [GeneratedRegex(@"version `([A-Za-z0-9_.]+)' not found")]
    private static partial Regex MissingVersion();
}
