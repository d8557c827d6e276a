using System.Text.Json;

namespace XtNotebooks.Transformers;

/// <summary>Reads and writes safetensors files: tensors by name, without code (github.com/huggingface/safetensors).</summary>
public static class Safetensors
{
    /// <summary>Reads every tensor of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Where the tensors go; the CPU by default.</param>
    /// <returns>Tensors by name; they belong to the open dispose scope, or to the caller where there is none.</returns>
    /// <exception cref="CheckpointException">The file is not a valid safetensors file; the message says why.</exception>
    public static Dictionary<string, Tensor> Read(string path, Device? device = null) => Read(path, out _, device);

    /// <summary>Reads every tensor of a file, and the text kept beside them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="metadata">The file's metadata.</param>
    /// <param name="device">Where the tensors go; the CPU by default.</param>
    /// <returns>Tensors by name; they belong to the open dispose scope, or to the caller where there is none.</returns>
    /// <exception cref="CheckpointException">The file is not a valid safetensors file; the message says why.</exception>
    public static Dictionary<string, Tensor> Read(string path, out IReadOnlyDictionary<string, string> metadata, Device? device = null)
    {
        if (!File.Exists(path)) throw new CheckpointException($"There is no file {path}.");
        PickleFiles.Refuse(path);
        using var stream = File.OpenRead(path);
        var header = SafetensorsHeader.Read(stream, Path.GetFileName(path));
        metadata = header.Metadata;
        var tensors = new Dictionary<string, Tensor>();
        foreach (var entry in header.Entries.OrderBy(e => e.Begin))
        {
            stream.Position = header.DataStart + entry.Begin;
            var tensor = empty(entry.Shape, dtype: entry.Type, device: CPU);
            if (entry.End > entry.Begin) tensor.ReadBytesFromStream(stream, 1 << 16);
            tensors[entry.Name] = device is null || device.type == DeviceType.CPU ? tensor : tensor.to(device, disposeAfter: true);
        }
        return tensors;
    }

    /// <summary>Writes tensors to a file, which is replaced as a whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Tensors by name, on any device.</param>
    /// <param name="metadata">Text to keep beside them.</param>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Write(path, tensors.Select(t => new SafetensorsPart(t.Key, t.Value.dtype, t.Value.shape, stream => Write(t.Value, stream))), metadata);
    }

    /// <summary>Writes tensors whose bytes need not be in memory.</summary>
    internal static void Write(string path, IEnumerable<SafetensorsPart> parts, IReadOnlyDictionary<string, string>? metadata)
    {
        // The widest types first, so that every tensor begins at a multiple of its element's size, as readers that map the file ask for.
        var ordered = parts.OrderByDescending(p => SafetensorsTypes.Size(p.Type, p.Name)).ThenBy(p => p.Name, StringComparer.Ordinal).ToArray();
        var header = new SortedDictionary<string, object>(StringComparer.Ordinal);
        if (metadata is { Count: > 0 }) header["__metadata__"] = metadata;
        var offset = 0L;
        foreach (var part in ordered)
        {
            var bytes = part.Shape.Aggregate(SafetensorsTypes.Size(part.Type), (product, d) => product * d);
            header[part.Name] = new { dtype = SafetensorsTypes.Name(part.Type, part.Name), shape = part.Shape, data_offsets = new[] { offset, offset + bytes } };
            offset += bytes;
        }
        var text = JsonSerializer.SerializeToUtf8Bytes(header);
        var padding = (8 - text.Length % 8) % 8; // the data starts at a multiple of 8

        AtomicFile.Write(path, stream =>
        {
            stream.Write(BitConverter.GetBytes((ulong)(text.Length + padding)));
            stream.Write(text);
            stream.Write("       "u8[..padding]);
            foreach (var part in ordered) part.Write(stream);
        });
    }

    private static void Write(Tensor tensor, Stream stream)
    {
        if (tensor.numel() == 0) return;
        using var scope = NewDisposeScope();
        tensor.detach().cpu().contiguous().WriteBytesToStream(stream, 1 << 16);
    }
}

/// <summary>A tensor to be written: what it is, and how its bytes come.</summary>
internal sealed record SafetensorsPart(string Name, ScalarType Type, long[] Shape, Action<Stream> Write);
