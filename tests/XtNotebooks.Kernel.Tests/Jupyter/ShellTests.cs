using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>Interrupts and subshells.</summary>
public class ShellTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_interrupt_stops_the_cell_and_aborts_the_queue(bool byMessage)
    {
        await using var client = await KernelClient.StartAsync();
        var cell = client.Execute("wait");
        var queued = client.Execute("out b");
        await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        if (byMessage)
            Assert.Equal("ok", client.Reply(client.Send("control", "interrupt_request"), "control").Status);
        else
            client.Kernel.Interrupt();
        Assert.Equal("Interrupted", client.Reply(cell).Content.GetProperty("ename").GetString());
        Assert.Equal("Aborted", client.Reply(queued).Content.GetProperty("ename").GetString());
        Assert.Equal("ok", client.Reply(client.Execute("out c")).Status);
    }

    [Fact]
    public async Task A_subshell_answers_and_runs_while_the_main_shell_is_busy()
    {
        await using var client = await KernelClient.StartAsync();
        var cell = client.Execute("wait");
        await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        var created = client.Reply(client.Send("control", "create_subshell_request"), "control");
        var subshell = created.Content.GetProperty("subshell_id").GetString()!;
        var listed = client.Reply(client.Send("control", "list_subshell_request"), "control");
        Assert.Equal(subshell, listed.Content.GetProperty("subshell_id")[0].GetString());

        Assert.Equal("ok", client.Reply(client.Send("shell", "complete_request", new JsonObject { ["code"] = "ab", ["cursor_pos"] = 2 }, subshell)).Status);
        Assert.Equal("ok", client.Reply(client.Send("shell", "execute_request", new JsonObject { ["code"] = "out b" }, subshell)).Status);
        Assert.Equal(subshell, client.Code.Ran[^1].Subshell);

        Assert.Equal("ok", client.Reply(client.Send("control", "delete_subshell_request", new JsonObject { ["subshell_id"] = subshell }), "control").Status);
        var late = client.Send("shell", "execute_request", new JsonObject { ["code"] = "out b" }, subshell);
        Assert.Equal("SubshellError", client.Reply(late).Content.GetProperty("ename").GetString());
        Assert.Equal(["status:busy", "status:idle"], client.Outputs(late));
        Assert.Equal("error", client.Reply(client.Send("control", "delete_subshell_request", new JsonObject { ["subshell_id"] = "none" }), "control").Status);
        client.Kernel.Interrupt();
        Assert.Equal("error", client.Reply(cell).Status);
    }

    [Fact]
    public async Task An_interrupt_that_names_a_subshell_leaves_the_main_cell_alone()
    {
        await using var client = await KernelClient.StartAsync();
        var main = client.Execute("wait");
        var subshell = client.Reply(client.Send("control", "create_subshell_request"), "control").Content.GetProperty("subshell_id").GetString()!;
        var aside = client.Send("shell", "execute_request", new JsonObject { ["code"] = "wait" }, subshell);
        await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        client.Send("control", "interrupt_request", subshell: subshell);
        Assert.Equal(aside, client.Next("shell").ParentId);
        client.Send("control", "interrupt_request");
        Assert.Equal(main, client.Next("shell").ParentId);
    }

    [Fact]
    public async Task An_interrupt_that_the_client_sent_before_the_cell_spares_it()
    {
        await using var client = await KernelClient.StartAsync();
        var cell = client.Send("shell", "execute_request", new JsonObject { ["code"] = "wait" }, date: "2026-01-01T00:00:05Z");
        await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("ok", client.Reply(client.Send("control", "interrupt_request", date: "2026-01-01T00:00:04Z"), "control").Status);
        var aside = client.Reply(client.Send("control", "create_subshell_request"), "control").Content.GetProperty("subshell_id").GetString()!;
        Assert.Equal("ok", client.Reply(client.Send("shell", "execute_request", new JsonObject { ["code"] = "out b" }, aside)).Status);
        client.Send("control", "interrupt_request", date: "2026-01-01T00:00:06Z");
        Assert.Equal("Interrupted", client.Reply(cell).Content.GetProperty("ename").GetString());
    }
}
