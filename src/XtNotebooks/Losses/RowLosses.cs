using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Losses;

/// <summary>What every target costs, read from logits where they lie in main memory: two looks at each row while it is in the cache, and no
/// tensor, where a softmax of torch writes as much as the logits are.</summary>
internal static class RowLosses
{
    private const long Longest = int.MaxValue / sizeof(float), WorthThreads = 1 << 18;
    private const float Least = -87;

    /// <summary>Whether logits [batch, seq, numTokens] lie so that they can be read.</summary>
    public static bool Reads(Tensor logits) => logits.device_type == DeviceType.CPU && logits.dtype == ScalarType.Float32 && !logits.is_sparse && logits.dim() == 3
        && logits.numel() > 0 && logits.stride(2) == 1 && logits.stride(1) >= logits.shape[2] && Extent(logits, 1) <= Longest;

    /// <param name="logits">[batch, seq, numTokens] that <see cref="Reads"/> accepts.</param>
    /// <param name="targets">batch * seq ids, row after row.</param>
    /// <returns>batch * seq, nats; NaN where the id is no token or the logits are not finite.</returns>
    public static double[] Of(Tensor logits, ReadOnlySpan<long> targets)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var (seq, ids, losses) = ((int)logits.shape[1], targets.ToArray(), new double[targets.Length]);
        for (long at = 0, rows; at < logits.shape[0]; at += rows)
        {
            // As many rows of the batch as one span reaches over.
            rows = Math.Clamp(Longest / Math.Max(1, logits.stride(0)), 1, logits.shape[0] - at);
            Read(logits.narrow(0, at, rows), ids, losses, (int)at * seq);
        }
        return losses;
    }

    private static void Read(Tensor logits, long[] ids, double[] losses, int first)
    {
        var (batch, seq, numTokens) = ((int)logits.shape[0], (int)logits.shape[1], (int)logits.shape[2]);
        var (row, position) = (logits.stride(0), logits.stride(1));
        var flat = logits.as_strided([Extent(logits, batch)], [1], logits.storage_offset());
        var threads = (long)batch * seq * numTokens < WorthThreads ? 1 : Math.Min(get_num_threads(), batch * seq);
        if (threads == 1)
            Part(0);
        else
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, Part);

        void Part(int part)
        {
            var values = MemoryMarshal.Cast<byte, float>(flat.bytes);
            var (from, to) = ((int)((long)batch * seq * part / threads), (int)((long)batch * seq * (part + 1) / threads));
            for (var i = from; i < to; i++)
            {
                var scores = values.Slice((int)(i / seq * row + i % seq * position), numTokens);
                var id = ids[first + i];
                losses[first + i] = id >= 0 && id < numTokens ? LogSum(scores) - scores[(int)id] : double.NaN;
            }
        }
    }

    private static long Extent(Tensor logits, long batch) =>
        (batch - 1) * logits.stride(0) + (logits.shape[1] - 1) * logits.stride(1) + logits.shape[2];

    /// <summary>log Σ exp, the largest taken out first; compiled as well as can be at once, as a run begins with it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double LogSum(ReadOnlySpan<float> scores)
    {
        var width = Vector<float>.Count;
        var (most, i) = (new Vector<float>(float.NegativeInfinity), 0);
        for (; i <= scores.Length - width; i += width)
            most = Vector.Max(most, new Vector<float>(scores[i..]));
        var max = float.NegativeInfinity;
        for (var lane = 0; lane < width; lane++)
            max = MathF.Max(max, most[lane]);
        for (; i < scores.Length; i++)
            max = MathF.Max(max, scores[i]);
        var (shift, sums) = (new Vector<float>(max), Vector<float>.Zero);
        for (i = 0; i <= scores.Length - width; i += width)
            sums += Exp(new Vector<float>(scores[i..]) - shift);
        var sum = (double)Vector.Sum(sums);
        for (; i < scores.Length; i++)
            sum += MathF.Exp(scores[i] - max);
        return max + Math.Log(sum);
    }

    /// <summary>exp of numbers up to 0, in single precision throughout, to within a few units in the last place; <see cref="Vector.Exp(Vector{float})"/> goes
    /// through double precision and costs three times as much. Source: S. Moshier's Cephes, expf.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Exp(Vector<float> x)
    {
        // Less than this is nothing beside the largest, whose exp is 1; NaN stays.
        x = Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(Least)), new Vector<float>(Least), x);
        var power = Vector.Floor(Vector.FusedMultiplyAdd(x, new Vector<float>(1.44269504f), new Vector<float>(0.5f)));
        var rest = Vector.FusedMultiplyAdd(power, new Vector<float>(-0.693359375f), x);
        rest = Vector.FusedMultiplyAdd(power, new Vector<float>(2.12194440e-4f), rest);
        var series = new Vector<float>(1.9875691500e-4f);
        series = Vector.FusedMultiplyAdd(series, rest, new Vector<float>(1.3981999507e-3f));
        series = Vector.FusedMultiplyAdd(series, rest, new Vector<float>(8.3334519073e-3f));
        series = Vector.FusedMultiplyAdd(series, rest, new Vector<float>(4.1665795894e-2f));
        series = Vector.FusedMultiplyAdd(series, rest, new Vector<float>(1.6666665459e-1f));
        series = Vector.FusedMultiplyAdd(series, rest, new Vector<float>(5.0000001201e-1f));
        var one = new Vector<float>(1f);
        var exp = Vector.FusedMultiplyAdd(series, rest * rest, rest + one);
        return exp * Vector.AsVectorSingle((Vector.ConvertToInt32Native(power) + new Vector<int>(127)) << 23);
    }
}
