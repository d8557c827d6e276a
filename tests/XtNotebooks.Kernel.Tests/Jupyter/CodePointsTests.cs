using FsCheck.Xunit;
using XtNotebooks.Kernel.Jupyter.Requests;

namespace XtNotebooks.Kernel.Tests.Jupyter;

public class CodePointsTests
{
    [Theory]
    [InlineData("abc", 2, 2)]
    [InlineData("𝐚b", 1, 2)]
    [InlineData("a𝐚𝐚b", 3, 5)]
    [InlineData("\ud800b", 1, 1)]
    public void A_pair_of_surrogates_counts_once(string text, int codePoints, int utf16)
    {
        Assert.Equal(utf16, CodePoints.ToUtf16(text, codePoints));
        Assert.Equal(codePoints, CodePoints.FromUtf16(text, utf16));
    }

    [Theory]
    [InlineData(-5, 0)]
    [InlineData(99, 3)]
    public void A_position_outside_becomes_the_nearer_end(int given, int position) => Assert.Equal(position, CodePoints.ToUtf16("𝐚b", given));

    [Property]
    public void There_and_back_is_the_same_position(string text, int position)
    {
        text ??= "";
        var codePoints = CodePoints.FromUtf16(text, CodePoints.ToUtf16(text, position));
        Assert.Equal(Math.Clamp(position, 0, CodePoints.FromUtf16(text, text.Length)), codePoints);
    }
}
