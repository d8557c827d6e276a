using System.Text;
using XtNotebooks.Kernel.Crashes;

namespace XtNotebooks.Kernel.Tests.Crashes;

public sealed class ShortenedTracesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1 << 14)]
    public void A_stack_that_overflowed_leaves_little_in_the_log(int piece)
    {
        var trace = new StringBuilder("before\nStack overflow.\n");
        for (var i = 0; i < 30_000; i++)
            trace.Append(i % 100 == 99 ? "------\nRepeated 2 times:\n------\n" : "").Append($"   at Function{i}()\n");
        var log = Pass(trace + "after\n   at the door", piece);
        Assert.StartsWith("before\nStack overflow.\n   at Function0()\n   at Function1()\n", log, StringComparison.Ordinal);
        Assert.EndsWith("()\n   … and 30,700 more lines of this trace\nafter\n   at the door", log, StringComparison.Ordinal);
        Assert.Equal(200, log.Split('\n').Count(line => line.StartsWith("   at F", StringComparison.Ordinal) || line.StartsWith('-') || line.StartsWith('R')));
    }

    [Fact]
    public void A_trace_of_long_lines_is_cut_sooner()
    {
        var line = "   at " + new string('x', 5_000) + "\n";
        var log = Pass(string.Concat(Enumerable.Repeat(line, 1_000)), 1 << 14);
        Assert.Equal(string.Concat(Enumerable.Repeat(line, 14)) + "   … and 986 more lines of this trace\n", log);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("\n\n   a\n   at\n   at \nR\nRepeat\n-----")]
    [InlineData("a warning: ü 😀\n   at A()\nanother\n   at B()\n")]
    public void Everything_else_passes_as_it_is(string text) => Assert.Equal(text, Pass(text, 1));

    [Fact]
    public void What_does_not_begin_like_a_trace_does_not_wait_for_the_end_of_its_line()
    {
        var traces = new ShortenedTraces();
        Assert.Equal("Name? ", Encoding.UTF8.GetString(traces.Pass("Name? "u8)));
        Assert.Equal("Ada\n", Encoding.UTF8.GetString(traces.Pass("Ada\n  "u8)));
        Assert.Equal("  x", Encoding.UTF8.GetString(traces.Pass("x"u8)));
    }

    private static string Pass(string text, int piece)
    {
        var traces = new ShortenedTraces();
        var log = new MemoryStream();
        foreach (var part in Encoding.UTF8.GetBytes(text).Chunk(piece))
            log.Write(traces.Pass(part));
        log.Write(traces.End());
        return Encoding.UTF8.GetString(log.ToArray());
    }
}
