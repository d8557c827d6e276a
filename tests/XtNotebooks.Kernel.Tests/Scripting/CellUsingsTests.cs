namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class CellUsingsTests
{
    private const string Held = """
        class Held(string name, Action<string> ended) : IDisposable, IAsyncDisposable
        {
            public void Dispose() { ended(name); if (name.EndsWith('!')) throw new InvalidOperationException(name); }
            public ValueTask DisposeAsync() { ended(name + " later"); return default; }
        }
        var ends = new List<string>();
        """;

    [Theory]
    [InlineData("class H { }\nusing var a = new Held(\"a\", ends.Add);", "a")]
    [InlineData("void F() { }\nusing var a = new Held(\"a\", ends.Add);", "a")]
    [InlineData("void F() { using var b = new Held(\"b\", ends.Add); }\nusing var a = new Held(\"a\", ends.Add);\nF();", "b, a")]
    [InlineData("if (ends.Count == 0) { }\nawait using var a = new Held(\"a\", ends.Add); using var b = new Held(\"b\", ends.Add);", "b, a later")]
    [InlineData("using Held? a = new(\"a\", ends.Add), none = null;", "a")]
    [InlineData("record R(int N);\nawait using Held a = new(\"a\", ends.Add);", "a later")]
    public async Task What_using_declares_is_disposed_of_when_the_cell_ends(string code, string ended)
    {
        await using var notebook = new Notebook();
        await notebook.Value(Held);
        Assert.Equal("0", await notebook.Value(code + "\nends.Count(end => end.StartsWith('a'))"));
        Assert.Equal(ended, await notebook.Value("string.Join(\", \", ends)"));
    }

    [Fact]
    public async Task What_using_declares_outside_all_braces_lives_until_the_cells_end()
    {
        await using var notebook = new Notebook();
        await notebook.Value("class Noisy(string name) : IDisposable { public override string ToString() => name; public void Dispose() => Console.WriteLine(\"end \" + name); }");
        Assert.Equal("b", await notebook.Value("using var a = new Noisy(\"a\");\nusing Noisy b = new Noisy(\"b\");\n{ using var inner = new Noisy(\"inner\"); }\nConsole.WriteLine(\"work\");\nb"));
        Assert.Equal(["Stdout:end inner", "Stdout:work", "Stdout:end b", "Stdout:end a"], notebook.Output.Order);
        var error = await notebook.Error("using var c = new Noisy(\"c\"); throw new Exception(\"x\");");
        Assert.Equal("System.Exception", error.Name);
        Assert.Equal("end c\n", notebook.Output.Stdout);
        await notebook.Value("using Sb = System.Text.StringBuilder;\nvar text = \"using var x = 1;\"; new Sb()");
        Assert.Contains("CS0103", (await notebook.Error("using var d = missing;")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_whose_Dispose_fails_does_not_keep_the_others()
    {
        await using var notebook = new Notebook();
        await notebook.Value(Held);
        var error = await notebook.Error("using var a = new Held(\"a\", ends.Add); using var b = new Held(\"b!\", ends.Add); using var c = new Held(\"c\", ends.Add);");
        Assert.Equal("b!", error.Message);
        Assert.Equal("c, b!, a", await notebook.Value("string.Join(\", \", ends)"));
    }
}
