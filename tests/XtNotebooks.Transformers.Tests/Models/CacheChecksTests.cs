using XtNotebooks.Transformers.Tests.Golden;
using static XtNotebooks.Transformers.Tests.Models.Refusals;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>A cache is for the sequences and the pass that it was filled by.</summary>
public sealed class CacheChecksTests
{
    [Fact]
    public void A_cache_is_not_for_learning() => Assert.Contains("no_grad", Refusal(net =>
    {
        using var cache = new KvCache(16);
        return net.forward(SmallModels.Ids(), new TransformerInputs { Cache = cache });
    }), StringComparison.Ordinal);

    [Fact]
    public void A_cache_does_not_go_with_layers_that_are_left_out_by_chance()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var net = SmallModels.Decoder(o => o with { LayerDropout = 0.5 });
        using var cache = new KvCache(16);
        net.train();
        Assert.Contains("Cache and LayerDropout", Assert.Throws<ArgumentException>(() => net.forward(SmallModels.Ids(), new TransformerInputs { Cache = cache })).Message, StringComparison.Ordinal);
        net.eval();
        Close.Assert("logits", net.forward(SmallModels.Ids()), net.forward(SmallModels.Ids(), new TransformerInputs { Cache = cache }), 2e-5);
    }

    [Fact]
    public void A_mask_of_new_tokens_alone_does_not_do_for_a_cache_that_holds_others()
    {
        var message = Refusal(net =>
        {
            using var noGrad = no_grad();
            using var cache = new KvCache(16);
            net.forward(SmallModels.Ids(3, 4), new TransformerInputs { Cache = cache });
            return net.forward(SmallModels.Ids(3, 2), new TransformerInputs { Cache = cache, Mask = ones(3, 2, dtype: ScalarType.Bool, device: Golden.TestDevice.Current) });
        });
        Assert.Contains("Mask", message, StringComparison.Ordinal);
        Assert.Contains("Cache", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_of_another_batch_is_refused() => Assert.Contains("The Cache holds 3 sequences, but there are 2 now", Refusal(net =>
    {
        using var noGrad = no_grad();
        using var cache = new KvCache(16);
        net.forward(SmallModels.Ids(3, 4), new TransformerInputs { Cache = cache });
        return net.forward(SmallModels.Ids(2, 2), new TransformerInputs { Cache = cache });
    }), StringComparison.Ordinal);
}
