using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>One pass over a tensor in main memory: extremes, moments, what is not finite, and a sample for the histogram.</summary>
internal static class TensorPass
{
    // A block and its copy in the tally's own type stay in the processor's first cache.
    private const int Block = 2048;

    public static bool Reads(Tensor x) => x.device_type == DeviceType.CPU && !x.is_sparse && x.dtype is ScalarType.Float32 or ScalarType.Float64
        or ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Int64 or ScalarType.Int32 or ScalarType.Int16 or ScalarType.Int8 or ScalarType.Byte or ScalarType.Bool;

    /// <param name="x">Any strides.</param>
    /// <param name="samples">How many elements to sample at most; 0 for none.</param>
    /// <returns>The tally over every stored element, how often the shape repeats each, and the sample, in no order.</returns>
    public static (TensorTally Tally, long Repeats, List<double> Sample) Run(Tensor x, int samples)
    {
        using var scope = NewDisposeScope();
        var type = x.dtype;
        var (pieces, repeats) = TensorPieces.Cut(x);
        var stored = x.numel() / repeats;
        var step = samples == 0 ? 0 : (stored + samples - 1) / samples;
        var starts = new long[pieces.Count];
        for (var i = 1; i < starts.Length; i++)
            starts[i] = starts[i - 1] + pieces[i - 1].numel();
        var results = new (TensorTally Tally, List<double> Sample)[pieces.Count];
        void ReadPiece(int i)
        {
            using var run = pieces[i].contiguous();
            results[i] = Read(run.bytes, type, starts[i], step);
        }
        if (pieces.Count == 1)
            ReadPiece(0);
        else
            Parallel.For(0, pieces.Count, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, get_num_threads()) }, ReadPiece);
        var tally = new TensorTally();
        foreach (var result in results)
            tally.Add(result.Tally);
        return (tally, repeats, [.. results.SelectMany(r => r.Sample)]);
    }

    private static (TensorTally, List<double>) Read(ReadOnlySpan<byte> bytes, ScalarType type, long start, long step)
    {
        var (tally, sample) = (new TensorTally(), new List<double>());
        switch (type)
        {
            case ScalarType.Int64: Whole(MemoryMarshal.Cast<byte, long>(bytes), tally); break;
            case ScalarType.Int32: Whole(MemoryMarshal.Cast<byte, int>(bytes), tally); break;
            case ScalarType.Int16: tally.Add(MemoryMarshal.Cast<byte, short>(bytes)); break;
            case ScalarType.Int8: tally.Add(bytes, signed: true); break;
            case ScalarType.Byte or ScalarType.Bool: tally.Add(bytes); break;
            case ScalarType.Float64: Floats(MemoryMarshal.Cast<byte, double>(bytes), tally, sample, start, step, static (from, to) => from.CopyTo(to)); break;
            case ScalarType.Float32: Floats(MemoryMarshal.Cast<byte, float>(bytes), tally, sample, start, step, static (from, to) => Widening.Of(from, to)); break;
            case ScalarType.BFloat16: Floats(MemoryMarshal.Cast<byte, ushort>(bytes), tally, sample, start, step, static (from, to) => Widening.OfBFloat16(from, to)); break;
            default: Floats(MemoryMarshal.Cast<byte, ushort>(bytes), tally, sample, start, step, static (from, to) => Widening.OfFloat16(from, to)); break;
        }
        return (tally, sample);
    }

    private delegate void Widen<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to);

    private static void Whole(ReadOnlySpan<long> values, TensorTally tally)
    {
        for (var at = 0; at < values.Length; at += Block)
            tally.Add(values.Slice(at, Math.Min(Block, values.Length - at)));
    }

    private static void Whole(ReadOnlySpan<int> values, TensorTally tally)
    {
        for (var at = 0; at < values.Length; at += Block)
            tally.Add(values.Slice(at, Math.Min(Block, values.Length - at)));
    }

    private static void Floats<T>(ReadOnlySpan<T> values, TensorTally tally, List<double> sample, long start, long step, Widen<T, double> widen)
    {
        Span<double> wide = stackalloc double[Block];
        for (var at = 0; at < values.Length; at += Block)
        {
            var n = Math.Min(Block, values.Length - at);
            widen(values.Slice(at, n), wide[..n]);
            tally.Add((ReadOnlySpan<double>)wide[..n]);
            if (step > 0)
                Sample(wide[..n], start + at, step, sample);
        }
    }

    /// <summary>One element of each window of <paramref name="step"/>, at a place that varies: every k-th would read a single column of many a matrix.</summary>
    private static void Sample(ReadOnlySpan<double> block, long start, long step, List<double> sample)
    {
        for (var window = start / step; window * step < start + block.Length; window++)
        {
            var place = window * step + (long)((ulong)(window * 2654435761L) / 64 % (ulong)step) - start;
            if (place >= 0 && place < block.Length && double.IsFinite(block[(int)place]))
                sample.Add(block[(int)place]);
        }
    }
}

/// <summary>Small numbers as larger ones, many at a time.</summary>
internal static class Widening
{
    public static void Of(ReadOnlySpan<float> from, Span<double> to)
    {
        var i = 0;
        for (; i <= from.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(from[i..]), out var low, out var high);
            low.CopyTo(to[i..]);
            high.CopyTo(to[(i + Vector<double>.Count)..]);
        }
        for (; i < from.Length; i++)
            to[i] = from[i];
    }

    /// <summary>bfloat16 is the upper half of a float.</summary>
    public static void OfBFloat16(ReadOnlySpan<ushort> from, Span<double> to)
    {
        var i = 0;
        for (; i <= from.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(from[i..]), out var low, out var high);
            Of(Vector.AsVectorSingle(Vector.ShiftLeft(low, 16)), to[i..]);
            Of(Vector.AsVectorSingle(Vector.ShiftLeft(high, 16)), to[(i + Vector<float>.Count)..]);
        }
        for (; i < from.Length; i++)
            to[i] = BitConverter.UInt32BitsToSingle((uint)from[i] << 16);
    }

    /// <summary>IEEE 754 binary16: the bits move to a float's places, and a product with 2^112 mends the exponent, subnormals included.</summary>
    public static void OfFloat16(ReadOnlySpan<ushort> from, Span<double> to)
    {
        var i = 0;
        for (; i <= from.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(from[i..]), out var low, out var high);
            Of(Half(low), to[i..]);
            Of(Half(high), to[(i + Vector<float>.Count)..]);
        }
        for (; i < from.Length; i++)
            to[i] = (double)BitConverter.UInt16BitsToHalf(from[i]);

        static Vector<float> Half(Vector<uint> bits)
        {
            var size = Vector.AsVectorSingle(Vector.ShiftLeft(bits & new Vector<uint>(0x7fff), 13)) * new Vector<float>(BitConverter.UInt32BitsToSingle(0x77800000));
            var sign = Vector.ShiftLeft(bits & new Vector<uint>(0x8000), 16);
            // What reaches 2^16 was an infinity or a NaN: it gets a float's exponent of those.
            var odd = Vector.AsVectorUInt32(Vector.GreaterThanOrEqual(size, new Vector<float>(65536))) & new Vector<uint>(0x7f800000);
            return Vector.AsVectorSingle(Vector.AsVectorUInt32(size) | odd | sign);
        }
    }

    private static void Of(Vector<float> from, Span<double> to)
    {
        Vector.Widen(from, out var low, out var high);
        low.CopyTo(to);
        high.CopyTo(to[Vector<double>.Count..]);
    }
}
