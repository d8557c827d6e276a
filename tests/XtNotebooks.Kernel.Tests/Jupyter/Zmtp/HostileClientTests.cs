using System.Net.Sockets;
using NetMQ;
using NetMQ.Sockets;
using XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

namespace XtNotebooks.Kernel.Tests.Jupyter.Zmtp;

/// <summary>Clients that mean harm, or are broken: none takes the kernel from the others.</summary>
public sealed class HostileClientTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(64)]
    public void A_client_that_does_not_introduce_itself_is_cut_off_in_time(int sent)
    {
        var time = new ManualTime();
        using var host = new ZmtpHost(time);
        using var slow = RawClient.Connect(host.RouterPort);
        slow.Send(ZmtpFormat.Greeting.AsSpan(0, sent));
        Assert.Equal("served", Ask(host));
        time.Advance(ConnectionLimits.Introduction + TimeSpan.FromSeconds(1));
        slow.WaitForEnd();
        Assert.Equal("served", Ask(host));
    }

    [Fact]
    public void A_client_is_served_while_work_without_end_is_handed_over()
    {
        using var host = new ZmtpHost();
        host.DoForEver(() => { });
        Assert.Equal("served", Ask(host));
    }

    [Fact]
    public void A_byte_now_and_then_buys_no_time()
    {
        var time = new ManualTime();
        using var host = new ZmtpHost(time);
        using var slow = RawClient.Connect(host.RouterPort);
        slow.Send(ZmtpFormat.Greeting.AsSpan(0, 10));
        Assert.Equal("served", Ask(host));
        for (var i = 0; i < 3; i++)
        {
            time.Advance(ConnectionLimits.Introduction / 2.5);
            if (i < 2)
                slow.Send(ZmtpFormat.Greeting.AsSpan(10 + i, 1));
        }
        slow.WaitForEnd();
    }

    [Fact]
    public void A_client_is_served_while_five_thousand_others_say_nothing()
    {
        using var host = new ZmtpHost();
        var silent = new List<RawClient>();
        try
        {
            for (var i = 0; i < 5_000; i++)
                silent.Add(RawClient.Connect(i % 2 == 0 ? host.RouterPort : host.PublisherPort));
            Assert.Equal("served", Ask(host));
            silent[0].WaitForEnd();
        }
        finally
        {
            foreach (var client in silent)
                client.Dispose();
        }
    }

    [Theory]
    [InlineData(new byte[] { 6, 0, 0, 0, 0, 0x1F, 0xFF, 0xFF, 0xFF })]   // a command of 512 MiB
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0, 0x40, 0 })]            // a message of 16 KiB
    [InlineData(new byte[] { 0, 1, 65 })]                                // a message
    [InlineData(new byte[] { 4, 7, 4, 80, 73, 78, 71, 0, 0 })]           // a ping
    [InlineData(new byte[] { 4, 0 })]                                    // a command without a name
    [InlineData(new byte[] { 4, 6, 5, 69, 82, 82, 79, 82 })]             // an error
    [InlineData(new byte[] { 4, 6, 5, 82, 69, 65, 68, 89 })]             // an introduction that does not say what it is
    public void Before_its_introduction_a_client_may_send_nothing_but_that(byte[] bytes)
    {
        using var host = new ZmtpHost();
        using var client = RawClient.Connect(host.RouterPort);
        client.Send([.. ZmtpFormat.Greeting, .. bytes]);
        client.WaitForEnd();
    }

    [Theory]
    [InlineData("PUB")]
    [InlineData("SUB")]
    [InlineData("nonsense")]
    public void A_socket_of_a_kind_that_does_not_beverboseis_refused(string type)
    {
        using var host = new ZmtpHost();
        using var client = RawClient.Connect(host.RouterPort);
        client.Send([.. ZmtpFormat.Greeting, .. RawClient.Ready(type, [])]);
        client.WaitForEnd();
    }

    [Fact]
    public void An_identity_longer_than_the_protocol_allows_is_refused()
    {
        using var host = new ZmtpHost();
        using var client = RawClient.Connect(host.RouterPort);
        client.Send([.. ZmtpFormat.Greeting, .. RawClient.Ready("DEALER", new byte[300])]);
        client.WaitForEnd();
    }

    [Fact]
    public void A_client_that_subscribes_without_end_is_cut_off()
    {
        using var host = new ZmtpHost();
        using var greedy = RawClient.Open(host.PublisherPort, "SUB");
        for (var i = 0; i <= ZmtpPublisher.MostTopics; i++)
            greedy.Send(ZmtpFormat.Message([[1, (byte)i, (byte)(i >> 8)]]));
        greedy.WaitForEnd();
        using var verbose = RawClient.Open(host.PublisherPort, "SUB");
        verbose.Send(ZmtpFormat.Message([new byte[5000]]));
        verbose.WaitForEnd();
    }

    [Fact]
    public void A_client_that_asks_and_does_not_read_is_cut_off_and_told_of()
    {
        using var host = new ZmtpHost();
        using var deaf = RawClient.Open(host.RouterPort, "DEALER", "deaf"u8.ToArray());
        host.Do(() =>
        {
            for (var i = 0; i < 300_000; i++)
                host.Router.Send(["deaf"u8.ToArray(), new byte[100]]);
        });
        Assert.Contains("a client of the shell channel does not read what it asked for; it is cut off", host.Log, StringComparison.Ordinal);
        deaf.WaitForEnd();
        Assert.Equal("served", Ask(host));
    }

    [Fact]
    public void A_client_that_sends_without_reading_the_answers_is_not_read_from_either()
    {
        using var host = new ZmtpHost();
        using var deaf = RawClient.Open(host.RouterPort, "DEALER");
        const int Requests = 150_000;
        var body = new string('x', 200);
        var sender = new Thread(() =>
        {
            for (var i = 0; i < Requests; i++)
                deaf.Say(body);
        });
        sender.Start();
        while (sender.Join(TimeSpan.FromMilliseconds(1)) is false && host.Log.Length == 0)
        {
            // Every answer comes, once the client reads.
            for (var i = 0; i < Requests; i++)
                Assert.Equal(200, deaf.ReadFrame().Length);
            break;
        }
        sender.Join();
        Assert.Equal("", host.Log);
    }

    [Fact]
    public void A_subscriber_that_does_not_read_misses_outputs_and_this_is_told_once()
    {
        using var host = new ZmtpHost();
        using var deaf = RawClient.Open(host.PublisherPort, "SUB");
        deaf.Send(ZmtpFormat.Message([[1]]));
        using var attentive = new SubscriberSocket();
        attentive.Connect($"tcp://127.0.0.1:{host.PublisherPort}");
        attentive.Subscribe("last");
        Assert.True(attentive.TryReceiveFrameBytes(TimeSpan.FromSeconds(20), out _));
        Assert.True(attentive.TryReceiveFrameBytes(TimeSpan.FromSeconds(20), out _));
        host.Do(() =>
        {
            for (var i = 0; i < 300_000; i++)
                host.Publisher.Send([new byte[100]]);
            host.Publisher.Send(["last"u8.ToArray()]);
        });
        Assert.True(attentive.TryReceiveFrameString(TimeSpan.FromSeconds(20), out var last));
        Assert.Equal("last", last);
        Assert.Single(host.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("a client of the iopub channel does not read; it misses", host.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_by_chance_after_the_handshake_do_no_harm()
    {
        using var host = new ZmtpHost();
        var random = new Random(3);
        for (var i = 0; i < 200; i++)
        {
            var (port, type) = i % 2 == 0 ? (host.RouterPort, "DEALER") : (host.PublisherPort, "SUB");
            using var client = RawClient.Open(port, type);
            var bytes = new byte[random.Next(1, 2000)];
            random.NextBytes(bytes);
            // Half of them begin as a frame does.
            bytes[0] = i % 4 < 2 ? (byte)random.Next(8) : bytes[0];
            try
            {
                client.Send(bytes);
            }
            catch (SocketException)
            {
                // It was cut off meanwhile.
            }
        }
        Assert.Equal("served", Ask(host));
    }

    [Fact]
    public void The_end_does_not_wait_for_a_client_that_sends_without_end()
    {
        var host = new ZmtpHost();
        using var flooding = RawClient.Open(host.PublisherPort, "SUB");
        var ended = false;
        var flood = new Thread(() =>
        {
            try
            {
                var noise = ZmtpFormat.Message([new byte[1000]]);
                while (!Volatile.Read(ref ended))
                    flooding.Send(noise);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Cut off, as it should be.
            }
        });
        flood.Start();
        host.Dispose();
        flooding.WaitForEnd();
        Volatile.Write(ref ended, true);
        Assert.True(flood.Join(TimeSpan.FromSeconds(60)));
    }

    private static string Ask(ZmtpHost host)
    {
        using var client = new DealerSocket();
        client.Connect($"tcp://127.0.0.1:{host.RouterPort}");
        client.SendFrame("served");
        Assert.True(client.TryReceiveFrameString(TimeSpan.FromSeconds(60), out var answer), host.Log);
        return answer!;
    }
}
