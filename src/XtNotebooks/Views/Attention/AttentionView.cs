using System.Globalization;
using TorchSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Attention maps of every layer and head for one sequence, with what each head mostly looks at in words.</summary>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record AttentionView : IView
{
    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>The tokens, one for each query; empty where they were not given.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>The heads, layer after layer.</summary>
    public required IReadOnlyList<AttentionHead> Heads { get; init; }

    /// <summary>Queries and keys of the whole map; a picture may show fewer.</summary>
    public required (long Queries, long Keys) Size { get; init; }

    /// <summary>Looks at attention weights, for example those of <see cref="ForwardTrace.AttentionMaps"/>.</summary>
    /// <param name="maps">One [batch, heads, queries, keys] for each layer; rows sum to 1.</param>
    /// <param name="row">Which sequence of the batch.</param>
    /// <param name="tokens">The sequence's token texts, one for each query, or for the last of them: those before are the model's own memory tokens; null for none.</param>
    /// <param name="real">Which positions of the sequence are tokens and not pads; null where all are. Memory tokens and memory keys come before the sequence and count as real.</param>
    /// <param name="max">Queries and keys drawn at most, from the first on.</param>
    /// <exception cref="ArgumentException">There is no map (flash attention keeps none), or the shapes do not fit.</exception>
    public static AttentionView From(
        IReadOnlyList<Tensor> maps, int row = 0, IReadOnlyList<string>? tokens = null, IReadOnlyList<bool>? real = null, int max = 64)
    {
        ArgumentNullException.ThrowIfNull(maps);
        return From([.. maps.Select(map => new Layer(map))], row, tokens, real, max);
    }

    private sealed record Layer(Tensor Map, Tensor? Logits = null, bool IsCross = false);

    private static AttentionView From(List<Layer> maps, int row, IReadOnlyList<string>? tokens, IReadOnlyList<bool>? real, int max)
    {
        if (maps.Count == 0)
            throw new ArgumentException("There is no attention map; flash attention keeps none: build the model with AttnFlash = false to see them.", nameof(maps));
        if (maps.Select(m => m.Map).FirstOrDefault(m => m.dim() != 4 || row < 0 || row >= m.shape[0]) is { } odd)
            throw new ArgumentException($"Maps are [batch, heads, queries, keys] and hold row {row}, but one is [{string.Join(", ", odd.shape)}].", nameof(maps));
        var (queries, keys) = (maps[0].Map.shape[2], maps[0].Map.shape[3]);
        if (tokens is not null && tokens.Count > queries)
            throw new ArgumentException($"There are {tokens.Count} tokens for {queries} queries; give one for each.", nameof(tokens));
        // A model's memory tokens come before the sequence.
        var memories = tokens is null ? 0 : (int)queries - tokens.Count;
        var sequence = real?.Count ?? tokens?.Count;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var heads = new List<AttentionHead>();
        for (var layer = 0; layer < maps.Count; layer++)
        {
            var (map, logits, cross) = maps[layer];
            for (var head = 0; head < map.shape[1]; head++)
            {
                heads.Add(Read(map[row, head].detach().to(float32).cpu(), Hidden(logits, map, row, head), layer, head,
                    cross ? null : real, cross ? null : sequence, max));
            }
        }
        return new AttentionView
        {
            Tokens = [.. Enumerable.Range(0, memories).Select(i => $"memory {i}"), .. (tokens ?? []).Select(HtmlText.Visible)],
            Heads = heads,
            Size = (queries, keys),
        };
    }

    /// <summary>Looks at the maps of a model's own forward pass.</summary>
    /// <exception cref="ArgumentException">The model uses flash attention, which keeps no map.</exception>
    public static AttentionView From(
        ForwardTrace trace, int row = 0, IReadOnlyList<string>? tokens = null, IReadOnlyList<bool>? real = null, int max = 64)
    {
        ArgumentNullException.ThrowIfNull(trace);
        return From([.. trace.Attention.Where(a => a.PostSoftmaxAttn is not null).Select(a => new Layer(a.PostSoftmaxAttn!, a.PreSoftmaxAttn, a.IsCross))], row, tokens, real, max);
    }

    /// <inheritdoc/>
    public string ToHtml() => AttentionHtml.Write(this);

    /// <inheritdoc/>
    public string ToText() => (Title is null ? "" : Title + "\n") + string.Concat(Heads.Select(h => $"{h.Name}: {h.Habit}\n"));

    internal string Sentence => string.Create(CultureInfo.InvariantCulture,
        $"{Words.Count(Heads.Select(h => h.Layer).Distinct().Count(), "layer")}, {Words.Count(Heads.Count, "head")}, {Size.Queries} queries by {Size.Keys} keys.");

    /// <summary>Where the mask hid a key: its logit is the lowest number of its type.</summary>
    private static bool[]? Hidden(Tensor? logits, Tensor map, int row, int head)
    {
        if (logits is null || !logits.shape.SequenceEqual(map.shape))
            return null;
        return logits[row, head].detach().le(finfo(logits.dtype).min / 2).cpu().contiguous().data<bool>().ToArray();
    }

    /// <param name="map">[queries, keys].</param>
    /// <param name="hidden">What the mask hid; null where it is not known.</param>
    /// <param name="layer">From 0.</param>
    /// <param name="head">From 0.</param>
    /// <param name="real">Which positions of the sequence are tokens; the sequence ends with the last query and the last key.</param>
    /// <param name="sequence">Its length, without memories; null where it is not known.</param>
    /// <param name="max">Queries and keys kept for the picture.</param>
    private static AttentionHead Read(Tensor map, bool[]? hidden, int layer, int head, IReadOnlyList<bool>? real, int? sequence, int max)
    {
        var (queries, keys) = ((int)map.shape[0], (int)map.shape[1]);
        var w = map.contiguous().data<float>().ToArray();
        var begin = sequence is { } length ? Math.Max(0, keys - length) : 0;       // memory keys and memory tokens come first
        bool Real(int i, int count) => real is null || i < count - real.Count || real[i - (count - real.Count)];
        double memory = 0, self = 0, previous = 0, first = 0, pads = 0, entropy = 0;
        var n = 0;
        for (var q = 0; q < queries; q++)
        {
            if (!Real(q, queries))
                continue;
            n++;
            var at = q + keys - queries;                                    // with a cache the keys began earlier
            for (var k = 0; k < keys; k++)
            {
                double p = w[q * keys + k];
                if (double.IsNaN(p))
                    entropy = double.NaN;
                if (!(p > 0))
                    continue;
                entropy -= p * Math.Log(p);
                if (k == at)
                    self += p;
                if (k == at - 1)
                    previous += p;
                if (k == begin && at > begin + 1)
                    first += p;
                if (k < begin)
                    memory += p;
                if (!Real(k, keys))
                    pads += p;
            }
        }
        var share = 1.0 / Math.Max(1, n);
        var (rows, columns) = (Math.Min(queries, max), Math.Min(keys, max));
        return new AttentionHead(layer, head, self * share, previous * share, first * share, pads * share, entropy * share,
            rows, columns, [.. Enumerable.Range(0, rows * columns).Select(i => w[i / columns * keys + i % columns])])
        {
            Memory = memory * share,
            Hidden = hidden is null ? [] : [.. Enumerable.Range(0, rows * columns).Select(i => hidden[i / columns * keys + i % columns])],
        };
    }
}

/// <summary>One head's map for one sequence.</summary>
/// <param name="Layer">From 0.</param>
/// <param name="Head">From 0.</param>
/// <param name="Self">Mean weight that real queries give to their own position.</param>
/// <param name="Previous">Mean weight on the position before.</param>
/// <param name="First">Mean weight on the first position, from queries to which it is neither of these.</param>
/// <param name="Pads">Mean weight that real queries give to pads.</param>
/// <param name="Entropy">Mean entropy of the weights, nats: 0 looks at one position, NaN where weights are.</param>
/// <param name="Rows">Queries drawn.</param>
/// <param name="Columns">Keys drawn.</param>
/// <param name="Weights">[Rows * Columns], 0 to 1.</param>
public sealed record AttentionHead(
    int Layer, int Head, double Self, double Previous, double First, double Pads, double Entropy, int Rows, int Columns, IReadOnlyList<float> Weights)
{
    /// <summary>Mean weight that real queries give to the model's memory keys and memory tokens.</summary>
    public double Memory { get; init; }

    /// <summary>[Rows * Columns], true where the mask hid the key from the query; empty where that is not known.</summary>
    public IReadOnlyList<bool> Hidden { get; init; } = [];

    /// <summary>"layer 0, head 3".</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"layer {Layer}, head {Head}");

    /// <summary>What it mostly looks at, in words.</summary>
    public string Habit
    {
        get
        {
            if (double.IsNaN(Entropy))
                return "⚠ its weights are not numbers";
            var habits = new[] { (Self, "itself"), (Previous, "the token before"), (First, "the first token"), (Memory, "memory") }
                .Where(h => h.Item1 >= 0.1).OrderByDescending(h => h.Item1).Select(h => $"{h.Item2} {Words.Percent(h.Item1)}").ToList();
            return (habits.Count == 0 ? "spread" : string.Join(", ", habits))
                + $"; entropy {Words.Nats(Entropy)}" + (Pads >= 0.005 ? $"; ⚠ pads {Words.Percent(Pads)}" : "");
        }
    }
}
