using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Checkpoints;

public sealed class StateDictTests
{
    [Fact]
    public void One_error_lists_missing_unexpected_and_misshapen_keys_and_nothing_changes()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var weights = net.state_dict().ToDictionary(w => w.Key, w => w.Value.detach().clone() + 1);
        weights.Remove("to_logits.weight");
        weights["to_logitz.weight"] = ones(2);
        weights["pos_emb.emb.weight"] = ones(8, 32);
        var before = net.state_dict().ToDictionary(w => w.Key, w => w.Value.detach().clone());

        var message = Assert.Throws<CheckpointException>(() => net.LoadStateDict(weights)).Message;

        Assert.Contains("1 missing: to_logits.weight", message, StringComparison.Ordinal);
        Assert.Contains("1 unexpected: to_logitz.weight", message, StringComparison.Ordinal);
        Assert.Contains("pos_emb.emb.weight (expected [16, 32], found [8, 32])", message, StringComparison.Ordinal);
        foreach (var (name, weight) in net.state_dict()) Assert.True(before[name].equal(weight).all().item<bool>(), name);
    }

    [Fact]
    public void What_fits_is_loaded_where_strictness_is_off()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        net.LoadStateDict(new Dictionary<string, Tensor> { ["to_logits.weight"] = zeros(17, 32), ["other"] = ones(1) }, strict: false);
        Assert.Equal(0, net.forward(SmallModels.Ids()).abs().max().item<float>());
    }

    [Fact]
    public void Weights_saved_and_loaded_give_the_same_logits_to_the_bit()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(Path.GetTempPath(), $"xt-{Guid.NewGuid():N}.safetensors");
        try
        {
            using var net = SmallModels.Decoder(o => o with { RotaryPosEmb = true, RotaryXpos = true });
            using var other = SmallModels.Decoder(o => o with { RotaryPosEmb = true, RotaryXpos = true }, seed: 1);
            net.SaveSafetensors(path);
            other.LoadSafetensors(path);
            foreach (var (name, weight) in net.state_dict()) Assert.True(weight.equal(other.state_dict()[name]).all().item<bool>(), name);
            Golden.Close.Assert("logits", net.forward(SmallModels.Ids()), other.forward(SmallModels.Ids()), 0);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Tied_embeddings_are_saved_on_both_sides_and_stay_one()
    {
        using var scope = NewDisposeScope();
        var side = new XTransformerSideOptions { NumTokens = 17, MaxSeqLen = 16, Layers = SmallModels.Layers };
        using var model = new XTransformer(new XTransformerOptions { Dim = 32, Enc = side, Dec = side, TieTokenEmb = true });
        var state = model.state_dict();
        Assert.Contains("encoder.token_emb.emb.weight", state.Keys);
        Assert.Contains("decoder.net.token_emb.emb.weight", state.Keys);
        Assert.DoesNotContain("decoder.net.token_emb.emb.weight", model.named_parameters().Select(p => p.name));
        model.LoadStateDict(state.ToDictionary(s => s.Key, s => zeros_like(s.Value)));
        Assert.Equal(0, state["decoder.net.token_emb.emb.weight"].abs().max().item<float>());
    }
}
