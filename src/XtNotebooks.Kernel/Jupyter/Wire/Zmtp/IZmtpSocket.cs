namespace XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

/// <summary>What a kind of ZeroMQ socket does with its connections; called on the sockets' thread.</summary>
internal interface IZmtpSocket
{
    /// <summary>The kind as the handshake names it, for example <c>ROUTER</c>.</summary>
    string SocketType { get; }

    /// <summary>A client has introduced itself.</summary>
    void Opened(ZmtpConnection connection);

    void Received(ZmtpConnection connection, List<byte[]> frames);

    /// <summary>A client that was opened has gone.</summary>
    void Closed(ZmtpConnection connection);
}
