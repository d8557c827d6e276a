using System.Text;

namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>An XPUB: a message goes to every client that has subscribed to a beginning of its first frame.</summary>
internal sealed class ZmtpPublisher(Action<string> subscribed) : IZmtpSocket
{
    private readonly Dictionary<ZmtpConnection, List<byte[]>> topics = [];

    public string SocketType => "XPUB";

    public void Opened(ZmtpConnection connection) => topics[connection] = [];

    public void Received(ZmtpConnection connection, List<byte[]> frames)
    {
        if (frames is not [[0 or 1, .. var topic]])
            return;
        var own = topics[connection];
        if (frames[0][0] == 1)
        {
            own.Add(topic);
            subscribed(Encoding.UTF8.GetString(topic));
        }
        else if (own.FindIndex(other => other.AsSpan().SequenceEqual(topic)) is >= 0 and var index)
        {
            own.RemoveAt(index);
        }
    }

    public void Closed(ZmtpConnection connection) => topics.Remove(connection);

    public void Send(IReadOnlyList<byte[]> frames)
    {
        byte[]? message = null;
        // A connection that fails meanwhile leaves the table.
        foreach (var (connection, own) in topics.ToArray())
        {
            if (own.Exists(topic => frames[0].AsSpan().StartsWith(topic)))
                connection.Send(message ??= ZmtpFormat.Message(frames));
        }
    }
}
