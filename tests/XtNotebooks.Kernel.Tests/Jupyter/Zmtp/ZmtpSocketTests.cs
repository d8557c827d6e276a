using System.Text;
using NetMQ;
using NetMQ.Sockets;
using XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

namespace XtNotebooks.Kernel.Tests.Jupyter.Zmtp;

/// <summary>What the sockets do for clients that keep to the protocol.</summary>
public sealed class ZmtpSocketTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void Only_the_client_that_subscribed_is_welcomed()
    {
        using var host = new ZmtpHost();
        using var first = RawClient.Open(host.PublisherPort, "SUB");
        first.Send(ZmtpFormat.Message([[1]]));
        Assert.Equal(("", "welcome"), (first.Hear(), first.Hear()));
        using var second = new SubscriberSocket();
        second.Connect($"tcp://127.0.0.1:{host.PublisherPort}");
        second.Subscribe("topic");
        Assert.True(second.TryReceiveFrameString(Patience, out var topic));
        Assert.Equal(("topic", "welcome"), (topic, second.ReceiveFrameString()));
        host.Do(() => host.Publisher.Send(["news"u8.ToArray()]));
        Assert.Equal("news", first.Hear());
    }

    [Fact]
    public void Who_subscribes_late_gets_what_was_sent_before_where_it_is_kept_and_once()
    {
        using var host = new ZmtpHost(keepsAll: true);
        host.Do(() => host.Publisher.Send(["A1"u8.ToArray()]));
        host.Do(() => host.Publisher.Send(["B1"u8.ToArray()]));
        using var client = RawClient.Open(host.PublisherPort, "SUB");
        client.Send(ZmtpFormat.Message([[1, 66]]));
        Assert.Equal(("B", "welcome", "B1"), (client.Hear(), client.Hear(), client.Hear()));
        client.Send(ZmtpFormat.Message([[1]]));
        Assert.Equal(("", "welcome", "A1"), (client.Hear(), client.Hear(), client.Hear()));
        host.Do(() => host.Publisher.Send(["B2"u8.ToArray()]));
        Assert.Equal("B2", client.Hear());
    }

    [Fact]
    public void Subscriptions_end_as_often_as_they_began()
    {
        using var host = new ZmtpHost();
        using var client = RawClient.Open(host.PublisherPort, "SUB");
        client.Send([.. ZmtpFormat.Message([[1, 65]]), .. ZmtpFormat.Message([[1, 65]]), .. ZmtpFormat.Message([[0, 65]]), .. ZmtpFormat.Message([[1, 66]])]);
        for (var i = 0; i < 3; i++)
            Assert.Equal("welcome", (client.Hear(), client.Hear()).Item2);
        host.Do(() => host.Publisher.Send(["A1"u8.ToArray()]));
        Assert.Equal("A1", client.Hear());
        client.Send([.. ZmtpFormat.Message([[0, 65]]), .. ZmtpFormat.Message([[1, 67]])]);
        Assert.Equal(("C", "welcome"), (client.Hear(), client.Hear()));
        host.Do(() => host.Publisher.Send(["A2"u8.ToArray()]));
        host.Do(() => host.Publisher.Send(["B"u8.ToArray()]));
        Assert.Equal("B", client.Hear());
    }

    [Fact]
    public void Subscriptions_as_commands_of_version_3_1_are_understood()
    {
        using var host = new ZmtpHost();
        using var client = RawClient.Open(host.PublisherPort, "SUB");
        client.Send([4, 11, 9, .. "SUBSCRIBE"u8, 65]);
        Assert.Equal(("A", "welcome"), (client.Hear(), client.Hear()));
        client.Send([4, 8, 6, .. "CANCEL"u8, 65, 4, 11, 9, .. "SUBSCRIBE"u8, 66]);
        Assert.Equal(("B", "welcome"), (client.Hear(), client.Hear()));
        host.Do(() => host.Publisher.Send(["A"u8.ToArray()]));
        host.Do(() => host.Publisher.Send(["B"u8.ToArray()]));
        Assert.Equal("B", client.Hear());
    }

    [Fact]
    public void A_client_cannot_take_an_identity_that_is_the_kernels_to_give()
    {
        using var host = new ZmtpHost();
        using var nameless = RawClient.Open(host.RouterPort, "DEALER");
        nameless.Say("one");
        Assert.Equal("one", nameless.Hear());
        using var thief = RawClient.Open(host.RouterPort, "DEALER", [0, 0, 0, 0, 1]);
        thief.Say("two");
        Assert.Equal("two", thief.Hear());
        nameless.Say("three");
        Assert.Equal("three", nameless.Hear());
    }

    [Fact]
    public void Two_clients_of_one_identity_are_both_served_and_the_name_is_free_again_after_them()
    {
        using var host = new ZmtpHost();
        using (var first = Dealer(host))
        using (var second = Dealer(host))
        {
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal("first", Ask(first, "first"));
                Assert.Equal("second", Ask(second, "second"));
            }
        }
        using var third = Dealer(host);
        Assert.Equal("third", Ask(third, "third"));
        // By its plain name, once the system has told of the others' end.
        for (var i = 0; ; i++)
        {
            using var fourth = Dealer(host);
            Assert.Equal("fourth", Ask(fourth, "fourth"));
            var found = false;
            host.Do(() => found = host.Router.Send(["same"u8.ToArray(), "by name"u8.ToArray()]));
            if (found)
                break;
            Assert.True(i < 100);
        }

        static DealerSocket Dealer(ZmtpHost host)
        {
            var socket = new DealerSocket();
            socket.Options.Identity = "same"u8.ToArray();
            socket.Connect($"tcp://127.0.0.1:{host.RouterPort}");
            return socket;
        }

        static string? Ask(DealerSocket socket, string text)
        {
            socket.SendFrame(text);
            Assert.True(socket.TryReceiveFrameString(Patience, out var answer));
            return answer;
        }
    }

    [Fact]
    public void A_message_that_fails_keeps_none_of_those_that_came_with_it()
    {
        using var host = new ZmtpHost();
        using var client = RawClient.Open(host.RouterPort, "DEALER");
        client.Send([.. ZmtpFormat.Message(["before"u8.ToArray()]), .. ZmtpFormat.Message(["fail"u8.ToArray()]), .. ZmtpFormat.Message(["after"u8.ToArray()])]);
        Assert.Equal("before", client.Hear());
        Assert.Equal("after", client.Hear());
        Assert.Contains("could not", host.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ping_is_answered_with_what_it_carried_and_one_that_is_too_long_ends_the_connection()
    {
        using var host = new ZmtpHost();
        using var client = RawClient.Open(host.RouterPort, "DEALER");
        client.Send([4, 10, 4, .. "PING"u8, 0, 100, .. "abc"u8]);
        Assert.Equal("\u0004PONGabc", Encoding.ASCII.GetString(client.ReadFrame()));
        client.Send([4, 24, 4, .. "PING"u8, 0, 100, .. new byte[17]]);
        client.WaitForEnd();
    }

    [Fact]
    public void Draining_takes_what_is_there_and_ends_although_more_keeps_coming()
    {
        using var host = new ZmtpHost();
        using var client = new DealerSocket();
        client.Connect($"tcp://127.0.0.1:{host.RouterPort}");
        using var stop = new CancellationTokenSource();
        var flood = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
                client.TrySendFrame("more");
        });
        flood.Start();
        for (var i = 0; i < 3; i++)
            host.Do(host.Router.Drain);
        stop.Cancel();
        flood.Join();
    }
}
