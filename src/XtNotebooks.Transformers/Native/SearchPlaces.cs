using System.Reflection;
using TorchSharp;

namespace XtNotebooks.Transformers.Native;

/// <summary>Everything that decides where libtorch is looked for; a value, so that tests can lay out folders of their own.</summary>
internal sealed record SearchPlaces
{
    /// <summary>The libtorch_cpu that the process has already mapped, if any: a second one would abort it.</summary>
    public string? AlreadyLoaded { get; init; }

    /// <summary>The runtime's own search folders and the output folder: what it would find by itself.</summary>
    public IReadOnlyList<string> Output { get; init; } = [];

    /// <summary>Folders that a notebook's host names.</summary>
    public IReadOnlyList<string> Host { get; init; } = [];

    /// <summary>Package folders that may hold libtorch's and TorchSharp's packages.</summary>
    public IReadOnlyList<string> PackageRoots { get; init; } = [];

    /// <summary>The backend that the program's build references: cpu, cuda or none; null where nothing tells (scripts, notebooks).</summary>
    public string? Referenced { get; init; }

    /// <summary>Whether the process is a script or notebook, in which packages are referenced by <c>#r</c>.</summary>
    public bool Notebook { get; init; }

    /// <summary>Whether the machine has an NVIDIA driver.</summary>
    public bool NvidiaDriver { get; init; }

    public string TorchSharpVersion { get; init; } = "0.107.0";
    public string LibTorchVersion { get; init; } = "2.10.0";
    public string CudaVersion { get; init; } = "12.8";

    public static SearchPlaces OfThisProcess(IReadOnlyList<string> hostDirectories)
    {
        var torchSharp = typeof(torch).Assembly;
        var beside = TorchSharpPackageRoot(torchSharp.Location);
        return new SearchPlaces
        {
            AlreadyLoaded = MappedLibTorch(),
            Output = [.. Split(AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES")), AppContext.BaseDirectory,
                Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native")],
            Host = hostDirectories,
            PackageRoots = [.. new[] { beside, Environment.GetEnvironmentVariable("NUGET_PACKAGES"), UserPackages() }
                .Concat(Split(Environment.GetEnvironmentVariable("NUGET_FALLBACK_PACKAGES"))).OfType<string>().Where(d => d.Length > 0).Distinct()],
            Referenced = AppContext.GetData("XtNotebooks.LibTorch") as string,
            Notebook = hostDirectories.Count > 0 || beside is not null,
            NvidiaDriver = File.Exists("/proc/driver/nvidia/version"),
            TorchSharpVersion = Version(torchSharp) ?? "0.107.0",
            LibTorchVersion = Constant("libtorchPackageVersion") ?? "2.10.0",
            CudaVersion = Constant("cudaVersion") ?? "12.8",
        };
    }

    /// <summary>…/torchsharp/VERSION/lib/FRAMEWORK/TorchSharp.dll lies in a package folder; anything else does not.</summary>
    internal static string? TorchSharpPackageRoot(string assemblyPath)
    {
        var lib = Up(assemblyPath, 2);
        var package = Up(assemblyPath, 4);
        return Path.GetFileName(lib) == "lib" && string.Equals(Path.GetFileName(package), "torchsharp", StringComparison.OrdinalIgnoreCase)
            ? Path.GetDirectoryName(package)
            : null;

        static string? Up(string? path, int levels) => levels == 0 ? path : Up(Path.GetDirectoryName(path), levels - 1);
    }

    private static string? MappedLibTorch()
    {
        try
        {
            return File.ReadLines("/proc/self/maps").Select(line => line[(line.IndexOf('/') is var at and >= 0 ? at : line.Length)..])
                .FirstOrDefault(path => path.EndsWith("/libtorch_cpu.so", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return null;
        }
    }

    // Constants, read without running TorchSharp's type initializer.
    private static string? Constant(string name) =>
        typeof(torch).GetField(name, BindingFlags.NonPublic | BindingFlags.Static)?.GetRawConstantValue() is string value
            ? PackageVersion(value)
            : null;

    private static string? Version(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] is { } version
            ? PackageVersion(version)
            : null;

    // NuGet drops a fourth number that is zero: 2.10.0.0 lies in a folder 2.10.0.
    private static string PackageVersion(string version) =>
        version.Count(c => c == '.') == 3 && version.EndsWith(".0", StringComparison.Ordinal) ? version[..^2] : version;

    private static string UserPackages() =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static string[] Split(object? paths) =>
        ((paths as string) ?? "").Split([Path.PathSeparator, ';'], StringSplitOptions.RemoveEmptyEntries);
}
