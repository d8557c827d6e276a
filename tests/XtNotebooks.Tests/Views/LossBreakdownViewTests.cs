using XtNotebooks.Extensibility;
using XtNotebooks.Losses;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.Views;

public sealed class LossBreakdownViewTests
{
    [Theory]
    [InlineData(-100, "defaults")]
    [InlineData(0, "ignored")]
    public void Looks_as_expected(long ignoreIndex, string name)
    {
        var view = new LossBreakdownView(Samples.Breakdown(ignoreIndex)) { Title = "First names" };
        Snapshot.Matches(view.ToHtml(), $"loss-breakdown-{name}.html");
        Snapshot.Matches(view.ToText(), $"loss-breakdown-{name}.txt");
        SafeHtml.Check(view.ToHtml());
    }

    [Fact]
    public void The_sentence_comes_first_then_the_cure_then_the_numbers()
    {
        var breakdown = Samples.Breakdown();
        var text = SafeHtml.WithoutScripts(new LossBreakdownView(breakdown).ToHtml());
        Assert.StartsWith(breakdown.Summary, text.Trim(), StringComparison.Ordinal);
        var cure = text.IndexOf(breakdown.Fix!, StringComparison.Ordinal);
        var table = text.IndexOf("share of the mean", StringComparison.Ordinal);
        Assert.True(cure > 0 && table > cure);
        Assert.Contains("needs another forward", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_breakdown_is_shown_by_its_view_in_every_host()
    {
        var source = typeof(LossBreakdown).GetCustomAttributesData().Single(a => a.AttributeType.Name == nameof(TypeFormatterSourceAttribute));
        Assert.Equal(typeof(LossBreakdownFormatterSource), source.ConstructorArguments[0].Value);
        var breakdown = Samples.Breakdown();
        using var html = new StringWriter();
        var formatters = new LossBreakdownFormatterSource().CreateTypeFormatters().Cast<ViewFormatter>().ToList();
        Assert.True(formatters.Single(f => f.MimeType == "text/html").Format(breakdown, html));
        Assert.Equal(new LossBreakdownView(breakdown).ToHtml(), html.ToString());
        Assert.False(formatters.Single(f => f.MimeType == PlotlyMime.Type).Format(breakdown, html));
        Assert.False(formatters[0].Format("another value", html));
    }

    [Fact]
    public void A_batch_without_anything_to_learn_says_so_and_draws_no_bar()
    {
        var breakdown = Samples.Breakdown() with
        {
            Reported = null,
            Real = new(LossPartKind.Real, 0, 0, null, 0),
            Pads = new(LossPartKind.Pad, 0, 0, null, 0),
            Ignored = new(LossPartKind.Ignored, 35, 0, 1.2, 0),
            Summary = "Nothing to learn from.",
        };
        var html = new LossBreakdownView(breakdown).ToHtml();
        Assert.DoesNotContain("class=\"bars\"", html, StringComparison.Ordinal);
        Assert.Contains("nothing to learn from", html, StringComparison.Ordinal);
        SafeHtml.Check(html);
    }

    [Fact]
    public void Names_of_token_classes_cannot_break_out_of_the_page()
    {
        var breakdown = Samples.Breakdown() with
        {
            Summary = SafeHtml.Attack,
            Fix = SafeHtml.Attack,
            ByTokenClass = [new(SafeHtml.Attack, 1, 1, 0.5), new(SafeHtml.Attack, 1, double.NaN, 0.5)],
            Counterfactuals = [new(SafeHtml.Attack, SafeHtml.Attack, 1, 1, false, SafeHtml.Attack)],
        };
        SafeHtml.Check(new LossBreakdownView(breakdown) { Title = SafeHtml.Attack }.ToHtml());
    }

    [Fact]
    public void A_breakdown_over_1024_positions_and_200_classes_stays_under_200_kB()
    {
        var breakdown = Samples.Breakdown() with
        {
            ByPosition = [.. Enumerable.Range(0, 1024).Select(i => new LossAtPosition(i, 3, 2 + Math.Sin(i), 1, 0.1))],
            ByTokenClass = [.. Enumerable.Range(0, 200).Select(i => new LossOfClass($"class {i}", 5, 1, 0.005))],
        };
        var html = new LossBreakdownView(breakdown).ToHtml();
        SafeHtml.Check(html);
        Assert.Contains("188 smaller classes are left out.", html, StringComparison.Ordinal);
    }
}
