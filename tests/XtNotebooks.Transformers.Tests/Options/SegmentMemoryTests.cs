using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>Memories of earlier segments, several heads, and the attention z-loss: what must hold beside Python's numbers.</summary>
[Collection(nameof(TorchRandomness))]
public sealed class SegmentMemoryTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Remembering_the_whole_past_gives_what_one_long_sequence_gives(bool polar)
    {
        var net = SmallModels.Decoder(o => o with { RotaryPosEmb = !polar, PolarPosEmb = polar, AttnMaxAttendPast = 6 }, o => o with { MaxMemLen = 12 });
        var ids = SmallModels.Ids(2, 12);
        var whole = net.forward(ids);
        IReadOnlyList<Tensor>? mems = null;
        for (var start = 0; start < 12; start += 4)
        {
            var (logits, kept) = net.ForwardWithMems(ids.narrow(1, start, 4), new() { Mems = mems });
            Assert.True(logits.allclose(whole.narrow(1, start, 4), 1e-4, 1e-5), $"segment at {start}");
            mems = kept;
            Assert.All(mems, m => Assert.Equal([2, start + 4, 32], m.shape));
        }
        Assert.All(net.ForwardWithMems(ids.narrow(1, 0, 4), new() { Mems = mems }).Mems, m => Assert.Equal([2, 12, 32], m.shape));
    }

    [Fact]
    public void Left_pads_are_hidden_beside_memories()
    {
        var net = SmallModels.Decoder(o => o with { RotaryPosEmb = true }, o => o with { MaxMemLen = 8 });
        var mems = net.ForwardWithMems(SmallModels.Ids(2, 5)).Mems;
        var ids = SmallModels.Ids(2, 6, seed: 8);
        var other = ids.clone();
        other[TensorIndex.Ellipsis, TensorIndex.Slice(0, 2)] = 3;
        var start = tensor(new long[] { 2, 2 }, device: ids.device);
        var a = net.ForwardWithMems(ids, new() { Mems = mems, SeqStartPos = start }).Logits.narrow(1, 2, 4);
        var b = net.ForwardWithMems(other, new() { Mems = mems, SeqStartPos = start }).Logits.narrow(1, 2, 4);
        Assert.True(a.allclose(b, 1e-5, 1e-6));
    }

    [Fact]
    public void Memories_that_do_not_fit_are_one_sentence()
    {
        var net = SmallModels.Decoder(wrapper: o => o with { MaxMemLen = 8 });
        var ids = SmallModels.Ids(2, 5);
        var mems = net.ForwardWithMems(ids).Mems;
        Refused(() => SmallModels.Decoder().ForwardWithMems(ids), "ForwardWithMems", "MaxMemLen");
        Refused(() => SmallModels.Decoder().forward(ids, new() { Mems = mems }), "Mems", "MaxMemLen");
        Refused(() => net.forward(ids, new() { Mems = [mems[0]] }), "2 self-attention layers", "1");
        Refused(() => net.forward(ids.narrow(0, 0, 1), new() { Mems = mems }), "Mems[0]", "[1, 5, 32]");
        using var cache = new KvCache(8);
        Refused(() => net.forward(ids, new() { Mems = mems, Cache = cache }), "Mems", "Cache");
        Refused(() => SmallModels.Decoder(o => o with { NumResidualStreams = 2 }, o => o with { MaxMemLen = 8 }), "MaxMemLen", "NumResidualStreams");
        Refused(() => SmallModels.Decoder(o => o with { AddValueResidual = true }, o => o with { MaxMemLen = 8 }), "MaxMemLen", "LearnedValueResidualMix");
    }

    [Fact]
    public void Positions_that_see_nothing_do_not_make_the_z_loss_infinite()
    {
        var net = SmallModels.Decoder();
        var ids = SmallModels.Ids(2, 6);
        var plain = net.Trace(ids).AttnZLoss!.item<float>();
        var padded = net.Trace(ids, new() { SeqStartPos = tensor(new long[] { 2, 0 }, device: ids.device) }).AttnZLoss!.item<float>();
        Assert.InRange(plain, 1e-6f, 1f);
        Assert.InRange(padded, 1e-6f, 1f);
        Assert.Null(SmallModels.Decoder(o => o with { AttnFlash = true }).Trace(ids).AttnZLoss);
    }

    [Fact]
    public void The_weight_of_the_z_loss_is_the_options()
    {
        var ids = SmallModels.Ids(2, 6);
        var (small, large) = (SmallModels.Decoder(), SmallModels.Decoder(wrapper: o => o with { AttnZLossWeight = 1 }));
        large.LoadStateDict(small.state_dict());
        Assert.Equal(small.Trace(ids).AttnZLoss!.item<float>() * 1e4, large.Trace(ids).AttnZLoss!.item<float>(), 1e-2);
        var (without, with) = (new AutoregressiveWrapper(large), new AutoregressiveWrapper(large, addAttnZLoss: true));
        Assert.Equal(large.Trace(ids).AttnZLoss!.item<float>(), with.forward(ids).item<float>() - without.forward(ids).item<float>(), 1e-3);
    }

    [Fact]
    public void What_predicts_no_single_next_token_cannot_be_wrapped()
    {
        Refused(() => new AutoregressiveWrapper(SmallModels.Decoder(wrapper: o => o with { NumOutputHeads = 2 })), "AutoregressiveWrapper", "NumOutputHeads");
        Refused(() => new AutoregressiveWrapper(SmallModels.Decoder(wrapper: o => o with { SqueezeOutLastDim = true, LogitsDim = 1 })), "AutoregressiveWrapper", "SqueezeOutLastDim");
        Refused(() => new AutoregressiveWrapper(SmallModels.Decoder(o => o with { AttnFlash = true }), addAttnZLoss: true), "addAttnZLoss", "AttnFlash");
    }

    private static void Refused(Func<object> action, string first, string second)
    {
        var message = Assert.Throws<ArgumentException>(action).Message;
        Assert.Contains(first, message, StringComparison.Ordinal);
        Assert.Contains(second, message, StringComparison.Ordinal);
    }

    public void Dispose() => _scope.Dispose();
}
