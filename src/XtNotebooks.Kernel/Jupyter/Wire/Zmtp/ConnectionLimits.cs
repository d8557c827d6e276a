namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>What strangers may take from the kernel before anybody knows whether their messages are genuine: connections, time and
/// memory.</summary>
internal sealed class ConnectionLimits(Action<string> tell, TimeProvider time)
{
    internal const int MostConnections = 1000;

    /// <summary>How many may be connected without having introduced themselves; a further one takes the place of the first.</summary>
    internal const int MostStrangers = 100;

    /// <summary>How many bytes messages that have not come whole may take, over all connections.</summary>
    private const long MostHeld = 1L << 30;

    /// <summary>How long an introduction may take. A front end's is there in milliseconds.</summary>
    internal static readonly TimeSpan Introduction = TimeSpan.FromSeconds(10);

    private readonly List<ZmtpConnection> strangers = [];
    private bool full;

    /// <summary>The time by the clock of connections.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>Whether one more may connect.</summary>
    public bool Admit(int connected)
    {
        if (connected < MostConnections)
            return true;
        if (!full)
            tell($"{MostConnections} clients are connected; further ones are turned away.");
        full = true;
        return false;
    }

    /// <summary>Keeps an eye on a new connection until it has introduced itself.</summary>
    public ZmtpConnection Watch(ZmtpConnection connection)
    {
        strangers.Add(connection);
        return connection;
    }

    /// <summary>Closes the connections of those who do not introduce themselves, and the greediest where memory runs out.</summary>
    public void Apply(IReadOnlyCollection<ZmtpConnection> connections)
    {
        strangers.RemoveAll(stranger => stranger.IsOpen || stranger.IsClosed);
        var (now, surplus) = (Now, strangers.Count - MostStrangers);
        foreach (var stranger in strangers)
        {
            if (surplus-- <= 0 && time.GetElapsedTime(stranger.Since, now) < Introduction)
                break;
            stranger.Close();
        }
        if (connections.Sum(connection => connection.IsClosed ? 0 : connection.Held) > MostHeld)
        {
            tell("the messages that clients have begun and not ended take too much memory; the longest is refused.");
            connections.Where(connection => !connection.IsClosed).MaxBy(connection => connection.Held)!.Close();
        }
    }
}
