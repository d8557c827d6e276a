using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>What cleans up in an interrupted cell, its <c>finally</c> blocks and its classes' <c>Dispose</c> and
/// <c>DisposeAsync</c>, may go on for a while: less than until the
/// cell is left behind, and once for all of it, so that loops whose handlers swallow the interrupt do not get it again and again.</summary>
internal sealed class CleanUp(CodeSessionOptions options, CancellationToken interrupt)
{
    private static readonly ManualResetEvent Never = new(false);

    private TimeSpan _longest = options.CleanUpFor < options.AbandonAfter / 2 ? options.CleanUpFor : options.AbandonAfter / 2;
    private readonly Lock _gate = new();
    private int _depth;
    private long? _began;

    /// <summary>Whether it goes on now: nothing of the cell is stopped meanwhile.</summary>
    public bool GoesOn => Left > TimeSpan.Zero;

    /// <summary>What ends a wait of the cell's code.</summary>
    public CancellationToken WaitToken => Left is var left && left > TimeSpan.Zero ? new CancellationTokenSource(left, options.TimeProvider).Token : interrupt;

    /// <summary>Whether its time is over.</summary>
    public bool IsOver
    {
        get
        {
            using (_gate.EnterUninterrupted())
                return _began is { } at && options.TimeProvider.GetElapsedTime(at) >= _longest;
        }
    }

    private TimeSpan Left
    {
        get
        {
            if (Volatile.Read(ref _depth) == 0)
                return TimeSpan.Zero;
            using (_gate.EnterUninterrupted())
                return _depth > 0 && _began is { } at ? _longest - options.TimeProvider.GetElapsedTime(at) : TimeSpan.Zero;
        }
    }

    /// <summary>Its time begins with the interrupt; a deep stack takes much of it to unwind.</summary>
    public void Start()
    {
        using (_gate.EnterUninterrupted())
        {
            if (_began is not null)
                return;
            _began = options.TimeProvider.GetTimestamp();
            if (StackRoom.IsDeep)
                _longest /= 3;
        }
    }

    /// <summary>Such code begins.</summary>
    public void Begin()
    {
        if (!interrupt.IsCancellationRequested)
            return;
        using (_gate.EnterUninterrupted())
        {
            Start();
            _depth++;
        }
        try
        {
            // The thread may have been woken from a wait of the runtime's own on its way here: its next wait would pay for it.
            Never.WaitOne(0);
        }
        catch (ThreadInterruptedException)
        {
        }
    }

    /// <summary>It has ended; what an exception ends does not say so.</summary>
    public void End()
    {
        using (_gate.EnterUninterrupted())
            _depth = Math.Max(0, _depth - 1);
    }

    /// <summary>Does it unless such code goes on, which does not begin meanwhile.</summary>
    public void UnlessItGoesOn(Action action)
    {
        using (_gate.EnterUninterrupted())
        {
            if (!GoesOn)
                action();
        }
    }
}
