using System.Diagnostics;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class FirstFramesTests
{
    [Fact]
    public void Of_a_deep_exception_only_the_frames_next_to_the_throw_are_told_as_the_runtime_tells_them()
    {
        var exception = Assert.Throws<InvalidOperationException>(() => Down(3 * FirstFrames.Most));
        var told = FirstFrames.Of(exception).GetFrames();
        Assert.Equal(FirstFrames.Most, told.Length);
        Assert.Equal(Told(new StackTrace(exception, fNeedFileInfo: true).GetFrames()).Take(told.Length), Told(told));
        Assert.Equal(nameof(Down), told[^1].GetMethod()!.Name);
        Assert.True(told[0].GetFileLineNumber() > 0);
    }

    [Fact]
    public void Of_any_other_exception_all_are()
    {
        var exception = Assert.Throws<InvalidOperationException>(() => Down(20));
        Assert.Equal(Told(new StackTrace(exception, fNeedFileInfo: true).GetFrames()), Told(FirstFrames.Of(exception).GetFrames()));
        Assert.Empty(FirstFrames.Of(new InvalidOperationException("never thrown")).GetFrames());
    }

    [Fact]
    public async Task An_exception_through_very_many_calls_of_a_cell_still_names_its_function_and_line()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("int Deep(int n)\n{\n    if (n == 30_000)\n        throw new Exception(\"down here\");\n    return Deep(n + 1) + 1;\n}\nDeep(0)");
        Assert.Equal(("System.Exception", "down here", 4), (error.Name, error.Message, error.Line));
        Assert.Equal("   at Deep(Int32 n) in Cell 1, line 4", error.Traceback[1]);
    }

    private static int Down(int n) => n == 0 ? throw new InvalidOperationException("deep") : Down(n - 1) + 1;

    private static IEnumerable<string> Told(StackFrame[] frames) =>
        frames.Select(frame => $"{frame.GetMethod()?.Name} {frame.GetFileName()}:{frame.GetFileLineNumber()}");
}
