using System.Net.Sockets;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Jupyter.Comms;
using XtNotebooks.Kernel.Jupyter.History;
using XtNotebooks.Kernel.Jupyter.Output;
using XtNotebooks.Kernel.Jupyter.Requests;
using XtNotebooks.Kernel.Jupyter.Shells;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Jupyter;

/// <summary>A running kernel: sockets, shells and one code session, from the connection file to the shutdown.</summary>
internal sealed class JupyterKernel : IAsyncDisposable
{
    private const int ToldRefusals = 20;

    private readonly ConnectionInfo connection;
    private readonly TextWriter log;
    private readonly TimeProvider time;
    private readonly MessageSigner signer;
    private readonly MessageReader reader;
    private readonly KernelSockets sockets;
    private readonly OpenRequests? requests;
    private readonly FrontEnd frontEnd;
    private readonly InputRequests input;
    private readonly CellHistory history;
    private readonly ShellSet shells;
    private readonly ControlRequests controlRequests;
    private readonly Shell control;
    private readonly Task<ICodeSession> session;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<string> outputFolder = new(() => Directory.CreateTempSubdirectory("xt-notebooks-").FullName);
    private int refused;

    /// <summary>Whether a request has come; of the sockets' thread.</summary>
    private bool asked;

    /// <param name="connection">Where to listen.</param>
    /// <param name="createSession">Makes the code session; called in the background while front ends connect.</param>
    /// <param name="history">Where cells are kept across runs.</param>
    /// <param name="log">Where refused messages and the like are told.</param>
    /// <param name="time">The clock.</param>
    /// <param name="requests">Is told what comes and what of it is finished, for whoever has to answer after the kernel's sudden end.</param>
    /// <param name="unsent">Notes what cells show until it has left, for the same one.</param>
    public JupyterKernel(
        ConnectionInfo connection, Func<ICodeSession> createSession, HistoryFile history, TextWriter log, TimeProvider time,
        OpenRequests? requests = null, UnsentOutput? unsent = null)
    {
        this.connection = connection;
        this.log = log;
        this.time = time;
        this.requests = requests;
        signer = new MessageSigner(connection.Key, connection.Hash);
        reader = new MessageReader(signer);
        sockets = new KernelSockets(log, time);
        frontEnd = new FrontEnd(new MessageWriter(signer, time), sockets.Send);
        input = new InputRequests(frontEnd);
        this.history = new CellHistory(history);
        var comms = new FrontEndComms(frontEnd, log);
        session = Task.Run(() =>
        {
            var created = createSession();
            created.Comms = comms;
            return created;
        });
        var execute = new ExecuteRequests(
            frontEnd, session, input, this.history, OutputLimit.Default(() => outputFolder.Value), sockets.DrainShellAsync, time, requests);
        var shellRequests = new ShellRequests(
            frontEnd,
            execute,
            new CodeRequests(frontEnd, session),
            new HistoryRequests(frontEnd, this.history),
            comms,
            session,
            connection,
            request => controlRequests!.ShutDown(request),
            log);
        shells = new ShellSet(async (shell, request, cancellationToken) =>
        {
            await shellRequests.HandleAsync(shell, request, cancellationToken);
            Finish(request);
        });
        controlRequests = new ControlRequests(frontEnd, shells, ShutDown, log);
        control = new Shell(null, "Control", (_, request, _) =>
        {
            controlRequests.Handle(request);
            Finish(request);
            return Task.CompletedTask;
        });
        sockets.Received += Receive;
        sockets.Welcome = Welcome;
        frontEnd.Unsent = unsent;
        if (unsent is not null)
            unsent.AfterSending = sockets.AfterSending;
        if (requests is not null)
            frontEnd.Replied = request => sockets.AfterSending(() => requests.Replied(request));
    }

    /// <summary>Done when the front end, or a signal, has asked the kernel to end.</summary>
    public Task Ended => ended.Task;

    /// <summary>Binds the sockets and begins to serve.</summary>
    /// <exception cref="CommandException">A port stays taken.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // After a restart the ports may still belong, for a moment, to the kernel that is going.
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                sockets.Start(connection);
                break;
            }
            catch (SocketException error)
            {
                if (attempt == 50)
                    throw new CommandException(
                        $"The kernel cannot listen on {connection.Ip}: {error.Message} Are the ports of the connection file free?", error);
                await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
            }
        }
    }

    /// <summary>Who subscribes to a kernel that has just started is told so: after a kernel's sudden end the server has started another on the
    /// same ports, and the classic Notebook calls it dead until it hears of that. Once requests have come, "busy" and "idle" tell more.</summary>
    private IReadOnlyList<byte[]> Welcome(string topic)
    {
        if (!asked)
            frontEnd.Status("starting", null);
        return frontEnd.Welcome(topic);
    }

    /// <summary>Stops the running cells, as an interrupt message does.</summary>
    public void Interrupt() => shells.Interrupt(null);

    /// <summary>Asks the kernel to end.</summary>
    public void ShutDown() => ended.TrySetResult();

    /// <summary>Stops the running cells, ends the session and lets the last messages out.</summary>
    public async ValueTask DisposeAsync()
    {
        shells.Dispose();
        control.Dispose();
        history.Dispose();
        // The last messages, among them the reply to the shutdown, leave before the process does.
        sockets.Dispose();
        signer.Dispose();
        if (session.IsCompletedSuccessfully)
            {
            // The system's own timers would need a thread of the pool, which a cell may have filled.
            await session.Result.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(1), time)
                .ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }
        if (outputFolder.IsValueCreated)
        {
            try
            {
                Directory.Delete(outputFolder.Value, recursive: true);
            }
            catch (IOException)
            {
                // A cell left behind still writes there; the system cleans its temporary folder.
            }
        }
    }

    private void Receive(ChannelName channel, IReadOnlyList<byte[]> frames)
    {
        if (reader.Read(channel, frames, out var refusal) is not { } message)
        {
            // A flood of garbage must not flood the log.
            if (++refused <= ToldRefusals)
                log.WriteLine($"xt-notebooks: a message on the {channel} channel was refused: {refusal}.");
            if (refused == ToldRefusals)
                log.WriteLine("xt-notebooks: further refused messages are not told.");
            return;
        }
        asked = true;
        switch (channel)
        {
            case ChannelName.Stdin:
                if (message.Header.Type == "input_reply")
                    input.Answer(message);
                break;
            case ChannelName.Control:
                Queue(control, message);
                break;
            default:
                if (shells.Find(message.Header.SubshellId) is { } shell && Queue(shell, message))
                    break;
                frontEnd.Status("busy", message.RawHeader);
                frontEnd.ReplyError(message, "SubshellError",
                    $"There is no subshell '{message.Header.SubshellId}'; create one on the control channel.");
                frontEnd.Status("idle", message.RawHeader);
                break;
        }
    }

    private bool Queue(Shell shell, IncomingMessage request)
    {
        // Before it is there for the shell, which may finish it at once.
        requests?.Take(request);
        if (shell.TryAdd(request))
            return true;
        requests?.Done(request);
        return false;
    }

    private void Finish(IncomingMessage request)
    {
        if (requests is not null)
            sockets.AfterSending(() => requests.Done(request));
    }
}
