using System.Globalization;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.Views;

public sealed class PaletteTests
{
    [Theory]
    [InlineData("fg", "bg")]
    [InlineData("fg", "soft")]
    [InlineData("muted", "bg")]
    [InlineData("muted", "soft")]
    [InlineData("warn", "bg")]
    [InlineData("warn", "warnbg")]
    [InlineData("good", "bg")]
    [InlineData("fg", "realbg")]
    [InlineData("fg", "padbg")]
    [InlineData("fg", "padbg2")]
    public void Text_has_a_contrast_of_4_5_to_1_in_both_themes(string text, string background)
    {
        foreach (var theme in new[] { Palette.Light, Palette.Dark })
            Assert.InRange(Contrast(theme[text], theme[background]), 4.5, 21);
    }

    /// <summary>Cells whose colour is mixed by the browser: <c>color-mix(in srgb, mark share, bg)</c>, the shares as the views' styles have them.</summary>
    [Theory]
    [InlineData("fg", "pad", 0.50)]   // logits: loss, entropy, surprise at their fullest
    [InlineData("fg", "real", 0.50)]  // logits: surprise below zero
    [InlineData("fg", "pad", 0.495)]  // tensors: written numbers
    [InlineData("fg", "real", 0.495)]
    public void Text_on_mixed_cells_has_a_contrast_of_4_5_to_1_at_every_level(string text, string mark, double fullest)
    {
        foreach (var theme in new[] { Palette.Light, Palette.Dark })
        {
            for (var level = 0; level <= 10; level++)
                Assert.InRange(Contrast(theme[text], Mix(theme[mark], theme["bg"], fullest * level / 10)), 4.5, 21);
        }
    }

    [Theory]
    [InlineData("fg", "pad", 0.90)]   // tensors: the signs of clipped elements
    [InlineData("fg", "real", 0.90)]
    [InlineData("warn", "pad", 0.0)]  // logits: a pad's dashed outline, on its pale cell
    public void Signs_on_mixed_cells_have_a_contrast_of_3_to_1(string sign, string mark, double share)
    {
        foreach (var theme in new[] { Palette.Light, Palette.Dark })
            Assert.InRange(Contrast(theme[sign], Mix(theme[mark], theme["bg"], share)), 3, 21);
    }

    [Fact]
    public void Curves_have_a_contrast_of_3_to_1_before_and_after_smoothing()
    {
        foreach (var theme in new[] { Palette.Light, Palette.Dark })
        {
            foreach (var colour in Palette.Series)
                Assert.InRange(Contrast(Mix(colour, theme["bg"], Palette.RawOpacity), theme["bg"]), 3, 21);
        }
    }

    [Fact]
    public void The_mixed_shares_are_those_of_the_styles()
    {
        var logits = Samples.Logits().ToHtml();
        Assert.Contains(".l10,", logits);
        Assert.Contains("{--a:50%!important}", logits);
        Assert.DoesNotContain("--a:55%", logits);
        var tensor = Samples.Numbers(4, 5).ToHtml();
        Assert.Contains("--a:90%", tensor);
        Assert.Contains("calc(var(--a)*.55)", tensor);
    }

    private static string Mix(string mark, string background, double share)
    {
        string Part(int at) => ((int)Math.Round(
            int.Parse(mark.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) * share
            + int.Parse(background.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) * (1 - share))).ToString("x2", CultureInfo.InvariantCulture);
        return $"#{Part(1)}{Part(3)}{Part(5)}";
    }

    [Theory]
    [InlineData("real")]
    [InlineData("pad")]
    [InlineData("focus")]
    [InlineData("hatch")]
    public void Marks_have_a_contrast_of_3_to_1_in_both_themes(string mark)
    {
        foreach (var theme in new[] { Palette.Light, Palette.Dark })
            Assert.InRange(Contrast(theme[mark], theme["bg"]), 3, 21);
    }

    [Fact]
    public void Every_line_colour_is_visible_on_both_backgrounds_and_has_a_dash_of_its_own()
    {
        foreach (var colour in Palette.Series)
        {
            Assert.InRange(Contrast(colour, Palette.Light["bg"]), 3, 21);
            Assert.InRange(Contrast(colour, Palette.Dark["bg"]), 3, 21);
        }
        Assert.Equal(Palette.Series.Count, Palette.SvgDashes.Distinct().Count());
        Assert.Equal(Palette.Series.Count, Palette.PlotlyDashes.Distinct().Count());
    }

    /// <summary>WCAG 2.2, relative luminance and contrast ratio.</summary>
    internal static double Contrast(string a, string b)
    {
        var (x, y) = (Luminance(a), Luminance(b));
        return (Math.Max(x, y) + 0.05) / (Math.Min(x, y) + 0.05);
    }

    private static double Luminance(string colour)
    {
        double Part(int at)
        {
            var v = int.Parse(colour.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return v <= 0.04045 ? v / 12.92 : Math.Pow((v + 0.055) / 1.055, 2.4);
        }
        return 0.2126 * Part(1) + 0.7152 * Part(3) + 0.0722 * Part(5);
    }
}
