namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>What a kind of ZeroMQ socket does with its connections; called on the sockets' thread.</summary>
internal interface IZmtpSocket
{
    /// <summary>The channel's name, for the log.</summary>
    string Name { get; }

    /// <summary>The kind as the handshake names it, for example <c>ROUTER</c>.</summary>
    string SocketType { get; }

    /// <summary>The kinds that may connect to this one.</summary>
    IReadOnlyCollection<string> Peers { get; }

    /// <summary>How many bytes one message of a client may have.</summary>
    int LongestMessage { get; }

    /// <summary>Whether a client that does not read misses messages; else it is cut off, so that it knows that it has lost some.</summary>
    bool MayMiss { get; }

    /// <summary>A client has introduced itself.</summary>
    void Opened(ZmtpConnection connection);

    void Received(ZmtpConnection connection, List<byte[]> frames);

    /// <summary>A client that was opened has gone.</summary>
    void Closed(ZmtpConnection connection);
}
