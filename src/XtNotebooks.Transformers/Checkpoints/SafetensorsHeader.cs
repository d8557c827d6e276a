using System.Text.Json;

namespace XtNotebooks.Transformers;

/// <summary>The table of contents of a safetensors file, checked before anything is allocated for the tensors.</summary>
internal sealed record SafetensorsHeader(IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata, long DataStart)
{
    /// <summary>The format's own limit.</summary>
    private const long LongestHeader = 100_000_000;

    public static SafetensorsHeader Read(Stream stream, string file)
    {
        CheckpointException Wrong(string what) => new($"{file} is not a valid safetensors file: {what}.");
        Span<byte> prefix = stackalloc byte[8];
        if (stream.Length < 8) throw Wrong($"it has only {stream.Length} bytes");
        stream.ReadExactly(prefix);
        var length = BitConverter.ToUInt64(prefix);
        if (length > LongestHeader) throw Wrong($"its header claims {length} bytes, more than the {LongestHeader} that the format allows");
        if ((long)length > stream.Length - 8) throw Wrong($"its header claims {length} bytes, but only {stream.Length - 8} follow");
        var text = new byte[length];
        stream.ReadExactly(text);

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            throw Wrong("its header is not JSON");
        }
        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw Wrong("its header is not a JSON object");
            var start = 8 + (long)length;
            var metadata = new Dictionary<string, string>();
            var entries = new List<SafetensorsEntry>();
            var names = new HashSet<string>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__")
                {
                    if (property.Value.ValueKind != JsonValueKind.Object) throw Wrong("its __metadata__ is not a JSON object");
                    foreach (var item in property.Value.EnumerateObject()) metadata[item.Name] = item.Value.ToString();
                    continue;
                }
                if (!names.Add(property.Name)) throw Wrong($"tensor '{property.Name}' occurs twice");
                entries.Add(SafetensorsEntry.Parse(property.Name, property.Value, Wrong));
            }
            CheckLayout(entries, stream.Length - start, Wrong);
            return new SafetensorsHeader(entries, metadata, start);
        }
    }

    // The data is fully used, without holes and without overlaps.
    private static void CheckLayout(List<SafetensorsEntry> entries, long available, Func<string, CheckpointException> wrong)
    {
        var position = 0L;
        SafetensorsEntry? before = null;
        foreach (var entry in entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin < position) throw wrong($"tensors '{before!.Name}' and '{entry.Name}' overlap");
            if (entry.Begin > position) throw wrong($"there is a hole of {entry.Begin - position} bytes before tensor '{entry.Name}'");
            if (entry.End > available) throw wrong($"tensor '{entry.Name}' ends at byte {entry.End}, but there are only {available} bytes of data (is the file truncated?)");
            (position, before) = (entry.End, entry);
        }
        if (position != available) throw wrong($"it has {available} bytes of data, but its tensors use {position}");
    }
}

/// <summary>One tensor of a safetensors file.</summary>
internal sealed record SafetensorsEntry(string Name, ScalarType Type, long[] Shape, long Begin, long End)
{
    public static SafetensorsEntry Parse(string name, JsonElement value, Func<string, CheckpointException> wrong)
    {
        try
        {
            var type = SafetensorsTypes.Parse(value.GetProperty("dtype").GetString()!) ??
                       throw wrong($"tensor '{name}' has the type {value.GetProperty("dtype")}, which is not supported");
            var shape = value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToArray();
            var offsets = value.GetProperty("data_offsets").EnumerateArray().Select(d => d.GetInt64()).ToArray();
            if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0]) throw wrong($"tensor '{name}' has invalid data_offsets");
            if (shape.Any(d => d < 0)) throw wrong($"tensor '{name}' has a negative dimension");
            var bytes = shape.Aggregate(SafetensorsTypes.Size(type), (product, d) => checked(product * d));
            if (bytes != offsets[1] - offsets[0])
                throw wrong($"tensor '{name}' of shape [{string.Join(", ", shape)}] needs {bytes} bytes, but its data_offsets span {offsets[1] - offsets[0]}");
            return new SafetensorsEntry(name, type, shape, offsets[0], offsets[1]);
        }
        catch (Exception error) when (error is KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw wrong($"tensor '{name}' needs a dtype, a shape of whole numbers and two data_offsets");
        }
    }
}

/// <summary>The format's names of element types.</summary>
internal static class SafetensorsTypes
{
    private static readonly (string Name, ScalarType Type, long Size)[] Types =
    [
        ("F64", ScalarType.Float64, 8), ("F32", ScalarType.Float32, 4), ("F16", ScalarType.Float16, 2), ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8), ("I32", ScalarType.Int32, 4), ("I16", ScalarType.Int16, 2), ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1), ("BOOL", ScalarType.Bool, 1),
    ];

    public static ScalarType? Parse(string name) => Types.Where(t => t.Name == name).Select(t => (ScalarType?)t.Type).FirstOrDefault();

    public static long Size(ScalarType type) => Types.First(t => t.Type == type).Size;

    public static long Size(ScalarType type, string tensor) => Entry(type, tensor).Size;

    public static string Name(ScalarType type, string tensor) => Entry(type, tensor).Name;

    private static (string Name, ScalarType Type, long Size) Entry(ScalarType type, string tensor) =>
        Types.FirstOrDefault(t => t.Type == type) is { Name: not null } entry
            ? entry
            : throw new ArgumentException($"Tensor '{tensor}' has the type {type}, which safetensors cannot hold.");
}
