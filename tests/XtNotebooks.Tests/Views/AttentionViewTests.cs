using TorchSharp;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

public sealed class AttentionViewTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void A_causal_mask_hides_what_comes_later()
    {
        var view = AttentionMaskView.From([5L, 6, 7], padId: null);
        Assert.Equal([AttentionState.Seen, AttentionState.Future, AttentionState.Future], view.Cells[0]);
        Assert.All(view.Cells[2], state => Assert.Equal(AttentionState.Seen, state));
        Assert.StartsWith("3 positions, causal: 6 of 9 pairs attend.", view.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Left_padding_without_a_mask_is_warned_of_and_a_mask_cures_it()
    {
        var bare = AttentionMaskView.From([0L, 0, 7, 8], padId: 0);
        Assert.Contains(bare.Remarks, r => r.Text == "Real tokens attend to pads in 4 pairs: pass `mask:` to hide them.");
        Assert.Equal(AttentionState.PadSeen, bare.Cells[2][0]);

        var masked = AttentionMaskView.From([0L, 0, 7, 8], padId: 0, mask: [false, false, true, true]);
        Assert.Equal([AttentionState.Masked, AttentionState.Masked, AttentionState.Seen, AttentionState.Future], masked.Cells[2]);
        Assert.Equal(AttentionState.HiddenByBoth, masked.Cells[0][1]);
        Assert.Contains(masked.Remarks, r => r.Text.StartsWith("Nothing is visible from positions 0, 1:", StringComparison.Ordinal));
        Assert.DoesNotContain(masked.Remarks, r => r.Text.Contains("attend to pads", StringComparison.Ordinal));
    }

    [Fact]
    public void A_long_sequence_is_cut_in_the_middle_and_says_so()
    {
        var view = AttentionMaskView.From(Enumerable.Range(1, 300).Select(i => (long)i).ToArray(), padId: 0);
        Assert.Equal((48, 48), (view.Cells.Count, view.Cells[0].Count));
        Assert.Contains("252 positions in the middle", view.ToText(), StringComparison.Ordinal);
        SafeHtml.Check(view.ToHtml());
    }

    [Fact]
    public void Mask_and_map_encode_token_texts()
    {
        SafeHtml.Check((AttentionMaskView.From([1L, 2], null, token: _ => SafeHtml.Attack) with { Title = SafeHtml.Attack }).ToHtml());
        SafeHtml.Check((AttentionView.From([ones(1, 1, 2, 2) / 2], 0, [SafeHtml.Attack, SafeHtml.Attack]) with { Title = SafeHtml.Attack }).ToHtml());
    }

    [Fact]
    public void Weights_can_be_read_back_from_the_pictures_to_within_half_a_percent()
    {
        // What the page's script does with the palette.
        int[] Colour(int i) => [255 + (8 - 255) * i / 255, 255 + (48 - 255) * i / 255, 255 + (107 - 255) * i / 255];
        var palette = Enumerable.Range(0, 256).Select(Colour).ToList();
        for (var w = 0.0; w <= 1; w += 0.001)
        {
            var level = (int)Math.Round(Math.Sqrt(w) * 255);
            var read = palette.FindIndex(colour => colour.SequenceEqual(palette[level]));
            Assert.Equal(w, Math.Pow(read / 255.0, 2), 0.008);
        }
    }

    [Fact]
    public void Many_heads_stay_small_and_what_is_left_out_is_said()
    {
        var view = AttentionView.From([.. Enumerable.Range(0, 24).Select(_ => softmax(randn(1, 32, 64, 64), -1))], tokens: [.. Enumerable.Range(0, 64).Select(_ => SafeHtml.Attack)]);
        Assert.Equal(768, view.Heads.Count);
        SafeHtml.Check(view.ToHtml());
        Assert.Contains("the words of the first 300 heads are here", view.ToHtml());
        Assert.Contains("tabindex=\"0\" data-t=\"layer 0, head 0\"", view.ToHtml());
    }

    [Fact]
    public void A_heads_habit_is_read_from_its_weights()
    {
        var previous = zeros(1, 1, 4, 4);
        previous[0, 0, 0, 0] = 1;
        for (var q = 1; q < 4; q++)
            previous[0, 0, q, q - 1] = 1;
        var head = AttentionView.From([previous]).Heads[0];
        Assert.Equal((0.75, 0.25, 0.0), (head.Previous, head.Self, head.Entropy));
        Assert.Equal("the token before 75 %, itself 25 %; entropy 0.00", head.Habit);

        var spread = AttentionView.From([ones(1, 2, 20, 20) / 20], real: [.. Enumerable.Range(0, 20).Select(i => i < 15)]).Heads[1];
        Assert.Equal(0.25, spread.Pads, 5);
        Assert.Equal(Math.Log(20), spread.Entropy, 4);
        Assert.Contains("⚠ pads 25 %", spread.Habit, StringComparison.Ordinal);
    }

    [Fact]
    public void A_models_own_maps_are_drawn_for_every_layer_and_head_under_200_kB()
    {
        var net = new TransformerWrapper(new() { NumTokens = 32, MaxSeqLen = 256, AttnLayers = new Decoder(new() { Dim = 32, Depth = 4, Heads = 8 }) });
        net.eval();
        var view = AttentionView.From(net.Trace(randint(0, 32, [1, 256], int64)));
        Assert.Equal(32, view.Heads.Count);
        Assert.All(view.Heads, h => Assert.InRange(h.Weights.Take(64).Sum(), 0.99f, 1.01f));
        SafeHtml.Check(view.ToHtml());
        Assert.Contains("the first 64 queries", view.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Flash_attention_keeps_no_map_and_the_sentence_says_what_to_do()
    {
        Assert.StartsWith("There is no attention map; flash attention keeps none", Assert.Throws<ArgumentException>(() => AttentionView.From([])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => AttentionView.From([ones(2, 2)]));
        Assert.Throws<ArgumentException>(() => AttentionView.From([ones(1, 1, 2, 2)], row: 1));
    }

    [Fact]
    public void The_picture_is_a_PNG_that_decoders_accept()
    {
        var png = Png.OfWeights([0f, 1f, 0.25f, float.NaN], 2, 2);
        Assert.Equal([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10], png[..8]);
        Assert.Equal("IEND"u8.ToArray(), png[^8..^4]);
        Assert.Equal([0xae, 0x42, 0x60, 0x82], png[^4..]);
    }

    [Fact]
    public void Looks_as_expected()
    {
        Snapshot.Matches(Samples.AttentionMask().ToHtml(), "attention-mask.html");
        Snapshot.Matches(Samples.AttentionMask().ToText(), "attention-mask.txt");
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(0, 2)]
    [InlineData(3, 2)]
    public void Memory_keys_and_memory_tokens_come_before_the_sequence_and_shift_its_pads_and_names(int memoryKeys, int memoryTokens)
    {
        var net = new TransformerWrapper(new()
        {
            NumTokens = 32, MaxSeqLen = 8, NumMemoryTokens = memoryTokens,
            AttnLayers = new Decoder(new() { Dim = 32, Depth = 1, Heads = 2, AttnNumMemKv = memoryKeys }),
        });
        net.eval();
        bool[] real = [false, false, true, true, true, true, false];
        var ids = tensor(new long[,] { { 0, 0, 5, 6, 7, 8, 0 } });
        string[] tokens = ["_", "_", "e", "f", "g", "h", "_"];
        var bare = AttentionView.From(net.Trace(ids), tokens: tokens, real: real);
        var masked = AttentionView.From(net.Trace(ids, new() { Mask = tensor(real).unsqueeze(0) }), tokens: tokens, real: real);
        Assert.All(bare.Heads, h => Assert.InRange(h.Pads, 0.01, 0.9));
        Assert.All(masked.Heads, h => Assert.Equal(0, h.Pads));
        Assert.All(masked.Heads, h => Assert.InRange(h.Memory, 0.01, 0.99));
        Assert.DoesNotContain("pads", masked.ToText(), StringComparison.Ordinal);
        Assert.Equal(memoryTokens + 7, masked.Tokens.Count);
        Assert.Equal([.. Enumerable.Range(0, memoryTokens).Select(i => $"memory {i}"), .. tokens], masked.Tokens);
        Assert.Contains($"data-s=\"{memoryKeys}\"", masked.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_mask_hides_is_grey_and_a_weight_of_zero_is_not()
    {
        var net = new TransformerWrapper(new() { NumTokens = 32, MaxSeqLen = 8, AttnLayers = new Decoder(new() { Dim = 32, Depth = 1, Heads = 2 }) });
        var head = AttentionView.From(net.Trace(tensor(new long[,] { { 1, 2, 3 } }))).Heads[0];
        Assert.Equal([false, true, true, false, false, true, false, false, false], head.Hidden);
        Assert.NotEqual(Png.OfWeights([1f, 0f], 1, 2), Png.OfWeights([1f, 0f], 1, 2, [false, true]));
        Assert.Contains("grey is hidden by the mask", (AttentionView.From([ones(1, 1, 1, 1)]) with { Heads = [head] }).ToHtml(), StringComparison.Ordinal);
        Assert.DoesNotContain("grey is hidden", AttentionView.From([ones(1, 1, 1, 1)]).ToHtml(), StringComparison.Ordinal);
    }
}
