namespace XtNotebooks.Kernel.Scripting;

/// <summary>The threads that one cell's code runs on. What follows an await comes back to them, so that every wait of the cell's own code
/// can be interrupted; a continuation never waits for a blocked thread, it gets another one.</summary>
internal sealed class CellThreads(CellContext cell) : SynchronizationContext
{
    /// <summary>Deep enough for honest recursion; pages cost memory only when used.</summary>
    private const int StackSize = 16 << 20;

    private readonly object _gate = new();
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _work = new();
    private readonly HashSet<Thread> _busy = [];
    private int _idle;
    private bool _ended;

    /// <summary>Runs the body on the first thread.</summary>
    public Task<T> Run<T>(Func<Task<T>> body)
    {
        // What awaits the cell goes on where it was, not on the pool, which the cell may have filled.
        var done = new TaskCompletionSource<T>();
        Post(_ => _ = Complete(), null);
        return done.Task;

        async Task Complete()
        {
            try
            {
                done.TrySetResult(await body());
            }
            catch (Exception exception)
            {
                done.TrySetException(exception);
            }
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_gate)
        {
            _work.Enqueue((d, state));
            if (_idle >= _work.Count)
            {
                Monitor.Pulse(_gate);
                return;
            }
        }
        new Thread(Work, StackSize) { IsBackground = true, Name = "Cell" }.Start();
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Wakes every thread of the cell that waits: sleeps, locks, blocking waits for tasks.</summary>
    public void InterruptWaits()
    {
        lock (_gate)
        {
            foreach (var thread in _busy)
            {
                if ((thread.ThreadState & ThreadState.WaitSleepJoin) != 0)
                    thread.Interrupt();
            }
        }
    }

    /// <summary>Lets idle threads go; background work of the cell still gets one when it needs it.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Work()
    {
        SetSynchronizationContext(this);
        while (true)
        {
            while (Take() is { } item)
                Execute(item.Callback, item.State);
            if (!Uninterrupted(WaitForWork))
                return;
        }
    }

    /// <returns>False when the cell has ended and nothing is left to do.</returns>
    private bool WaitForWork()
    {
        lock (_gate)
        {
            while (_work.Count == 0)
            {
                if (_ended)
                    return false;
                _idle++;
                try
                {
                    Monitor.Wait(_gate);
                }
                finally
                {
                    _idle--;
                }
            }
            return true;
        }
    }

    private (SendOrPostCallback Callback, object? State)? Take() => Uninterrupted<(SendOrPostCallback, object?)?>(() =>
    {
        lock (_gate)
        {
            if (!_work.TryDequeue(out var item))
                return null;
            _busy.Add(Thread.CurrentThread);
            return item;
        }
    });

    private void Execute(SendOrPostCallback callback, object? state)
    {
        try
        {
            callback(state);
        }
        catch (Exception exception)
        {
            // An async void method of the cell: in its own words on stderr instead of the end of the process.
            CellErrors.ReportUnhandled(exception, cell);
        }
        finally
        {
            Uninterrupted(() =>
            {
                lock (_gate)
                    return _busy.Remove(Thread.CurrentThread);
            });
        }
    }

    /// <summary>An interrupt that comes when the cell's own code has just ended is not for the bookkeeping here: waits for locks begin anew.</summary>
    private static T Uninterrupted<T>(Func<T> step)
    {
        while (true)
        {
            try
            {
                return step();
            }
            catch (ThreadInterruptedException)
            {
            }
        }
    }
}
