using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace XtNotebooks.Browser;

/// <summary>A classic Notebook server for one folder, on a free port of this machine, with a token of its own.</summary>
internal sealed class NotebookServer : IAsyncDisposable
{
    private readonly Process process;
    private readonly string folder;
    private readonly int port;
    private readonly string token;

    private NotebookServer(Process process, string folder, int port, string token) =>
        (this.process, this.folder, this.port, this.token) = (process, folder, port, token);

    public static async Task<NotebookServer> StartAsync(string command, string folder)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var token = Guid.NewGuid().ToString("N");
        var process = Process.Start(new ProcessStartInfo(command,
        [
            "--no-browser", "--allow-root", "--ip=127.0.0.1", $"--port={port}", "--NotebookApp.port_retries=0",
            $"--NotebookApp.token={token}", $"--notebook-dir={folder}", "--NotebookApp.quit_button=False", "--log-level=ERROR",
        ]))!;
        using var http = new HttpClient();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/api?token={token}"));
                return new NotebookServer(process, folder, port, token);
            }
            catch (HttpRequestException) when (attempt < 300 && !process.HasExited)
            {
                await Task.Delay(200);
            }
        }
    }

    /// <summary>Writes a notebook of these cells.</summary>
    /// <returns>Where the browser finds it, and the file.</returns>
    public (string Url, string File) Write(string name, IEnumerable<string> cells)
    {
        var file = string.Concat(name.Select(c => char.IsLetterOrDigit(c) ? c : '_')) + ".ipynb";
        var notebook = new JsonObject
        {
            ["nbformat"] = 4,
            ["nbformat_minor"] = 4,
            ["metadata"] = new JsonObject
            {
                ["kernelspec"] = new JsonObject { ["name"] = "xt-csharp", ["display_name"] = "C# (XtNotebooks)", ["language"] = "C#" },
            },
            ["cells"] = new JsonArray([.. cells.Select(code => new JsonObject
            {
                ["cell_type"] = "code",
                ["source"] = code,
                ["metadata"] = new JsonObject(),
                ["outputs"] = new JsonArray(),
                ["execution_count"] = null,
            })]),
        };
        return Write(file, notebook);
    }

    /// <summary>Writes a whole notebook.</summary>
    /// <param name="path">Where, below the server's folder.</param>
    /// <param name="notebook">The notebook's document.</param>
    /// <returns>Where the browser finds it, and the file.</returns>
    public (string Url, string File) Write(string path, JsonNode notebook)
    {
        var file = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, notebook.ToJsonString());
        return ($"http://127.0.0.1:{port}/notebooks/{path}?token={token}", file);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
