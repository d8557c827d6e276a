using System.Net.Sockets;
using System.Text;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>Messages and bytes that make no sense.</summary>
public class BrokenMessageTests
{
    [Theory]
    [InlineData("shell", "execute_request", "[1, 2]")]
    [InlineData("shell", "execute_request", "{}")]
    [InlineData("shell", "execute_request", "{\"code\": 5}")]
    [InlineData("shell", "complete_request", "nothing")]
    [InlineData("shell", "inspect_request", "{\"cursor_pos\": 3}")]
    [InlineData("shell", "is_complete_request", "{\"code\": null}")]
    [InlineData("control", "delete_subshell_request", "7")]
    public async Task Content_that_makes_no_sense_is_answered_with_an_error(string channel, string type, string content)
    {
        await using var client = await KernelClient.StartAsync();
        var reply = client.Reply(client.Send(channel, type, rawContent: content), channel);
        Assert.Equal("error", reply.Status);
        Assert.NotEqual("", reply.Content.GetProperty("evalue").GetString());
    }

    [Theory]
    [InlineData("shell")]
    [InlineData("control")]
    [InlineData("stdin")]
    public async Task No_message_however_broken_ends_the_kernel(string channel)
    {
        await using var client = await KernelClient.StartAsync();
        var header = """{"msg_id": "m", "msg_type": "execute_request", "session": "s"}""";
        client.SendRaw(channel, [[]]);
        client.SendRaw(channel, "just bytes"u8.ToArray());
        client.SendRaw(channel, "<IDS|MSG>"u8.ToArray());
        client.SendRaw(channel, "<IDS|MSG>"u8.ToArray(), [], [], [], [], []);
        client.SendRaw(channel, client.Frames("{}", "{}"));
        client.SendRaw(channel, client.Frames("[]", "{}"));
        client.SendRaw(channel, client.Frames(header.Replace("execute", "unheard_of", StringComparison.Ordinal), "{}"));
        var wrong = client.Frames(header, """{"code": "out hacked"}""");
        wrong[1] = Encoding.ASCII.GetBytes(new string('0', 64));
        client.SendRaw(channel, wrong);
        wrong[1] = [];
        client.SendRaw(channel, wrong);
        client.SendRaw(channel, client.Frames("{\"a\":" + new string('[', 5000), new string('{', 5000)));
        Assert.Equal("ok", client.Reply(client.Send("control", "kernel_info_request"), "control").Status);
        Assert.Equal("ok", client.Reply(client.Execute("out fine")).Status);
        Assert.DoesNotContain(client.Code.Ran, cell => cell.Code.Contains("hacked", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_replayed_message_runs_once()
    {
        await using var client = await KernelClient.StartAsync();
        var frames = client.Frames("""{"msg_id": "once", "msg_type": "execute_request", "session": "s"}""", """{"code": "out once"}""");
        client.SendRaw("shell", frames);
        client.SendRaw("shell", frames);
        Assert.Equal("ok", client.Reply(client.Execute("out after")).Status);
        Assert.Equal(["out once", "out after"], client.Code.Ran.Select(cell => cell.Code));
        Assert.Contains("come before", client.Log.ToString());
    }

    [Fact]
    public async Task Bytes_that_are_no_ZeroMQ_do_no_harm_on_any_port()
    {
        await using var client = await KernelClient.StartAsync();
        var connection = client.Connection;
        var random = new Random(7);
        foreach (var port in (int[])[connection.ShellPort, connection.ControlPort, connection.IOPubPort, connection.StdinPort, connection.HeartbeatPort])
        {
            foreach (var bytes in (byte[][])["GET / HTTP/1.1\r\n\r\n"u8.ToArray(), [], [0xff], new byte[1000], Garbage(random)])
            {
                using var stranger = new TcpClient("127.0.0.1", port);
                await stranger.GetStream().WriteAsync(bytes, TestContext.Current.CancellationToken);
                stranger.LingerState = new LingerOption(true, 0);
            }
        }
        Assert.Equal("ok", client.Reply(client.Execute("out fine")).Status);
        Assert.Equal("ping", client.Beat("ping"));

        static byte[] Garbage(Random random)
        {
            var bytes = new byte[5000];
            random.NextBytes(bytes);
            return bytes;
        }
    }
}
