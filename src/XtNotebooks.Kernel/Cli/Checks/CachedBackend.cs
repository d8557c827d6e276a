namespace XtNotebooks.Kernel.Cli.Checks;

/// <summary>The libtorch backend that this machine already has among its packages, so that a plain <c>check</c> can try it without a
/// download.</summary>
/// <remarks>To the host these are names of packages like any other; what comes of referencing one, the extension tells.</remarks>
internal static class CachedBackend
{
    private static readonly string[] Cuda = ["TorchSharp-cuda-linux", "TorchSharp-cuda-windows"];
    private static readonly string[] Cpu = ["libtorch-cpu-linux-x64", "libtorch-cpu-win-x64", "libtorch-cpu-osx-arm64", "TorchSharp-cpu"];

    /// <summary>What a notebook would reference, such as <c>libtorch-cpu-linux-x64, 2.10.0</c>; null where there is none.</summary>
    public static string? Find() => Find(
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
        hasNvidiaDriver: File.Exists("/proc/driver/nvidia/version"));

    internal static string? Find(string packages, bool hasNvidiaDriver)
    {
        foreach (var name in hasNvidiaDriver ? [.. Cuda, .. Cpu] : Cpu)
        {
            var folder = Path.Combine(packages, name.ToLowerInvariant());
            var newest = Directory.Exists(folder)
                ? Directory.GetDirectories(folder).Select(each => Path.GetFileName(each)).OrderByDescending(Number).FirstOrDefault()
                : null;
            if (newest is not null && IsForThisSystem(name))
                return $"{name}, {newest}";
        }
        return null;
    }

    private static bool IsForThisSystem(string name) =>
        name.Contains("linux", StringComparison.Ordinal) ? OperatingSystem.IsLinux()
        : name.Contains("win", StringComparison.Ordinal) ? OperatingSystem.IsWindows()
        : !name.Contains("osx", StringComparison.Ordinal) || OperatingSystem.IsMacOS();

    private static Version Number(string version) => Version.TryParse(version.Split('-')[0], out var number) ? number : new Version();
}
