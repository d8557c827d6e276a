namespace XtNotebooks.Transformers.Native;

/// <summary>The CUDA files that are too large for one package: a primary file and fragments in packages beside it, which the packages' own
/// build step appends and then deletes.</summary>
internal static class CudaFragments
{
    /// <summary>The first library that still waits for its fragments, or null.</summary>
    public static string? FirstUnstitched(IReadOnlyList<string> directories) => directories
        .Where(directory => directory.Contains("-primary", StringComparison.Ordinal) && Directory.Exists(directory))
        .SelectMany(directory => Directory.EnumerateFiles(directory, "*.so*"))
        .FirstOrDefault(file => File.Exists(Fragment(file)));

    // …-part3-primary/V/runtimes/linux-x64/native/a.so has …-part3-fragment1/V/fragments/linux-x64/native/a.so.fragment1
    private static string Fragment(string primary) => primary
        .Replace("-primary", "-fragment1", StringComparison.Ordinal)
        .Replace("/runtimes/", "/fragments/", StringComparison.Ordinal) + ".fragment1";
}
