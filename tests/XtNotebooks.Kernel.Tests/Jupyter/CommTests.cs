using System.Text.Json.Nodes;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>Comms with the front end.</summary>
public class CommTests
{
    [Fact]
    public async Task Comms_go_both_ways()
    {
        await using var client = await KernelClient.StartAsync();
        client.Reply(client.Execute("out ready"));
        var comms = client.Code.Comms!;
        comms.Accept("echo", (comm, opened) =>
        {
            comm.Received += (_, data) => comm.Send(data.Json, data.Buffers);
            comm.Send(opened.Json);
        });
        var open = client.Send("shell", "comm_open", new JsonObject { ["comm_id"] = "c1", ["target_name"] = "echo", ["data"] = new JsonObject { ["n"] = 1 } });
        var message = client.Published("comm_msg");
        Assert.Equal((open, 1), (message.ParentId, message.Content.GetProperty("data").GetProperty("n").GetInt32()));
        client.Send("shell", "comm_msg", new JsonObject { ["comm_id"] = "c1", ["data"] = new JsonObject { ["n"] = 2 } }, buffers: [[1, 2, 3]]);
        message = client.Published("comm_msg");
        Assert.Equal(2, message.Content.GetProperty("data").GetProperty("n").GetInt32());
        Assert.Equal([1, 2, 3], Assert.Single(message.Buffers));

        var mine = comms.Open("widget", """{"x": true}""");
        message = client.Published("comm_open");
        Assert.Equal("widget", message.Content.GetProperty("target_name").GetString());
        var info = client.Reply(client.Send("shell", "comm_info_request")).Content.GetProperty("comms");
        Assert.Equal("widget", info.GetProperty(mine.Id).GetProperty("target_name").GetString());
        Assert.Equal("echo", info.GetProperty("c1").GetProperty("target_name").GetString());
        info = client.Reply(client.Send("shell", "comm_info_request", new JsonObject { ["target_name"] = "echo" })).Content.GetProperty("comms");
        Assert.Single(info.EnumerateObject().ToArray());

        Assert.Throws<ArgumentException>(() => mine.Close("[1]"));
        Assert.True(mine.IsOpen);
        var lastWords = new TaskCompletionSource<CommData>();
        mine.Closed += (_, data) => lastWords.SetResult(data);
        client.Send("shell", "comm_close", new JsonObject { ["comm_id"] = mine.Id, ["data"] = new JsonObject { ["bye"] = 1 } });
        Assert.Contains("bye", (await lastWords.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Json);
        Assert.Throws<InvalidOperationException>(() => mine.Send("{}"));
        Assert.Throws<ArgumentException>(() => comms.Open("widget", "[1]"));
    }

    [Fact]
    public async Task A_comm_to_nobody_is_closed_and_a_handler_that_throws_harms_nothing()
    {
        await using var client = await KernelClient.StartAsync();
        client.Send("shell", "comm_open", new JsonObject { ["comm_id"] = "c1", ["target_name"] = "nobody" });
        Assert.Equal("c1", client.Published("comm_close").Content.GetProperty("comm_id").GetString());
        client.Reply(client.Execute("out ready"));
        client.Code.Comms!.Accept("bad", (_, _) => throw new InvalidOperationException("oh"));
        client.Send("shell", "comm_open", new JsonObject { ["comm_id"] = "c2", ["target_name"] = "bad" });
        while (client.Published("stream").Short != "stderr:The comm 'bad' failed: oh\n")
        {
        }
        Assert.Equal("c2", client.Published("comm_close").Content.GetProperty("comm_id").GetString());
        Assert.Empty(client.Reply(client.Send("shell", "comm_info_request")).Content.GetProperty("comms").EnumerateObject());
        Assert.Equal("ok", client.Reply(client.Execute("out on")).Status);
    }

    [Theory]
    [InlineData("Console.Write(\"begun\"); while (true) { }", "The handler of the comm 't' was interrupted.")]
    [InlineData("Console.Write(\"begun\"); Thread.Sleep(Timeout.Infinite);", "The handler of the comm 't' was interrupted.")]
    [InlineData("Console.Write(\"begun\"); Enumerable.Repeat(0.5, int.MaxValue).Sum(); Enumerable.Repeat(0.5, int.MaxValue).Sum();", "The handler of the comm 't' could not be stopped")]
    public async Task An_interrupt_ends_a_handler_and_the_kernel_goes_on(string code, string told)
    {
        await using var client = await KernelClient.StartProcessAsync();
        var cell = client.Execute($"Notebook.Comms.Accept(\"t\", (c, d) => {{ {code} }});");
        Assert.Equal("ok", client.Reply(cell).Status);
        var open = client.Send("shell", "comm_open", new JsonObject { ["comm_id"] = "c1", ["target_name"] = "t" });
        var begun = client.Published("stream");
        Assert.Equal((cell, "stdout:begun"), (begun.ParentId, begun.Short));
        client.Send("control", "interrupt_request");
        Assert.Contains(client.Outputs(open), output => output.StartsWith("stderr:" + told, StringComparison.Ordinal));
        Assert.Equal("ok", client.Reply(client.Execute("1 + 1")).Status);
    }
}
