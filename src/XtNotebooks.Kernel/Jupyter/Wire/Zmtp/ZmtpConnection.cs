using System.Net.Sockets;
using System.Text;

namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>One client's connection to one of our sockets. Belongs to the thread of the <see cref="SocketLoop"/>.</summary>
internal sealed class ZmtpConnection : IDisposable
{
    // Enough for the bursts of a running notebook, but a front end that has stopped reading must not eat all memory.
    private const int MostWaiting = 100_000;
    private const long MostWaitingBytes = 512L << 20;

    private readonly IZmtpSocket owner;
    private readonly Action<string> tell;
    private readonly ZmtpDecoder decoder = new();
    private readonly Queue<byte[]> outgoing = new();
    private int sent;
    private long waitingBytes;
    private bool greeted;
    private bool misses;

    /// <param name="socket">The accepted connection.</param>
    /// <param name="owner">Whose client this is.</param>
    /// <param name="since">When it was accepted, by the loop's clock.</param>
    /// <param name="tell">The log.</param>
    public ZmtpConnection(Socket socket, IZmtpSocket owner, long since, Action<string> tell)
    {
        Socket = socket;
        this.owner = owner;
        this.tell = tell;
        Since = since;
        socket.Blocking = false;
        socket.NoDelay = true;
        // A client on another machine that has gone without a word is noticed some day.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        Enqueue(ZmtpFormat.Greeting);
    }

    public Socket Socket { get; }

    /// <summary>When the connection was accepted.</summary>
    public long Since { get; }

    /// <summary>Whether the client has introduced itself.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Whether so much waits for the client that nothing more is read from it: its requests would only cause more.</summary>
    public bool IsCongested => outgoing.Count > MostWaiting / 2 || waitingBytes > MostWaitingBytes / 2;

    /// <summary>How many bytes of memory messages take that have not come whole.</summary>
    public long Held => decoder.Held;

    /// <summary>What the client calls itself; empty where it leaves that to us.</summary>
    public byte[] Identity { get; private set; } = [];

    public bool HasToSend => outgoing.Count > 0;

    /// <summary>Whether the connection has ended, on either side.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Sends a message. Where too much waits already, a client that may miss some misses this one, and another is cut off; both
    /// are told.</summary>
    public void Send(byte[] message)
    {
        if (IsClosed)
            return;
        if (outgoing.Count == 0 || (outgoing.Count < MostWaiting && waitingBytes + message.Length <= MostWaitingBytes))
        {
            Enqueue(message);
        }
        else if (!owner.MayMiss)
        {
            tell($"a client of the {owner.Name} channel does not read what it asked for; it is cut off.");
            Close();
        }
        else if (!misses)
        {
            misses = true;
            tell($"a client of the {owner.Name} channel does not read; it misses what does not fit into {MostWaitingBytes >> 20} MiB"
                + $" or {MostWaiting} messages.");
        }
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
        if (IsOpen)
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
            else if (IsOpen)
                Hand(message!);
            else
                throw new ZmtpException("a message before the handshake");
        }
    }

    private void Hand(List<byte[]> frames)
    {
        try
        {
            owner.Received(this, frames);
        }
        catch (Exception error) when (error is not ZmtpException)
        {
            // Those after it, which have come already, are still read.
            tell($"a message could not be handled: {error.Message}");
        }
    }

    private void Obey(byte[] body)
    {
        var (name, data) = ZmtpFormat.ReadCommand(body);
        switch (name)
        {
            case "READY" when !IsOpen:
                Introduce(ZmtpFormat.ReadProperties(data));
                break;
            // The first two bytes are how long the client waits before it takes us for dead; at most 16 of its own follow.
            case "PING" when IsOpen && data.Length is >= 2 and <= 18:
                Send(ZmtpFormat.Pong(data.AsSpan(2)));
                break;
            case "PING":
                throw new ZmtpException("a ping of the wrong length, or before the handshake");
            case "ERROR":
                throw new ZmtpException("the client's own error");
            // Subscriptions of version 3.1, as version 3.0 writes them.
            case "SUBSCRIBE" when IsOpen:
                Hand([[1, .. data]]);
                break;
            case "CANCEL" when IsOpen:
                Hand([[0, .. data]]);
                break;
        }
    }

    private void Introduce(IReadOnlyDictionary<string, byte[]> properties)
    {
        if (!owner.Peers.Contains(Encoding.ASCII.GetString(properties.GetValueOrDefault("socket-type") ?? [])))
            throw new ZmtpException("a socket of a kind that does not belong here");
        Identity = properties.GetValueOrDefault("identity") ?? [];
        owner.Opened(this);
        IsOpen = true;
        decoder.LongestMessage = owner.LongestMessage;
    }
}
