namespace XtNotebooks.Extensibility.Tests;

public class MimeBundleTests
{
    [Fact]
    public void A_bundle_without_representations_is_refused_with_what_to_give()
    {
        var error = Assert.Throws<ArgumentException>(() => new MimeBundle(new Dictionary<string, string>()));
        Assert.Contains("text/plain", error.Message);
    }

    [Fact]
    public void A_representation_that_is_null_is_named()
    {
        var error = Assert.Throws<ArgumentException>(() => MimeBundle.Html(null!, "1"));
        Assert.Contains("'text/html' is null", error.Message);
    }

    [Fact]
    public void Html_keeps_the_text_that_stands_for_it()
    {
        var bundle = MimeBundle.Html("<b>1</b>", "1");
        Assert.Equal("1", bundle.Data["text/plain"]);
        Assert.Equal("<b>1</b>", bundle.Data["text/html"]);
    }
}
