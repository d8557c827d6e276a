namespace XtNotebooks.Transformers.Native;

/// <summary>What to tell when there is no libtorch to load: the one line to add, in the form that fits the host.</summary>
internal static class MissingBackend
{
    public static string Sentence(SearchPlaces places) =>
        "No libtorch is referenced: add "
        + Line("libtorch-cpu-linux-x64", places.LibTorchVersion, places) + " to compute on the CPU, or "
        + Line("TorchSharp-cuda-linux", places.TorchSharpVersion, places) + " for NVIDIA GPUs.";

    /// <summary>Where TorchSharp loads libtorch itself: whether a host that names the folders of native libraries names one with libtorch.</summary>
    /// <param name="places">Where it would be.</param>
    /// <param name="library">The file name of libtorch's library for the processor on this system.</param>
    /// <exception cref="LibTorchException">It does not; an application, which names none, is left to TorchSharp.</exception>
    public static void Check(SearchPlaces places, string library)
    {
        if (places.Host.Count > 0 && !places.Host.Concat(places.Output).Any(directory => File.Exists(Path.Combine(directory, library))))
            throw new LibTorchException(
                "No libtorch is referenced: add " + Line("TorchSharp-cpu", places.TorchSharpVersion, places) + " to compute on the CPU"
                + (library.EndsWith(".dll", StringComparison.Ordinal) ? ", or " + Line("TorchSharp-cuda-windows", places.TorchSharpVersion, places) + " for NVIDIA GPUs." : "."));
    }

    private static string Line(string package, string version, SearchPlaces places) => places.Notebook
        ? $"#r \"nuget: {package}, {version}\""
        : $"<PackageReference Include=\"{package}\" Version=\"{version}\" />";
}
