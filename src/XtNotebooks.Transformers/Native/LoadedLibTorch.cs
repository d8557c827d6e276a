namespace XtNotebooks.Transformers.Native;

/// <summary>Which libtorch a process uses, from where, and how it was loaded.</summary>
/// <param name="Backend">What it can compute on.</param>
/// <param name="Directory">The folder of libtorch_cpu; empty where TorchSharp loads by itself.</param>
/// <param name="Bridge">The path of the libLibTorchSharp that was loaded; empty where TorchSharp loads by itself.</param>
/// <param name="RelaxedVersions">Symbol versions that this system's libraries lack and that a cached copy of the bridge no longer insists on;
/// empty where the original was loaded.</param>
/// <param name="Version">libtorch's version, for example 2.10.0.</param>
public sealed record LoadedLibTorch(
    LibTorchBackend Backend, string Directory, string Bridge, IReadOnlyList<string> RelaxedVersions, string Version)
{
    /// <summary>Whether the numbers of operations ("x + 1") are kept until libtorch has read them. Where not, a garbage collection on another thread
    /// may make an operation fail with "Expected false to be true".</summary>
    public bool GuardsScalars { get; init; }

    /// <summary>The record in one line, for people.</summary>
    public override string ToString() => Backend switch
    {
        LibTorchBackend.LeftToTorchSharp => $"libtorch {Version}, loaded by TorchSharp itself",
        _ when RelaxedVersions.Count > 0 =>
            $"libtorch {Version} ({Name}) from {Directory}; TorchSharp's bridge from {Bridge}, adapted to this system, which has no "
            + string.Join(", ", RelaxedVersions),
        _ => $"libtorch {Version} ({Name}) from {Directory}",
    };

    private string Name => Backend == LibTorchBackend.Cuda ? "CUDA" : "CPU";
}

/// <summary>What a libtorch can compute on.</summary>
public enum LibTorchBackend
{
    /// <summary>Processors only.</summary>
    Cpu,

    /// <summary>NVIDIA GPUs too.</summary>
    Cuda,

    /// <summary>Not chosen here: on Windows and macOS TorchSharp finds its libraries itself.</summary>
    LeftToTorchSharp,
}
