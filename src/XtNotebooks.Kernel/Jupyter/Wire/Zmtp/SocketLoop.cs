using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>Listening sockets and their connections, all served by one thread that never waits for anything else.</summary>
/// <remarks>It asks the system itself which socket is ready. The asynchronous calls of .NET's sockets, and libraries on top of them, need a
/// thread of the pool for every message: a cell that fills the pool would then keep out the very message that is to stop it.</remarks>
internal sealed class SocketLoop : IDisposable
{
    /// <summary>How long what is still to be sent may take at the end.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(500);

    private const int MostAccepts = 50;

    /// <summary>What is posted without end must not keep the loop from reading, an interrupt for instance.</summary>
    private const int MostWork = 1000;

    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(20);

    /// <summary>The loop looks around this often whether or not it is woken.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(1);

    private readonly Action<string> tell;
    private readonly ConnectionLimits limits;
    private readonly Dictionary<Socket, IZmtpSocket> listeners = [];
    private readonly Dictionary<Socket, ZmtpConnection> connections = [];
    private readonly ConcurrentQueue<Action> work = new();
    private readonly Socket wake = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Thread thread;
    private readonly List<Socket> readable = [];
    private readonly List<Socket> writable = [];
    private int woken;
    private long acceptsFrom;
    private volatile bool ending;

    /// <param name="tell">The log: is told of exceptions, none of which ends the loop, and of clients that are cut off.</param>
    /// <param name="time">The clock by which strangers must have introduced themselves.</param>
    public SocketLoop(Action<string> tell, TimeProvider time)
    {
        this.tell = tell;
        limits = new ConnectionLimits(tell, time);
        // A socket connected to itself takes nobody else's datagrams.
        wake.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        wake.Connect(wake.LocalEndPoint!);
        wake.Blocking = false;
        thread = new Thread(Run) { Name = "Jupyter sockets", IsBackground = true };
    }

    /// <summary>Listens for clients of a socket; before <see cref="Start"/>.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public void Listen(IPEndPoint endPoint, IZmtpSocket socket)
    {
        var listener = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(endPoint);
            listener.Listen(512);
            listener.Blocking = false;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
        listeners[listener] = socket;
    }

    /// <summary>Stops listening, where not all ports could be had.</summary>
    public void Unlisten()
    {
        foreach (var listener in listeners.Keys)
            listener.Dispose();
        listeners.Clear();
    }

    public void Start() => thread.UnsafeStart();

    /// <summary>Does something on the sockets' thread, after what was posted before.</summary>
    /// <returns>False where the loop has ended.</returns>
    public bool Post(Action action)
    {
        if (ending)
            return false;
        work.Enqueue(action);
        if (Interlocked.Exchange(ref woken, 1) != 0)
            return true;
        try
        {
            wake.Send([0]);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The system has no room for it, and the next one tries again; or the kernel has ended, and a thread that a cell left behind
            // still writes.
            Interlocked.Exchange(ref woken, 0);
        }
        return true;
    }

    /// <summary>Sends what waits, for a moment at most, and closes everything.</summary>
    public void Dispose()
    {
        if (thread.IsAlive)
        {
            Post(() => ending = true);
            thread.Join(Linger * 4);
        }
        Unlisten();
        wake.Dispose();
    }

    private void Run()
    {
        while (!ending)
        {
            // What fails once may go on failing.
            if (!Guarded(Turn))
                Thread.Sleep(ShortWait);
        }
        // Nobody new, and nothing more is read: a connection closed with unread bytes would lose those on their way to the client.
        Guarded(Unlisten);
        var until = Environment.TickCount64 + (long)Linger.TotalMilliseconds;
        while (connections.Values.Any(connection => connection.HasToSend) && Environment.TickCount64 < until)
            Guarded(Turn);
        foreach (var connection in connections.Values)
            Guarded(() => End(connection));
    }

    private void Turn()
    {
        Interlocked.Exchange(ref woken, 0);
        for (var done = 0; done < MostWork && work.TryDequeue(out var action); done++)
            Guarded(action);
        foreach (var (socket, connection) in connections)
        {
            if (connection.IsClosed)
                connections.Remove(socket);
        }
        limits.Apply(connections.Values);
        Wait();
        foreach (var socket in writable)
        {
            if (connections.TryGetValue(socket, out var connection))
                Guarded(connection.Flush);
        }
        foreach (var socket in readable)
        {
            if (socket == wake)
                wake.Receive(new byte[16], SocketFlags.None, out _);
            else if (listeners.TryGetValue(socket, out var owner))
                Guarded(() => Accept(socket, owner));
            else if (connections.TryGetValue(socket, out var connection))
                Guarded(() => connection.Receive());
        }
    }

    private void Wait()
    {
        readable.Clear();
        writable.Clear();
        readable.Add(wake);
        var accepting = acceptsFrom <= Environment.TickCount64;
        if (accepting)
            readable.AddRange(listeners.Keys);
        foreach (var (socket, connection) in connections)
        {
            if (connection.IsClosed)
                continue;
            if (!connection.IsCongested)
                readable.Add(socket);
            if (connection.HasToSend)
                writable.Add(socket);
        }
        Socket.Select(readable, writable, null, !work.IsEmpty ? TimeSpan.Zero : ending || !accepting ? ShortWait : LongWait);
    }

    private void Accept(Socket listener, IZmtpSocket owner)
    {
        try
        {
            // A crowd is let in quickly, but not before those who are in are served.
            for (var i = 0; i < MostAccepts && (i == 0 || listener.Poll(TimeSpan.Zero, SelectMode.SelectRead)); i++)
            {
                var socket = listener.Accept();
                if (limits.Admit(connections.Count))
                    connections[socket] = limits.Watch(new ZmtpConnection(socket, owner, limits.Now, tell));
                else
                    socket.Dispose();
            }
        }
        catch (SocketException)
        {
            // The client has gone again, or a cell has taken all file handles: then it is better tried a little later than all the time.
            acceptsFrom = Environment.TickCount64 + (long)ShortWait.TotalMilliseconds;
        }
    }

    /// <summary>Tells the client that nothing more comes, and lets what is on its way arrive.</summary>
    private static void End(ZmtpConnection connection)
    {
        if (connection.IsClosed)
            return;
        using (connection)
        {
            connection.Socket.Shutdown(SocketShutdown.Send);
            // A client that sends without end does not keep us.
            var buffer = new byte[1 << 16];
            for (var reads = 0; reads < 100; reads++)
            {
                if (connection.Socket.Receive(buffer, SocketFlags.None, out var error) == 0 || error != SocketError.Success)
                    return;
            }
        }
    }

    private bool Guarded(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception error)
        {
            tell($"a message could not be handled: {error.Message}");
            return false;
        }
    }
}
