using System.Xml;
using System.Xml.Linq;

namespace XtNotebooks.Kernel.Packages;

/// <summary>The NuGet.config files that apply to a folder and the local feeds they name, found without loading NuGet. They only decide
/// whether a remembered restore still holds; NuGet itself reads them when it restores.</summary>
internal sealed record NuGetConfigFiles(IReadOnlyList<string> Files, IReadOnlyList<string> LocalFeeds)
{
    private static readonly string[] Names = ["NuGet.Config", "NuGet.config", "nuget.config"];

    public static NuGetConfigFiles Find(string directory)
    {
        var files = new List<string>();
        for (var current = new DirectoryInfo(Path.GetFullPath(directory)); current is not null; current = current.Parent)
            files.AddRange(Names.Select(name => Path.Combine(current.FullName, name)).Where(File.Exists).Distinct());
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        files.AddRange(Existing(Path.Combine(home, ".nuget", "NuGet")));
        files.AddRange(Existing(Path.Combine(home, ".nuget", "config")));
        files.AddRange(Existing(Path.Combine(home, ".config", "NuGet")));
        return new NuGetConfigFiles(files, [.. files.SelectMany(LocalFeedsOf).Distinct()]);
    }

    private static IEnumerable<string> Existing(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.?onfig").Order(StringComparer.Ordinal) : [];

    private static List<string> LocalFeedsOf(string file)
    {
        try
        {
            return [.. XDocument.Load(file).Descendants("packageSources").Elements("add")
                .Select(source => (string?)source.Attribute("value"))
                .Where(source => source is not null && !source.Contains("://", StringComparison.Ordinal))
                .Select(source => Path.GetFullPath(source!, Path.GetDirectoryName(file)!))];
        }
        catch (Exception exception) when (exception is XmlException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            // NuGet will say what is wrong with it.
            return [];
        }
    }
}
