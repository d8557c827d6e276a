using System.Buffers;
using System.Text.Json;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Jupyter.History;

/// <param name="Session">The number of the session that begins.</param>
/// <param name="Earlier">The cells of the sessions before it.</param>
internal sealed record HistoryStart(int Session, IReadOnlyList<HistoryCell> Earlier);

/// <summary>Cells as lines of JSON in a file that several kernels may write to at once.</summary>
/// <remarks>Trouble with the file is told once in the log and never stops a cell.</remarks>
internal sealed class HistoryFile(string path, TextWriter log)
{
    /// <summary>A file longer than this loses its older half when the next kernel starts.</summary>
    internal const int LongestBytes = 16 << 20;

    private const int LongestOutput = 2000;
    private bool told;

    /// <summary>Where history is kept unless another file is named.</summary>
    public static string DefaultPath => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "xt-notebooks",
        "history.jsonl");

    /// <summary>Reads the file and takes the next session number.</summary>
    public HistoryStart Begin()
    {
        List<HistoryCell> earlier = [];
        var session = 1;
        Guarded(() =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            using var stream = Open();
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            foreach (var line in Lines(bytes))
            {
                if (Parse(line) is not { } cell)
                    continue;
                session = Math.Max(session, cell.Session + 1);
                if (cell.Line > 0)
                    earlier.Add(cell);
            }
            if (stream.Length > LongestBytes)
            {
                earlier.RemoveRange(0, earlier.Count / 2);
                stream.SetLength(0);
                foreach (var cell in earlier)
                    stream.Write(Line(cell));
            }
            // A line of its own marks the number as taken, also where no cell follows.
            stream.Seek(0, SeekOrigin.End);
            stream.Write(Line(new HistoryCell(session, 0, "", null)));
        });
        return new HistoryStart(session, earlier);
    }

    /// <summary>Adds a cell to the file.</summary>
    public void Append(HistoryCell cell) => Guarded(() =>
    {
        using var stream = Open();
        stream.Seek(0, SeekOrigin.End);
        stream.Write(Line(cell with { Output = cell.Output is { Length: > LongestOutput } long_ ? long_[..LongestOutput] : cell.Output }));
    });

    private FileStream Open()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var options = new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    // Another kernel that writes at this moment is waited for.
                    Share = FileShare.None,
                };
                if (!OperatingSystem.IsWindows())
                    options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                return new FileStream(path, options);
            }
            catch (IOException) when (attempt < 50 && File.Exists(path))
            {
                Thread.Sleep(10);
            }
        }
    }

    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            if (!told)
                log.WriteLine($"xt-notebooks: history is not kept in '{path}': {error.Message}");
            told = true;
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Lines(byte[] bytes)
    {
        for (var start = 0; start < bytes.Length;)
        {
            var length = bytes.AsSpan(start).IndexOf((byte)'\n');
            if (length < 0)
                length = bytes.Length - start;
            yield return bytes.AsMemory(start, length);
            start += length + 1;
        }
    }

    private static HistoryCell? Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            return root.IntegerOrNull("session") is { } session && root.IntegerOrNull("line") is { } number
                && root.TextOrNull("code") is { } code
                ? new HistoryCell(session, number, code, root.TextOrNull("output"))
                : null;
        }
        catch (JsonException)
        {
            // A torn or foreign line is left out; the others count.
            return null;
        }
    }

    private static byte[] Line(HistoryCell cell)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, JsonContent.Writing))
        {
            json.WriteStartObject();
            json.WriteNumber("session", cell.Session);
            json.WriteNumber("line", cell.Line);
            json.WriteText("code", cell.Code);
            if (cell.Output is not null)
                json.WriteText("output", cell.Output);
            json.WriteEndObject();
        }
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }
}
