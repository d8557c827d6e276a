using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Jupyter;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>Speaks for a kernel that has died, on its own ports, to which front ends connect again by themselves: a client that waits for
/// a reply, or for the <c>idle</c> after it, must not wait for ever.</summary>
/// <remarks>Clients come one by one, and each of their channels by itself: a reply waits for its client, and whoever subscribes gets what
/// was published before.</remarks>
internal sealed class LastWords : IDisposable
{
    public const string Restart = "it has to be restarted where the front end does not do so by itself.";

    /// <summary>A client tries again every tenth of a second or two; where none is there after that time, nobody is.</summary>
    private const long FirstComes = 2_000;

    /// <summary>How long after the last sign of a client others may still come.</summary>
    private const long OthersCome = 300;

    /// <summary>A client that sends without end does not keep this process.</summary>
    private const long AtMost = 5_000;

    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(50);

    private readonly int count;
    private readonly string where;
    private readonly MessageSigner signer;
    private readonly MessageReader reader;
    private readonly KernelSockets sockets = new(TextWriter.Null, TimeProvider.System, keepsPublished: true);
    private readonly MessageWriter writer;
    private readonly FrontEnd frontEnd;
    private readonly ConcurrentQueue<(ChannelName Channel, IReadOnlyList<byte[]> Frames)> undelivered = new();
    private readonly long began = Environment.TickCount64;
    private volatile bool subscribed;
    private long lastSign;

    /// <param name="connection">Where the kernel listened.</param>
    /// <param name="count">The highest execution count.</param>
    /// <param name="where">Where in the notebook the kernel ended.</param>
    /// <exception cref="SocketException">The ports stay taken.</exception>
    public LastWords(ConnectionInfo connection, int count, string where)
    {
        (this.count, this.where) = (count, where);
        signer = new MessageSigner(connection.Key, connection.Hash);
        reader = new MessageReader(signer);
        writer = new MessageWriter(signer, TimeProvider.System);
        frontEnd = new FrontEnd(writer, (channel, frames, _) => Send(channel, frames));
        sockets.Welcome = topic =>
        {
            subscribed = true;
            NoteSign();
            return frontEnd.Welcome(topic);
        };
        // What a client sends now, or had sent while nobody listened.
        sockets.Received += (channel, frames) =>
        {
            if (channel == ChannelName.Stdin || reader.Read(channel, frames, out _) is not { } late)
                return;
            NoteSign();
            Refuse(late);
        };
        Start(connection);
    }

    /// <summary>Answers every open request, and stays until the clients have come back for it, a few seconds at most.</summary>
    /// <param name="open">What the kernel had taken and not finished.</param>
    /// <param name="output">What its cells had shown and it had not sent.</param>
    /// <param name="cause">Why it died: the error of the running cells.</param>
    public void Say(OpenAtTheEnd open, LastOutput output, CellError cause)
    {
        foreach (var frames in output.Messages)
            Send(ChannelName.IOPub, Anew(frames));
        foreach (var (parent, stream, text) in output.Texts)
            frontEnd.PublishText(parent, stream, text);
        foreach (var request in open.Requests)
        {
            if (request.IsReplied)
                frontEnd.Status("idle", request.RawHeader);
            else if (request.ExecutionCount is { } number)
                EndCell(request, number, cause);
            else
                Refuse(request.Message);
        }
        if (!open.Cells.Any() && open.Last is { } last)
        {
            frontEnd.PublishText(last.RawHeader, StreamName.Stderr,
                $"The kernel ended after this cell, by what it or an earlier one left running. {cause.Message}\n");
        }
        for (;;)
        {
            var waits = Deliver() || !subscribed;
            if (Since(began) >= (waits ? FirstComes : AtMost) || (!waits && Since(Volatile.Read(ref lastSign)) >= OthersCome))
                return;
            Thread.Sleep(Retry);
        }
    }

    public void Dispose()
    {
        sockets.Dispose();
        signer.Dispose();
    }

    /// <summary>A publication of the dead kernel as a message of its own: the first of them may just have left, and a client that gets one
    /// twice takes it for an attack.</summary>
    private List<byte[]> Anew(IReadOnlyList<byte[]> frames)
    {
        var fields = JsonNode.Parse(frames[3])!;
        fields["msg_id"] = writer.NewId();
        var header = Encoding.UTF8.GetBytes(fields.ToJsonString());
        return [frames[0], frames[1], signer.Sign(header, frames[4], frames[5], frames[6]), header, .. frames.Skip(4)];
    }

    private void EndCell(OpenRequest cell, int number, CellError cause)
    {
        if (!cell.IsSilent)
            frontEnd.Publish("error", cell.RawHeader, json => FrontEnd.WriteError(json, cause.Name, cause.Message, cause.Traceback));
        ReplyToCell(cell.Message, number, cause);
        frontEnd.Status("idle", cell.RawHeader);
    }

    /// <summary>Answers what nobody will do any more.</summary>
    private void Refuse(IncomingMessage request)
    {
        frontEnd.Status("busy", request.RawHeader);
        switch (request.Header.Type)
        {
            case "execute_request":
                ReplyToCell(request, count, new CellError("Aborted", $"Not run, because the kernel ended {where}; {Restart}", [], null));
                break;
            case "shutdown_request":
                frontEnd.ReplyOk(request, json => json.WriteBoolean("restart", request.Content?.FlagOrNull("restart") ?? false));
                break;
            // Messages about comms, for instance, have no reply.
            case var type when type.EndsWith("_request", StringComparison.Ordinal):
                frontEnd.ReplyError(request, "KernelEnded", $"Not answered, because the kernel ended {where}; {Restart}");
                break;
        }
        frontEnd.Status("idle", request.RawHeader);
    }

    private void ReplyToCell(IncomingMessage request, int number, CellError error) => frontEnd.Reply(request, json =>
    {
        json.WriteString("status", "error");
        json.WriteNumber("execution_count", number);
        FrontEnd.WriteError(json, error.Name, error.Message, error.Traceback);
    });

    private void Send(ChannelName channel, IReadOnlyList<byte[]> frames) =>
        sockets.Send(channel, frames, unreachable: () => undelivered.Enqueue((channel, frames)));

    /// <summary>Tries again what found no client before.</summary>
    /// <returns>Whether something still does not.</returns>
    private bool Deliver()
    {
        for (var number = undelivered.Count; number > 0 && undelivered.TryDequeue(out var message); number--)
            Send(message.Channel, message.Frames);
        using var tried = new ManualResetEventSlim();
        sockets.AfterSending(tried.Set);
        tried.Wait();
        return !undelivered.IsEmpty;
    }

    private void NoteSign() => Volatile.Write(ref lastSign, Environment.TickCount64);

    private static long Since(long then) => Environment.TickCount64 - then;

    private void Start(ConnectionInfo connection)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                sockets.Start(connection);
                return;
            }
            catch (SocketException) when (attempt < 20)
            {
                // The system may still be at taking the dead process apart.
                Thread.Sleep(50);
            }
        }
    }
}
