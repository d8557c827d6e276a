namespace XtNotebooks.Kernel.Threads;

/// <summary>Lets the thread pool grow at once, not by two threads a second, while the kernel itself waits for work that it has queued there behind
/// a cell's: the compiler, completion and restore cannot do without the pool.</summary>
internal sealed class PoolRelief : IDisposable
{
    private const int MostThreads = 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);
    private static readonly Lock Gate = new();

    private readonly ITimer timer;
    private readonly (int Workers, int Completions) before;
    private long ended;

    private PoolRelief(TimeProvider time)
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        before = (workers, completions);
        ended = ThreadPool.CompletedWorkItemCount;
        timer = time.CreateTimer(_ => Grow(), null, Patience, Patience);
    }

    /// <summary>Begins to watch; null, and nothing to do, where nothing waits for the pool and it has not grown.</summary>
    public static PoolRelief? IfNeeded(TimeProvider time)
    {
        ThreadPool.GetMinThreads(out var workers, out _);
        return ThreadPool.PendingWorkItemCount > 0 || ThreadPool.ThreadCount >= workers ? new PoolRelief(time) : null;
    }

    public void Dispose()
    {
        timer.Dispose();
        lock (Gate)
            ThreadPool.SetMinThreads(before.Workers, before.Completions);
    }

    private void Grow()
    {
        var waiting = ThreadPool.PendingWorkItemCount;
        var earlier = Interlocked.Exchange(ref ended, ThreadPool.CompletedWorkItemCount);
        // A pool that gets on with its work needs no help.
        if (waiting == 0 || ended - earlier >= waiting)
            return;
        lock (Gate)
        {
            ThreadPool.GetMinThreads(out var workers, out var completions);
            var wanted = (int)Math.Min(MostThreads, ThreadPool.ThreadCount + waiting);
            if (wanted > workers)
                ThreadPool.SetMinThreads(wanted, completions);
        }
    }
}
