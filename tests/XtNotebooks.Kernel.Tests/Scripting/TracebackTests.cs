namespace XtNotebooks.Kernel.Tests.Scripting;

/// <summary>Functions are called by their names also where the compiler makes a class of them.</summary>
public sealed class TracebackTests
{
    [Theory]
    [InlineData("async Task Late() { await Task.Yield(); throw new Exception(); }\nawait Late();", "Late(…)")]
    [InlineData("{ async Task Inner() { await Task.Yield(); throw new Exception(); }\nawait Inner(); }", "Inner(…)")]
    [InlineData("IEnumerable<int> Items() { yield return 1; throw new Exception(); }\nItems().Count()", "Items(…)")]
    [InlineData("async IAsyncEnumerable<int> Stream() { await Task.Yield(); yield return 1; throw new Exception(); }\nawait foreach (var i in Stream()) { }", "Stream(…)")]
    [InlineData("class Work { public async Task Run<T>() { await Task.Yield(); throw new Exception(); } }\nawait new Work().Run<int>();", "Work.Run(…)")]
    [InlineData("class Own { public void MoveNext() { throw new Exception(); } }\nnew Own().MoveNext();", "Own.MoveNext()")]
    [InlineData("Func<Task> late = async () => { await Task.Yield(); throw new Exception(); };\nawait late();", "lambda")]
    public async Task A_traceback_names_the_function(string code, string name)
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error(code);
        var frames = error.Traceback.Where(line => line.StartsWith("   at ", StringComparison.Ordinal)).Distinct().ToList();
        Assert.Equal([$"   at {name} in Cell 1, line 1", "   at the cell in Cell 1, line 2"], frames);
    }
}
