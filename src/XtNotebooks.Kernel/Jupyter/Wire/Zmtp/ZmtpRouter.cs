using System.Buffers.Binary;
using System.Text;

namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>A ROUTER: a message that came begins with the client's identity, and one that goes names its client in the same way.</summary>
/// <param name="name">The channel's name, for the log.</param>
/// <param name="received">What comes, with the route back.</param>
internal sealed class ZmtpRouter(string name, Action<List<byte[]>> received) : IZmtpSocket
{
    private const int LongestIdentity = 255;

    private readonly Dictionary<string, ZmtpConnection> clients = [];
    private readonly Dictionary<ZmtpConnection, byte[]> identities = [];
    private int unnamed;

    public string Name => name;

    public string SocketType => "ROUTER";

    public IReadOnlyCollection<string> Peers { get; } = ["DEALER", "REQ", "ROUTER"];

    public int LongestMessage { get; init; } = 1 << 29;

    public bool MayMiss => false;

    public void Opened(ZmtpConnection connection)
    {
        var identity = Choose(connection.Identity);
        clients[Key(identity)] = connection;
        identities[connection] = identity;
    }

    public void Received(ZmtpConnection connection, List<byte[]> frames)
    {
        frames.Insert(0, identities[connection]);
        received(frames);
    }

    public void Closed(ZmtpConnection connection)
    {
        if (identities.Remove(connection, out var identity))
            clients.Remove(Key(identity));
    }

    /// <summary>Sends a message to the client that its first frame names; false where that one is not there.</summary>
    public bool Send(IReadOnlyList<byte[]> frames)
    {
        if (!clients.TryGetValue(Key(frames[0]), out var client))
            return false;
        client.Send(ZmtpFormat.Message(frames, from: 1));
        return true;
    }

    /// <summary>Takes in the messages that lie in the connections now; of a client that sends without end only a part.</summary>
    public void Drain()
    {
        const int MostReads = 1 << 14;
        foreach (var client in clients.Values.ToArray())
        {
            for (var reads = 0; reads < MostReads && client.Receive(); reads++)
            {
            }
        }
    }

    private byte[] Choose(byte[] wanted)
    {
        if (wanted.Length > LongestIdentity)
            throw new ZmtpException("an identity that is too long");
        // Identities that begin with zero are ours to give: a client must not take one that another client has, or will have.
        if (wanted is [] or [0, ..])
        {
            var given = new byte[5];
            BinaryPrimitives.WriteInt32BigEndian(given.AsSpan(1), ++unnamed);
            return given;
        }
        // Two front ends of one session are both served. The second of a name is the second on every channel, so that a question about
        // input, which is sent on one channel to the name known from another, finds it.
        var identity = wanted;
        for (var number = 2; clients.ContainsKey(Key(identity)); number++)
            identity = [0, .. Encoding.ASCII.GetBytes($"{number}:"), .. wanted];
        return identity;
    }

    private static string Key(byte[] identity) => Encoding.Latin1.GetString(identity);
}
