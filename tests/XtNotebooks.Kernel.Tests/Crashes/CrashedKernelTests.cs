using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Tests.Jupyter;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Crashes;

/// <summary>What front ends hear when their kernel's process has died.</summary>
public sealed class CrashedKernelTests : IDisposable
{
    private static readonly CellError Cause = new("StackOverflow", "It overflowed.", ["It overflowed."], null);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Every_request_that_was_open_is_answered_once_and_so_are_those_that_come_too_late()
    {
        var file = Path.Combine(folder.Path, "connection.json");
        await using var client = KernelClient.WaitFor(file);
        var entries = Written(file, requests =>
        {
            var done = Take(requests, client, "done");
            requests.Begin(done, 1, silent: false);
            requests.Replied(done);
            requests.Done(done);
            requests.Begin(Take(requests, client, "running"), 2, silent: false);
            requests.Replied(Take(requests, client, "replied"));
            requests.Begin(Take(requests, client, "silent"), 3, silent: true);
            Take(requests, client, "queued");
            Take(requests, client, "completing", "complete_request");
            Take(requests, client, "comm", "comm_msg");
        });
        var running = """{"msg_id":"running"}"""u8.ToArray();
        using var signer = new MessageSigner("test key"u8.ToArray(), HashAlgorithmName.SHA256);
        var unsent = new MessageWriter(signer, TimeProvider.System).Write(
            ["kernel.display_data"u8.ToArray()], "display_data", running, json => json.WriteStartObject("data"), id: "unsent");
        unsent = [.. unsent.Take(6), "{\"data\":{\"text/plain\":\"unsent\"}}"u8.ToArray()];
        var output = new LastOutput([unsent], [new LastText(running, StreamName.Stdout, "last words")]);
        var late = client.Execute("1");
        var info = client.Send("control", "kernel_info_request");
        var shutdown = client.Send("control", "shutdown_request", new JsonObject { ["restart"] = true });

        Assert.Equal(134, await Task.Run(() => CrashedKernel.Tell(entries, output, Cause, 134), TestContext.Current.CancellationToken));
        var shell = Enumerable.Range(0, 5).Select(_ => client.Next("shell")).ToDictionary(reply => reply.ParentId!);
        Assert.Equal(new HashSet<string>(["completing", "queued", "running", "silent", late]), [.. shell.Keys]);
        Assert.Equal(("execute_reply", "error", "StackOverflow", 2), Told(shell["running"]));
        Assert.Equal(("execute_reply", "error", "StackOverflow", 3), Told(shell["silent"]));
        Assert.Equal(("execute_reply", "error", "Aborted", 3), Told(shell["queued"]));
        Assert.Equal(("execute_reply", "error", "Aborted", 3), Told(shell[late]));
        Assert.Equal(("complete_reply", "error", "KernelEnded", null), Told(shell["completing"]));
        Assert.Contains("the kernel ended in cell 2 and 3;", shell["queued"].Content.TextOrNull("evalue"), StringComparison.Ordinal);
        var control = Enumerable.Range(0, 2).Select(_ => client.Next("control")).ToDictionary(reply => reply.ParentId!);
        Assert.Equal(("kernel_info_reply", "error", "KernelEnded", null), Told(control[info]));
        Assert.Equal(("ok", true), (control[shutdown].Status, control[shutdown].Content.GetProperty("restart").GetBoolean()));
        Assert.True(client.IsQuiet("shell") && client.IsQuiet("control"));
        Assert.Equal(["display_data:unsent", "stdout:last words", "error:StackOverflow", "status:idle"], client.Outputs("running"));
        Assert.Equal(["status:idle"], client.Outputs("replied"));
        Assert.Equal(["status:idle"], client.Outputs("silent"));
        foreach (var id in (string[])["queued", "completing", "comm", late])
            Assert.Equal(["status:busy", "status:idle"], client.Outputs(id));
    }

    [Fact]
    public async Task Where_no_cell_ran_the_last_one_tells_and_what_was_asked_is_answered_all_the_same()
    {
        var file = Path.Combine(folder.Path, "connection.json");
        await using var client = KernelClient.WaitFor(file);
        var entries = Written(file, requests =>
        {
            var done = Take(requests, client, "done");
            requests.Begin(done, 4, silent: false);
            requests.Done(done);
            Take(requests, client, "completing", "complete_request");
        });
        Assert.Equal(1, await Task.Run(() => CrashedKernel.Tell(entries, LastOutput.None, Cause, 0), TestContext.Current.CancellationToken));
        Assert.Contains("between two cells", client.Reply("completing").Content.TextOrNull("evalue"), StringComparison.Ordinal);
        var told = client.Published("stream");
        Assert.Equal("done", told.ParentId);
        Assert.Contains("It overflowed.", told.Short, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_cells_behind_the_one_that_kills_the_process_are_answered()
    {
        await using var client = await KernelClient.StartProcessAsync();
        Assert.Equal("ok", client.Reply(client.Execute("1")).Status);
        var subshell = client.Reply(client.Send("control", "create_subshell_request"), "control").Content.TextOrNull("subshell_id");
        var dying = client.Execute("Thread.Sleep(1000); Environment.FailFast(\"enough\");");
        string[] cells = [.. Enumerable.Range(0, 20).Select(i => client.Execute($"{i}"))];
        string[] others =
        [
            client.Send("shell", "complete_request", new JsonObject { ["code"] = "a", ["cursor_pos"] = 1 }),
            client.Send("shell", "history_request", new JsonObject { ["hist_access_type"] = "tail", ["n"] = 1 }),
            client.Send("shell", "kernel_info_request"),
        ];
        var aside = client.Send("shell", "execute_request", new JsonObject { ["code"] = "Thread.Sleep(60_000);" }, subshell);
        var replies = Enumerable.Range(0, 25).Select(_ => client.Next("shell")).ToDictionary(reply => reply.ParentId!);
        Assert.Equal("ProcessTerminated", replies[dying].Content.TextOrNull("ename"));
        Assert.Equal("ProcessTerminated", replies[aside].Content.TextOrNull("ename"));
        Assert.All(cells, id => Assert.Equal(("execute_reply", "error", "Aborted", 3), Told(replies[id])));
        Assert.All(others, id => Assert.Equal(("error", "KernelEnded"), (replies[id].Status, replies[id].Content.TextOrNull("ename"))));
        foreach (var id in cells)
            Assert.Equal(["status:busy", "status:idle"], client.Outputs(id));
        await client.Process!.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(134, client.Process.ExitCode);
        Assert.True(client.IsQuiet("shell"));
    }

    private List<JsonObject> Written(string connectionFile, Action<OpenRequests> happens)
    {
        var path = folder.File("journal", "");
        using (var journal = new Journal(path))
            happens(new OpenRequests(journal, connectionFile));
        using var file = File.OpenRead(path);
        return Journal.Read(file);
    }

    private static IncomingMessage Take(OpenRequests requests, KernelClient client, string id, string type = "execute_request")
    {
        var header = new JsonObject { ["msg_id"] = id, ["msg_type"] = type, ["session"] = "s" };
        var request = new IncomingMessage(ChannelName.Shell, [client.Identity], new MessageHeader(id, "s", type, null),
            Encoding.UTF8.GetBytes(header.ToJsonString()), null, null, []);
        requests.Take(request);
        return request;
    }

    private static (string Type, string? Status, string? Name, int? Count) Told(Received reply) =>
        (reply.Type, reply.Status, reply.Content.TextOrNull("ename"), reply.Content.IntegerOrNull("execution_count"));
}
