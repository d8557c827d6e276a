using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Tests.Threads;

public sealed class OwnThreadTimeTests : IDisposable
{
    private readonly OwnThreadTime time = new();
    private readonly SemaphoreSlim fired = new(0);

    public void Dispose() => fired.Dispose();

    [Fact]
    public void A_timer_fires_once_on_no_thread_of_the_pool()
    {
        var pool = true;
        using var timer = time.CreateTimer(_ =>
        {
            pool = Thread.CurrentThread.IsThreadPoolThread;
            fired.Release();
        }, null, TimeSpan.FromMilliseconds(5), Timeout.InfiniteTimeSpan);
        fired.Wait(TestContext.Current.CancellationToken);
        Assert.False(pool);
        Assert.False(fired.Wait(50, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Timers_fire_in_the_order_in_which_they_are_due()
    {
        var order = new List<int>();
        using var late = time.CreateTimer(_ => Add(2), null, TimeSpan.FromMilliseconds(120), Timeout.InfiniteTimeSpan);
        using var early = time.CreateTimer(_ => Add(1), null, TimeSpan.FromMilliseconds(20), Timeout.InfiniteTimeSpan);
        using var never = time.CreateTimer(_ => Add(3), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        using var dropped = time.CreateTimer(_ => Add(4), null, TimeSpan.FromMilliseconds(10), Timeout.InfiniteTimeSpan);
        dropped.Dispose();
        fired.Wait(TestContext.Current.CancellationToken);
        fired.Wait(TestContext.Current.CancellationToken);
        Assert.Equal([1, 2], order);

        void Add(int number)
        {
            order.Add(number);
            fired.Release();
        }
    }

    [Fact]
    public void A_period_repeats_until_the_timer_is_changed()
    {
        using var timer = time.CreateTimer(_ => fired.Release(), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(5));
        for (var i = 0; i < 5; i++)
            fired.Wait(TestContext.Current.CancellationToken);
        timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        while (fired.Wait(100, TestContext.Current.CancellationToken))
        {
            // What fired meanwhile.
        }
        Assert.False(fired.Wait(50, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_delay_ends_by_it()
    {
        await Task.Delay(TimeSpan.FromMilliseconds(5), time, TestContext.Current.CancellationToken);
    }
}
