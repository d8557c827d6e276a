namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class AwaitedParenthesesTests
{
    [Theory]
    [InlineData("await (t)", "abc")]
    [InlineData("await(t)", "abc")]
    [InlineData("await (Task.Delay(1))", null)]
    [InlineData("await (Task.Delay(1));", null)]
    [InlineData("// first\nawait (Task.Delay(1)); // then\nawait (t)", "abc")]
    [InlineData("var x = await (t);\nx + 1", "abc1")]
    [InlineData("string x = await (t), y = x; y", "abc")]
    [InlineData("(await (t)).Length", "3")]
    [InlineData("(await (Task.FromResult(await (t)))).Length", "3")]
    [InlineData("await (await (Task.FromResult(t)))", "abc")]
    [InlineData("await (t).ConfigureAwait(false)", "abc")]
    [InlineData("await (t ?? null)!", "abc")]
    [InlineData("await (all)[0]", "abc")]
    [InlineData("await (all)?[0].WaitAsync(CancellationToken.None)", "abc")]
    [InlineData("$\"{await (t)}d\"", "abcd")]
    [InlineData("Math.Max(1, -await (n))", "1")]
    [InlineData("await (n) + await (n)", "4")]
    [InlineData("var sum = 0; foreach (var c in await (t)) sum += c - 'a' + await (n); sum", "9")]
    [InlineData("if (await (n) > 1) Console.WriteLine(\"more\"); await (n) switch { 2 => \"two\", _ => \"\" }", "two")]
    [InlineData("using var x = await (Task.FromResult(new System.IO.StringReader(\"line\")));\nx.ReadLine()", "line")]
    [InlineData("Func<Task<string>> later = async () => await (t); await (later())", "abc")]
    public async Task A_task_in_parentheses_is_awaited(string code, string? value)
    {
        await using var notebook = new Notebook();
        await notebook.Value("var t = Task.FromResult(\"abc\"); var n = Task.FromResult(2); var all = new[] { t };");
        Assert.Equal(value, await notebook.Value(code));
    }

    [Fact]
    public async Task A_function_of_that_name_is_called()
    {
        await using var notebook = new Notebook();
        Assert.Equal("43", await notebook.Value("int await(int n) => n + 1;\nawait (42)"));
        Assert.Equal("44", await notebook.Value("var x = await (43);\nx"));
    }

    [Fact]
    public async Task Errors_are_told_where_they_are()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("var t = Task.FromResult(1);\n  var x = await  (t)  + missing;");
        Assert.StartsWith("Cell 1, line 2: CS0103: The name 'missing'", error.Message, StringComparison.Ordinal);
        Assert.Equal(["      var x = await  (t)  + missing;", "                            ^^^^^^^"], error.Traceback.Skip(1));
        error = await notebook.Error("1 + 1;\nvar y = await (Task.Delay(1)) + 2;");
        Assert.Contains(error.Traceback, line => line.StartsWith("Cell 2, line 2:", StringComparison.Ordinal));
        error = await notebook.Error("await (5)");
        Assert.StartsWith("Cell 3, line 1: CS1061", error.Message, StringComparison.Ordinal);
        error = await notebook.Error("var z = await (\n    Task.FromResult(1));\nint Zero() => 0;\nvar q = 1 / Zero();");
        Assert.Equal(("System.DivideByZeroException", 4), (error.Name, error.Line!.Value));
        error = await notebook.Error("var later = Task.Delay(1)\n    .ConfigureAwait(false);\nawait Task.Delay(1). // a remark\n    ConfigureAwait(\n    false);\nthrow new Exception(\"here\");");
        Assert.Equal(6, error.Line);
    }
}
