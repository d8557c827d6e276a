using System.Net;
using System.Net.Sockets;
using XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

namespace XtNotebooks.Kernel.Jupyter.Wire;

/// <summary>The kernel's five ZeroMQ sockets.</summary>
/// <remarks>They belong to one thread; <see cref="Send"/> and the like hand work over to it, in order.</remarks>
internal sealed class KernelSockets : IDisposable
{
    private const int MostTold = 50;

    private readonly ZmtpRouter shell;
    private readonly ZmtpRouter control;
    private readonly ZmtpRouter stdin;
    private readonly ZmtpRouter heartbeat;
    private readonly ZmtpPublisher iopub;
    private readonly SocketLoop loop;
    private readonly TextWriter log;
    private int told;

    /// <param name="log">Where trouble with a message or a client is told; neither ends the kernel.</param>
    /// <param name="time">The clock by which clients must have introduced themselves.</param>
    /// <param name="keepsPublished">Whether a client that subscribes gets what was published before.</param>
    public KernelSockets(TextWriter log, TimeProvider time, bool keepsPublished = false)
    {
        this.log = log;
        loop = new SocketLoop(Tell, time);
        shell = new ZmtpRouter("shell", frames => Received?.Invoke(ChannelName.Shell, frames));
        control = new ZmtpRouter("control", frames => Received?.Invoke(ChannelName.Control, frames));
        stdin = new ZmtpRouter("stdin", frames => Received?.Invoke(ChannelName.Stdin, frames));
        heartbeat = new ZmtpRouter("heartbeat", frames => heartbeat!.Send(frames)) { LongestMessage = 1 << 16 };
        iopub = new ZmtpPublisher("iopub", topic => Welcome?.Invoke(topic)) { KeepsAll = keepsPublished };
    }

    /// <summary>The frames of a message that came; called on the sockets' thread.</summary>
    public event Action<ChannelName, IReadOnlyList<byte[]>>? Received;

    /// <summary>Makes what a client gets that has subscribed to a topic of iopub; called on the sockets' thread.</summary>
    public Func<string, IReadOnlyList<byte[]>?>? Welcome { get; set; }

    /// <summary>Binds all sockets and begins to serve them.</summary>
    /// <exception cref="SocketException">A port is taken; none is held then.</exception>
    public void Start(ConnectionInfo connection)
    {
        var address = connection.Ip == "*" ? IPAddress.Any : IPAddress.Parse(connection.Ip);
        try
        {
            loop.Listen(new IPEndPoint(address, connection.ShellPort), shell);
            loop.Listen(new IPEndPoint(address, connection.ControlPort), control);
            loop.Listen(new IPEndPoint(address, connection.IOPubPort), iopub);
            loop.Listen(new IPEndPoint(address, connection.StdinPort), stdin);
            loop.Listen(new IPEndPoint(address, connection.HeartbeatPort), heartbeat);
        }
        catch
        {
            loop.Unlisten();
            throw;
        }
        loop.Start();
    }

    /// <summary>Sends a message, after those sent before, from whatever thread.</summary>
    /// <param name="channel">The socket.</param>
    /// <param name="frames">Route and message.</param>
    /// <param name="unreachable">Called where the client of a stdin message is not there.</param>
    public void Send(ChannelName channel, IReadOnlyList<byte[]> frames, Action? unreachable = null) => loop.Post(() =>
    {
        if (Router(channel) is not { } router)
            iopub.Send(frames);
        else if (!router.Send(frames))
            unreachable?.Invoke();
    });

    /// <summary>Does something on the sockets' thread, once what was sent before has been handed to the system.</summary>
    public void AfterSending(Action action) => loop.Post(action);

    /// <summary>Takes in every message that the shell socket holds now; done when they have been handed to
    /// <see cref="Received"/>.</summary>
    public Task DrainShellAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var posted = loop.Post(() =>
        {
            shell.Drain();
            done.SetResult();
        });
        return posted ? done.Task : Task.CompletedTask;
    }

    /// <summary>Sends what waits, for a moment at most, and closes everything.</summary>
    public void Dispose() => loop.Dispose();

    private void Tell(string trouble)
    {
        // Trouble that does not end must not flood the log.
        if (++told <= MostTold)
            log.WriteLine($"xt-notebooks: {trouble}");
        if (told == MostTold)
            log.WriteLine("xt-notebooks: further trouble with clients is not told.");
    }

    private ZmtpRouter? Router(ChannelName channel) => channel switch
    {
        ChannelName.Shell => shell,
        ChannelName.Control => control,
        ChannelName.Stdin => stdin,
        _ => null,
    };
}
