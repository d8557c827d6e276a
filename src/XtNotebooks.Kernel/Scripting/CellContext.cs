using System.Diagnostics;
using System.Runtime.ExceptionServices;

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

    /// <summary>The time that what cleans up has when the cell is interrupted.</summary>
    public CleanUp CleanUp { get; } = new(session.Options, cancellationToken);

    /// <summary>Whether the compiler, or a restore, works for it now: both look for an interrupt by themselves, but not at every moment.</summary>
    public bool IsCompiling { get; set; }

    /// <summary>Ends the cell with an error, without waiting for its code.</summary>
    public Action<CellError>? Failing { get; set; }

    private readonly Stack<(object Resource, bool IsAwaited)> _resources = new();

    /// <summary>Ends the cell with an error whose exception will be long on its way, or tells it where the cell has ended.</summary>
    /// <param name="error">The error.</param>
    /// <param name="at">Where it happened; null where that is not known.</param>
    public void Fail(Exception error, StackTrace? at = null) => Failing?.Invoke(Session.Describe(error, Request, at));

    /// <summary>Keeps what <c>using var</c> declared at the cell's outermost level.</summary>
    public void DisposeAtEnd(object resource, bool isAwaited = false)
    {
        lock (_resources)
            _resources.Push((resource, isAwaited));
    }

    /// <summary>Disposes of it, the last one first; one that fails does not keep the others, and the last failure counts.</summary>
    public async ValueTask DisposeResourcesAsync()
    {
        ExceptionDispatchInfo? failure = null;
        while (true)
        {
            (object Resource, bool IsAwaited) next;
            lock (_resources)
            {
                if (!_resources.TryPop(out next))
                    break;
            }
            try
            {
                if (next.Resource is IAsyncDisposable asynchronous && (next.IsAwaited || next.Resource is not IDisposable))
                    await asynchronous.DisposeAsync();
                else
                    (next.Resource as IDisposable)?.Dispose();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        }
        failure?.Throw();
    }
}
