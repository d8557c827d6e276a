namespace XtNotebooks.Transformers.Native;

/// <summary>The order in which libtorch's libraries must be loaded by path, so that the system finds each one's needs already loaded.</summary>
internal static class LoadOrder
{
    private static readonly string[] Always = ["libtorch_cuda.so", "libtorch.so", "libtorch_cpu.so"];

    // What CUDA's libraries look up by name only when they are used: within one folder they find it themselves, across packages they do not.
    private static readonly string[] Late = ["libcudnn*.so*", "libnvrtc*.so*", "libcaffe2_nvrtc.so", "libtorch_cuda_linalg.so"];

    public static IReadOnlyList<string> Of(IReadOnlyList<string> directories, LibTorchBackend backend)
    {
        var order = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in Always)
            Visit(name);
        if (backend == LibTorchBackend.Cuda && directories.Count > 1)
        {
            foreach (var file in Late.SelectMany(pattern => directories.SelectMany(d => Directory.GetFiles(d, pattern))).Order(StringComparer.Ordinal))
                Visit(Path.GetFileName(file));
        }
        return order;

        void Visit(string name)
        {
            if (!seen.Add(name) || directories.Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists) is not { } path)
                return;
            foreach (var needed in ElfFile.Open(path).Needed())
                Visit(needed);
            order.Add(path);
        }
    }
}
