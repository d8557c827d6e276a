using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class StraightCodeTests
{
    [Theory]
    [InlineData("1 + 1")]
    [InlineData("var x = new List<int> { 1 }; x.Count")]
    [InlineData("using System.Numerics; if (DateTime.Now.Year > 2000) { Console.Write(1); } else { await Task.Delay(1); }")]
    [InlineData("var name = 3 switch { 1 => \"one\", _ => \"many\" };")]
    public void Code_of_which_every_line_runs_at_most_once_is_straight(string code) => Assert.True(IsStraight(code));

    [Theory]
    [InlineData("foreach (var i in new[] { 1 }) Console.Write(i);")]
    [InlineData("foreach (var (a, b) in new[] { (1, 2) }) Console.Write(a);")]
    [InlineData("for (var i = 0; i < 2; i++) { }")]
    [InlineData("while (false) { }")]
    [InlineData("do { } while (false);")]
    [InlineData("again: if (DateTime.Now.Year < 2000) goto again;")]
    [InlineData("Func<int, int> twice = n => 2 * n;")]
    [InlineData("Action act = delegate { };")]
    [InlineData("var q = from i in new[] { 1 } select i;")]
    [InlineData("int Twice(int n) => 2 * n;")]
    [InlineData("{ int Twice(int n) => 2 * n; Console.Write(Twice(1)); }")]
    [InlineData("int Property => 1;")]
    [InlineData("class Box { public int Width { get; set; } }")]
    [InlineData("record Point(int X);")]
    [InlineData("#load \"other.csx\"")]
    public void Code_that_may_run_often_is_not(string code) => Assert.False(IsStraight(code));

    [Fact]
    public async Task Loops_of_cells_are_optimized_and_straight_cells_are_not()
    {
        await using var notebook = new Notebook();
        const string Optimized = "(System.Reflection.MethodBase.GetCurrentMethod()!.Module.Assembly.GetCustomAttributes(typeof(System.Diagnostics.DebuggableAttribute), false)"
            + ".OfType<System.Diagnostics.DebuggableAttribute>().Single().IsJITOptimizerDisabled)";
        Assert.Equal("true", await notebook.Value(Optimized));
        Assert.Equal("false", await notebook.Value($"foreach (var i in new[] {{ 1 }}) {{ }} {Optimized}"));
    }

    [Fact]
    public async Task Straight_and_other_cells_continue_one_another()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var x = 1;");
        await notebook.Value("int Twice(int n) => 2 * n;");
        await notebook.Value("x = Twice(x); { var inner = x; await Task.Delay(1); x += inner; }");
        Assert.Equal("4", await notebook.Value("x"));
        Assert.Equal("8", await notebook.Value("var y = Twice(x); y"));
        var error = await notebook.Error("Console.Write(x);\nConsole.Write(x / (y - 8));");
        Assert.Equal(2, error.Line);
    }

    [Theory]
    [InlineData("unsafe { int n = 3; int* p = &n; Console.Write(*p); }", "3")]
    [InlineData("unsafe int Read(int n) { int* p = &n; return *p; }\nConsole.Write(Read(4));", "4")]
    [InlineData("[System.Runtime.CompilerServices.SkipLocalsInit] int One() => 1;\nConsole.Write(One());", "1")]
    [InlineData("using unsafe Pointer = int*;\nConsole.Write(typeof(Pointer).Name);", "Int32*")]
    public async Task Unsafe_code_is_allowed_before_and_after_code_that_has_none(string code, string written)
    {
        await using var notebook = new Notebook();
        await notebook.Value("var x = 1;");
        await notebook.Value(code);
        Assert.Equal(written, notebook.Output.Stdout);
        Assert.Equal("1", await notebook.Value("x"));
    }

    private static bool IsStraight(string code) => StraightCode.Is(SubmissionChain.Parse(code, "Cell", default), default);
}
