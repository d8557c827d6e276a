using System.Text;

namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class BadCodeTests
{
    [Fact]
    public async Task Code_of_five_megabytes_is_compiled_or_refused_but_never_fatal()
    {
        await using var notebook = new Notebook();
        Assert.Equal("5000000", await notebook.Value($"\"{new string('x', 5_000_000)}\".Length"));
        var error = await notebook.Error("/*" + new string('x', 5_000_000) + "*/ missing");
        Assert.All(error.Traceback, line => Assert.True(line.Length < 3_000));
    }

    [Theory]
    [InlineData("int x = 5; int x = 6;", "The cell already contains a definition for 'x'")]
    [InlineData("class E { } int e = new E();", "Cannot implicitly convert type 'E' to 'int'")]
    [InlineData("Span<int> s = stackalloc int[4];", "Between braces")]
    [InlineData("Math.PI;", "Without its semicolon")]
    [InlineData("extension(string s) { public int Twice => s.Length * 2; }", "A cell cannot declare an extension block")]
    [InlineData("static class E { public static int Twice(this string s) => s.Length * 2; }", "write the method at the top of the cell")]
    [InlineData("#r \"\"", "#r names nothing")]
    public async Task Errors_are_told_in_the_reader_s_terms(string code, string words)
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error(code);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Submission#", string.Join('\n', error.Traceback), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_NUL_in_code_is_a_compile_error()
    {
        await using var notebook = new Notebook();
        Assert.Equal("CompilationError", (await notebook.Error("var a = 1;\0 a")).Name);
    }

    [Theory]
    [InlineData("(", ")", 20_000)]
    [InlineData("{", "}", 20_000)]
    [InlineData("[", "]", 5_000)]
    [InlineData("-", "", 50_000)]
    [InlineData("- ", "", 50_000)]
    [InlineData("!", "", 20_000)]
    [InlineData("a => ", "", 3_000)]
    [InlineData("true ? 1 : ", "", 10_000)]
    [InlineData("a ?? ", "", 10_000)]
    [InlineData("a = ", "", 10_000)]
    [InlineData("(int)", "", 10_000)]
    [InlineData("if (true) { } else ", "", 2_000)]
    public async Task Code_nested_too_deep_is_an_error(string open, string close, int depth)
    {
        await using var notebook = new Notebook();
        var code = new StringBuilder().Insert(0, open, depth).Append('1').Insert(0, "var x = ").ToString() + string.Concat(Enumerable.Repeat(close, depth)) + ";";
        var error = await notebook.Error(code);
        Assert.NotEmpty(error.Message);
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Theory]
    [InlineData("$\"{", "1", "}\"", 17)]
    [InlineData("$@\"{", "1", "}\"", 60)]
    [InlineData("while (true) ", ";", "", 3_000)]
    [InlineData("if (true) ", ";", "", 600)]
    public async Task Code_that_would_keep_the_compiler_for_minutes_is_refused(string open, string within, string close, int depth)
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("\n" + string.Concat(Enumerable.Repeat(open, depth)) + within + string.Concat(Enumerable.Repeat(close, depth)));
        Assert.Equal("Cell 1, line 2: the code is nested too deep to be compiled; break it into parts.", error.Message);
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Fact]
    public async Task Much_code_side_by_side_is_not_nested()
    {
        await using var notebook = new Notebook();
        Assert.Equal("600", await notebook.Value("var n = 0;\n" + string.Concat(Enumerable.Repeat("if (n >= 0) n++;\n", 600)) + "n"));
        Assert.Equal("600", await notebook.Value(string.Concat(Enumerable.Repeat("_ = $\"{n}\";", 40)) + "$\"{n}\""));
        Assert.Equal("1", await notebook.Value(string.Concat(Enumerable.Repeat("$\"{", 6)) + "1" + string.Concat(Enumerable.Repeat("}\"", 6))));
        Assert.Equal("599", await notebook.Value("var k = 599; var at = -1;\n" + string.Join("\nelse ", Enumerable.Range(0, 600).Select(i => $"if (k == {i}) at = {i};")) + "\nat"));
    }

    [Fact]
    public async Task Half_a_surrogate_pair_and_odd_line_ends_do_no_harm()
    {
        await using var notebook = new Notebook();
        Assert.Equal("1", await notebook.Value("\"\ud800\".Length"));
        Assert.Equal("3", await notebook.Value("var a = 1;\r\nvar b = 2;\r\na + b"));
    }

    [Fact]
    public async Task An_empty_cell_and_one_of_comments_have_no_value()
    {
        await using var notebook = new Notebook();
        Assert.Null(await notebook.Value(""));
        Assert.Null(await notebook.Value("// nothing"));
        Assert.Null(await notebook.Value("\n\n"));
    }

    [Fact]
    public async Task An_exception_whose_message_throws_is_told_all_the_same()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("class Odd : Exception { public override string Message => throw new Exception(); } throw new Odd();");
        Assert.EndsWith("Odd", error.Name, StringComparison.Ordinal);
        Assert.Contains("its Message failed", error.Message, StringComparison.Ordinal);
    }
}
