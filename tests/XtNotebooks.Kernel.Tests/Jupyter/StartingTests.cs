using System.Text;
using NetMQ;
using NetMQ.Sockets;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>A kernel that has just started says so to those who connect, as the classic Notebook needs it after a crash.</summary>
public sealed class StartingTests
{
    [Fact]
    public async Task Who_subscribes_before_any_request_hears_that_the_kernel_starts()
    {
        await using var client = await KernelClient.StartAsync();
        var status = client.Next("iopub");
        Assert.Equal(("status:starting", null), (status.Short, status.ParentId));
        Assert.Equal(["status:busy", "input:1", "status:idle"], client.Outputs(client.Execute("")));
    }

    [Fact]
    public async Task Who_subscribes_later_does_not()
    {
        await using var client = await KernelClient.StartAsync();
        Assert.Equal("status:starting", client.Next("iopub").Short);
        _ = client.Outputs(client.Send("shell", "kernel_info_request"));
        using var later = new SubscriberSocket();
        later.Options.Linger = TimeSpan.Zero;
        later.Connect($"tcp://127.0.0.1:{client.Connection.IOPubPort}");
        later.SubscribeToAnyTopic();
        Assert.Contains("iopub_welcome", Next(later), StringComparison.Ordinal);
        _ = client.Send("shell", "kernel_info_request");
        Assert.Contains("\"busy\"", Next(later), StringComparison.Ordinal);
    }

    /// <summary>Header and content of the next message.</summary>
    private static string Next(SubscriberSocket socket)
    {
        List<byte[]> frames = [];
        Assert.True(socket.TryReceiveMultipartBytes(TimeSpan.FromSeconds(60), ref frames));
        var start = frames.FindIndex(frame => frame.AsSpan().SequenceEqual(MessageReader.Delimiter));
        return Encoding.UTF8.GetString(frames[start + 2]) + Encoding.UTF8.GetString(frames[start + 5]);
    }
}
