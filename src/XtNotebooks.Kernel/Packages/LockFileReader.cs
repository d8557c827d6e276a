using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using NuGet.Frameworks;
using NuGet.ProjectModel;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Packages;

/// <summary>From NuGet's lock file to the files that matter to a notebook.</summary>
internal static class LockFileReader
{
    private static readonly Lazy<Dictionary<string, Version?>> Platform = new(() => PlatformReferences.Paths
        .ToDictionary(path => Path.GetFileNameWithoutExtension(path),
            path => AssemblyName.GetAssemblyName(path).Version, StringComparer.OrdinalIgnoreCase));

    public static PackageSet Read(
        LockFile lockFile, NuGetFramework framework, string runtime, IReadOnlyList<PackageRequest> requests, IReadOnlyList<string> notes)
    {
        var target = lockFile.GetTarget(framework, runtime) ?? lockFile.GetTarget(framework, null);
        var libraries = target.Libraries.Where(library => library.Type == "package")
            .ToDictionary(library => library.Name!, StringComparer.OrdinalIgnoreCase);
        var ordered = new List<LockFileTargetLibrary>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var request in requests)
            Visit(request.Id);
        return new PackageSet([.. ordered.Select(library => Resolve(lockFile, library))], notes);

        void Visit(string id)
        {
            if (!libraries.TryGetValue(id, out var library) || !seen.Add(id))
                return;
            ordered.Add(library);
            foreach (var dependency in library.Dependencies)
                Visit(dependency.Id);
        }
    }

    private static ResolvedPackage Resolve(LockFile lockFile, LockFileTargetLibrary library)
    {
        var root = lockFile.PackageFolders
            .Select(folder => Path.Combine(folder.Path, lockFile.GetLibrary(library.Name, library.Version)!.Path))
            .First(Directory.Exists);
        var assemblies = Files(root, library.RuntimeAssemblies).Where(IsNewerThanPlatform).ToList();
        return new ResolvedPackage(
            library.Name!,
            library.Version!.ToNormalizedString(),
            [.. Files(root, library.CompileTimeAssemblies).Where(IsNewerThanPlatform)],
            assemblies,
            [.. Files(root, library.ResourceAssemblies)],
            [.. library.NativeLibraries.Select(item => Path.GetDirectoryName(Full(root, item))!).Where(Directory.Exists).Distinct()],
            [.. assemblies.Where(RefersToContract)]);
    }

    private static IEnumerable<string> Files(string root, IEnumerable<LockFileItem> items) =>
        items.Select(item => Full(root, item))
            .Where(path => path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) && File.Exists(path));

    private static string Full(string root, LockFileItem item) => Path.Combine(root, item.Path.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>Packages bring old copies of what .NET itself has by now.</summary>
    private static bool IsNewerThanPlatform(string path) =>
        !Platform.Value.TryGetValue(Path.GetFileNameWithoutExtension(path), out var platform)
        || AssemblyName.GetAssemblyName(path).Version > platform;

    private static bool RefersToContract(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        if (!file.HasMetadata)
            return false;
        var metadata = file.GetMetadataReader();
        return metadata.AssemblyReferences.Any(handle =>
            metadata.GetString(metadata.GetAssemblyReference(handle).Name) == "XtNotebooks.Extensibility");
    }
}
