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

    [Theory]
    [InlineData("real")]
    [InlineData("pad")]
    [InlineData("focus")]
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
