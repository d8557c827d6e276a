using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>What every cell may refer to: the .NET class library, and the few types that cells share with this host.</summary>
internal static class PlatformReferences
{
    private const int LargestFacade = 64 << 10;

    /// <summary>The folder of the runtime that this process runs on.</summary>
    private static string RuntimeDirectory => RuntimeEnvironment.GetRuntimeDirectory();

    /// <summary>The SDK's reference assemblies where they are installed: they cost half the memory of the implementation and carry
    /// documentation; otherwise the implementation assemblies.</summary>
    public static IReadOnlyList<string> Paths { get; } = FindReferencePack() is { } pack
        ? Directory.GetFiles(pack, "*.dll")
        : [.. Directory.GetFiles(RuntimeDirectory, "*.dll").Where(IsManaged)];

    private static readonly Lazy<IReadOnlyList<MetadataReference>> Loaded = new(() =>
        [.. Paths.Where(path => !IsFacade(path))
            .Concat([typeof(PlatformReferences).Assembly.Location, typeof(Extensibility.INotebook).Assembly.Location])
            .Select(Open)]);

    /// <summary>What cells need. Every cell pays for each of them, so those that declare nothing are left out. All sessions share them, and with
    /// them what the compiler has read of them.</summary>
    public static IReadOnlyList<MetadataReference> Load() => Loaded.Value;

    /// <summary>The assemblies that only forward to others, among them netstandard and mscorlib: packages may be compiled against them.</summary>
    public static IEnumerable<MetadataReference> LoadFacades() => Paths.Where(IsFacade).Select(Open);

    /// <summary>The reference to an assembly file, which is shown by its path but does not tell it to the compiler: with every cell that would
    /// write down of each file what it was, for debuggers that compile the code again.</summary>
    public static MetadataReference Open(string path) =>
        ((AssemblyMetadata)MetadataReference.CreateFromFile(path).GetMetadata()).GetReference(display: path);

    private static bool IsFacade(string path)
    {
        // One that declares types is larger, but for netstandard and mscorlib, which forward thousands.
        if (new FileInfo(path).Length > LargestFacade && Path.GetFileName(path) is not ("netstandard.dll" or "mscorlib.dll"))
            return false;
        using var file = new PEReader(File.OpenRead(path));
        return file.HasMetadata && file.GetMetadataReader() is var metadata
            && metadata.ExportedTypes.Count > 0
            && metadata.TypeDefinitions.All(type => !metadata.GetTypeDefinition(type).Attributes.HasFlag(System.Reflection.TypeAttributes.Public));
    }

    private static string? FindReferencePack()
    {
        var packs = Path.GetFullPath(Path.Combine(RuntimeDirectory, "../../../packs/Microsoft.NETCore.App.Ref"));
        if (!Directory.Exists(packs))
            return null;
        var major = Environment.Version.Major;
        return Directory.GetDirectories(packs)
            .Select(path => (Path: Path.Combine(path, "ref", $"net{major}.0"), Version: ParseVersion(Path.GetFileName(path))))
            .Where(pack => pack.Version?.Major == major && Directory.Exists(pack.Path))
            .OrderByDescending(pack => pack.Version)
            .Select(pack => pack.Path)
            .FirstOrDefault();
    }

    private static Version? ParseVersion(string text) => Version.TryParse(text.Split('-')[0], out var version) ? version : null;

    private static bool IsManaged(string path)
    {
        var name = Path.GetFileName(path);
        return name.StartsWith("System.", StringComparison.Ordinal) && !name.Contains(".Native", StringComparison.Ordinal)
            || name is "mscorlib.dll" or "netstandard.dll" or "Microsoft.CSharp.dll" or "Microsoft.VisualBasic.Core.dll" or "WindowsBase.dll";
    }
}
