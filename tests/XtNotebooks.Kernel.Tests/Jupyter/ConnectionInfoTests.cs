using System.Security.Cryptography;
using System.Text;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Jupyter;

namespace XtNotebooks.Kernel.Tests.Jupyter;

public class ConnectionInfoTests
{
    private const string Good = """
        {"transport": "tcp", "ip": "127.0.0.1", "shell_port": 1, "control_port": 2, "iopub_port": 3, "stdin_port": 4, "hb_port": 5,
         "key": "secret", "signature_scheme": "hmac-sha256", "kernel_name": "xt-csharp", "jupyter_session": ""}
        """;

    [Fact]
    public void A_file_as_Jupyter_writes_it_is_read_whole()
    {
        var info = Parse(Good);
        Assert.Equal("127.0.0.1", info.Ip);
        Assert.Equal((1, 2, 3, 4, 5), (info.ShellPort, info.ControlPort, info.IOPubPort, info.StdinPort, info.HeartbeatPort));
        Assert.Equal("secret"u8.ToArray(), info.Key);
        Assert.Equal(HashAlgorithmName.SHA256, info.Hash);
    }

    [Theory]
    [InlineData("\"shell_port\": 1,", "", "no 'shell_port'")]
    [InlineData("\"hb_port\": 5", "\"hb_port\": 70000", "70000")]
    [InlineData("\"hb_port\": 5", "\"hb_port\": \"5\"", "'hb_port'")]
    [InlineData("\"hb_port\": 5", "\"hb_port\": 4", "same port")]
    [InlineData("\"tcp\"", "\"ipc\"", "'tcp' only")]
    [InlineData("\"tcp\"", "7", "'transport'")]
    [InlineData("127.0.0.1", "0.0.0.0", "--allow-remote")]
    [InlineData("127.0.0.1", "*", "--allow-remote")]
    [InlineData("127.0.0.1", "10.1.2.3", "--allow-remote")]
    [InlineData("127.0.0.1", "nowhere", "no address")]
    [InlineData("\"secret\"", "\"\"", "--allow-unsigned")]
    [InlineData("hmac-sha256", "hmac-md5", "hmac-md5")]
    [InlineData("\"secret\"", "\"\\ud800\"", "'key'")]
    public void A_file_that_cannot_be_used_is_refused_with_the_reason(string part, string instead, string reason)
    {
        var error = Assert.Throws<CommandException>(() => Parse(Good.Replace(part, instead, StringComparison.Ordinal)));
        Assert.Contains(reason, error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    public void What_is_no_JSON_object_is_refused(string text) => Assert.Throws<CommandException>(() => Parse(text));

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite, null)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, "other users")]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite, "other users")]
    public void A_file_that_others_can_read_or_change_is_warned_of(UnixFileMode mode, string? warning)
    {
        var path = Path.GetTempFileName();
        if (OperatingSystem.IsWindows())
            Assert.Skip("It has no such modes.");
        else
            File.SetUnixFileMode(path, mode);
        var told = ConnectionInfo.WarningOf(path);
        File.Delete(path);
        if (warning is null)
            Assert.Null(told);
        else
            Assert.Contains(warning, told, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<CommandException>(() => ConnectionInfo.Read("no-such-file.json"));
        Assert.Contains("no-such-file.json", error.Message);
    }

    [Fact]
    public void An_open_address_and_a_missing_key_are_taken_when_asked_for()
    {
        var text = Good.Replace("127.0.0.1", "0.0.0.0", StringComparison.Ordinal).Replace("secret", "", StringComparison.Ordinal);
        var info = ConnectionInfo.Parse(Encoding.UTF8.GetBytes(text), "It", allowRemote: true, allowUnsigned: true);
        Assert.Equal("0.0.0.0", info.Ip);
        Assert.Empty(info.Key);
    }

    [Theory]
    [InlineData("::1", "[::1]")]
    [InlineData("localhost", "127.0.0.1")]
    [InlineData("127.0.0.5", "127.0.0.5")]
    public void Loopback_addresses_need_no_leave(string ip, string bound) =>
        Assert.Equal(bound, Parse(Good.Replace("127.0.0.1", ip, StringComparison.Ordinal)).Ip);

    private static ConnectionInfo Parse(string text) => ConnectionInfo.Parse(Encoding.UTF8.GetBytes(text), "It");
}
