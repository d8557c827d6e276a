using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>What a process writes down, a JSON object a line, for the one that <see cref="Supervisor">supervises</see> it: whoever dies
/// suddenly
/// cannot tell it then.</summary>
/// <remarks>A line goes to the system at once, so that it outlives the process; it costs a few microseconds.</remarks>
internal sealed class Journal : IDisposable
{
    public const string PathVariable = "XT_NOTEBOOKS_JOURNAL";
    public const string SupervisorVariable = "XT_NOTEBOOKS_SUPERVISOR";

    private readonly Lock gate = new();
    private readonly ArrayBufferWriter<byte> line = new();
    private readonly FileStream file;

    public Journal(string path) => file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    /// <summary>Where the supervisor wants it; null where there is none.</summary>
    public static string? PathGiven { get; } = Environment.GetEnvironmentVariable(PathVariable);

    /// <summary>The supervisor's process; null where there is none.</summary>
    public static int? Supervisor { get; } =
        int.TryParse(Environment.GetEnvironmentVariable(SupervisorVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>The end of the file: what is written later takes its place after <see cref="GoBack"/>.</summary>
    public long Position
    {
        get
        {
            lock (gate)
                return file.Position;
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
        try
        {
            return new Journal(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether the process that wrote it has begun to work and not ended in order.</summary>
    public static bool IsOpen(string path) => Read(path) is { Count: > 0 } entries && entries[^1]["ended"] is null;

    /// <summary>Every whole line; the last may have been cut by the process's end.</summary>
    public static List<JsonObject> Read(string path)
    {
        var entries = new List<JsonObject>();
        if (!File.Exists(path))
            return entries;
        foreach (var text in File.ReadLines(path))
        {
            try
            {
                if (JsonNode.Parse(text, documentOptions: new() { MaxDepth = 512 }) is JsonObject entry)
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
    public void Write(Action<Utf8JsonWriter> properties) => Write(properties, replace: false);

    /// <summary>Puts a line in the place of all there are.</summary>
    public void Replace(Action<Utf8JsonWriter> properties) => Write(properties, replace: true);

    private void Write(Action<Utf8JsonWriter> properties, bool replace)
    {
        lock (gate)
        {
            if (!file.CanWrite)
                return;
            line.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(line, new JsonWriterOptions { SkipValidation = true }))
            {
                json.WriteStartObject();
                properties(json);
                json.WriteEndObject();
            }
            line.Write("\n"u8);
            try
            {
                if (replace)
                    file.Position = 0;
                file.Write(line.WrittenSpan);
                // Cut afterwards: at no moment is there nothing to be read.
                if (replace)
                    file.SetLength(file.Position);
            }
            catch (IOException)
            {
                // A full disk must not fail a cell; only the last words would lack something.
            }
            if (line.Capacity > 1 << 20)
                line.Clear();
        }
    }

    /// <summary>Forgets what was written after a position.</summary>
    public void GoBack(long position)
    {
        lock (gate)
        {
            if (!file.CanWrite)
                return;
            file.SetLength(position);
            file.Position = position;
        }
    }

    /// <summary>Says that the process ends in order.</summary>
    public void End() => Write(json => json.WriteBoolean("ended", true));

    public void Dispose()
    {
        lock (gate)
            file.Dispose();
    }
}
