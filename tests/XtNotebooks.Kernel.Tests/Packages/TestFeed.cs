using System.IO.Compression;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Packages;

/// <summary>A folder with a NuGet.config that knows one local feed only, and a package cache of its own: restores need no network.</summary>
internal sealed class TestFeed : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("xt-feed-").FullName;

    // The variable would win over NuGet.config, and the tests' packages would land among the machine's.
    static TestFeed() => Environment.SetEnvironmentVariable("NUGET_PACKAGES", null);

    public TestFeed()
    {
        Directory.CreateDirectory(Path.Combine(_root, "feed"));
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(_root, "NuGet.config"), """
            <configuration>
              <config><add key="globalPackagesFolder" value="packages" /></config>
              <packageSources><clear /><add key="test feed" value="feed" /></packageSources>
            </configuration>
            """);
    }

    /// <summary>Where the notebook lies: below the folder of NuGet.config.</summary>
    public string Folder => Path.Combine(_root, "notebooks");

    public string Root => _root;

    public CodeSessionOptions Options => new() { WorkingDirectory = Folder, CacheDirectory = Path.Combine(_root, "cache") };

    /// <summary>Adds a package with one assembly compiled from code.</summary>
    public void Add(string id, string version, string code, string dependencies = "", string feed = "feed", IEnumerable<(string Path, byte[] Content)>? files = null,
        IEnumerable<MetadataReference>? references = null)
    {
        Directory.CreateDirectory(Path.Combine(_root, feed));
        using var zip = ZipFile.Open(Path.Combine(_root, feed, $"{id}.{version}.nupkg"), ZipArchiveMode.Create);
        Write(zip, id + ".nuspec", System.Text.Encoding.UTF8.GetBytes($"""
            <package><metadata><id>{id}</id><version>{version}</version><authors>test</authors><description>test</description>
            <dependencies><group targetFramework="net10.0">{dependencies}</group></dependencies></metadata></package>
            """));
        Write(zip, $"lib/net10.0/{id}.dll", Compile(id, version, code, references ?? []));
        foreach (var (path, content) in files ?? [])
            Write(zip, path, content);
    }

    public static byte[] Compile(string name, string version, string code, IEnumerable<MetadataReference> references)
    {
        var versionCode = $"[assembly: System.Reflection.AssemblyVersion(\"{version.Split('-')[0]}.0\")]";
        var compilation = CSharpCompilation.Create(name, [CSharpSyntaxTree.ParseText(versionCode), CSharpSyntaxTree.ParseText(code)], [.. PlatformReferences.Load(), .. PlatformReferences.LoadFacades(), .. references],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var stream = new MemoryStream();
        var result = compilation.Emit(stream);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return stream.ToArray();
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static void Write(ZipArchive zip, string path, byte[] content)
    {
        using var entry = zip.CreateEntry(path).Open();
        entry.Write(content);
    }
}
