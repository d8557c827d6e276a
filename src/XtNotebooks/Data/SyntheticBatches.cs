using System.Collections;

namespace XtNotebooks.Data;

/// <summary>Made-up padded batches, without end, on which the padding discrepancy shows within seconds; the same seed gives the same batches.</summary>
public sealed record SyntheticBatches : IEnumerable<PaddedBatch>
{
    private const int TrainingStream = 0, HeldOutStream = 1;

    private readonly Func<Random, int, long[]> row;

    private SyntheticBatches(Func<Random, int, long[]> row, int seed)
    {
        this.row = row;
        Seed = seed;
    }

    /// <summary>Rows in a batch.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Width of a batch.</summary>
    public int Length { get; init; } = 64;

    /// <summary>The shortest row; lengths are uniform from here to <see cref="Length"/>.</summary>
    public int ShortestRow { get; init; } = 8;

    /// <summary>Where rows are filled up, with id 0.</summary>
    public PaddingSide Side { get; init; } = PaddingSide.Right;

    /// <summary>Decides all batches.</summary>
    public int Seed { get; }

    /// <summary>Each row repeats a random motif of 3 to 6 tokens, until its length: learnable, once the motif has been seen.</summary>
    /// <param name="numTokens">Size of the vocabulary; tokens are 1 to numTokens - 1, and 0 is the pad.</param>
    /// <param name="seed">Decides all batches.</param>
    public static SyntheticBatches Motif(int numTokens = 32, int seed = 0) => new((random, length) =>
    {
        var motif = Tokens(random, random.Next(3, 7), numTokens);
        return [.. Enumerable.Range(0, length).Select(i => motif[i % motif.Length])];
    }, seed);

    /// <summary>Each row is uniform noise: nothing to learn but the uniform distribution, ln(numTokens - 1) nats.</summary>
    /// <param name="numTokens">Size of the vocabulary; tokens are 1 to numTokens - 1, and 0 is the pad.</param>
    /// <param name="seed">Decides all batches.</param>
    public static SyntheticBatches Noise(int numTokens = 32, int seed = 0) => new((random, length) => Tokens(random, length, numTokens), seed);

    /// <summary>Batches of the same kind that <see cref="GetEnumerator"/> never gives.</summary>
    /// <param name="count">How many.</param>
    public IEnumerable<PaddedBatch> HeldOut(int count = 8)
    {
        var random = new Random(Seeds.Mix(Seed, HeldOutStream));
        return [.. Enumerable.Range(0, count).Select(_ => Next(random))];
    }

    /// <summary>Batch after batch, without end; each enumeration begins anew.</summary>
    public IEnumerator<PaddedBatch> GetEnumerator()
    {
        var random = new Random(Seeds.Mix(Seed, TrainingStream));
        while (true)
            yield return Next(random);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private PaddedBatch Next(Random random) => PaddedBatch.From(
        [.. Enumerable.Range(0, BatchSize).Select(_ => row(random, random.Next(ShortestRow, Length + 1)))], padId: 0, Side, Length);

    private static long[] Tokens(Random random, int count, int numTokens) =>
        [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(1, numTokens))];
}
