using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Tests.Threads;

public sealed class OwnThreadTimeTests : IDisposable
{
    private readonly StringWriter log = new();
    private readonly OwnThreadTime time;
    private readonly SemaphoreSlim fired = new(0);

    public OwnThreadTimeTests() => time = new OwnThreadTime(log);

    public void Dispose() => fired.Dispose();

    [Fact]
    public void What_a_timer_calls_may_fail_and_the_others_go_on()
    {
        using var failing = time.CreateTimer(_ => throw new InvalidOperationException("not today"), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(5));
        using var timer = time.CreateTimer(_ => fired.Release(), null, TimeSpan.FromMilliseconds(20), Timeout.InfiniteTimeSpan);
        fired.Wait(TestContext.Current.CancellationToken);
        Assert.Contains("not today", log.ToString());
    }

    [Fact]
    public void Cancellation_by_time_whose_receiver_fails_does_not_stop_the_clock()
    {
        using var cancellation = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var registered = cancellation.Token.Register(() => throw new InvalidOperationException("refused"));
        cancellation.CancelAfter(TimeSpan.FromMilliseconds(5));
        using var timer = time.CreateTimer(_ => fired.Release(), null, TimeSpan.FromMilliseconds(30), Timeout.InfiniteTimeSpan);
        fired.Wait(TestContext.Current.CancellationToken);
        Assert.True(cancellation.IsCancellationRequested);
    }

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
