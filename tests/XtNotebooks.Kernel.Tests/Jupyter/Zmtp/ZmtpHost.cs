using System.Net;
using System.Text;
using XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

namespace XtNotebooks.Kernel.Tests.Jupyter.Zmtp;

/// <summary>A ROUTER that sends back what it gets and a publisher that welcomes, on free ports.</summary>
internal sealed class ZmtpHost : IDisposable
{
    private readonly SocketLoop loop;
    private readonly StringWriter log = new();
    private readonly TextWriter told;

    public ZmtpHost(TimeProvider? time = null, bool keepsAll = false)
    {
        told = TextWriter.Synchronized(log);
        var ports = KernelClient.FreePorts(2);
        (RouterPort, PublisherPort) = (ports[0], ports[1]);
        loop = new SocketLoop(told.WriteLine, time ?? TimeProvider.System);
        ZmtpRouter? router = null;
        Router = router = new ZmtpRouter("shell", frames =>
        {
            if (Encoding.UTF8.GetString(frames[^1]) == "fail")
                throw new InvalidOperationException("could not");
            router!.Send(frames);
        });
        Publisher = new ZmtpPublisher("iopub", topic => [Encoding.UTF8.GetBytes(topic), "welcome"u8.ToArray()]) { KeepsAll = keepsAll };
        loop.Listen(new IPEndPoint(IPAddress.Loopback, RouterPort), Router);
        loop.Listen(new IPEndPoint(IPAddress.Loopback, PublisherPort), Publisher);
        loop.Start();
    }

    public int RouterPort { get; }

    public int PublisherPort { get; }

    public ZmtpRouter Router { get; }

    public ZmtpPublisher Publisher { get; }

    public string Log => log.ToString();

    /// <summary>Does something on the sockets' thread and waits for it.</summary>
    public void Do(Action action)
    {
        using var done = new ManualResetEventSlim();
        loop.Post(() =>
        {
            action();
            done.Set();
        });
        Assert.True(done.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
    }

    /// <summary>Does something on the sockets' thread again and again.</summary>
    public void DoForEver(Action action) => loop.Post(() =>
    {
        action();
        DoForEver(action);
    });

    public void Dispose() => loop.Dispose();
}
