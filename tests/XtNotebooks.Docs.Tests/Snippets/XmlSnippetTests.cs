using System.Xml.Linq;

namespace XtNotebooks.Docs.Tests.Snippets;

/// <summary>What the pages show of project files.</summary>
public sealed class XmlSnippetTests
{
    [Fact]
    public void Every_block_is_XML()
    {
        Assert.NotEmpty(Snippet.All("xml"));
        foreach (var snippet in Snippet.All("xml"))
            Assert.NotEmpty(XElement.Parse($"<page>{snippet.Code}</page>").Elements());
    }

    [Fact]
    public void A_block_of_references_names_one_backend() =>
        Assert.All(Snippet.All("xml"), snippet => Assert.InRange(XElement.Parse($"<page>{snippet.Code}</page>").Descendants("PackageReference")
            .Count(reference => (string?)reference.Attribute("Include") is { } id && (id.StartsWith("libtorch", StringComparison.Ordinal)
                || id.StartsWith("TorchSharp-", StringComparison.Ordinal))), 0, 1));
}
