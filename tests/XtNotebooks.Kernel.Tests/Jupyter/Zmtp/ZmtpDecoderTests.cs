using System.Text;
using XtNotebooks.Kernel.Jupyter.Wire.Zmtp;

namespace XtNotebooks.Kernel.Tests.Jupyter.Zmtp;

public class ZmtpDecoderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Messages_come_out_as_they_were_put_in_however_the_bytes_are_cut(int piece)
    {
        byte[][] first = [[], "short"u8.ToArray(), new byte[255], new byte[256], new byte[70_000]];
        byte[][] second = ["next"u8.ToArray()];
        Random.Shared.NextBytes(first[4]);
        byte[] bytes = [.. ZmtpFormat.Greeting, .. ZmtpFormat.Ready("DEALER"), .. ZmtpFormat.Message(first), .. ZmtpFormat.Message(second)];
        var decoder = new ZmtpDecoder { LongestMessage = 1 << 29 };
        var (greeted, messages, commands) = (false, new List<List<byte[]>>(), new List<string>());
        for (var at = 0; at < bytes.Length;)
        {
            var room = decoder.Room().Span;
            var count = Math.Min(Math.Min(piece, room.Length), bytes.Length - at);
            bytes.AsSpan(at, count).CopyTo(room);
            decoder.Advance(count);
            at += count;
            if (!greeted)
                greeted = !decoder.TakeGreeting().IsEmpty;
            while (greeted && decoder.TryTake(out var command, out var message))
            {
                if (command is not null)
                    commands.Add(ZmtpFormat.ReadCommand(command).Name);
                else
                    messages.Add(message!);
            }
        }
        Assert.Equal(["READY"], commands);
        Assert.Equal(2, messages.Count);
        Assert.Equal(first, messages[0]);
        Assert.Equal(second, messages[1]);
    }

    [Theory]
    [InlineData("80 00")] // an unknown flag
    [InlineData("02 FF FF FF FF FF FF FF FF")] // a negative length
    [InlineData("02 00 00 01 00 00 00 00 00")] // a terabyte
    public void Bytes_that_are_no_frame_are_refused(string hex) =>
        Assert.Throws<ZmtpException>(() => Decoder(Convert.FromHexString(hex.Replace(" ", ""))).TryTake(out _, out _));

    [Fact]
    public void A_long_frame_that_does_not_come_takes_no_memory()
    {
        var decoder = Decoder([2, 0, 0, 0, 0, 0x1F, 0xFF, 0xFF, 0xFF]);
        Assert.False(decoder.TryTake(out _, out _));
        Assert.InRange(decoder.Room().Length, 1, 1 << 16);
    }

    [Fact]
    public void A_stranger_that_announces_more_than_an_introduction_is_refused() =>
        Assert.Throws<ZmtpException>(() => Introduction([6, 0, 0, 0, 0, 0, 1, 0, 0]).TryTake(out _, out _));

    [Fact]
    public void The_memory_of_a_connection_does_not_grow_with_what_has_passed_through_it()
    {
        var decoder = new ZmtpDecoder { LongestMessage = 1 << 29 };
        byte[] frame = [0, 100, .. new byte[100]];
        Add(decoder, frame[..50]);
        for (var i = 0; i < 10_000; i++)
        {
            // A part of the next frame is always there.
            Add(decoder, [.. frame[50..], .. frame[..50]]);
            Assert.True(decoder.TryTake(out _, out _));
            Assert.InRange(decoder.Room().Length, 1, 1 << 13);
        }
    }

    [Fact]
    public void A_message_without_end_is_refused()
    {
        var decoder = new ZmtpDecoder { LongestMessage = 1 << 29 };
        Assert.Throws<ZmtpException>(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                Add(decoder, [1, 0]);
                decoder.TryTake(out _, out _);
            }
        });
    }

    [Fact]
    public void The_properties_of_a_handshake_are_read_and_wrong_ones_refused()
    {
        var (name, data) = ZmtpFormat.ReadCommand(ZmtpFormat.Ready("XPUB")[2..]);
        Assert.Equal("READY", name);
        Assert.Equal("XPUB", Encoding.ASCII.GetString(ZmtpFormat.ReadProperties(data)["socket-type"]));
        Assert.Throws<ZmtpException>(() => ZmtpFormat.ReadProperties([3, 65, 66, 67, 0, 0, 0, 9, 1]));
        Assert.Throws<ZmtpException>(() => ZmtpFormat.ReadProperties([3, 65, 66, 67, 0xFF, 0, 0, 0]));
        Assert.Throws<ZmtpException>(() => ZmtpFormat.ReadProperties([200, 65]));
        Assert.Throws<ZmtpException>(() => ZmtpFormat.ReadCommand([]));
        Assert.Throws<ZmtpException>(() => ZmtpFormat.ReadCommand([9, 65]));
    }

    [Fact]
    public void Only_a_greeting_of_version_3_without_security_is_spoken()
    {
        Assert.True(ZmtpFormat.IsSpoken(ZmtpFormat.Greeting));
        var old = ZmtpFormat.Greeting.ToArray();
        old[10] = 1;
        Assert.False(ZmtpFormat.IsSpoken(old));
        var secured = ZmtpFormat.Greeting.ToArray();
        "CURVE"u8.CopyTo(secured.AsSpan(12));
        Assert.False(ZmtpFormat.IsSpoken(secured));
        Assert.False(ZmtpFormat.IsSpoken(new byte[64]));
    }

    private static ZmtpDecoder Introduction(byte[] bytes)
    {
        var decoder = new ZmtpDecoder();
        Add(decoder, bytes);
        return decoder;
    }

    private static ZmtpDecoder Decoder(byte[] bytes)
    {
        var decoder = new ZmtpDecoder { LongestMessage = 1 << 29 };
        Add(decoder, bytes);
        return decoder;
    }

    private static void Add(ZmtpDecoder decoder, byte[] bytes)
    {
        bytes.CopyTo(decoder.Room());
        decoder.Advance(bytes.Length);
    }
}
