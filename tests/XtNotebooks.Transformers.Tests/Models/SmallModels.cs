namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>Models small enough for a test, with every weight random (norm gains and gates too).</summary>
internal static class SmallModels
{
    public const int NumTokens = 17;

    public static AttentionLayersOptions Layers { get; } = new() { Dim = 32, Depth = 2, Heads = 2, AttnDimHead = 8, FfMult = 2 };

    public static TransformerWrapper Decoder(
        Func<AttentionLayersOptions, AttentionLayersOptions>? layers = null, Func<TransformerWrapperOptions, TransformerWrapperOptions>? wrapper = null, long seed = 0) =>
        Build(new Decoder((layers ?? (o => o))(Layers)), wrapper, seed);

    public static TransformerWrapper Encoder(
        Func<AttentionLayersOptions, AttentionLayersOptions>? layers = null, Func<TransformerWrapperOptions, TransformerWrapperOptions>? wrapper = null, long seed = 0) =>
        Build(new Encoder((layers ?? (o => o))(Layers)), wrapper, seed);

    public static TransformerWrapper Build(AttentionLayers layers, Func<TransformerWrapperOptions, TransformerWrapperOptions>? wrapper, long seed)
    {
        var options = new TransformerWrapperOptions { NumTokens = NumTokens, MaxSeqLen = 16, AttnLayers = layers };
        var net = new TransformerWrapper((wrapper ?? (o => o))(options));
        Randomise(net, seed);
        net.to(Golden.TestDevice.Current);
        net.eval();
        return net;
    }

    /// <summary>Adds noise to what starts as zeros and ones, so that nothing hides behind them, and draws all else anew.</summary>
    /// <remarks>Both with a generator of its own: torch's is shared with tests that run beside, so that a model's weights would be others in each run.</remarks>
    public static void Randomise(nn.Module module, long seed)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var parameter in module.parameters())
        {
            var noise = randn(parameter.shape, device: CPU, generator: generator).to(parameter.device);
            if (parameter.frac().count_nonzero().ToInt64() == 0)
                parameter.add_(noise * 0.15);
            else
                parameter.copy_(noise / Math.Sqrt(parameter.dim() == 0 ? 1 : parameter.shape[^1]));
        }
    }

    /// <summary>[batch, seq], int64, of tokens from 1 to 16.</summary>
    public static Tensor Ids(long batch = 3, long length = 12, long seed = 7)
    {
        using var generator = new Generator((ulong)seed);
        return randint(1, NumTokens, [batch, length], dtype: ScalarType.Int64, device: CPU, generator: generator).to(Golden.TestDevice.Current);
    }
}
