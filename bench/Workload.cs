using XtNotebooks.Transformers;

namespace XtNotebooks.Bench;

/// <summary>A model and a batch whose cost is measured.</summary>
/// <param name="Name">How the results call it.</param>
/// <param name="NumTokens">Size of the vocabulary.</param>
/// <param name="Length">Tokens in a sequence, and the longest sequence.</param>
/// <param name="Batch">Sequences in a batch.</param>
internal sealed record Workload(string Name, int NumTokens, int Length, int Batch, int Dim, int Depth, int Heads, bool Flash)
{
    private const int DimHead = 64;

    public static IReadOnlyList<Workload> All { get; } =
    [
        new("small", NumTokens: 32, Length: 64, Batch: 16, Dim: 64, Depth: 2, Heads: 4, Flash: false),
        new("medium", NumTokens: 256, Length: 256, Batch: 8, Dim: 256, Depth: 6, Heads: 8, Flash: false),
        new("medium-flash", NumTokens: 256, Length: 256, Batch: 8, Dim: 256, Depth: 6, Heads: 8, Flash: true),
    ];

    public static Workload Named(string name) => All.Single(w => w.Name == name);

    public TransformerWrapper CreateModel()
    {
        random.manual_seed(0);
        return new TransformerWrapper(new()
        {
            NumTokens = NumTokens,
            MaxSeqLen = Length,
            AttnLayers = new Decoder(new() { Dim = Dim, Depth = Depth, Heads = Heads, AttnFlash = Flash }),
        });
    }

    public Tensor CreateBatch()
    {
        random.manual_seed(1);
        return randint(NumTokens, [Batch, Length], dtype: ScalarType.Int64);
    }

    /// <summary>Floating-point operations of the matrix products of a forward pass; a training step needs three times as many.</summary>
    /// <remarks>Causal attention counts in full: without flash it is computed in full.</remarks>
    public double ForwardFlop
    {
        get
        {
            double tokens = Batch * Length, inner = Heads * DimHead;
            var projections = Depth * (4 * Dim * inner + 2 * 4 * (double)Dim * Dim) + Dim * NumTokens;
            var maps = Depth * 2 * Length * inner;
            return 2 * tokens * (projections + maps);
        }
    }
}
