using System.IO.Compression;
using System.Xml.Linq;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Notebooks;

/// <summary>What building the kernel leaves in the repository's own feed, for <c>#r "nuget: XtNotebooks"</c>.</summary>
public class LocalPackagesTests
{
    [Theory]
    [InlineData("XtNotebooks", "XtNotebooks.Extensibility", "XtNotebooks.Transformers")]
    [InlineData("XtNotebooks.Transformers", "TorchSharp")]
    [InlineData("XtNotebooks.Extensibility")]
    public void Each_package_lies_in_the_local_feed_and_names_what_it_needs(string id, params string[] needed)
    {
        using var package = ZipFile.OpenRead(Package(id));
        using var stream = package.GetEntry($"{id}.nuspec")!.Open();
        var dependencies = XDocument.Load(stream).Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => (string?)element.Attribute("id")).ToList();
        Assert.All(needed, dependency => Assert.Contains(dependency, dependencies));
        Assert.DoesNotContain(dependencies, dependency => dependency!.StartsWith("libtorch", StringComparison.OrdinalIgnoreCase));
        Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.dll"));
        Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.xml"));
    }

    [Fact]
    public void The_package_brings_the_script_that_dotnet_interactive_runs()
    {
        using var package = ZipFile.OpenRead(Package("XtNotebooks"));
        using var script = new StreamReader(package.GetEntry("interactive-extensions/dotnet/extension.dib")!.Open());
        Assert.StartsWith("#!csharp", script.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_package_has_the_very_assembly_that_was_built()
    {
        using var package = ZipFile.OpenRead(Package("XtNotebooks.Extensibility"));
        using var packed = package.GetEntry("lib/net10.0/XtNotebooks.Extensibility.dll")!.Open();
        using var copy = new MemoryStream();
        packed.CopyTo(copy);
        // Debug or Release, whichever was built last.
        var built = Directory.GetDirectories(Path.Combine(Feed(), "..", "..", "src", "XtNotebooks.Extensibility", "bin"))
            .Select(configuration => Path.Combine(configuration, "net10.0", "XtNotebooks.Extensibility.dll")).Where(File.Exists);
        Assert.Contains(built, file => File.ReadAllBytes(file).AsSpan().SequenceEqual(copy.ToArray()));
    }

    /// <summary>The package of the version that was built: of earlier ones, theirs may still lie there.</summary>
    private static string Package(string id)
    {
        var version = typeof(CodeSession).Assembly.GetName().Version!;
        return Path.Combine(Feed(), $"{id}.{version.Major}.{version.Minor}.{version.Build}.nupkg");
    }

    private static string Feed()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "XtNotebooks.sln")))
                return Path.Combine(folder.FullName, "artifacts", "packages");
        }
        throw new DirectoryNotFoundException("The tests run outside the repository.");
    }
}
