using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Jupyter.Comms;

internal sealed class Comm(string id, string targetName, FrontEndComms comms) : IComm
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

    internal void Receive(CommData data) => Received?.Invoke(this, data);

    internal void CloseByFrontEnd(CommData data)
    {
        if (Interlocked.Exchange(ref closed, 1) == 0)
            Closed?.Invoke(this, data);
    }
}
