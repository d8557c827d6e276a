using System.Collections.Concurrent;
using System.Diagnostics;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Jupyter.Shells;

/// <summary>A queue of requests and the thread that handles them one after the other: the main shell, a subshell, or control.</summary>
/// <remarks>The thread is its own, and what follows an await comes back to it, so that a cell that fills the thread pool stops neither
/// interrupts nor subshells nor its own end.</remarks>
internal sealed class Shell : IDisposable
{
    private readonly BlockingCollection<(long Number, IncomingMessage Message)> queue = [];
    private readonly Func<Shell, IncomingMessage, CancellationToken, Task> handle;
    private readonly Lock gate = new();
    /// <summary>Interrupts this close together are one: a reader clicks twice, a terminal and a client each pass it on.</summary>
    private static readonly TimeSpan SameInterrupt = TimeSpan.FromSeconds(0.5);

    private CancellationTokenSource? current;
    private CancellationTokenSource? atOnce;
    private long interrupted;
    private MessageHeader? currentHeader;
    private long begun;
    private long lastNumber;
    private long abortedUpTo;
    private long currentNumber;

    /// <param name="id">The subshell's id; null for the main shell.</param>
    /// <param name="name">The thread's name.</param>
    /// <param name="handle">Handles one request; must not throw.</param>
    public Shell(string? id, string name, Func<Shell, IncomingMessage, CancellationToken, Task> handle)
    {
        Id = id;
        this.handle = handle;
        new Thread(Work) { Name = name, IsBackground = true }.UnsafeStart();
    }

    public string? Id { get; }

    /// <summary>Whether the request being handled was queued when an earlier one failed with <c>stop_on_error</c>.</summary>
    public bool IsAborted => Volatile.Read(ref currentNumber) <= Volatile.Read(ref abortedUpTo);

    /// <summary>Is cancelled when the request being handled is interrupted once more.</summary>
    public CancellationToken AtOnce
    {
        get
        {
            lock (gate)
                return atOnce?.Token ?? default;
        }
    }

    /// <summary>Adds a request; false after <see cref="Dispose"/>.</summary>
    public bool TryAdd(IncomingMessage message)
    {
        lock (gate)
        {
            if (queue.IsAddingCompleted)
                return false;
            queue.Add((++lastNumber, message));
            return true;
        }
    }

    /// <summary>Marks what waits now as aborted.</summary>
    public void AbortQueued()
    {
        lock (gate)
            Volatile.Write(ref abortedUpTo, lastNumber);
    }

    /// <summary>Cancels the request being handled.</summary>
    /// <param name="by">The message that asks for it. A client that sends it again and again, impatiently, means the cell that ran then:
    /// what the client sent after it is spared.</param>
    public void Interrupt(MessageHeader? by = null)
    {
        CancellationTokenSource? running;
        lock (gate)
        {
            running = by is not null && currentHeader is { } header && by.IsKnownBefore(header) && IsJustBegun() ? null : current;
            if (running is { IsCancellationRequested: false })
                interrupted = Stopwatch.GetTimestamp();
            else if (running is not null)
                running = Stopwatch.GetElapsedTime(interrupted) < SameInterrupt ? null : atOnce;
        }
        try
        {
            running?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended.
        }
        catch (AggregateException)
        {
            // What was registered for the cancellation failed; the others have been called.
        }
    }

    /// <summary>Ends the shell after the request being handled, which is cancelled; the rest is aborted.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            queue.CompleteAdding();
            Volatile.Write(ref abortedUpTo, lastNumber);
        }
        Interrupt();
    }

    // A client whose clock was set back must not lose its stop button: only what may still have been on its way is ignored.
    private bool IsJustBegun() => Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(3);

    private void Work()
    {
        var context = new ThreadContext();
        foreach (var (number, message) in queue.GetConsumingEnumerable())
        {
            using var cancellation = new CancellationTokenSource();
            using var insisting = new CancellationTokenSource();
            Volatile.Write(ref currentNumber, number);
            lock (gate)
                (current, atOnce, currentHeader, begun) = (cancellation, insisting, message.Header, Stopwatch.GetTimestamp());
            context.Run(() => handle(this, message, cancellation.Token));
            lock (gate)
                (current, atOnce) = (null, null);
        }
    }
}
