using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Jupyter.Comms;

/// <param name="id">The id that both sides know.</param>
/// <param name="targetName">The name it was opened under.</param>
/// <param name="comms">Where its messages go.</param>
/// <param name="origin">The cell that made it, to which the output of its events belongs.</param>
internal sealed class Comm(string id, string targetName, FrontEndComms comms, CommOrigin origin) : IComm
{
    private int closed;

    public event EventHandler<CommData>? Received;

    public event EventHandler<CommData>? Closed;

    public string Id => id;

    public string TargetName => targetName;

    public bool IsOpen => Volatile.Read(ref closed) == 0;

    public void Send(string json, IReadOnlyList<byte[]>? buffers = null)
    {
        if (!IsOpen)
            throw new InvalidOperationException($"The comm '{targetName}' is closed; open a new one.");
        comms.Publish("comm_msg", id, json, buffers);
    }

    public void Close(string json = "{}")
    {
        // What cannot be said leaves it open: the other side would never learn of its end.
        FrontEndComms.CheckedObject(json);
        if (Interlocked.Exchange(ref closed, 1) == 1)
            return;
        comms.Forget(this);
        comms.Publish("comm_close", id, json, null);
    }

    internal CommOrigin Origin => origin;

    internal void Receive(CommData data) => Run(() => Received?.Invoke(this, data));

    internal void CloseByFrontEnd(CommData data)
    {
        if (Interlocked.Exchange(ref closed, 1) == 0)
            Run(() => Closed?.Invoke(this, data));
    }

    /// <summary>Runs a handler in the context of its cell; the messages it sends still answer the message of the moment, and the interrupt
    /// that stops it is its own.</summary>
    internal void Run(Action action)
    {
        var parent = ParentHeader.Current;
        var running = CellContext.Current;
        if (origin.Context is not { } context)
            action();
        else
            ExecutionContext.Run(context, _ =>
            {
                CellContext.Current = running ?? CellContext.Current;
                using (ParentHeader.Begin(parent))
                    action();
            }, null);
    }
}

/// <summary>The cell that made a comm, or accepts its target.</summary>
/// <param name="Context">What flows with its code.</param>
/// <param name="Output">Where its output goes.</param>
internal sealed record CommOrigin(ExecutionContext? Context, ICellOutput? Output)
{
    public static CommOrigin Here() => new(ExecutionContext.Capture(), CellContext.Current?.Output);
}
