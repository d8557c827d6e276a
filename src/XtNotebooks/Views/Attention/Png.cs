using System.Buffers.Binary;
using System.IO.Compression;

namespace XtNotebooks.Views;

/// <summary>Writes a grid of weights as a small picture with a palette of 256 blues, from which a weight can be read back to within half a percent.</summary>
/// <remarks>Source: W3C, Portable Network Graphics (PNG) Specification.</remarks>
internal static class Png
{
    private const int Colours = 256;

    /// <summary>Stands in the palette at 1, the place of a weight of 0.00002; 3 : 1 beside the white of a weight of 0.</summary>
    private static readonly byte[] Hidden = [147, 147, 139];

    /// <param name="weights">[rows * columns], 0 to 1.</param>
    /// <param name="rows">Height.</param>
    /// <param name="columns">Width.</param>
    /// <param name="hidden">[rows * columns], true where a mask hid the key, which is grey; empty for none.</param>
    public static byte[] OfWeights(IReadOnlyList<float> weights, int rows, int columns, IReadOnlyList<bool>? hidden = null)
    {
        var lines = new byte[rows * (columns + 1)];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                // The square root lets small weights be seen.
                var weight = Math.Sqrt(Math.Clamp(weights[row * columns + column], 0f, 1f));
                var level = double.IsNaN(weight) ? 0 : (int)Math.Round(weight * (Colours - 1));
                lines[row * (columns + 1) + 1 + column] = (byte)(hidden is { Count: > 0 } && hidden[row * columns + column] ? 1 : level == 1 ? 0 : level);
            }
        }
        using var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, columns);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], rows);
        (header[8], header[9]) = (8, 3);                                 // 8 bits a pixel, palette
        Chunk(png, "IHDR"u8, header);
        Chunk(png, "PLTE"u8, Palette());
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            zlib.Write(lines);
        Chunk(png, "IDAT"u8, packed.ToArray());
        Chunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    /// <summary>From white to a dark blue.</summary>
    private static byte[] Palette() =>
        [.. Enumerable.Range(0, Colours).SelectMany(i => i == 1 ? Hidden : new[] { Mix(255, 8, i), Mix(255, 48, i), Mix(255, 107, i) })];

    private static byte Mix(int from, int to, int step) => (byte)(from + (to - from) * step / (Colours - 1));

    private static void Chunk(Stream png, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(name);
        png.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc([.. name, .. data]));
        png.Write(number);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0xedb88320);
        }
        return ~crc;
    }
}
