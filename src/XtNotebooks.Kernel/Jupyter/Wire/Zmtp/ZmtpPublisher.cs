using System.Text;

namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>An XPUB: a message goes to every client that has subscribed to a beginning of its first frame.</summary>
/// <param name="name">The channel's name, for the log.</param>
/// <param name="welcome">What a client gets that has subscribed to a topic; null for nothing.</param>
internal sealed class ZmtpPublisher(string name, Func<string, IReadOnlyList<byte[]>?> welcome) : IZmtpSocket
{
    /// <summary>How many subscriptions one client may hold: a front end has one.</summary>
    internal const int MostTopics = 1000;

    private readonly Dictionary<ZmtpConnection, List<byte[]>> topics = [];
    private readonly List<IReadOnlyList<byte[]>> sent = [];

    /// <summary>Whether a client that subscribes gets what was sent before.</summary>
    public bool KeepsAll { get; init; }

    public string Name => name;

    public string SocketType => "XPUB";

    public IReadOnlyCollection<string> Peers { get; } = ["SUB", "XSUB"];

    public int LongestMessage => 1 << 12;

    public bool MayMiss => true;

    public void Opened(ZmtpConnection connection) => topics[connection] = [];

    public void Received(ZmtpConnection connection, List<byte[]> frames)
    {
        if (frames is not [[0 or 1, .. var topic]])
            return;
        var own = topics[connection];
        if (frames[0][0] == 1)
        {
            if (own.Count == MostTopics)
                throw new ZmtpException($"more than {MostTopics} subscriptions");
            var before = sent.Where(message => IsFor(message, [topic]) && !IsFor(message, own)).ToList();
            own.Add(topic);
            if (welcome(Encoding.UTF8.GetString(topic)) is { } greeting)
                connection.Send(ZmtpFormat.Message(greeting));
            before.ForEach(message => connection.Send(ZmtpFormat.Message(message)));
        }
        else if (own.FindIndex(other => other.AsSpan().SequenceEqual(topic)) is >= 0 and var index)
        {
            own.RemoveAt(index);
        }
    }

    public void Closed(ZmtpConnection connection) => topics.Remove(connection);

    public void Send(IReadOnlyList<byte[]> frames)
    {
        if (KeepsAll)
            sent.Add(frames);
        byte[]? message = null;
        // A connection that fails meanwhile leaves the table.
        foreach (var (connection, own) in topics.ToArray())
        {
            if (IsFor(frames, own))
                connection.Send(message ??= ZmtpFormat.Message(frames));
        }
    }

    private static bool IsFor(IReadOnlyList<byte[]> frames, List<byte[]> topics) => topics.Exists(topic => frames[0].AsSpan().StartsWith(topic));
}
