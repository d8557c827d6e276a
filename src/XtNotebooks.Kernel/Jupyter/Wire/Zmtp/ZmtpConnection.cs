using System.Net.Sockets;

namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>One client's connection to one of our sockets. Belongs to the thread of the <see cref="SocketLoop"/>.</summary>
internal sealed class ZmtpConnection : IDisposable
{
    // Enough for the bursts of a running notebook, but a front end that has stopped reading must not eat all memory.
    private const int MostWaiting = 100_000;
    private const long MostWaitingBytes = 512L << 20;

    private readonly IZmtpSocket owner;
    private readonly ZmtpDecoder decoder = new();
    private readonly Queue<byte[]> outgoing = new();
    private int sent;
    private long waitingBytes;
    private bool greeted;
    private bool open;

    public ZmtpConnection(Socket socket, IZmtpSocket owner)
    {
        Socket = socket;
        this.owner = owner;
        socket.Blocking = false;
        socket.NoDelay = true;
        Enqueue(ZmtpFormat.Greeting);
    }

    public Socket Socket { get; }

    /// <summary>What the client calls itself; empty where it leaves that to us.</summary>
    public byte[] Identity { get; private set; } = [];

    public bool HasToSend => outgoing.Count > 0;

    /// <summary>Whether the connection has ended, on either side.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Sends a message, or drops it where too much waits already.</summary>
    public void Send(byte[] message)
    {
        if (IsClosed || outgoing.Count >= MostWaiting || waitingBytes + message.Length > MostWaitingBytes)
            return;
        Enqueue(message);
    }

    /// <summary>Writes what the system takes now.</summary>
    public void Flush()
    {
        while (!IsClosed && outgoing.TryPeek(out var message))
        {
            var count = Socket.Send(message.AsSpan(sent), SocketFlags.None, out var error);
            if (error is SocketError.WouldBlock)
                return;
            if (error is not SocketError.Success)
            {
                Close();
                return;
            }
            sent += count;
            waitingBytes -= count;
            if (sent == message.Length)
            {
                outgoing.Dequeue();
                sent = 0;
            }
        }
    }

    /// <summary>Takes in what has come, a bounded part at a time, so that a flood on one connection does not silence the others.</summary>
    /// <returns>False when nothing more is there now.</returns>
    public bool Receive()
    {
        if (IsClosed)
            return false;
        try
        {
            var room = decoder.Room().Span;
            var count = Socket.Receive(room, SocketFlags.None, out var error);
            if (error is SocketError.WouldBlock)
                return false;
            if (error is not SocketError.Success || count == 0)
            {
                Close();
                return false;
            }
            decoder.Advance(count);
            Decode();
        }
        catch (Exception e) when (e is ZmtpException or OutOfMemoryException)
        {
            Close();
        }
        return !IsClosed;
    }

    public void Close()
    {
        if (IsClosed)
            return;
        IsClosed = true;
        if (open)
            owner.Closed(this);
        Dispose();
    }

    public void Dispose()
    {
        IsClosed = true;
        Socket.Dispose();
    }

    private void Enqueue(byte[] bytes)
    {
        outgoing.Enqueue(bytes);
        waitingBytes += bytes.Length;
        Flush();
    }

    private void Decode()
    {
        if (!greeted)
        {
            var greeting = decoder.TakeGreeting();
            if (greeting.IsEmpty)
                return;
            if (!ZmtpFormat.IsSpoken(greeting))
                throw new ZmtpException("a greeting of another protocol");
            greeted = true;
            Enqueue(ZmtpFormat.Ready(owner.SocketType));
        }
        while (!IsClosed && decoder.TryTake(out var command, out var message))
        {
            if (command is not null)
                Obey(command);
            else if (open)
                owner.Received(this, message!);
            else
                throw new ZmtpException("a message before the handshake");
        }
    }

    private void Obey(byte[] body)
    {
        var (name, data) = ZmtpFormat.ReadCommand(body);
        switch (name)
        {
            case "READY" when !open:
                Identity = ZmtpFormat.ReadProperties(data).GetValueOrDefault("identity") ?? [];
                open = true;
                owner.Opened(this);
                break;
            // The first two bytes are how long the client waits before it takes us for dead; at most 16 of its own follow.
            case "PING" when data.Length is >= 2 and <= 18:
                Send(ZmtpFormat.Pong(data.AsSpan(2)));
                break;
            case "PING":
                throw new ZmtpException("a ping of the wrong length");
            case "ERROR":
                throw new ZmtpException("the client's own error");
            // Subscriptions of version 3.1, as version 3.0 writes them.
            case "SUBSCRIBE" when open:
                owner.Received(this, [[1, .. data]]);
                break;
            case "CANCEL" when open:
                owner.Received(this, [[0, .. data]]);
                break;
        }
    }
}
