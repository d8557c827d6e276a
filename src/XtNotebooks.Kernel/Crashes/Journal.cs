using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>What a process writes down, a JSON object a line, for the one that <see cref="Supervisor">supervises</see> it: whoever dies
/// suddenly cannot tell it then.</summary>
/// <remarks>A line goes to the system at once, so that it outlives the process; it costs a few microseconds.</remarks>
internal sealed class Journal : IDisposable
{
    public const string PathVariable = "XT_NOTEBOOKS_JOURNAL";
    public const string SupervisorVariable = "XT_NOTEBOOKS_SUPERVISOR";

    private const FileShare Shared = FileShare.ReadWrite | FileShare.Delete;

    private readonly Lock gate = new();
    private readonly FileStream file;
    private ArrayBufferWriter<byte> text = new();
    private bool ended;

    public Journal(string path) => file = new FileStream(path, FileMode.Create, FileAccess.Write, Shared, bufferSize: 0);

    /// <summary>Where the supervisor wants it; null where there is none.</summary>
    public static string? PathGiven { get; } = Environment.GetEnvironmentVariable(PathVariable);

    /// <summary>The supervisor's process; null where there is none.</summary>
    public static int? Supervisor { get; } = int.TryParse(
        Environment.GetEnvironmentVariable(SupervisorVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>Where the next line goes, and from where on <see cref="Replace"/> may put others in the place of those to come.</summary>
    public long Position
    {
        get
        {
            lock (gate)
                return file.CanWrite ? file.Position : 0;
        }
    }

    /// <summary>Opens the journal that the supervisor wants; null where there is none.</summary>
    public static Journal? ForSupervisor()
    {
        if (PathGiven is not { } path)
            return null;
        // What cells start themselves is not supervised by the same process.
        Environment.SetEnvironmentVariable(PathVariable, null);
        Environment.SetEnvironmentVariable(SupervisorVariable, null);
        RuntimeSettings.Forget();
        try
        {
            var journal = new Journal(path);
            if (!OperatingSystem.IsWindows())
                Unname(path);
            return journal;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Both have the file open: it needs no name any more, and is gone when both are, however they end.</summary>
    private static void Unname(string path)
    {
        try
        {
            File.Delete(path);
            File.Delete(path + UnsentOutput.Suffix);
            Directory.Delete(Path.GetDirectoryName(path)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The supervisor does it at its end.
        }
    }

    /// <summary>Makes an empty file for the process to be supervised, and keeps it open to be read afterwards.</summary>
    public static FileStream Prepare(string path)
    {
        File.Create(path).Dispose();
        return new FileStream(path, FileMode.Open, FileAccess.Read, Shared, bufferSize: 0);
    }

    /// <summary>Whether the process that wrote these lines has begun to work and not ended in order.</summary>
    public static bool IsOpen(IReadOnlyList<JsonObject> entries) => entries.Count > 0 && entries[^1]["ended"] is null;

    /// <summary>Every whole line; the last may have been cut by the process's end.</summary>
    public static List<JsonObject> Read(FileStream journal)
    {
        var entries = new List<JsonObject>();
        journal.Position = 0;
        using var lines = new StreamReader(journal, leaveOpen: true);
        while (lines.ReadLine() is { } line)
        {
            try
            {
                if (JsonNode.Parse(line, documentOptions: new() { MaxDepth = 512 }) is JsonObject entry)
                    entries.Add(entry);
            }
            catch (JsonException)
            {
                break;
            }
        }
        return entries;
    }

    /// <summary>Adds a line.</summary>
    public void Write(Action<Utf8JsonWriter> properties)
    {
        lock (gate)
            Put(file.CanWrite ? file.Position : 0, [properties], cut: false);
    }

    /// <summary>Puts lines in the place of all that was written after a position.</summary>
    public void Replace(long position, IEnumerable<Action<Utf8JsonWriter>> lines)
    {
        lock (gate)
            Put(position, lines, cut: true);
    }

    private void Put(long position, IEnumerable<Action<Utf8JsonWriter>> lines, bool cut)
    {
        if (ended || !file.CanWrite)
            return;
        text.ResetWrittenCount();
        foreach (var properties in lines)
        {
            using (var json = new Utf8JsonWriter(text, JsonContent.Writing))
            {
                json.WriteStartObject();
                properties(json);
                json.WriteEndObject();
            }
            text.Write("\n"u8);
        }
        try
        {
            file.Position = position;
            file.Write(text.WrittenSpan);
            // In one piece, and cut afterwards: at no moment is there nothing to be read.
            if (cut)
                file.SetLength(file.Position);
        }
        catch (IOException)
        {
            // A full disk must not fail a cell; only the last words would lack something. What comes later can still be read.
            CutAt(position);
        }
        if (text.Capacity > 1 << 20)
            text = new();
    }

    private void CutAt(long position)
    {
        try
        {
            file.SetLength(position);
            file.Position = position;
        }
        catch (IOException)
        {
            // Nor does this one.
        }
    }

    /// <summary>Says that the process ends in order. What its cells still do until then is not written down: it would take that
    /// back.</summary>
    public void End()
    {
        lock (gate)
        {
            Write(static json => json.WriteBoolean("ended", true));
            ended = true;
        }
    }

    public void Dispose()
    {
        lock (gate)
            file.Dispose();
    }
}
