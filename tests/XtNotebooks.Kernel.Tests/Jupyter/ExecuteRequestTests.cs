using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>Cells, their order and their outputs.</summary>
public class ExecuteRequestTests
{
    [Fact]
    public async Task A_cell_is_published_in_order_between_busy_and_idle()
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Execute("out a\nerr b\nshow c\nupdate d\nclear\nvalue e");
        Assert.Equal(
            ["status:busy", "input:1", "stdout:a\n", "stderr:b\n", "display_data:c", "update_display_data:d", "clear_output", "execute_result:e", "status:idle"],
            client.Outputs(id));
        var reply = client.Reply(id);
        Assert.Equal("ok", reply.Status);
        Assert.Equal(1, reply.Content.GetProperty("execution_count").GetInt32());
    }

    [Fact]
    public async Task A_silent_cell_is_not_published_nor_counted()
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Execute("out a\nvalue b", new JsonObject { ["silent"] = true });
        Assert.Equal(["status:busy", "status:idle"], client.Outputs(id));
        Assert.Equal(0, client.Reply(id).Content.GetProperty("execution_count").GetInt32());
        id = client.Execute("out a", new JsonObject { ["store_history"] = false });
        Assert.Equal(["status:busy", "input:0", "stdout:a\n", "status:idle"], client.Outputs(id));
    }

    [Fact]
    public async Task An_error_aborts_what_was_queued_and_later_cells_run()
    {
        await using var client = await KernelClient.StartAsync();
        var first = client.Execute("out a\nfail it broke");
        var second = client.Execute("out b");
        var info = client.Send("shell", "kernel_info_request");
        var third = client.Execute("out c");
        Assert.Equal(["status:busy", "input:1", "stdout:a\n", "error:Failure", "status:idle"], client.Outputs(first));
        Assert.Equal(["status:busy", "status:idle"], client.Outputs(second));
        var reply = client.Reply(first);
        Assert.Equal(("error", "Failure", "it broke"), (reply.Status, reply.Content.GetProperty("ename").GetString(), reply.Content.GetProperty("evalue").GetString()));
        Assert.Equal("Aborted", client.Reply(second).Content.GetProperty("ename").GetString());
        Assert.Equal("ok", client.Reply(info).Status);
        Assert.Equal("Aborted", client.Reply(third).Content.GetProperty("ename").GetString());
        Assert.Equal("ok", client.Reply(client.Execute("out d")).Status);
    }

    [Fact]
    public async Task Without_stop_on_error_the_queue_goes_on()
    {
        await using var client = await KernelClient.StartAsync();
        client.Execute("fail x", new JsonObject { ["stop_on_error"] = false });
        Assert.Equal("ok", client.Reply(client.Execute("out b")).Status);
    }

    [Fact]
    public async Task User_expressions_are_answered_each_on_its_own()
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Execute("out a", new JsonObject { ["user_expressions"] = new JsonObject { ["x"] = "1+1", ["y"] = "bad", ["z"] = 7, ["none"] = "none" } });
        var expressions = client.Reply(id).Content.GetProperty("user_expressions");
        Assert.Equal("null", expressions.GetProperty("none").GetProperty("data").GetProperty("text/plain").GetString());
        Assert.Equal("1+1", expressions.GetProperty("x").GetProperty("data").GetProperty("text/plain").GetString());
        Assert.Equal("error", expressions.GetProperty("y").GetProperty("status").GetString());
        Assert.Equal("Bad", expressions.GetProperty("y").GetProperty("ename").GetString());
    }

    [Fact]
    public async Task A_hundred_cells_in_flight_are_answered_in_order()
    {
        await using var client = await KernelClient.StartAsync();
        var ids = Enumerable.Range(0, 100).Select(i => client.Execute($"value {i}")).ToArray();
        foreach (var (i, id) in ids.Index())
        {
            var reply = client.Next("shell");
            Assert.Equal(id, reply.ParentId);
            Assert.Equal(i + 1, reply.Content.GetProperty("execution_count").GetInt32());
            Assert.Equal(["status:busy", $"input:{i + 1}", $"execute_result:{i}", "status:idle"], client.Outputs(id));
        }
    }

    [Fact]
    public async Task A_display_is_updated_after_its_cell_has_ended()
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Execute("show a\nlater b");
        Assert.Equal("status:idle", client.Outputs(id)[^1]);
        var update = client.Published("update_display_data");
        Assert.Equal(id, update.ParentId);
        Assert.Equal("id", update.Content.GetProperty("transient").GetProperty("display_id").GetString());
    }

    [Fact]
    public async Task A_bug_in_the_session_is_an_error_of_the_cell()
    {
        await using var client = await KernelClient.StartAsync();
        var reply = client.Reply(client.Execute("crash"));
        Assert.Equal("InternalError", reply.Content.GetProperty("ename").GetString());
        Assert.Equal("ok", client.Reply(client.Execute("out b")).Status);
    }
}
