using System.Reflection;
using System.Runtime.Loader;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Where cells and the packages they reference are loaded: apart from the host's own libraries, so that a notebook may use
/// other versions of them, and all in one place, so that native libraries are looked up by one rule.</summary>
internal sealed class NotebookLoadContext : AssemblyLoadContext
{
    private readonly Dictionary<string, string> _assemblies = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _nativeDirectories = [];
    private readonly List<string> _probingDirectories = [];
    private readonly Lock _lock = new();

    public NotebookLoadContext() : base("Notebook") => ResolvingUnmanagedDll += ResolveNative;

    /// <summary>Folders with the native libraries of referenced packages, in the order of reference.</summary>
    public IReadOnlyList<string> NativeDirectories
    {
        get
        {
            lock (_lock)
                return [.. _nativeDirectories];
        }
    }

    /// <summary>Makes an assembly file loadable by its name; the last one of a name counts.</summary>
    public void Add(string assemblyPath)
    {
        lock (_lock)
            _assemblies[Path.GetFileNameWithoutExtension(assemblyPath)] = assemblyPath;
    }

    /// <summary>Makes translated texts loadable by name and culture, which is their folder's name.</summary>
    public void AddResources(string path)
    {
        lock (_lock)
            _assemblies[Path.GetFileName(Path.GetDirectoryName(path)) + "/" + Path.GetFileNameWithoutExtension(path)] = path;
    }

    /// <summary>A folder whose assemblies are found by name when nothing else has them.</summary>
    public void AddProbingDirectory(string directory)
    {
        lock (_lock)
        {
            if (!_probingDirectories.Contains(directory))
                _probingDirectories.Add(directory);
        }
        AddNativeDirectory(directory);
    }

    /// <summary>Whether an assembly of this file's name is loaded.</summary>
    public bool IsLoaded(string assemblyPath) =>
        Assemblies.Any(assembly => string.Equals(assembly.GetName().Name, Path.GetFileNameWithoutExtension(assemblyPath), StringComparison.OrdinalIgnoreCase));

    public void AddNativeDirectory(string directory)
    {
        lock (_lock)
        {
            if (!_nativeDirectories.Contains(directory))
                _nativeDirectories.Add(directory);
        }
    }

    public Assembly LoadSubmission(Stream assembly, Stream symbols) => LoadFromStream(assembly, symbols);

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        // The contract between host and extensions is one assembly, the host's.
        if (assemblyName.Name is "XtNotebooks.Extensibility" or "XtNotebooks.Kernel")
            return Default.LoadFromAssemblyName(new AssemblyName(assemblyName.Name));
        var key = string.IsNullOrEmpty(assemblyName.CultureName) ? assemblyName.Name : $"{assemblyName.CultureName}/{assemblyName.Name}";
        string? path;
        lock (_lock)
        {
            if (!_assemblies.TryGetValue(key ?? "", out path))
                path = _probingDirectories.Select(directory => Path.Combine(directory, key + ".dll")).FirstOrDefault(File.Exists);
        }
        return path is null ? null : LoadFromAssemblyPath(path);
    }

    /// <summary>Called after the runtime's own probing, so that a library which is loaded already (by its SONAME) wins.</summary>
    private nint ResolveNative(Assembly assembly, string name)
    {
        foreach (var directory in NativeDirectories)
        {
            foreach (var file in NativeFileNames(name))
            {
                var path = Path.Combine(directory, file);
                if (File.Exists(path) && System.Runtime.InteropServices.NativeLibrary.TryLoad(path, out var handle))
                    return handle;
            }
        }
        return 0;
    }

    private static IEnumerable<string> NativeFileNames(string name)
    {
        var (prefix, suffix) = OperatingSystem.IsWindows() ? ("", ".dll") : OperatingSystem.IsMacOS() ? ("lib", ".dylib") : ("lib", ".so");
        return [name, name + suffix, prefix + name + suffix, prefix + name];
    }
}
