using System.Security.Cryptography;

namespace XtNotebooks.Transformers.Native;

/// <summary>A folder for adapted copies of native libraries, one per version and content.</summary>
/// <param name="folder">Where copies are kept; created when the first is written.</param>
/// <param name="create">Opens a new file for writing; replaced in tests of a full disk.</param>
internal sealed class LibraryCache(string folder, Func<string, Stream>? create = null)
{
    /// <summary>$XDG_CACHE_HOME/xt-notebooks/VERSION, or under ~/.cache.</summary>
    public static LibraryCache OfThisUser(string version)
    {
        var root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(root) || !Path.IsPathRooted(root))
            root = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return new LibraryCache(Path.Combine(root, "xt-notebooks", $"torchsharp-{version}"));
    }

    /// <summary>Keeps <paramref name="content"/> and returns its path. A file that another process writes at the same time, or that is damaged,
    /// is replaced in one step, so nobody ever loads half of one.</summary>
    /// <exception cref="LibTorchException">The folder cannot be written.</exception>
    public string Store(string name, byte[] content)
    {
        var directory = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(content))[..16]);
        var path = Path.Combine(directory, name);
        try
        {
            if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
                return path;
            Directory.CreateDirectory(directory);
            var draft = $"{path}.{Guid.NewGuid():N}";
            try
            {
                using (var file = create is null ? new FileStream(draft, FileMode.CreateNew, FileAccess.Write) : create(draft))
                    file.Write(content);
                File.Move(draft, path, overwrite: true);
            }
            finally
            {
                File.Delete(draft);
            }
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LibTorchException(
                $"The cache folder {folder} cannot be written ({e.Message.TrimEnd('.')}), and {name} must be adapted there to this system's older "
                + "libstdc++; free some space, or set XDG_CACHE_HOME to a folder that can be written.", e);
        }
    }
}
