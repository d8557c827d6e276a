using System.Collections;

namespace XtNotebooks.Data;

/// <summary>Padded batches from lines of text, without end: epoch after epoch, each in a new order; the same seed gives the same batches.</summary>
/// <remarks>Every enumeration begins anew and makes its own batches, which whoever takes them frees.</remarks>
public sealed class TextBatches : IEnumerable<PaddedBatch>
{
    private readonly long[][] training;
    private readonly long[][] heldOut;
    private readonly TextBatchesOptions options;

    /// <summary>Encodes all lines; empty ones are left out.</summary>
    /// <exception cref="ArgumentException">An option is out of range, no line is left, or a line holds what the tokenizer does not know.</exception>
    public TextBatches(IEnumerable<string> lines, ITokenizer tokenizer, TextBatchesOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(tokenizer);
        this.options = options ??= new();
        if (options.BatchSize < 1)
            throw new ArgumentException($"BatchSize must be at least 1, but is {options.BatchSize}.");
        if (options.Length is < 2)
            throw new ArgumentException($"Length must be at least 2, a token and its target, but is {options.Length}.");
        if (options.HeldOutShare is not (>= 0 and < 1))
            throw new ArgumentException($"HeldOutShare must be at least 0 and below 1, but is {options.HeldOutShare}.");
        Tokenizer = tokenizer;
        var rows = lines.Where(line => line.Length > 0).Select(Row).ToArray();
        if (options.HeldOutShare > 0)
            new Random(options.Seed).Shuffle(rows);
        var apart = (int)(rows.Length * options.HeldOutShare);
        (heldOut, training) = (rows[..apart], rows[apart..]);
        if (training.Length == 0)
            throw new ArgumentException("There is no line to train on; give lines that are not empty.");
    }

    /// <summary>What encoded the lines.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>How many lines were longer than <see cref="TextBatchesOptions.Length"/>.</summary>
    public int CutLines { get; private set; }

    /// <summary>Lines to train on.</summary>
    public int TrainingLines => training.Length;

    /// <summary>Lines kept apart.</summary>
    public int HeldOutLines => heldOut.Length;

    /// <summary>Batches in an epoch; the last may be smaller.</summary>
    public int BatchesPerEpoch => (training.Length + options.BatchSize - 1) / options.BatchSize;

    /// <summary>The lines kept apart, once, in a fixed order; new batches each time.</summary>
    public IEnumerable<PaddedBatch> HeldOut => heldOut.Chunk(options.BatchSize).Select(Pad);

    /// <summary>The batches of one epoch, from 0.</summary>
    public IEnumerable<PaddedBatch> Epoch(int epoch) => Order(epoch).Chunk(options.BatchSize) switch
    {
        // Similar lengths sit together within a batch; the batches come in random order all the same.
        var chunks when options is { Bucketing: true, Shuffle: true } => Shuffled([.. chunks], ~Seed(epoch)).Select(Pad),
        var chunks => chunks.Select(Pad),
    };

    /// <summary>Epoch after epoch, without end.</summary>
    public IEnumerator<PaddedBatch> GetEnumerator()
    {
        for (var epoch = 0; ; epoch++)
        {
            foreach (var batch in Epoch(epoch))
                yield return batch;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IEnumerable<long[]> Order(int epoch)
    {
        var rows = options.Shuffle ? Shuffled([.. training], Seed(epoch)) : training;
        return options.Bucketing ? rows.OrderBy(row => row.Length) : rows;
    }

    private long[] Row(string line)
    {
        var (begin, end) = (options.Bos ? 1 : 0, options.Eos ? 1 : 0);
        long[] row = [.. Enumerable.Repeat(Tokenizer.BosId, begin), .. Tokenizer.Encode(line), .. Enumerable.Repeat(Tokenizer.EosId, end)];
        if (options.Length is not { } length || row.Length <= length)
            return row;
        CutLines++;
        return row[..length];
    }

    private PaddedBatch Pad(long[][] rows) => PaddedBatch.From(rows, Tokenizer.PadId, options.Side, options.Length);

    private int Seed(int epoch) => Seeds.Mix(options.Seed, epoch);

    private static T[] Shuffled<T>(T[] items, int seed)
    {
        new Random(seed).Shuffle(items);
        return items;
    }
}
