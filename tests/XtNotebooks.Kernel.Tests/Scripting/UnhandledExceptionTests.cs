using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

[Collection(nameof(LatestCell))]
public sealed class UnhandledExceptionTests
{
    [Fact]
    public async Task An_exception_of_an_async_void_method_is_told_by_its_cell()
    {
        await using var notebook = new Notebook();
        await notebook.Value("async void Fail() { await Task.Delay(1); throw new InvalidOperationException(\"lost\"); }\nFail();");
        while (!notebook.Output.Stderr.Contains("Unhandled in the background: System.InvalidOperationException: lost", StringComparison.Ordinal))
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Fact]
    public async Task An_exception_in_work_without_its_cell_s_context_is_told_by_the_cell_that_ran_last()
    {
        await using var notebook = new Notebook();
        await notebook.Value("ThreadPool.UnsafeQueueUserWorkItem(_ => throw new InvalidOperationException(\"without context\"), null);");
        for (var i = 0; i < 200 && !notebook.Output.Stderr.Contains("without context", StringComparison.Ordinal); i++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Contains("Unhandled in the background: System.InvalidOperationException: without context", notebook.Output.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_on_a_thread_of_its_own_is_told_and_survived()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var thread = new Thread(() => throw new InvalidOperationException(\"lost\")); thread.Start(); thread.Join();");
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }
}

/// <summary>Tests that need to know which cell the process ran last: no other cell begins beside them.</summary>
[CollectionDefinition(nameof(LatestCell), DisableParallelization = true)]
public sealed class LatestCell;
