using Microsoft.CodeAnalysis;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

/// <summary>Cells that declare nothing do not lengthen the chain; a reader must not notice.</summary>
public sealed class PassingCellTests
{
    [Theory]
    [InlineData("1 + 1")]
    [InlineData("foreach (var i in new[] { 1, 2 }) Console.Write(i);")]
    [InlineData("await Task.Delay(1); { var inner = 1; Console.Write(inner); }")]
    [InlineData("Enumerable.Range(0, 3).Select(i => i * 2).Sum()")]
    public void A_cell_that_declares_nothing_passes(string code) => Assert.True(Passes(code));

    [Theory]
    [InlineData("var x = 1;")]
    [InlineData("int.TryParse(\"1\", out var parsed)")]
    [InlineData("(1, 2) is var (a, b)")]
    [InlineData("var (left, right) = (1, 2);")]
    [InlineData("int Twice(int n) => 2 * n;")]
    [InlineData("record Point(int X);")]
    [InlineData("int Property => 1;")]
    [InlineData("using System.Numerics;")]
    [InlineData("using static System.Math; Max(1, 2)")]
    [InlineData("object o = new { A = 1 };")]
    [InlineData("Console.Write(new { A = 1 });")]
    public void A_cell_that_later_cells_can_refer_to_stays(string code) => Assert.False(Passes(code));

    [Fact]
    public async Task Declarations_are_seen_across_cells_that_pass()
    {
        await using var notebook = new Notebook();
        await notebook.Value("using System.Numerics; var x = 1; record Point(int X);");
        for (var i = 0; i < 5; i++)
            Assert.Equal((1 + i).ToString(System.Globalization.CultureInfo.InvariantCulture), await notebook.Value($"x + {i}"));
        await notebook.Value("x += 10;");
        await notebook.Value("var y = x + 1;");
        Assert.Equal("23", await notebook.Value("x + y"));
        await notebook.Value("string x = \"again\";");
        Assert.Equal("again12", await notebook.Value("x + y"));
        Assert.Equal("7", await notebook.Value("(new Point(3).X + BigInteger.Parse(\"4\")).ToString()"));
    }

    [Fact]
    public async Task A_cell_that_still_runs_does_not_take_the_place_of_one_that_declares()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var gate = new TaskCompletionSource(); var seen = 0;");
        var waiting = notebook.Run("await gate.Task; seen = 1;", beside: true, cancellationToken: TestContext.Current.CancellationToken);
        await notebook.Value("var later = 5;");
        await notebook.Value("_ = Task.Run(async () => { await gate.Task; seen += later; });");
        await notebook.Value("var last = 7;");
        await notebook.Value("gate.SetResult();");
        Assert.Equal(CellStatus.Ok, (await waiting).Status);
        Assert.Equal("12", await notebook.Value("later + last"));
        Assert.Equal("true", await notebook.Value("SpinWait.SpinUntil(() => seen is 1 or 6, 5000)"));
    }

    [Fact]
    public async Task An_anonymous_type_is_the_same_one_in_every_cell()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var kept = new List<object>();");
        await notebook.Value("kept.Add(new { A = 1 });");
        await notebook.Value("1 + 1");
        Assert.Equal("true", await notebook.Value("kept.Contains(new { A = 1 })"));
    }

    [Fact]
    public async Task An_error_in_a_cell_that_passes_names_its_line()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var zero = 0;");
        await notebook.Value("1 + 1");
        var error = await notebook.Error("Console.Write(1);\nConsole.Write(1 / zero);");
        Assert.Equal(2, error.Line);
        Assert.Contains("Cell 3, line 2", string.Join('\n', error.Traceback), StringComparison.Ordinal);
        var compilation = await notebook.Error("\nzero + missing");
        Assert.Equal(2, compilation.Line);
        Assert.Equal("0", await notebook.Value("zero"));
    }

    [Fact]
    public async Task A_warning_in_a_cell_that_passes_is_shown_with_its_line()
    {
        await using var notebook = new Notebook();
        await notebook.Value("[Obsolete(\"too old\")] int Old() => 1;");
        await notebook.Value("\nOld()");
        Assert.Contains("Cell 2, line 2: warning CS0618", notebook.Output.Stderr, StringComparison.Ordinal);
    }

    private static bool Passes(string code)
    {
        var chain = new SubmissionChain(new NotebookLoadContext(), new ScriptSources("."));
        Append("0");
        var end = chain.Last;
        Append(code);
        return chain.Last == end;

        void Append(string text)
        {
            var (submission, diagnostics) = chain.Append(chain.Compile(SubmissionChain.Parse(text, "Cell", default)), default);
            Assert.True(submission is not null, string.Join('\n', diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)));
        }
    }
}
