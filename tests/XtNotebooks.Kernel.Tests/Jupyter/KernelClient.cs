using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Diagnostics;
using NetMQ;
using NetMQ.Sockets;
using XtNotebooks.Kernel.Jupyter;
using XtNotebooks.Kernel.Jupyter.History;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>A front end that speaks through real sockets to a kernel: one in this process with a <see cref="FakeSession"/>, or a process of its
/// own with the real one.</summary>
internal sealed class KernelClient : IAsyncDisposable
{
    /// <summary>Long enough for a process that starts while others keep all cores busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly DealerSocket shell = new();
    private readonly DealerSocket control = new();
    private readonly DealerSocket stdin = new();
    private readonly SubscriberSocket iopub = new();
    private readonly RequestSocket heartbeat = new();
    private readonly MessageSigner signer = new("test key"u8.ToArray(), HashAlgorithmName.SHA256);
    private readonly string session = Guid.NewGuid().ToString();
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;
    private int count;

    private readonly JupyterKernel? kernel;
    private readonly FakeSession? code;

    private KernelClient(JupyterKernel? kernel, FakeSession? code, StringWriter log, ConnectionInfo connection)
    {
        (this.kernel, this.code, Log, Connection) = (kernel, code, log, connection);
        shell.Options.Identity = stdin.Options.Identity = Encoding.ASCII.GetBytes(session);
        shell.Connect($"tcp://127.0.0.1:{connection.ShellPort}");
        control.Connect($"tcp://127.0.0.1:{connection.ControlPort}");
        stdin.Connect($"tcp://127.0.0.1:{connection.StdinPort}");
        heartbeat.Connect($"tcp://127.0.0.1:{connection.HeartbeatPort}");
        iopub.Connect($"tcp://127.0.0.1:{connection.IOPubPort}");
        iopub.SubscribeToAnyTopic();
    }

    public JupyterKernel Kernel => kernel!;

    public FakeSession Code => code!;

    /// <summary>The kernel's process, where it has one of its own.</summary>
    public Process? Process { get; private init; }

    public StringWriter Log { get; }

    public ConnectionInfo Connection { get; }

    public static async Task<KernelClient> StartAsync()
    {
        var connection = FreeConnection();
        var code = new FakeSession();
        var log = new StringWriter();
        var history = Path.Combine(Directory.CreateTempSubdirectory().FullName, "history.jsonl");
        var kernel = new JupyterKernel(connection, () => code, new HistoryFile(history, TextWriter.Null), TextWriter.Synchronized(log), TimeProvider.System);
        await kernel.StartAsync(TestContext.Current.CancellationToken);
        var client = new KernelClient(kernel, code, log, connection);
        client.Welcome = client.Published("iopub_welcome");
        return client;
    }

    /// <summary>Starts the kernel in a process of its own and waits until it answers.</summary>
    /// <param name="environment">Variables of that process.</param>
    public static async Task<KernelClient> StartProcessAsync(params (string Name, string Value)[] environment)
    {
        var connection = FreeConnection();
        var folder = Directory.CreateTempSubdirectory().FullName;
        var file = Path.Combine(folder, "connection.json");
        await File.WriteAllTextAsync(file, ConnectionFile(connection), TestContext.Current.CancellationToken);
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "XtNotebooks.Kernel.dll"), "kernel", "--connection-file", file, "--history", Path.Combine(folder, "history.jsonl"),
        ];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var log = new StringWriter();
        var process = Process.Start(start)!;
        var synchronized = TextWriter.Synchronized(log);
        process.ErrorDataReceived += (_, line) => synchronized.WriteLine(line.Data);
        process.OutputDataReceived += (_, line) => synchronized.WriteLine(line.Data);
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var client = new KernelClient(null, null, log, connection) { Process = process };
        client.Welcome = client.Published("iopub_welcome");
        return client;
    }

    /// <summary>A client of ports at which nobody listens yet.</summary>
    /// <param name="connectionFile">Is written.</param>
    public static KernelClient WaitFor(string connectionFile)
    {
        var client = new KernelClient(null, null, new StringWriter(), FreeConnection());
        File.WriteAllText(connectionFile, ConnectionFile(client.Connection));
        return client;
    }

    /// <summary>What the client calls itself on the shell channel.</summary>
    public byte[] Identity => Encoding.ASCII.GetBytes(session);

    /// <summary>Whether nothing more comes on a channel.</summary>
    public bool IsQuiet(string channel)
    {
        List<byte[]> frames = [];
        return !(channel == "shell" ? shell : control).TryReceiveMultipartBytes(TimeSpan.FromMilliseconds(200), ref frames);
    }

    /// <summary>The first message on iopub.</summary>
    public Received Welcome { get; private set; } = null!;

    public string Execute(string code, JsonObject? more = null)
    {
        var content = more ?? [];
        content["code"] = code;
        return Send("shell", "execute_request", content);
    }

    /// <summary>Sends a request and gives its id.</summary>
    public string Send(string channel, string type, JsonObject? content = null, string? subshell = null, string? rawContent = null, byte[][]? buffers = null, string date = "2026-01-01T00:00:00Z", string parent = "{}")
    {
        var id = $"{session}_{++count}";
        var header = new JsonObject
        {
            ["msg_id"] = id,
            ["session"] = session,
            ["username"] = "test",
            ["date"] = date,
            ["msg_type"] = type,
            ["version"] = "5.5",
        };
        if (subshell is not null)
            header["subshell_id"] = subshell;
        SendRaw(channel, Frames(header.ToJsonString(), rawContent ?? (content ?? []).ToJsonString(), buffers, parent));
        return id;
    }

    public byte[][] Frames(string header, string content, byte[][]? buffers = null, string parent = "{}")
    {
        byte[][] body = [Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes(parent), "{}"u8.ToArray(), Encoding.UTF8.GetBytes(content)];
        return ["<IDS|MSG>"u8.ToArray(), signer.Sign(body), .. body, .. buffers ?? []];
    }

    public void SendRaw(string channel, params byte[][] frames) =>
        (channel switch { "shell" => shell, "control" => control, _ => stdin }).SendMultipartBytes(frames);

    /// <summary>The next message of a channel; fails when none comes.</summary>
    public Received Next(string channel)
    {
        List<byte[]> frames = [];
        NetMQSocket socket = channel switch { "shell" => shell, "control" => control, "stdin" => stdin, _ => iopub };
        Assert.True(socket.TryReceiveMultipartBytes(Patience, ref frames), $"Nothing came on {channel}. The kernel's log: {Log}");
        var start = frames.FindIndex(frame => frame.AsSpan().SequenceEqual(MessageReader.Delimiter));
        Assert.Equal(signer.Sign([.. frames[(start + 2)..(start + 6)]]), frames[start + 1]);
        return new Received(Parse(frames[start + 2]), Parse(frames[start + 3]), Parse(frames[start + 5]), frames[(start + 6)..]);
    }

    /// <summary>The reply to a request, others in between left out.</summary>
    public Received Reply(string id, string channel = "shell")
    {
        while (true)
        {
            var message = Next(channel);
            if (message.ParentId == id)
                return message;
        }
    }

    /// <summary>The next message of this type on iopub.</summary>
    public Received Published(string type)
    {
        while (true)
        {
            var message = Next("iopub");
            if (message.Type == type)
                return message;
        }
    }

    /// <summary>All that is published for a request up to its idle status, in short.</summary>
    public IReadOnlyList<string> Outputs(string id)
    {
        List<string> outputs = [];
        while (true)
        {
            var message = Next("iopub");
            if (message.ParentId != id)
                continue;
            outputs.Add(message.Short);
            if (message.Short == "status:idle")
                return outputs;
        }
    }

    /// <summary>Answers an input request as most clients do, without naming it.</summary>
    public void Answer(string value) => Send("stdin", "input_reply", new JsonObject { ["value"] = value });

    /// <summary>Answers the input request with this header.</summary>
    public void Answer(string value, JsonElement asked) =>
        Send("stdin", "input_reply", new JsonObject { ["value"] = value }, parent: asked.GetRawText());

    public string Beat(string text)
    {
        heartbeat.SendFrame(text);
        Assert.True(heartbeat.TryReceiveFrameString(Patience, out var echo));
        return echo!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (NetMQSocket socket in (NetMQSocket[])[shell, control, stdin, iopub, heartbeat])
        {
            socket.Options.Linger = TimeSpan.Zero;
            socket.Dispose();
        }
        if (kernel is not null)
            await kernel.DisposeAsync();
        if (Process is not null)
        {
            Process.Kill(entireProcessTree: true);
            await Process.WaitForExitAsync();
            Process.Dispose();
        }
        signer.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static JsonElement Parse(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private static string ConnectionFile(ConnectionInfo connection) => new JsonObject
    {
        ["ip"] = connection.Ip,
        ["transport"] = "tcp",
        ["key"] = "test key",
        ["signature_scheme"] = "hmac-sha256",
        ["shell_port"] = connection.ShellPort,
        ["control_port"] = connection.ControlPort,
        ["iopub_port"] = connection.IOPubPort,
        ["stdin_port"] = connection.StdinPort,
        ["hb_port"] = connection.HeartbeatPort,
    }.ToJsonString();

    private static ConnectionInfo FreeConnection()
    {
        var ports = FreePorts(5);
        return new ConnectionInfo
        {
            Ip = "127.0.0.1",
            ShellPort = ports[0],
            ControlPort = ports[1],
            IOPubPort = ports[2],
            StdinPort = ports[3],
            HeartbeatPort = ports[4],
            Key = "test key"u8.ToArray(),
        };
    }

    internal static int[] FreePorts(int number)
    {
        var listeners = Enumerable.Range(0, number).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners)
            listener.Start();
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners)
            listener.Dispose();
        return ports;
    }
}

internal sealed record Received(JsonElement Header, JsonElement Parent, JsonElement Content, IReadOnlyList<byte[]> Buffers)
{
    public string Type => Header.GetProperty("msg_type").GetString()!;

    public string? ParentId => Parent.TextOrNull("msg_id");

    public string? Status => Content.TextOrNull("status");

    public string Short => Type switch
    {
        "status" => $"status:{Content.TextOrNull("execution_state")}",
        "stream" => $"{Content.TextOrNull("name")}:{Content.TextOrNull("text")}",
        "execute_input" => $"input:{Content.GetProperty("execution_count")}",
        "display_data" or "update_display_data" or "execute_result" => $"{Type}:{Content.GetProperty("data").TextOrNull("text/plain")}",
        "error" => $"error:{Content.TextOrNull("ename")}",
        _ => Type,
    };
}
