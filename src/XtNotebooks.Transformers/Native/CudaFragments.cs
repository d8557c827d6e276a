using System.Security.Cryptography;

namespace XtNotebooks.Transformers.Native;

/// <summary>The CUDA files that are too large for one package: a primary file, and fragments in packages beside it that belong behind it.</summary>
/// <remarks>The packages' own build step appends the fragments and deletes them; a notebook restores without a build, so here the same is done,
/// checked against the same hash. Source: dotnet/TorchSharp, pkg/common/RestitchPackage.targets.</remarks>
internal static class CudaFragments
{
    /// <summary>The libraries that still wait for their fragments.</summary>
    public static IReadOnlyList<string> Unstitched(IReadOnlyList<string> directories) => [.. directories
        .Where(directory => directory.Contains("-primary", StringComparison.Ordinal) && Directory.Exists(directory))
        .SelectMany(directory => Directory.EnumerateFiles(directory, "*.so*"))
        .Where(file => File.Exists(Fragment(file, 1)))];

    /// <summary>Puts a library together: whole and with the right hash, or not at all.</summary>
    /// <exception cref="LibTorchException">A fragment is missing or damaged, or the package folder cannot be written.</exception>
    public static void Stitch(string primary)
    {
        try
        {
            using var alone = Alone(primary + ".lock");
            var fragments = Enumerable.Range(1, int.MaxValue - 1).Select(i => Fragment(primary, i)).TakeWhile(File.Exists).ToList();
            if (fragments.Count == 0)
                return;
            var hash = File.ReadAllText(primary + ".sha").Trim();
            // Whole already where an earlier attempt was ended between the last two steps.
            if (Hash(primary) != hash)
                Replace(primary, fragments, hash);
            // What is left of them would be appended once more by the next build.
            fragments.ForEach(File.Delete);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LibTorchException($"CUDA's {Path.GetFileName(primary)} came in pieces, and putting them together failed ({e.Message.TrimEnd('.')}); "
                + "free some space, or build any project with TorchSharp-cuda-linux once.", e);
        }
    }

    private static void Replace(string primary, List<string> fragments, string hash)
    {
        var draft = primary + ".draft";
        try
        {
            Join([primary, .. fragments], draft);
            if (Hash(draft) is var made && made != hash)
                throw new LibTorchException(
                    $"{primary} and its {fragments.Count} fragments do not make the library they should (SHA-256 {made[..12]}…); restore the CUDA packages again.");
            File.Move(draft, primary, overwrite: true);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    // Another process may be at it: wait for it instead of doing gigabytes twice.
    private static FileStream Alone(string path)
    {
        var gone = 0;
        for (var waits = 0; ; waits++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            // The other may have let go (and taken the file with it) just after this one was turned away: that is no reason to give up.
            catch (IOException) when (waits < 600 && (File.Exists(path) || gone++ < 3))
            {
                Thread.Sleep(500);
            }
        }
    }

    private static void Join(IEnumerable<string> parts, string path)
    {
        using var whole = new FileStream(path, FileMode.Create, FileAccess.Write);
        foreach (var part in parts)
        {
            using var stream = File.OpenRead(part);
            stream.CopyTo(whole, 1 << 20);
        }
    }

    private static string Hash(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    // …-part3-primary/V/runtimes/linux-x64/native/a.so has …-part3-fragment1/V/fragments/linux-x64/native/a.so.fragment1
    private static string Fragment(string primary, int number) => primary
        .Replace("-primary", $"-fragment{number}", StringComparison.Ordinal)
        .Replace("/runtimes/", "/fragments/", StringComparison.Ordinal) + $".fragment{number}";
}
