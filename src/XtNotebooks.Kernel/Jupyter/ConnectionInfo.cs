using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using XtNotebooks.Kernel.Cli;

namespace XtNotebooks.Kernel.Jupyter;

/// <summary>Where the kernel's five sockets listen and how messages are signed, as Jupyter's connection file tells it.</summary>
internal sealed record ConnectionInfo
{
    public required string Ip { get; init; }
    public required int ShellPort { get; init; }
    public required int ControlPort { get; init; }
    public required int IOPubPort { get; init; }
    public required int StdinPort { get; init; }
    public required int HeartbeatPort { get; init; }

    /// <summary>The shared secret; empty where messages are not signed.</summary>
    public required byte[] Key { get; init; }

    /// <summary>The hash of the HMAC: SHA-256 unless the file names another.</summary>
    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA256;

    /// <summary>Reads and checks a connection file.</summary>
    /// <param name="path">The file that the front end wrote.</param>
    /// <param name="allowRemote">Whether an address that other machines can reach is accepted.</param>
    /// <param name="allowUnsigned">Whether a file without a key is accepted.</param>
    /// <exception cref="CommandException">The file cannot be used; the sentence says why.</exception>
    public static ConnectionInfo Read(string path, bool allowRemote = false, bool allowUnsigned = false)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException($"The connection file '{path}' cannot be read: {error.Message}", error);
        }
        return Parse(bytes, $"The connection file '{path}'", allowRemote, allowUnsigned);
    }

    /// <summary>The warning where other users can read the file, and with its key run code here; null where only its owner can.</summary>
    public static string? WarningOf(string path)
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        try
        {
            return !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0
                ? $"The connection file '{path}' can be read or changed by other users of this machine, who can then run code in this kernel; "
                    + "make it yours alone (chmod 600)."
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Checks the text of a connection file; <paramref name="what"/> begins the sentence of an error.</summary>
    public static ConnectionInfo Parse(ReadOnlyMemory<byte> json, string what, bool allowRemote = false, bool allowUnsigned = false)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException error)
        {
            throw new CommandException($"{what} is no JSON: {error.Message}", error);
        }
        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new CommandException($"{what} must hold a JSON object; it holds {root.ValueKind}.");
            var transport = Text(root, "transport", what) ?? "tcp";
            if (transport != "tcp")
                throw new CommandException($"{what} asks for the transport '{transport}'; this kernel speaks 'tcp' only.");
            var info = new ConnectionInfo
            {
                Ip = CheckedAddress(Text(root, "ip", what) ?? "127.0.0.1", what, allowRemote),
                ShellPort = Port(root, "shell_port", what),
                ControlPort = Port(root, "control_port", what),
                IOPubPort = Port(root, "iopub_port", what),
                StdinPort = Port(root, "stdin_port", what),
                HeartbeatPort = Port(root, "hb_port", what),
                Key = Encoding.UTF8.GetBytes(Text(root, "key", what) ?? ""),
                Hash = Scheme(Text(root, "signature_scheme", what) ?? "hmac-sha256", what),
            };
            if (info.Key.Length == 0 && !allowUnsigned)
                throw new CommandException(
                    $"{what} has no 'key', so anybody could run code here; add one, or start the kernel with --allow-unsigned.");
            int[] ports = [info.ShellPort, info.ControlPort, info.IOPubPort, info.StdinPort, info.HeartbeatPort];
            if (ports.Distinct().Count() < ports.Length)
                throw new CommandException($"{what} gives the same port to two channels; each of the five needs its own.");
            return info;
        }
    }

    private static string? Text(JsonElement root, string name, string what)
    {
        if (!root.TryGetProperty(name, out var value))
            return null;
        try
        {
            return value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : throw new CommandException($"{what} has a '{name}' that is no text.");
        }
        catch (InvalidOperationException error)
        {
            throw new CommandException($"{what} has a '{name}' that is no valid text.", error);
        }
    }

    private static int Port(JsonElement root, string name, string what)
    {
        if (!root.TryGetProperty(name, out var value))
            throw new CommandException($"{what} has no '{name}'.");
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var port) && port is > 0 and <= 65535
            ? port
            : throw new CommandException($"{what} has a '{name}' that is no port from 1 to 65535: {value.GetRawText()}.");
    }

    private static string CheckedAddress(string ip, string what, bool allowRemote)
    {
        if (ip is "localhost" or "")
            return "127.0.0.1";
        if (ip is not "*" && !IPAddress.TryParse(ip, out _))
            throw new CommandException($"{what} has an 'ip' that is no address: '{ip}'.");
        var loopback = ip is not "*" && IPAddress.IsLoopback(IPAddress.Parse(ip));
        if (!loopback && !allowRemote)
            throw new CommandException(
                $"{what} asks to listen on '{ip}', which other machines can reach; start the kernel with --allow-remote if that is meant.");
        return ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]" : ip;
    }

    private static HashAlgorithmName Scheme(string scheme, string what) => scheme switch
    {
        "hmac-sha256" => HashAlgorithmName.SHA256,
        "hmac-sha384" => HashAlgorithmName.SHA384,
        "hmac-sha512" => HashAlgorithmName.SHA512,
        _ => throw new CommandException(
            $"{what} asks for the signature scheme '{scheme}'; known are hmac-sha256, hmac-sha384 and hmac-sha512."),
    };
}
