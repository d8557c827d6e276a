using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Tests.Threads;

public sealed class ThreadContextTests
{
    [Fact]
    public void What_follows_an_await_comes_back_to_the_thread()
    {
        var before = Environment.CurrentManagedThreadId;
        var after = new List<int>();
        new ThreadContext().Run(async () =>
        {
            await Task.Run(() => Thread.Sleep(5), TestContext.Current.CancellationToken);
            after.Add(Environment.CurrentManagedThreadId);
            await Task.Yield();
            after.Add(Environment.CurrentManagedThreadId);
        });
        Assert.Equal([before, before], after);
    }

    [Fact]
    public void A_thread_whose_waits_are_to_be_broken_posts_all_the_same()
    {
        var context = new ThreadContext();
        var gate = typeof(ThreadContext).GetField("gate", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!.GetValue(context)!;
        Exception? failure = null;
        var posting = new Thread(() =>
        {
            Thread.CurrentThread.Interrupt();
            failure = Record.Exception(() => context.Post(_ => { }, null));
        });
        lock (gate)
        {
            posting.Start();
            posting.Join(200);
        }
        posting.Join();
        Assert.Null(failure);
    }

    [Fact]
    public void An_exception_comes_out_and_the_context_before_is_back()
    {
        var context = new ThreadContext();
        var before = SynchronizationContext.Current;
        Assert.Throws<InvalidOperationException>(() => context.Run(async () =>
        {
            await Task.Yield();
            throw new InvalidOperationException();
        }));
        Assert.Same(before, SynchronizationContext.Current);
        context.Run(() => Task.CompletedTask);
    }
}
