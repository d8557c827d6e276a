using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>Options that upstream's stacks do not pass on, or that chance is part of.</summary>
[Collection(nameof(TorchRandomness))]
public sealed class BlockOptionsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void Blocks_may_be_wider_at_their_end()
    {
        var x = randn(2, 5, 16);
        Assert.Equal([2, 5, 24], new Attention(new() { Dim = 16, DimHead = 8, Heads = 2, DimOut = 24 }).forward(x).shape);
        Assert.Equal([2, 5, 24], new FeedForward(new() { Dim = 16, DimOut = 24 }).forward(x).shape);
    }

    [Fact]
    public void Dropped_context_tokens_come_back_outside_of_training()
    {
        random.manual_seed(0);
        var options = new AttentionLayersOptions { Dim = 16, Depth = 1, Heads = 2, AttnDimHead = 8, CrossAttend = true };
        var (dropping, plain) = (new Decoder(options with { CrossAttnTokensDropout = 0.5 }), new Decoder(options));
        plain.LoadStateDict(dropping.state_dict());
        var (x, context) = (randn(2, 3, 16), randn(2, 12, 16));
        Assert.False(Equals(dropping.forward(x, context: context), dropping.forward(x, context: context)));
        dropping.eval();
        Assert.True(Equals(dropping.forward(x, context: context), plain.forward(x, context: context)));
    }

    private static bool Equals(Tensor a, Tensor b) => a.eq(b).all().item<bool>();

    public void Dispose() => _scope.Dispose();
}
