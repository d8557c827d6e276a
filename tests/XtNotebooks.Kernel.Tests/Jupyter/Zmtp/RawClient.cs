using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

namespace XtNotebooks.Kernel.Tests.Jupyter.Zmtp;

/// <summary>A client that sends whatever bytes a test wants.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };

    private RawClient(int port) => socket.Connect(new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>A connection on which nothing has been said.</summary>
    public static RawClient Connect(int port) => new(port);

    /// <summary>A connection whose handshake is done.</summary>
    public static RawClient Open(int port, string type, byte[]? identity = null)
    {
        var client = new RawClient(port);
        client.Send([.. ZmtpFormat.Greeting, .. Ready(type, identity ?? [])]);
        client.Read(ZmtpFormat.GreetingLength);
        client.ReadFrame();
        return client;
    }

    public static byte[] Ready(string type, byte[] identity)
    {
        byte[] body = [5, .. "READY"u8, .. Property("Socket-Type", Encoding.ASCII.GetBytes(type)), .. Property("Identity", identity)];
        var length = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(length, body.Length);
        return [6, .. length, .. body];

        static byte[] Property(string name, byte[] value)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, value.Length);
            return [(byte)name.Length, .. Encoding.ASCII.GetBytes(name), .. length, .. value];
        }
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }

    public void Say(params string[] frames) => Send(ZmtpFormat.Message([.. frames.Select(Encoding.UTF8.GetBytes)]));

    /// <summary>The body of the next frame; waits for it.</summary>
    public byte[] ReadFrame()
    {
        var flags = Read(1)[0];
        var length = (flags & ZmtpFormat.Long) != 0 ? BinaryPrimitives.ReadInt64BigEndian(Read(8)) : Read(1)[0];
        return Read((int)length);
    }

    public string Hear() => Encoding.UTF8.GetString(ReadFrame());

    /// <summary>Waits until the other side has ended the connection.</summary>
    public void WaitForEnd()
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (socket.Receive(buffer) > 0)
            {
            }
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown)
        {
            // It was not even read to its end.
        }
    }

    public void Dispose() => socket.Dispose();

    private byte[] Read(int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var read = socket.Receive(bytes.AsSpan(at));
            Assert.NotEqual(0, read);
            at += read;
        }
        return bytes;
    }
}
