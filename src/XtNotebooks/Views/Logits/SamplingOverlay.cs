using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>What sampling would leave of the candidates: of each filter a number of the likeliest, so that a count says it all.</summary>
/// <remarks>As a chain of <see cref="Transformers.LogitFilters"/>: each filter's probabilities are of what the one before it left.</remarks>
internal sealed record SamplingOverlay(int? TopK, double? TopP, double? MinP, double? TopA)
{
    private const long Likeliest = 1024;

    /// <returns>Null where no filter is asked for.</returns>
    /// <exception cref="ArgumentException">A filter's number is out of range.</exception>
    public static SamplingOverlay? From(LogitsOptions options)
    {
        Check(options.TopP is null or (> 0 and <= 1), nameof(options.TopP), options.TopP, "a nucleus holds a share above 0 and up to 1");
        Check(options.KeepTopK is null or >= 1, nameof(options.KeepTopK), options.KeepTopK, "keep one candidate or more");
        Check(options.MinP is null or (>= 0 and <= 1), nameof(options.MinP), options.MinP, "give a fraction from 0 to 1");
        Check(options.TopA is null or (>= 0 and <= 1), nameof(options.TopA), options.TopA, "give a fraction from 0 to 1");
        return options is { KeepTopK: null, TopP: null, MinP: null, TopA: null } ? null : new(options.KeepTopK, options.TopP, options.MinP, options.TopA);

        static void Check(bool good, string name, object? value, string wanted)
        {
            if (!good)
                throw new ArgumentException(FormattableString.Invariant($"{name} is {value}; {wanted}."), nameof(options));
        }
    }

    /// <summary>"top_k 40, top_p 0.9".</summary>
    public override string ToString() => string.Join(", ", new (string Name, object? Value)[] { ("top_k", TopK), ("top_p", TopP), ("min_p", MinP), ("top_a", TopA) }
        .Where(part => part.Value is not null).Select(part => FormattableString.Invariant($"{part.Name} {part.Value}")));

    /// <param name="probs">[n, numTokens].</param>
    /// <returns>[n]: how many candidates stay.</returns>
    public Tensor Kept(Tensor probs)
    {
        // Mostly few stay: the whole vocabulary is looked at only where the likeliest do not suffice.
        var numTokens = probs.shape[1];
        var few = Math.Min(TopK ?? Likeliest, numTokens);
        var (kept, most) = Within(probs.topk((int)few, -1).values);                                  // [n]
        if (TopK is not null || few == numTokens)
            return kept;
        var open = most.eq(few).nonzero().flatten();
        if (open.numel() == 0)
            return kept;
        var rows = probs.index_select(0, open).cpu().contiguous();
        var counts = new float[open.numel()];
        for (var i = 0; i < counts.Length; i++)
            counts[i] = Among(MemoryMarshal.Cast<byte, float>(rows[i].bytes));
        return kept.index_copy(0, open, tensor(counts, device: kept.device));
    }

    /// <summary>The same of one row, without sorting it.</summary>
    private int Among(ReadOnlySpan<float> probs)
    {
        var first = Largest(probs);
        var (kept, whole) = TopP is < 1 and var share ? Nucleus(probs, share) : (probs.Length, 1.0);
        if (MinP is { } least && Above(probs, (float)(first * least)) is var (some, mass) && some < kept)
            (kept, whole) = (some, mass);
        return TopA is { } ratio ? Math.Min(kept, Above(probs, (float)(first * first * ratio / whole)).Count) : kept;
    }

    private static float Largest(ReadOnlySpan<float> values)
    {
        var max = float.NegativeInfinity;
        foreach (var value in values)
            max = MathF.Max(max, value);
        return max;
    }

    private static (int Count, double Mass) Above(ReadOnlySpan<float> probs, float limit)
    {
        var (count, mass) = (0, 0.0);
        foreach (var p in probs)
        {
            if (p >= limit)
                (count, mass) = (count + 1, mass + p);
        }
        return (count, mass);
    }

    /// <summary>The likeliest up to and including the one with which their sum reaches the share. Bits of positive numbers are ordered as they are, so the
    /// upper halves are bins; only the bin in which the share is reached needs an order.</summary>
    private static (int Kept, double Mass) Nucleus(ReadOnlySpan<float> probs, double share)
    {
        var (counts, masses) = (new int[1 << 15], new double[1 << 15]);
        foreach (var p in probs)
        {
            var bin = (int)(BitConverter.SingleToUInt32Bits(p) >> 16) & 0x7fff;
            (counts[bin], masses[bin]) = (counts[bin] + 1, masses[bin] + p);
        }
        var (kept, mass, last) = (0, 0.0, counts.Length - 1);
        for (; last > 0 && mass + masses[last] < share; last--)
            (kept, mass) = (kept + counts[last], mass + masses[last]);
        var within = new List<float>(counts[last]);
        foreach (var p in probs)
        {
            if ((BitConverter.SingleToUInt32Bits(p) >> 16 & 0x7fff) == last)
                within.Add(p);
        }
        within.Sort();
        for (var i = within.Count - 1; i >= 0 && mass < share; i--)
            (kept, mass) = (kept + 1, mass + within[i]);
        return (kept, mass);
    }

    /// <returns>How many stay after all filters, and after the first one.</returns>
    private (Tensor Kept, Tensor Most) Within(Tensor sorted)
    {
        var first = sorted.narrow(1, 0, 1);                                                          // [n, 1]
        // What stays sums up to less than one after each cut.
        var whole = TopK is null ? ones_like(first) : sorted.sum(-1, keepdim: true);
        var kept = ones_like(sorted, dtype: @bool);
        Tensor? most = null;
        if (TopP is < 1 and var share)
            Cut((sorted.cumsum(-1) - sorted).lt(whole * share));
        if (MinP is { } least)
            Cut(sorted.ge(first * least));
        if (TopA is { } ratio)
            Cut(sorted.ge(first * first * ratio / whole));
        var count = kept.sum(-1).to(float32);
        return (count, most ?? count);

        void Cut(Tensor stays)
        {
            kept = kept.logical_and(stays);
            whole = sorted.masked_fill(kept.logical_not(), 0).sum(-1, keepdim: true);
            most ??= kept.sum(-1).to(float32);
        }
    }
}
