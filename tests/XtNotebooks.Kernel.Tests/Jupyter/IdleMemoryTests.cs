using XtNotebooks.Kernel.Jupyter;

namespace XtNotebooks.Kernel.Tests.Jupyter;

public sealed class IdleMemoryTests : IDisposable
{
    private readonly ManualTime time = new();
    private readonly SemaphoreSlim trimmed = new(0);

    public void Dispose() => trimmed.Dispose();

    [Fact]
    public async Task Memory_is_given_back_once_after_a_long_cell_when_nothing_runs()
    {
        var memory = new IdleMemory(time, () => trimmed.Release());
        Run(memory, IdleMemory.LongCell);
        time.Advance(IdleMemory.Idle);
        Assert.True(await trimmed.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Run(memory, TimeSpan.Zero);
        time.Advance(IdleMemory.Idle * 10);
        Assert.False(await trimmed.WaitAsync(50, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Not_after_short_cells_and_not_while_one_runs()
    {
        var memory = new IdleMemory(time, () => trimmed.Release());
        Run(memory, IdleMemory.LongCell / 2);
        time.Advance(IdleMemory.Idle * 2);
        Run(memory, IdleMemory.LongCell);
        using (memory.Begin())
        {
            time.Advance(IdleMemory.Idle * 2);
            Assert.False(await trimmed.WaitAsync(50, TestContext.Current.CancellationToken));
        }
        time.Advance(IdleMemory.Idle);
        Assert.True(await trimmed.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    private void Run(IdleMemory memory, TimeSpan length)
    {
        using (memory.Begin())
            time.Advance(length);
    }
}
