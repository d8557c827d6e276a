namespace XtNotebooks.Kernel.Threads;

/// <summary>Lets the thread pool grow at once, not by two threads a second, while the kernel itself waits for work that it has queued there
/// behind a cell's: the compiler, completion and restore cannot do without the pool.</summary>
/// <remarks>Several may be at work at the same time, in subshells; the last one puts the pool's limits back.</remarks>
internal sealed class PoolRelief : IDisposable
{
    private const int MostThreads = 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);
    private static readonly Lock Gate = new();
    private static int atWork;
    private static Limits? before;
    private static Limits? raised;

    private readonly ITimer timer;
    private long ended;
    private bool disposed;

    private PoolRelief(TimeProvider time)
    {
        lock (Gate)
            atWork++;
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
        {
            if (disposed)
                return;
            disposed = true;
            if (--atWork > 0 || before is not { } limits)
                return;
            // What a cell has set meanwhile is its own matter.
            if (Limits.Now() == raised)
                limits.Set();
            before = raised = null;
        }
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
            // The timer may have fired already when it was disposed of.
            if (disposed)
                return;
            var limits = Limits.Now();
            var wanted = (int)Math.Min(MostThreads, ThreadPool.ThreadCount + waiting);
            if (wanted <= limits.Workers)
                return;
            before ??= limits;
            (limits with { Workers = wanted, MostWorkers = Math.Max(wanted, limits.MostWorkers) }).Set();
            raised = Limits.Now();
        }
    }

    /// <summary>How many threads the pool starts without hesitation, and at most; a cell may have set both.</summary>
    private sealed record Limits(int Workers, int Completions, int MostWorkers, int MostCompletions)
    {
        public static Limits Now()
        {
            ThreadPool.GetMinThreads(out var workers, out var completions);
            ThreadPool.GetMaxThreads(out var mostWorkers, out var mostCompletions);
            return new Limits(workers, completions, mostWorkers, mostCompletions);
        }

        public void Set()
        {
            // Neither call takes a minimum above the maximum, so one of the two orders works.
            if (!ThreadPool.SetMaxThreads(MostWorkers, MostCompletions))
            {
                ThreadPool.SetMinThreads(Workers, Completions);
                ThreadPool.SetMaxThreads(MostWorkers, MostCompletions);
            }
            ThreadPool.SetMinThreads(Workers, Completions);
        }
    }
}
