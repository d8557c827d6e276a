using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class CodeSessionTests
{
    [Fact]
    public async Task An_extension_block_is_refused_with_what_to_write_instead()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("static class E { extension(string s) { public int Twice => s.Length * 2; } }");
        Assert.Contains("write the method at the top of the cell", error.Message, StringComparison.Ordinal);
        Assert.Equal("6", await notebook.Value("static int Twice(this string s) => s.Length * 2;\n\"abc\".Twice()"));
    }

    [Fact]
    public async Task State_stays_across_cells_and_the_trailing_expression_is_the_value()
    {
        await using var notebook = new Notebook();
        Assert.Null(await notebook.Value("var x = 20; int Twice(int n) => 2 * n;"));
        Assert.Equal("42", await notebook.Value("Twice(x) + 2"));
        Assert.Null(await notebook.Value("x = 1;"));
        Assert.Equal("1", await notebook.Value("x"));
    }

    [Fact]
    public async Task Await_usings_and_aliases_stay()
    {
        await using var notebook = new Notebook();
        await notebook.Value("using System.Globalization;\nusing Ints = System.Collections.Generic.List<int>;");
        Assert.Equal("3", await notebook.Value("await Task.Delay(1); var all = new Ints { 1, 2, 3 }; all.Count.ToString(CultureInfo.InvariantCulture)"));
        Assert.Equal("System.Collections.Generic.List`1[System.Int32]", await notebook.Value("typeof(Ints).ToString()"));
    }

    [Fact]
    public async Task Variables_and_types_can_be_declared_again()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var a = 1; record Point(int X);");
        await notebook.Value("var a = \"text\"; record Point(int X, int Y);");
        Assert.Equal("text", await notebook.Value("a"));
        Assert.Equal("7", await notebook.Value("new Point(3, 4) is var (x, y) ? x + y : 0"));
    }

    [Fact]
    public async Task A_compile_error_shows_the_line_and_a_caret()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("var a = 1;\nvar b = a + missing;");
        Assert.Equal("CompilationError", error.Name);
        Assert.Equal(2, error.Line);
        Assert.Contains("Cell 1, line 2: CS0103", error.Message, StringComparison.Ordinal);
        Assert.Equal("    var b = a + missing;", error.Traceback[1]);
        Assert.Equal("                ^^^^^^^", error.Traceback[2]);
    }

    [Fact]
    public async Task A_cell_that_does_not_compile_changes_nothing()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var kept = 5;");
        await notebook.Error("var kept = \"other\"; nonsense");
        Assert.Equal("5", await notebook.Value("kept"));
    }

    [Fact]
    public async Task A_runtime_error_names_cell_line_and_the_readers_frames_only()
    {
        await using var notebook = new Notebook();
        await notebook.Value("int Fails(int n)\n{\n    return 10 / n;\n}");
        var error = await notebook.Error("var before = 3;\nFails(0);");
        Assert.Equal("System.DivideByZeroException", error.Name);
        Assert.Equal(2, error.Line);
        Assert.Collection(
            error.Traceback,
            line => Assert.StartsWith("System.DivideByZeroException: ", line, StringComparison.Ordinal),
            line => Assert.EndsWith("Fails(Int32 n) in Cell 1, line 3", line, StringComparison.Ordinal),
            line => Assert.Equal("      return 10 / n;", line),
            line => Assert.EndsWith("the cell in Cell 2, line 2", line, StringComparison.Ordinal),
            line => Assert.Equal("      Fails(0);", line));
        Assert.Equal("3", await notebook.Value("before"));
    }

    [Fact]
    public async Task Code_that_is_not_counted_does_not_pass_for_the_cell_before_it()
    {
        await using var notebook = new Notebook();
        await notebook.Value("int Fails(int n)\n{\n    return 10 / n;\n}");
        var uncounted = new CellRequest("Fails(0)", 1, IsCounted: false);
        var error = (await notebook.Session.RunAsync(uncounted, new RecordedOutput(), TestContext.Current.CancellationToken)).Error!;
        Assert.Contains("      return 10 / n;", error.Traceback);
        Assert.EndsWith("Uncounted code, line 1", error.Traceback[^2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task HTML_of_nothing_is_an_error_with_its_line()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("HTML(null)");
        Assert.Equal(("System.ArgumentException", 1), (error.Name, error.Line));
    }

    [Fact]
    public async Task Console_output_goes_to_the_cell_in_order_with_displays()
    {
        await using var notebook = new Notebook();
        await notebook.Value("Console.WriteLine(\"one\"); Console.Error.WriteLine(\"two\"); display(3); await Task.Run(() => Console.WriteLine(\"four\"));");
        Assert.Equal(["Stdout:one", "Stderr:two", "Display:3", "Stdout:four"], notebook.Output.Order);
    }

    [Theory]
    [InlineData("display(3)")]
    [InlineData("3.Display()")]
    [InlineData("var shown = display(3);\nshown")]
    public async Task A_display_at_the_end_of_a_cell_is_shown_once(string code)
    {
        await using var notebook = new Notebook();
        Assert.Null(await notebook.Value(code));
        Assert.Equal(["Display:3"], notebook.Output.Order);
        Assert.Matches("^display [0-9a-f]+$", await notebook.Value("IDisplayHandle earlier = display(4);") ?? await notebook.Value("earlier"));
    }

    [Fact]
    public async Task Reading_all_of_the_input_asks_once()
    {
        await using var notebook = new Notebook();
        foreach (var code in (string[])["Console.In.ReadToEnd()", "await Console.In.ReadToEndAsync()", "Console.In.Read(new char[10], 0, 10).ToString()"])
        {
            var output = new RecordedOutput();
            output.Answers.Enqueue("typed");
            output.Answers.Enqueue("never asked for");
            var result = await notebook.Run(code, output: output, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(code.StartsWith("Console.In.Read(", StringComparison.Ordinal) ? "6" : "typed\n", result.Value?.Data["text/plain"]);
            Assert.Single(output.Answers);
        }
    }

    [Theory]
    [InlineData("Task.FromResult(3)", "")]
    [InlineData("class Box { public int Held; }", "")]
    [InlineData("class Box { int held; public int Read() => held; }", "CS0649")]
    [InlineData("Task.Delay(0);\n3", "CS4014")]
    public async Task Only_warnings_that_hold_of_a_cell_are_told(string code, string warning)
    {
        await using var notebook = new Notebook();
        await notebook.Value(code);
        if (warning.Length == 0)
            Assert.Empty(notebook.Output.Stderr);
        else
            Assert.Contains(warning, notebook.Output.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_display_can_be_replaced_after_its_cell_has_ended()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var shown = display(\"first\");");
        var first = notebook.Output;
        await notebook.Value("shown.Update(\"second\");");
        // The update is told by the cell that makes it, and names the output by its id.
        Assert.Equal(first.Displays[0].Id, notebook.Output.Updates[0].Id);
        Assert.Equal("second", notebook.Output.Updates[0].Bundle.Data["text/plain"]);
    }

    [Fact]
    public async Task Console_ReadLine_and_input_ask_the_front_end()
    {
        await using var notebook = new Notebook();
        var output = new RecordedOutput();
        output.Answers.Enqueue("Ada");
        output.Answers.Enqueue("Lovelace");
        var result = await notebook.Run("Console.ReadLine() + \" \" + input(\"Name?\")", cancellationToken: TestContext.Current.CancellationToken, output: output);
        Assert.Equal("Ada Lovelace", result.Value!.Data["text/plain"]);
        var error = await notebook.Error("input()");
        Assert.Contains("nobody can answer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_warning_is_shown_once()
    {
        await using var notebook = new Notebook();
        await notebook.Value("void F() { int unused = 1; }");
        Assert.Equal(1, notebook.Output.Stderr.Split("CS0219").Length - 1);
        Assert.Contains("Cell 1, line 1: warning CS0219", notebook.Output.Stderr, StringComparison.Ordinal);
        await notebook.Value("void F() { int unused = 1; }");
        Assert.Equal("", notebook.Output.Stderr);
    }

    [Fact]
    public async Task A_cell_beside_sees_what_a_running_cell_has_set_so_far()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var go = new TaskCompletionSource(); var begun = new TaskCompletionSource();");
        var running = notebook.Run("var loss = 0.5; begun.SetResult(); await go.Task; loss = 0.25;", cancellationToken: TestContext.Current.CancellationToken);
        await notebook.Run("await begun.Task;", cancellationToken: TestContext.Current.CancellationToken, beside: true, output: new RecordedOutput());
        var look = await notebook.Run("loss", cancellationToken: TestContext.Current.CancellationToken, beside: true, output: new RecordedOutput());
        Assert.Equal("0.5", look.Value!.Data["text/plain"]);
        await notebook.Run("go.SetResult();", cancellationToken: TestContext.Current.CancellationToken, beside: true, output: new RecordedOutput());
        Assert.Equal(CellStatus.Ok, (await running).Status);
        Assert.Equal("0.25", await notebook.Value("loss"));
    }

    [Theory]
    [InlineData("unsafe { int x = 5; int* p = &x; *p = 7; Console.Write(*p); }", "7")]
    [InlineData("#nullable enable\nstring? maybe = null;\n#nullable disable\nConsole.Write(maybe?.Length ?? -1);", "-1")]
    [InlineData("T Largest<T>(params T[] all) where T : IComparable<T> => all.Max()!; Console.Write(Largest(3, 9, 4));", "9")]
    [InlineData("record struct Pair<T>(T First, T Second) { public Pair<T> Swap() => new(Second, First); } Console.Write(new Pair<int>(1, 2).Swap().First);", "2")]
    [InlineData("class Box { public string Text { get; set => field = value.Trim(); } = \"\"; } Console.Write(new Box { Text = \" a \" }.Text);", "a")]
    [InlineData("static int Words(this string text) => text.Split(' ').Length; Console.Write(\"a b c\".Words());", "3")]
    [InlineData("int[] numbers = [1, .. new[] { 2, 3 }]; if (numbers is [1, .. var rest]) Console.Write(rest.Length);", "2")]
    [InlineData("interface IShape { double Area { get; } } class Square(double side) : IShape { public double Area => side * side; } IShape s = new Square(3); Console.Write(s.Area);", "9")]
    [InlineData("using var file = new StringReader(\"x\"); Console.Write(file.ReadToEnd());", "x")]
    [InlineData("dynamic d = new System.Dynamic.ExpandoObject(); d.A = 5; Console.Write(d.A);", "5")]
    public async Task The_language_is_all_there(string code, string expected)
    {
        await using var notebook = new Notebook();
        await notebook.Value(code);
        Assert.Equal(expected, notebook.Output.Stdout);
    }

    [Fact]
    public async Task A_call_that_takes_a_token_can_be_given_the_cells()
    {
        await using var notebook = new Notebook();
        Assert.Equal("true", await notebook.Value("interrupt.CanBeCanceled && !interrupt.IsCancellationRequested"));
    }

    [Fact]
    public async Task Extension_code_can_declare_variables_that_the_next_cell_uses()
    {
        await using var notebook = new Notebook();
        notebook.Session.Notebook.SetVariable("history", new List<(int, double?[])> { (1, [0.5]) }, typeof(List<(int, double?[])>));
        Assert.Equal("0.5", await notebook.Value("history[0].Item2[0]"));
        Assert.True(notebook.Session.Notebook.TryGetVariable("history", out var variable));
        Assert.Equal(typeof(List<(int, double?[])>), variable.Type);
        Assert.Contains("is no C# name", Assert.Throws<ArgumentException>(() => notebook.Session.Notebook.SetVariable("1st", 1, typeof(int))).Message, StringComparison.Ordinal);
        Assert.Contains("not public", Assert.Throws<ArgumentException>(() => notebook.Session.Notebook.SetVariable("a", null, typeof(Notebook))).Message, StringComparison.Ordinal);
        Assert.Contains("is not a int", Assert.Throws<ArgumentException>(() => notebook.Session.Notebook.SetVariable("a", "x", typeof(int))).Message, StringComparison.Ordinal);
    }
}
