using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FsCheck.Xunit;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Tests.Jupyter;

public class MessageTests
{
    private static readonly byte[] Key = "key"u8.ToArray();
    private static readonly byte[] Delimiter = "<IDS|MSG>"u8.ToArray();

    [Fact]
    public void The_signature_is_the_HMAC_of_the_four_frames_in_hex()
    {
        using var signer = new MessageSigner(Key, HashAlgorithmName.SHA256);
        var expected = Convert.ToHexStringLower(HMACSHA256.HashData(Key, "{1}{2}{3}{4}"u8));
        Assert.Equal(expected, Encoding.ASCII.GetString(signer.Sign("{1}"u8.ToArray(), "{2}"u8.ToArray(), "{3}"u8.ToArray(), "{4}"u8.ToArray())));
    }

    [Fact]
    public void A_genuine_message_is_taken_once_and_refused_when_replayed()
    {
        using var signer = new MessageSigner(Key, HashAlgorithmName.SHA256);
        var reader = new MessageReader(signer);
        var frames = Signed("""{"msg_id": "a", "msg_type": "execute_request", "session": "s"}""", """{"code": "1"}""", ["buffer"u8.ToArray()]);
        var message = reader.Read(ChannelName.Shell, frames, out _);
        Assert.NotNull(message);
        Assert.Equal("execute_request", message.Header.Type);
        Assert.Equal("1", message.Content!.Value.TextOrNull("code"));
        Assert.Equal("client", Encoding.ASCII.GetString(Assert.Single(message.Identities)));
        Assert.Equal("buffer", Encoding.ASCII.GetString(Assert.Single(message.Buffers)));

        Assert.Null(reader.Read(ChannelName.Shell, frames, out var refusal));
        Assert.Equal("it has come before", refusal);
    }

    [Fact]
    public void A_message_with_another_key_or_none_is_refused()
    {
        using var signer = new MessageSigner(Key, HashAlgorithmName.SHA256);
        var reader = new MessageReader(signer);
        var frames = Signed("""{"msg_id": "a", "msg_type": "t"}""", "{}", key: "other"u8.ToArray());
        Assert.Null(reader.Read(ChannelName.Shell, frames, out var refusal));
        Assert.Equal("its signature is wrong", refusal);
        frames[2] = [];
        Assert.Null(reader.Read(ChannelName.Shell, frames, out refusal));
        Assert.Equal("it is not signed", refusal);
    }

    [Theory]
    [InlineData("""{"msg_type": "t"}""", "its header has no msg_id")]
    [InlineData("""{"msg_id": 7, "msg_type": "t"}""", "its header has no msg_id")]
    [InlineData("""{"msg_id": "a"}""", "its header has no msg_type")]
    [InlineData("[1]", "its header is no JSON object")]
    [InlineData("nothing", "its header is no JSON object")]
    [InlineData("", "its header is no JSON object")]
    public void A_header_without_what_it_needs_is_refused(string header, string reason)
    {
        using var signer = new MessageSigner(Key, HashAlgorithmName.SHA256);
        Assert.Null(new MessageReader(signer).Read(ChannelName.Shell, Signed(header, "{}"), out var refusal));
        Assert.Equal(reason, refusal);
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_no_header()
    {
        using var signer = new MessageSigner(Key, HashAlgorithmName.SHA256);
        var frames = Signed("{}", "{}");
        frames[3] = [.. "{\"msg_id\": \""u8, 0xff, .. "\", \"msg_type\": \"t\"}"u8];
        frames[2] = Sign(frames.AsSpan(3, 4).ToArray(), Key);
        Assert.Null(new MessageReader(signer).Read(ChannelName.Shell, frames, out var refusal));
        Assert.Equal("its header is no JSON object", refusal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("nothing")]
    public void Content_that_is_no_object_is_told_apart(string content)
    {
        using var signer = new MessageSigner(Key, HashAlgorithmName.SHA256);
        var message = new MessageReader(signer).Read(ChannelName.Shell, Signed("""{"msg_id": "a", "msg_type": "t"}""", content), out _);
        Assert.NotNull(message);
        Assert.Null(message.Content);
    }

    [Fact]
    public void Nesting_beyond_reason_is_no_content()
    {
        using var signer = new MessageSigner(Key, HashAlgorithmName.SHA256);
        var deep = "{\"code\": " + new string('[', 100_000) + new string(']', 100_000) + "}";
        var message = new MessageReader(signer).Read(ChannelName.Shell, Signed("""{"msg_id": "a", "msg_type": "t"}""", deep), out _);
        Assert.Null(message!.Content);
    }

    [Property]
    public void No_frames_whatever_make_the_reader_throw(byte[][] frames, bool delimited)
    {
        using var signer = new MessageSigner([], HashAlgorithmName.SHA256);
        byte[][] all = [.. delimited ? [Delimiter] : (byte[][])[], .. (frames ?? []).Select(frame => frame ?? [])];
        new MessageReader(signer).Read(ChannelName.Shell, all, out _);
    }

    [Fact]
    public void What_the_kernel_writes_can_be_read_back()
    {
        using var signer = new MessageSigner(Key, HashAlgorithmName.SHA256);
        var writer = new MessageWriter(signer, TimeProvider.System);
        var frames = writer.Write(["topic"u8.ToArray()], "stream", """{"msg_id":"p"}"""u8.ToArray(), json => json.WriteText("text", "a\ud800b</script>é𝐚"));
        using var other = new MessageSigner(Key, HashAlgorithmName.SHA256);
        var message = new MessageReader(other).Read(ChannelName.IOPub, frames, out _);
        Assert.NotNull(message);
        Assert.Equal("p", message.ParentId);
        Assert.Equal("a\ufffdb</script>é𝐚", message.Content!.Value.TextOrNull("text"));
        using var header = JsonDocument.Parse(message.RawHeader);
        Assert.Equal("5.5", header.RootElement.GetProperty("version").GetString());
        Assert.True(header.RootElement.GetProperty("date").TryGetDateTimeOffset(out _));
    }

    [Fact]
    public void Text_with_half_a_surrogate_pair_is_still_read()
    {
        using var document = JsonDocument.Parse("""{"code": "a\ud800\n\"b\""}""");
        Assert.Equal("a\ufffd\n\"b\"", document.RootElement.TextOrNull("code"));
    }

    private static byte[][] Signed(string header, string content, byte[][]? buffers = null, byte[]? key = null)
    {
        byte[][] body = [Encoding.UTF8.GetBytes(header), "{}"u8.ToArray(), "{}"u8.ToArray(), Encoding.UTF8.GetBytes(content)];
        return ["client"u8.ToArray(), Delimiter, Sign(body, key ?? Key), .. body, .. buffers ?? []];
    }

    private static byte[] Sign(byte[][] frames, byte[] key) =>
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(HMACSHA256.HashData(key, frames.SelectMany(frame => frame).ToArray())));
}
