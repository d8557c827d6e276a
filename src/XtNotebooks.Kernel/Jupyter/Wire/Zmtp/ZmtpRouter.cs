using System.Buffers.Binary;
using System.Text;

namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>A ROUTER: a message that came begins with the client's identity, and one that goes names its client in the same way.</summary>
/// <remarks>A client that comes back with the identity it had takes the place of its dead connection.</remarks>
internal sealed class ZmtpRouter(Action<List<byte[]>> received) : IZmtpSocket
{
    private readonly Dictionary<string, ZmtpConnection> clients = [];
    private readonly Dictionary<ZmtpConnection, byte[]> identities = [];
    private int unnamed;

    public string SocketType => "ROUTER";

    public void Opened(ZmtpConnection connection)
    {
        var identity = connection.Identity;
        if (identity.Length == 0)
        {
            // A name that no client may choose: it begins with zero.
            identity = new byte[5];
            BinaryPrimitives.WriteInt32BigEndian(identity.AsSpan(1), ++unnamed);
        }
        if (clients.TryGetValue(Key(identity), out var dead))
            dead.Close();
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

    /// <summary>Takes in every message that lies in the connections now.</summary>
    public void Drain()
    {
        foreach (var client in clients.Values.ToArray())
        {
            while (client.Receive())
            {
            }
        }
    }

    private static string Key(byte[] identity) => Encoding.Latin1.GetString(identity);
}
