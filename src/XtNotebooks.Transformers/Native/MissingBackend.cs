namespace XtNotebooks.Transformers.Native;

/// <summary>What to tell when there is no libtorch to load: the one line to add, in the form that fits the host.</summary>
internal static class MissingBackend
{
    public static string Sentence(SearchPlaces places) =>
        "No libtorch is referenced: add "
        + Line("libtorch-cpu-linux-x64", places.LibTorchVersion, places) + " to compute on the CPU, or "
        + Line("TorchSharp-cuda-linux", places.TorchSharpVersion, places) + " for NVIDIA GPUs.";

    private static string Line(string package, string version, SearchPlaces places) => places.Notebook
        ? $"#r \"nuget: {package}, {version}\""
        : $"<PackageReference Include=\"{package}\" Version=\"{version}\" />";
}
