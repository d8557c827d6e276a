using System.Diagnostics;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>The cell that the current code belongs to; flows to threads and tasks that the cell starts, and stays with them after its end.</summary>
internal sealed class CellContext(CodeSession session, CellRequest request, ICellOutput output, CancellationToken cancellationToken)
{
    private static readonly AsyncLocal<CellContext?> Ambient = new();

    public static CellContext? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>The cell that began last, for what cannot be traced to any.</summary>
    public static CellContext? Latest { get; set; }

    public CodeSession Session { get; } = session;
    public CellRequest Request { get; } = request;
    public ICellOutput Output { get; } = output;
    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>What its code has been given of the reader's lines and not read yet.</summary>
    public string ReadAhead { get; set; } = "";

    /// <summary>The line, from 1, of the magic that runs now.</summary>
    public int MagicLine { get; set; }

    /// <summary>How long the magic that runs now may go on after an interrupt, to finish what it does; null for no longer than other code.</summary>
    public TimeSpan? StopsWithin { get; set; }

    /// <summary>Whether its code must go on although it is interrupted: what a magic calls in its last step belongs to the step.</summary>
    public bool MayFinish => StopsWithin is not null && !Request.AtOnce.IsCancellationRequested;

    /// <summary>How long code of an interrupted cell that cleans up may go on; by then the cell is not left behind yet.</summary>
    private TimeSpan CleanUp => TimeSpan.FromMilliseconds(Math.Min(450, Session.Options.AbandonAfter.TotalMilliseconds / 2));

    private int _cleaning;
    private long _cleanUpBegan;

    /// <summary>Whether it was interrupted and cleans up: a <c>finally</c> block or a <c>Dispose</c> may do what it is there for.</summary>
    public bool IsCleaning => Volatile.Read(ref _cleaning) > 0 && CleanUpLeft > TimeSpan.Zero;

    /// <summary>What ends a wait of its code.</summary>
    public CancellationToken WaitToken => Volatile.Read(ref _cleaning) > 0 && CleanUpLeft is var left && left > TimeSpan.Zero
        ? new CancellationTokenSource(left, Session.Options.TimeProvider).Token
        : CancellationToken;

    private TimeSpan CleanUpLeft => CleanUp - Session.Options.TimeProvider.GetElapsedTime(Volatile.Read(ref _cleanUpBegan));

    /// <summary>Code that cleans up begins.</summary>
    public void BeginCleaning()
    {
        if (!CancellationToken.IsCancellationRequested)
            return;
        // One time for all of it: loops whose handlers swallow the interrupt must not get it again and again.
        Interlocked.CompareExchange(ref _cleanUpBegan, Math.Max(1, Session.Options.TimeProvider.GetTimestamp()), 0);
        Interlocked.Increment(ref _cleaning);
    }

    /// <summary>Code that cleans up has ended; what an exception ends does not say so.</summary>
    public void EndCleaning()
    {
        if (Volatile.Read(ref _cleaning) > 0)
            Interlocked.Decrement(ref _cleaning);
    }

    /// <summary>Whether the compiler, or a restore, works for it now: both look for an interrupt by themselves, but not at every moment.</summary>
    public bool IsCompiling { get; set; }

    /// <summary>Ends the cell with an error, without waiting for its code.</summary>
    public Action<CellError>? Failing { get; set; }

    private readonly Stack<object> _resources = new();

    /// <summary>Ends the cell with an error whose exception will be long on its way, or tells it where the cell has ended.</summary>
    /// <param name="error">The error.</param>
    /// <param name="at">Where it happened; null where that is not known.</param>
    public void Fail(Exception error, StackTrace? at = null) => Failing?.Invoke(Session.Describe(error, Request, at));

    /// <summary>Keeps what <c>using var</c> declared at the cell's outermost level.</summary>
    public void DisposeAtEnd(object resource)
    {
        lock (_resources)
            _resources.Push(resource);
    }

    /// <summary>Disposes of it, the last one first.</summary>
    public async ValueTask DisposeResourcesAsync()
    {
        while (true)
        {
            object? resource;
            lock (_resources)
            {
                if (!_resources.TryPop(out resource))
                    return;
            }
            if (resource is IAsyncDisposable asynchronous and not IDisposable)
                await asynchronous.DisposeAsync();
            else
                (resource as IDisposable)?.Dispose();
        }
    }
}
