namespace XtNotebooks.Kernel.Threads;

/// <summary>Runs asynchronous code on one thread: what follows an await comes back to that thread, never to the thread pool, which a cell
/// may have filled.</summary>
internal sealed class ThreadContext : SynchronizationContext
{
    private readonly object gate = new();
    private readonly Queue<(SendOrPostCallback Callback, object? State)> work = new();

    /// <summary>Runs the body to its end on the calling thread.</summary>
    public void Run(Func<Task> body)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            var ended = false;
            var task = Body();
            while (!ended)
            {
                var (callback, state) = Take();
                callback(state);
            }
            task.GetAwaiter().GetResult();

            async Task Body()
            {
                try
                {
                    await body();
                }
                finally
                {
                    ended = true;
                }
            }
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        // A cell's thread posts its cell's end, also with an interrupt of its waits on the way.
        UninterruptedLock.Enter(gate);
        try
        {
            work.Enqueue((d, state));
            Monitor.Pulse(gate);
        }
        finally
        {
            Monitor.Exit(gate);
        }
    }

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("What runs here is asynchronous; nothing waits for it.");

    public override SynchronizationContext CreateCopy() => this;

    private (SendOrPostCallback Callback, object? State) Take()
    {
        lock (gate)
        {
            while (work.Count == 0)
                Monitor.Wait(gate);
            return work.Dequeue();
        }
    }
}
