using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

/// <summary>Asynchronous functions that each start several others without waiting in between: not deep, but endless all the same.</summary>
public sealed class WideRecursionTests
{
    private const string Grow = """
        var running = 0; var most = 0;
        async Task Grow()
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            try { await Task.Yield(); await Task.WhenAll(Grow(), Grow()); }
            finally { Interlocked.Decrement(ref running); }
        }
        """;

    private static Notebook Limited() => new(new CodeSessionOptions { MostAsyncCalls = 20_000 });

    [Theory]
    [InlineData("await Grow();")]
    [InlineData("await Task.Run(Grow);")]
    [InlineData("Grow().Wait();")]
    [InlineData("await Task.WhenAll(Grow(), Grow());")]
    public async Task Calls_that_multiply_without_end_are_an_error_of_the_cell_and_go_away(string code)
    {
        await using var notebook = Limited();
        await notebook.Value(Grow);
        var error = await notebook.Error(code);
        Assert.Equal("System.InsufficientExecutionStackException", error.Name);
        Assert.StartsWith("More than 20,000 calls of asynchronous functions", error.Message, StringComparison.Ordinal);
        Assert.Contains(error.Traceback, line => line.Contains("at Grow(…) in Cell 1", StringComparison.Ordinal));
        Assert.True(error.Traceback.Count < 100);
        // Two roots, at most; and none begins any more.
        Assert.Equal("True, 0", await notebook.Value("""
            for (var i = 0; i < 500 && Volatile.Read(ref running) > 0; i++) await Task.Delay(20);
            $"{most <= 40_100}, {running}"
            """));
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Fact]
    public async Task Those_that_a_cell_has_left_running_are_told_of_by_it()
    {
        await using var notebook = Limited();
        var output = new RecordedOutput();
        await notebook.Value(Grow);
        await notebook.Run("_ = Grow();", output: output, cancellationToken: TestContext.Current.CancellationToken);
        while (!output.Stderr.Contains("More than 20,000 calls of asynchronous functions", StringComparison.Ordinal))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Fact]
    public async Task Many_calls_that_end_or_that_one_function_has_started_are_none()
    {
        await using var notebook = Limited();
        // A tree of 16,383 calls at a time; one of 65,535, one branch after the other; 50,000 calls side by side; 100,000 one after the other.
        Assert.Equal("16383, 65535, 50000, 100000", await notebook.Value("""
            async Task<int> Wide(int depth) { await Task.Yield(); return depth == 0 ? 1 : 1 + (await Task.WhenAll(Wide(depth - 1), Wide(depth - 1))).Sum(); }
            async Task<int> Deep(int depth) { await Task.Yield(); return depth == 0 ? 1 : 1 + await Deep(depth - 1) + await Deep(depth - 1); }
            async Task<int> All(Task open) => (await Task.WhenAll(Enumerable.Range(0, 50_000).Select(_ => One(open)))).Sum();
            async Task<int> One(Task open) { await open; return await Same(1); }
            async Task<int> Same(int n) { await Task.Yield(); return n; }
            async Task<int> Sequence() { var sum = 0; for (var i = 0; i < 100_000; i++) sum += await Same(1); return sum; }
            $"{await Wide(13)}, {await Deep(15)}, {await All(Task.Delay(300))}, {await Sequence()}"
            """));
    }
}
