using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Jupyter;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>Tells the front ends why their kernel is no more: on its own ports, to which they connect again by themselves.</summary>
internal static class CrashedKernel
{
    /// <summary>A client tries again every tenth of a second or two.</summary>
    private static readonly TimeSpan FirstComes = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan OthersCome = TimeSpan.FromMilliseconds(300);

    /// <summary>Answers the running cells with the cause, and writes it to the log.</summary>
    /// <returns>The dead process's exit code, or 1 where it had none that says failure.</returns>
    public static int Tell(IReadOnlyList<JsonObject> journal, CellError cause, int exitCode)
    {
        var state = journal[0];
        List<RunningCell> running = [.. state["running"]!.AsArray().Select(cell => RunningCell.Read(cell!))];
        var numbers = running.Select(cell => cell.Count.ToString(CultureInfo.InvariantCulture));
        var where = running.Count == 0 ? "between two cells" : $"in cell {string.Join(" and ", numbers)}";
        cause = cause with
        {
            Message = $"{cause.Message} The kernel has ended; it has to be restarted where the front end does not do so by itself.",
        };
        Console.Error.WriteLine($"xt-notebooks: the kernel ended {where}. {cause.Message}");
        try
        {
            var connection = ConnectionInfo.Read((string)state["connection"]!, allowRemote: true, allowUnsigned: true);
            if (state["last"] is { } last && running.Count == 0)
                Publish(connection, [], RunningCell.Read(last), cause);
            else
                Publish(connection, running, null, cause);
        }
        catch (Exception error) when (error is CommandException or SocketException)
        {
            Console.Error.WriteLine($"xt-notebooks: the front end could not be told: {error.Message}");
        }
        return exitCode == 0 ? ExitCode.CellFailed : exitCode;
    }

    private static void Publish(ConnectionInfo connection, List<RunningCell> running, RunningCell? last, CellError cause)
    {
        using var signer = new MessageSigner(connection.Key, connection.Hash);
        using var sockets = new KernelSockets(TextWriter.Null, TimeProvider.System);
        var frontEnd = new FrontEnd(new MessageWriter(signer, TimeProvider.System), sockets.Send);
        using var subscribed = new ManualResetEventSlim();
        sockets.Welcome = topic =>
        {
            subscribed.Set();
            return frontEnd.Welcome(topic);
        };
        Start(sockets, connection);
        if (!subscribed.Wait(FirstComes))
            return; // Nobody is there.
        Thread.Sleep(OthersCome);
        foreach (var cell in running)
        {
            if (!cell.Silent)
                frontEnd.Publish("error", cell.RawHeader, json => FrontEnd.WriteError(json, cause.Name, cause.Message, cause.Traceback));
            frontEnd.Reply(cell.Request, json =>
            {
                json.WriteString("status", "error");
                json.WriteNumber("execution_count", cell.Count);
                FrontEnd.WriteError(json, cause.Name, cause.Message, cause.Traceback);
            });
            frontEnd.Status("idle", cell.RawHeader);
        }
        if (last is not null)
        {
            frontEnd.Publish("stream", last.RawHeader, json =>
            {
                json.WriteString("name", "stderr");
                json.WriteText("text", $"The kernel ended after this cell, by what it or an earlier one left running. {cause.Message}\n");
            });
        }
    }

    private static void Start(KernelSockets sockets, ConnectionInfo connection)
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
