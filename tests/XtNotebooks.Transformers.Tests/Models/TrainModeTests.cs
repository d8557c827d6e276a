using XtNotebooks.Transformers.Tests.Golden;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>What is random in training; alone, because torch's generator is everybody's.</summary>
[Collection(nameof(TorchRandomness))]
public sealed class TrainModeTests
{
    [Theory]
    [InlineData("attn_dropout")]
    [InlineData("attn_sublayer_dropout")]
    [InlineData("ff_dropout")]
    [InlineData("ff_sublayer_dropout")]
    [InlineData("layer_dropout")]
    [InlineData("emb_dropout")]
    [InlineData("attn_dropout flash")]
    public void Dropout_acts_in_training_alone(string option)
    {
        using var scope = NewDisposeScope();
        using var plain = SmallModels.Decoder();
        using var net = SmallModels.Decoder(o => option switch
        {
            "attn_dropout" => o with { AttnDropout = 0.3 },
            "attn_dropout flash" => o with { AttnDropout = 0.3, AttnFlash = true },
            "attn_sublayer_dropout" => o with { AttnSublayerDropout = 0.3 },
            "ff_dropout" => o with { FfDropout = 0.3 },
            "ff_sublayer_dropout" => o with { FfSublayerDropout = 0.3 },
            "layer_dropout" => o with { LayerDropout = 0.5 },
            _ => o,
        }, o => option == "emb_dropout" ? o with { EmbDropout = 0.3 } : o);
        net.LoadStateDict(plain.state_dict());
        var ids = SmallModels.Ids();
        Close.Assert("in evaluation", plain.forward(ids), net.forward(ids), 1e-5);
        net.train();
        random.manual_seed(1);
        var first = net.forward(ids);
        Assert.True(Enumerable.Range(0, 5).Any(_ => !first.equal(net.forward(ids)).all().item<bool>()), "Two training passes should differ.");
        random.manual_seed(1);
        Close.Assert("with the same seed", first, net.forward(ids), 0);
    }

    [Fact]
    public void A_dropped_layer_is_left_out_whole()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { LayerDropout = 0.999 });
        net.train();
        random.manual_seed(2);
        var trace = net.Trace(SmallModels.Ids());
        Assert.Empty(trace.Attention);
        Assert.Single(trace.LayerHiddens); // the embeddings, as they came
        var gamma = net.state_dict()["attn_layers.final_norm.gamma"] + 1;
        Close.Assert("last hidden", nn.functional.layer_norm(trace.LayerHiddens[0], [32], gamma), trace.LastHidden, 1e-6);
    }

    [Fact]
    public void Mask_prob_hides_as_many_tokens_from_attention_but_never_the_first()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var ids = SmallModels.Ids(2, 12);
        var wrapper = new AutoregressiveWrapper(net, maskProb: 0.999);
        random.manual_seed(3);
        var masked = wrapper.forward(ids).item<float>();
        // With all but the first token hidden, only that one can be attended to.
        var only = zeros(2, 12, dtype: ScalarType.Bool);
        only[.., 0] = true;
        Close.Assert("loss", new AutoregressiveWrapper(net).forward(ids, null, selfAttnKvMask: only).item<float>(), masked, 1e-5);
        // As upstream, it takes the place of a mask that is given.
        var all = ones(2, 12, dtype: ScalarType.Bool);
        Close.Assert("loss with a mask", masked, wrapper.forward(ids, selfAttnKvMask: all).item<float>(), 1e-5);
        var quarter = new AutoregressiveWrapper(net, maskProb: 0.25);
        Assert.True(Enumerable.Range(0, 8).Select(_ => quarter.forward(ids).item<float>()).Distinct().Count() > 1);
    }

    [Fact]
    public void Context_tokens_are_dropped_in_training_real_ones_kept_first()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        var context = arange(10).to(ScalarType.Float32).view(1, 10, 1).repeat(3, 1, 4);
        var mask = arange(10) < tensor(new[] { 10L, 6, 2 }).unsqueeze(-1);
        var (kept, keptMask) = ContextDropout.Apply(context, mask, 0.5);
        Assert.Equal([3, 5, 4], kept.shape);
        Assert.Equal([5L, 3, 1], keptMask!.sum(-1).cpu().data<long>().ToArray()); // half of the real ones, rounded up
        for (var row = 0; row < 3; row++)
            foreach (var token in kept[row].select(-1, 0)[keptMask[row]].cpu().data<float>().ToArray())
                Assert.True(token < new[] { 10, 6, 2 }[row]);
        var (unmasked, none) = ContextDropout.Apply(context, null, 0.3);
        Assert.Equal([3, 7, 4], unmasked.shape);
        Assert.Null(none);
    }
}

/// <summary>Tests that draw from torch's own generator run alone.</summary>
[CollectionDefinition(nameof(TorchRandomness), DisableParallelization = true)]
public sealed class TorchRandomness;
