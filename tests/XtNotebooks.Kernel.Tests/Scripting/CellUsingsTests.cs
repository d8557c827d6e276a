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
        Assert.Equal("0", await notebook.Value(code + "\nends.Count - ends.Count"));
        Assert.Equal(ended, await notebook.Value("string.Join(\", \", ends)"));
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
