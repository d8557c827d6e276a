using System.Text;
using NetMQ;
using NetMQ.Sockets;

namespace XtNotebooks.Kernel.Jupyter.Wire;

/// <summary>The five ZeroMQ sockets, all served by one thread that never waits for anything else.</summary>
/// <remarks>A socket belongs to that thread; <see cref="Send"/> and the like hand work over to it, in order.</remarks>
internal sealed class KernelSockets : IDisposable
{
    private readonly RouterSocket shell = new();
    private readonly RouterSocket control = new();
    private readonly RouterSocket stdin = new();
    private readonly RouterSocket heartbeat = new();
    private readonly XPublisherSocket iopub = new();
    private readonly NetMQQueue<Action> work = new();
    private readonly NetMQPoller poller;
    private readonly TextWriter log;
    private readonly Thread thread;

    /// <param name="log">Where trouble with a message is told; a message never ends the kernel.</param>
    public KernelSockets(TextWriter log)
    {
        this.log = log;
        // Enough for the bursts of a running notebook, but a front end that has stopped reading must not eat all memory.
        foreach (NetMQSocket socket in (NetMQSocket[])[shell, control, stdin, iopub])
            socket.Options.SendHighWatermark = 100_000;
        foreach (NetMQSocket socket in (NetMQSocket[])[shell, control, stdin, iopub, heartbeat])
            socket.Options.Linger = TimeSpan.FromMilliseconds(500);
        stdin.Options.RouterMandatory = true;
        // A client that comes back with the identity it had takes the place of its dead connection.
        shell.Options.RouterHandover = control.Options.RouterHandover = stdin.Options.RouterHandover = true;
        iopub.Options.XPubVerbose = true;

        OnReceive(shell, frames => Received?.Invoke(ChannelName.Shell, frames));
        OnReceive(control, frames => Received?.Invoke(ChannelName.Control, frames));
        OnReceive(stdin, frames => Received?.Invoke(ChannelName.Stdin, frames));
        OnReceive(heartbeat, frames => heartbeat.SendMultipartBytes(frames));
        OnReceive(iopub, frames =>
        {
            if (frames is [[1, .. var topic]])
                Subscribed?.Invoke(Encoding.UTF8.GetString(topic));
        });
        work.ReceiveReady += (_, _) =>
        {
            while (work.TryDequeue(out var action, TimeSpan.Zero))
                Guarded(action);
        };
        poller = [shell, control, stdin, heartbeat, iopub, work];
        thread = new Thread(poller.Run) { Name = "Jupyter sockets", IsBackground = true };
    }

    /// <summary>The frames of a message that came; called on the sockets' thread.</summary>
    public event Action<ChannelName, IReadOnlyList<byte[]>>? Received;

    /// <summary>A client subscribed to a topic of iopub; called on the sockets' thread.</summary>
    public event Action<string>? Subscribed;

    /// <summary>Binds all sockets and begins to serve them.</summary>
    /// <exception cref="NetMQException">A port is taken.</exception>
    public void Start(ConnectionInfo connection)
    {
        Bind(shell, connection.ShellPort);
        Bind(control, connection.ControlPort);
        Bind(iopub, connection.IOPubPort);
        Bind(stdin, connection.StdinPort);
        Bind(heartbeat, connection.HeartbeatPort);
        thread.Start();

        void Bind(NetMQSocket socket, int port) => socket.Bind($"tcp://{connection.Ip}:{port}");
    }

    /// <summary>Sends a message, after those sent before, from whatever thread.</summary>
    /// <param name="channel">The socket.</param>
    /// <param name="frames">Route and message.</param>
    /// <param name="unreachable">Called where the client of a stdin message is not there.</param>
    public void Send(ChannelName channel, IReadOnlyList<byte[]> frames, Action? unreachable = null) => Post(() =>
    {
        try
        {
            Socket(channel).SendMultipartBytes(frames);
        }
        catch (HostUnreachableException)
        {
            unreachable?.Invoke();
        }
    });

    /// <summary>Takes in every message that the shell socket holds now; done when they have been handed to <see cref="Received"/>.</summary>
    public Task DrainShellAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            List<byte[]> frames = [];
            while (shell.TryReceiveMultipartBytes(ref frames))
                Received?.Invoke(ChannelName.Shell, frames);
            done.SetResult();
        });
        return done.Task;
    }

    /// <summary>Done when all that was sent before has been handed to ZeroMQ.</summary>
    public Task FlushAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(done.SetResult);
        return done.Task;
    }

    public void Dispose()
    {
        if (poller.IsRunning)
        {
            poller.Stop();
            thread.Join(TimeSpan.FromSeconds(2));
        }
        poller.Dispose();
        work.Dispose();
        foreach (NetMQSocket socket in (NetMQSocket[])[shell, control, stdin, heartbeat, iopub])
            socket.Dispose();
    }

    private void Post(Action action)
    {
        try
        {
            work.Enqueue(action);
        }
        catch (ObjectDisposedException)
        {
            // The kernel has ended; a thread that a cell left behind still writes.
        }
    }

    private NetMQSocket Socket(ChannelName channel) => channel switch
    {
        ChannelName.Shell => shell,
        ChannelName.Control => control,
        ChannelName.Stdin => stdin,
        _ => iopub,
    };

    private void OnReceive(NetMQSocket socket, Action<List<byte[]>> handle) => socket.ReceiveReady += (_, _) =>
    {
        // A bounded number at a time, so that a flood on one channel does not silence the others.
        for (var i = 0; i < 100; i++)
        {
            List<byte[]> frames = [];
            if (!socket.TryReceiveMultipartBytes(ref frames))
                return;
            Guarded(() => handle(frames));
        }
    };

    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error)
        {
            log.WriteLine($"xt-notebooks: a message could not be handled: {error.Message}");
        }
    }
}
