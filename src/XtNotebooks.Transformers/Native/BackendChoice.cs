namespace XtNotebooks.Transformers.Native;

/// <summary>Which libtorch to load, and TorchSharp's bridge to it.</summary>
/// <param name="Backend">What it computes on.</param>
/// <param name="Directories">The folders that hold its libraries: one, or several where NuGet brings it in several packages.</param>
/// <param name="Bridge">The path of libLibTorchSharp.so.</param>
internal sealed record BackendChoice(LibTorchBackend Backend, IReadOnlyList<string> Directories, string Bridge)
{
    private const string Cpu = "libtorch_cpu.so";
    private const string Cuda = "libtorch_cuda.so";
    private const string Natives = "runtimes/linux-x64/native";

    public string TorchCpu => Find(Cpu, Directories)!;

    /// <summary>What the runtime would find by itself wins, then what a notebook's host names, then the package folders.</summary>
    /// <exception cref="LibTorchException">There is no backend, or no bridge.</exception>
    public static BackendChoice Make(SearchPlaces places)
    {
        var directories = Candidates(places).FirstOrDefault(set => Find(Cpu, set) is not null)
            ?? throw new LibTorchException(MissingBackend.Sentence(places));
        var bridges = places.Output.Concat(places.Host)
            .Concat(places.PackageRoots.Select(root => Path.Combine(root, "torchsharp", places.TorchSharpVersion, Natives)));
        var bridge = Find("libLibTorchSharp.so", [.. bridges]) ?? throw new LibTorchException(
            $"TorchSharp {places.TorchSharpVersion} came without libLibTorchSharp.so for linux-x64; restore its package again (dotnet restore --force).");
        return new BackendChoice(Find(Cuda, directories) is null ? LibTorchBackend.Cpu : LibTorchBackend.Cuda, directories, bridge);
    }

    /// <summary>The libraries by absolute path, each after those it needs.</summary>
    public IReadOnlyList<string> LoadOrder() => Native.LoadOrder.Of(Directories, Backend);

    private static IEnumerable<IReadOnlyList<string>> Candidates(SearchPlaces places)
    {
        if (places.AlreadyLoaded is { } loaded)
            yield return [Path.GetDirectoryName(loaded)!];
        foreach (var directory in places.Output)
            yield return [directory];
        yield return CudaFirst(places.Host);
        // A host that names folders names all: what lies in the cache besides, this notebook did not ask for.
        if (places.Host.Count > 0)
            yield break;
        foreach (var root in places.PackageRoots)
        {
            foreach (var set in Packages(root, places))
                yield return set;
        }
    }

    // Both kinds may be referenced; the CPU's libtorch_cpu must not come from before CUDA's.
    private static List<string> CudaFirst(IReadOnlyList<string> directories)
    {
        var cuda = directories.Where(directory => directory.Contains("libtorch-cuda", StringComparison.OrdinalIgnoreCase)).ToList();
        return cuda.Count > 0 ? cuda : [.. directories];
    }

    private static IEnumerable<IReadOnlyList<string>> Packages(string root, SearchPlaces places)
    {
        if (!Directory.Exists(root))
            yield break;
        var cuda = Directory.GetDirectories(root, $"libtorch-cuda-{places.CudaVersion}-linux-x64*").Order(StringComparer.Ordinal)
            .Select(package => Path.Combine(package, places.LibTorchVersion, Natives)).Where(Directory.Exists).ToList();
        var cpu = Path.Combine(root, "libtorch-cpu-linux-x64", places.LibTorchVersion, Natives);
        // A package cache may hold what this program never asked for; where nothing tells what it asked for, the machine decides.
        if (places.Referenced == "cuda" || (places.Referenced is null && (places.NvidiaDriver || !Directory.Exists(cpu))))
            yield return cuda;
        if (places.Referenced is "cpu" or null)
            yield return [cpu];
    }

    private static string? Find(string file, IReadOnlyList<string> directories) =>
        directories.Select(directory => Path.Combine(directory, file)).FirstOrDefault(File.Exists);
}
