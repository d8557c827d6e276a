using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Jupyter.Comms;

/// <param name="id">The id that both sides know.</param>
/// <param name="targetName">The name it was opened under.</param>
/// <param name="comms">Where its messages go.</param>
/// <param name="context">The context of the cell that made it, in which its events are raised, so that their output finds its cell.</param>
internal sealed class Comm(string id, string targetName, FrontEndComms comms, ExecutionContext? context) : IComm
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
        if (Interlocked.Exchange(ref closed, 1) == 1)
            return;
        comms.Forget(this);
        comms.Publish("comm_close", id, json, null);
    }

    internal void Receive(CommData data) => Run(() => Received?.Invoke(this, data));

    internal void CloseByFrontEnd(CommData data)
    {
        if (Interlocked.Exchange(ref closed, 1) == 0)
            Run(() => Closed?.Invoke(this, data));
    }

    /// <summary>Runs a handler in the context of its cell; the messages it sends still answer the message of the moment.</summary>
    internal void Run(Action action)
    {
        var parent = ParentHeader.Current;
        if (context is null)
            action();
        else
            ExecutionContext.Run(context, _ =>
            {
                using (ParentHeader.Begin(parent))
                    action();
            }, null);
    }
}
