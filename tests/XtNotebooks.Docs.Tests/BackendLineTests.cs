using System.Text.RegularExpressions;
using System.Xml.Linq;
using Markdig;
using Markdig.Syntax;

namespace XtNotebooks.Docs.Tests;

/// <summary>The lines by which a reader chooses what to compute on: what README shows first, and of the versions that were tested.</summary>
public sealed partial class BackendLineTests
{
    public static TheoryData<string> Places =>
    [
        .. Repository.Pages.Concat(Directory.GetFiles(Path.Combine(Repository.Root, "notebooks"), "*.ipynb").Select(file => Path.GetRelativePath(Repository.Root, file)))
            .Where(place => Backend().IsMatch(Repository.Read(place))),
    ];

    [Fact]
    public void The_first_thing_README_shows_are_the_lines_for_the_CPU_and_for_a_GPU()
    {
        var blocks = Markdown.Parse(Repository.Read("README.md"));
        Assert.IsType<HeadingBlock>(blocks[0]);
        var lines = Assert.IsType<FencedCodeBlock>(blocks[1]).Lines.ToString().Split('\n');
        Assert.StartsWith("#r \"nuget: libtorch-cpu-linux-x64, ", lines[0], StringComparison.Ordinal);
        Assert.Contains("#r \"nuget: TorchSharp-cuda-linux, ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("#r \"nuget: XtNotebooks\"", lines[2], StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_backend_is_named_in_the_version_that_is_tested(string place)
    {
        var tested = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(package => (string)package.Attribute("Include")!, package => (string)package.Attribute("Version")!);
        Assert.All(Backend().Matches(Repository.Read(place)), match =>
            Assert.Equal(tested[match.Groups["libtorch"].Success ? "libtorch-cpu-linux-x64" : "TorchSharp"], match.Groups["version"].Value));
    }

    [GeneratedRegex(@"(?:(?<libtorch>libtorch-cpu-linux-x64)|TorchSharp-(?:cpu|cuda-linux|cuda-windows))(?:, |\\?"" Version=\\?"")(?<version>\d+(?:\.\d+)+)")]
    private static partial Regex Backend();
}
