using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>The kernel as a whole: what it is, and how it ends.</summary>
public class JupyterKernelTests
{
    [Fact]
    public async Task A_subscriber_is_welcomed_and_the_heart_beats()
    {
        await using var client = await KernelClient.StartAsync();
        Assert.Equal("", client.Welcome.Content.GetProperty("subscription").GetString());
        Assert.Null(client.Welcome.ParentId);
        Assert.Equal("ping", client.Beat("ping"));
    }

    [Theory]
    [InlineData("shell")]
    [InlineData("control")]
    public async Task The_kernel_tells_what_it_is_on_both_channels(string channel)
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Send(channel, "kernel_info_request");
        var reply = client.Reply(id, channel);
        Assert.Equal("kernel_info_reply", reply.Type);
        Assert.Equal("ok", reply.Status);
        Assert.Equal("5.5", reply.Content.GetProperty("protocol_version").GetString());
        Assert.Equal("C#", reply.Content.GetProperty("language_info").GetProperty("name").GetString());
        Assert.Equal("kernel subshells", reply.Content.GetProperty("supported_features")[0].GetString());
        Assert.Equal(["status:busy", "status:idle"], client.Outputs(id));
    }

    [Fact]
    public async Task Debugging_is_refused_in_the_words_of_its_protocol()
    {
        await using var client = await KernelClient.StartAsync();
        var reply = client.Reply(client.Send("control", "debug_request", new JsonObject { ["type"] = "request", ["seq"] = 4, ["command"] = "attach" }), "control");
        Assert.Equal("debug_reply", reply.Type);
        Assert.False(reply.Content.GetProperty("success").GetBoolean());
        Assert.Equal((4, "attach"), (reply.Content.GetProperty("request_seq").GetInt32(), reply.Content.GetProperty("command").GetString()));
    }

    [Theory]
    [InlineData("control", true)]
    [InlineData("control", false)]
    [InlineData("shell", false)]
    public async Task A_shutdown_is_answered_and_ends_the_kernel_even_while_a_cell_runs(string channel, bool restart)
    {
        await using var client = await KernelClient.StartAsync();
        if (channel == "control")
        {
            client.Execute("wait");
            await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        }
        var reply = client.Reply(client.Send(channel, "shutdown_request", new JsonObject { ["restart"] = restart }), channel);
        Assert.Equal(("shutdown_reply", "ok", restart), (reply.Type, reply.Status, reply.Content.GetProperty("restart").GetBoolean()));
        await client.Kernel.Ended.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }
}
