using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;
using static XtNotebooks.Transformers.Tests.Decoding.DecoderVariants;

namespace XtNotebooks.Transformers.Tests.Decoding;

public sealed class PromptTests
{
    [Fact]
    public void Past_the_longest_sequence_the_mask_of_left_pads_moves_with_the_window()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(Layers["rotary"]);
        var wrapper = new AutoregressiveWrapper(net);
        var ids = SmallModels.Ids(2, 14);
        Tensor[] prompts = [ids[0], ids[1].narrow(0, 0, 9)];
        foreach (var cached in new[] { true, false })
        {
            var together = wrapper.Generate(prompts, 12, Greedy with { CacheKv = cached });
            // Five pads leave the window one by one: the shorter prompt sees all of its past until it is as long as the window.
            Close.Equal("the longer prompt", wrapper.Generate(prompts[0], 12, Greedy), together[0]);
            Close.Equal("the shorter prompt", wrapper.Generate(prompts[1], 12, Greedy).narrow(0, 0, 8), together[1].narrow(0, 0, 8));
        }
    }

    // As upstream, shifted tokens read the pad before them.
    public static TheoryData<string, bool> WithPrompts => [("absolute", true), .. Layers.Keys.Where(k => k != "shift").Select(k => (k, false))];

    [Theory]
    [MemberData(nameof(WithPrompts))] // with sines and cosines upstream crashes here
    public void A_prompt_gives_the_same_alone_and_beside_longer_ones(string variant, bool sinusoidal)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(Layers[variant], o => o with { ScaledSinuPosEmb = sinusoidal });
        var wrapper = new AutoregressiveWrapper(net);
        var ids = SmallModels.Ids(3, 6);
        Tensor[] prompts = [ids[0], ids[1].narrow(0, 0, 2), ids[2].narrow(0, 0, 4)];
        foreach (var cached in new[] { true, false })
        {
            var together = wrapper.Generate(prompts, 6, Greedy with { CacheKv = cached });
            for (var i = 0; i < prompts.Length; i++) Close.Equal($"prompt {i}", wrapper.Generate(prompts[i], 6, Greedy), together[i]);
            var beams = wrapper.BeamSearch(ids, 6, new() { Beams = 3, CacheKv = cached, PromptLens = tensor(new[] { 6L, 2, 4 }) });
            for (var i = 0; i < prompts.Length; i++)
                Close.Equal($"beams of prompt {i}", wrapper.BeamSearch(prompts[i], 6, new() { Beams = 3 }).Tokens, beams.Tokens[i]);
        }
    }

    [Fact]
    public void Pads_before_a_shorter_prompt_are_not_its_end_where_pad_and_end_are_one_id()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var ids = SmallModels.Ids(2, 6);
        Tensor[] prompts = [ids[0], ids[1].narrow(0, 0, 2)];
        // An id that no prompt holds, and that is not what the shorter one goes on with.
        var free = new AutoregressiveWrapper(net).Generate(prompts[1], 6, Greedy).cpu().data<long>().ToArray();
        var held = ids.cpu().data<long>().ToArray();
        var end = Enumerable.Range(0, SmallModels.NumTokens).Select(i => (long)i).First(i => !held.Contains(i) && free[0] != i);
        var wrapper = new AutoregressiveWrapper(net, padValue: end);
        var options = Greedy with { EosToken = end };
        var together = wrapper.Generate(prompts, 6, options);
        Assert.NotEqual(end, together[1][0].item<long>());
        var alone = wrapper.Generate(prompts[1], 6, options);
        Close.Equal("the shorter prompt", alone, together[1].narrow(0, 0, alone.shape[0]));
    }

    [Fact]
    public void A_prompt_without_a_batch_comes_back_without_one()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        Assert.Equal([3], wrapper.Generate(SmallModels.Ids()[0].narrow(0, 0, 4), 3, Greedy).shape);
        var beams = wrapper.BeamSearch(SmallModels.Ids()[0].narrow(0, 0, 4), 3, new() { Beams = 2 });
        Assert.Equal([3], beams.Tokens.shape);
        Assert.Equal([2, 3], beams.Beams.shape);
    }
}
