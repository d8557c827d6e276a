using TorchSharp;
using TorchSharp.Modules;
using XtNotebooks.Data;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

/// <summary>Small models and data for tests of training.</summary>
internal static class Tiny
{
    public static TransformerWrapper Net(int seed = 0)
    {
        var net = new TransformerWrapper(new()
        {
            NumTokens = 12, MaxSeqLen = 16, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2, AttnDimHead = 8 }),
        });
        Initialise(net, seed);
        return net;
    }

    public static SyntheticBatches Motif(int seed = 0) => SyntheticBatches.Motif(12, seed).With(batchSize: 4, length: 16);

    /// <summary>Weights from a generator of their own: torch's default one is shared with the tests that run beside.</summary>
    public static void Initialise(nn.Module module, int seed)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var (name, parameter) in module.named_parameters())
            parameter.copy_(name.EndsWith("gamma", StringComparison.Ordinal) ? zeros_like(parameter) : randn(parameter.shape, generator: generator) * 0.2);
    }

    private static SyntheticBatches With(this SyntheticBatches batches, int batchSize, int length) =>
        batches with { BatchSize = batchSize, Length = length, ShortestRow = 4 };
}

/// <summary>Somebody else's model: an embedding and a linear layer, which knows nothing of this package.</summary>
internal sealed class Bigram : nn.Module<Tensor, Tensor>
{
    private readonly Embedding table = nn.Embedding(12, 12);

    public Bigram() : base(nameof(Bigram))
    {
        RegisterComponents();
        Tiny.Initialise(this, seed: 0);
    }

    public override Tensor forward(Tensor ids) => table.call(ids);
}
