using System.Globalization;

namespace XtNotebooks.Kernel.Tests.Scripting;

/// <summary>An exception that passes thousands of asynchronous functions does not take a line of each along: every function would copy
/// them all.</summary>
public sealed class LongTraceTests
{
    [Theory]
    [InlineData("async Task<int> F() => await F() + 1;", "await F();")]
    [InlineData("async Task<int> F() { await Task.Yield(); return await F() + 1; }", "await F();")]
    [InlineData("async ValueTask<int> F() { await Task.Yield(); return await F() + 1; }", "await F();")]
    [InlineData("Func<Task> f = null; f = async () => await f();", "await f();")]
    [InlineData("Func<Task> f = null; f = async delegate { await Task.Yield(); await f(); };", "await f();")]
    [InlineData("class Loop { public async Task<int> F() { await Task.Yield(); return await F() + 1; } }", "await new Loop().F();")]
    [InlineData("async IAsyncEnumerable<int> G() { await foreach (var n in G()) yield return n; }", "await foreach (var n in G()) { }")]
    public async Task The_stack_trace_of_endless_asynchronous_recursion_stays_short(string declared, string code)
    {
        await using var notebook = new Notebook();
        await notebook.Value(declared);
        var lines = await notebook.Value($$"""
            var lines = 0;
            try { {{code}} } catch (InsufficientExecutionStackException tooDeep) { lines = tooDeep.StackTrace.Split('\n').Length; }
            lines
            """);
        Assert.InRange(int.Parse(lines!, CultureInfo.InvariantCulture), 1, 300);
    }

    [Fact]
    public async Task It_still_names_the_functions_that_call_one_another_and_the_cell_s_line()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("""
            async Task Tick() { await Task.Yield(); await Tock(); }
            async Task Tock() => await Tick();

            await Tick();
            """);
        Assert.StartsWith("More than 2,000 calls of asynchronous functions wait for one another", error.Message, StringComparison.Ordinal);
        Assert.Contains(error.Traceback, line => line.Contains("at Tick(…) in Cell 1, line 1", StringComparison.Ordinal));
        Assert.Contains(error.Traceback, line => line.Contains("at Tock(…) in Cell 1, line 2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_passes_few_functions_keeps_every_line()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("""
            async Task Outer(int n) { await Task.Yield(); if (n > 0) await Outer(n - 1); else Inner(); }
            void Inner() => throw new InsufficientExecutionStackException("here");
            await Outer(5);
            """);
        Assert.Equal((2, "here"), (error.Line, error.Message));
        Assert.Equal(6, error.Traceback.Count(line => line.Contains("at Outer(…)", StringComparison.Ordinal)));
    }
}
