using System.Diagnostics;
using ThreadState = System.Threading.ThreadState;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>The threads that one cell's code runs on. What follows an await comes back to them, so that every wait of the cell's own code
/// can be interrupted; a continuation never waits for a blocked thread, it gets another one.</summary>
internal sealed class CellThreads(CellContext cell) : SynchronizationContext
{
    /// <summary>What a program's main thread has on Linux; an exception takes a third of a second to go through more of it.</summary>
    private const int StackSize = (8 << 20) + StackRoom.Reserve;

    /// <summary>As many threads at work, not waiting, as may be without looking whether another one would be of use.</summary>
    private static readonly int MostAtWork = 2 * Environment.ProcessorCount + 2;

    /// <summary>How often the next thread looks whether those at work have come to wait.</summary>
    private static readonly TimeSpan Looks = TimeSpan.FromMilliseconds(1);

    /// <summary>After so long without a step those at work count as waiting: what native code waits for is not seen.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private readonly object _gate = new();
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _work = new();
    private readonly HashSet<Thread> _busy = [];
    private int _threads;
    private int _idle;
    private long _taken;
    private bool _isNextComing;
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
        EnterGate();
        try
        {
            _work.Enqueue((d, state));
            if (_idle >= _work.Count)
                Monitor.Pulse(_gate);
            else
                StartNext();
        }
        finally
        {
            Monitor.Exit(_gate);
        }
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

    /// <summary>One thread at a time is on its way: hundreds of thousands of continuations may come at once, when a cell is interrupted.</summary>
    private void StartNext()
    {
        if (_isNextComing)
            return;
        try
        {
            new Thread(Work, StackSize) { IsBackground = true, Name = "Cell" }.Start();
            _threads++;
            _isNextComing = true;
        }
        catch (OutOfMemoryException) when (_threads > 0)
        {
            // No more to be had: those there are do the work, if late.
        }
    }

    private void Work()
    {
        SetSynchronizationContext(this);
        StackRoom.Begin(StackSize);
        Uninterrupted(WaitUntilOfUse);
        while (true)
        {
            while (Take() is { } item)
                Execute(item.Callback, item.State);
            if (!Uninterrupted(WaitForWork))
                return;
        }
    }

    /// <summary>Waits while enough others are at work, and none of them waits for what is still to do.</summary>
    private bool WaitUntilOfUse()
    {
        lock (_gate)
        {
            var (taken, since) = (_taken, Stopwatch.GetTimestamp());
            while (_work.Count > 0 && _busy.Count(thread => (thread.ThreadState & ThreadState.WaitSleepJoin) == 0) >= MostAtWork)
            {
                if (taken != _taken)
                    (taken, since) = (_taken, Stopwatch.GetTimestamp());
                else if (Stopwatch.GetElapsedTime(since) > Patience)
                    break;
                // It may be this one that was woken in the place of an idle one.
                Monitor.Pulse(_gate);
                Monitor.Wait(_gate, Looks);
            }
            _isNextComing = false;
            return true;
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
                {
                    _threads--;
                    return false;
                }
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
            _taken++;
            if (_work.Count > _idle)
                StartNext();
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

    /// <summary>An interrupt of the cell's waits must not lose what follows an await.</summary>
    private void EnterGate()
    {
        while (true)
        {
            try
            {
                Monitor.Enter(_gate);
                return;
            }
            catch (ThreadInterruptedException)
            {
            }
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
