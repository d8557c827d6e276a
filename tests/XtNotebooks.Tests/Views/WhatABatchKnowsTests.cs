using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Losses;
using XtNotebooks.Tests.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <summary>What a batch and a wrapper know of pads and of what is ignored, the magics that show them go by.</summary>
public sealed class WhatABatchKnowsTests : IDisposable
{
    private const long End = 2;

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly MagicCalls magics = new();

    // The end of a text and what fills up are the same id, as with GPT-2's tokenizer.
    private readonly PaddedBatch batch = PaddedBatch.From([[5, 6, 7, 8, End], [9, 10, End], [11, 12, 13, End]], padId: End);

    public void Dispose()
    {
        batch.Dispose();
        scope.Dispose();
    }

    private static TransformerWrapper Net() => new(new() { NumTokens = 32, MaxSeqLen = 16, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2 }) });

    private async Task<T> ShownAsync<T>(string magic, params (string, object?)[] given)
    {
        await magics.CallAsync(magic, given);
        return Assert.IsType<T>(magics.Notebook.Shown[^1]);
    }

    [Fact]
    public async Task A_loss_taken_apart_counts_the_end_of_a_text_as_real_where_pads_have_its_id()
    {
        var net = Net();
        var known = await ShownAsync<LossBreakdown>("#!xt-loss", ("--ids", batch), ("--model", net));
        Assert.Equal((9, 3), (known.Real.Count, known.Pads.Count));
        Assert.True(known.PadIdIsRealToken);
        Assert.StartsWith("wrapper.forward(x, lens: lengths)", known.Fix, StringComparison.Ordinal);
        var again = await ShownAsync<LossBreakdown>("#!xt-loss", ("--ids", batch), ("--logits", net.forward(batch.Ids)[.., ..^1]), ("--targets", batch.Ids[.., 1..]));
        Assert.Equal(known.Summary, again.Summary);
        // What is said wins over what the batch knows.
        Assert.Equal(12, (await ShownAsync<LossBreakdown>("#!xt-loss", ("--ids", batch), ("--model", net), ("--pad-id", 0L))).Real.Count);
    }

    [Fact]
    public async Task A_strip_a_mask_and_attention_maps_know_it_too()
    {
        var net = Net();
        var strip = await ShownAsync<LogitsView>("#!xt-logits", ("--ids", batch), ("--model", net));
        Assert.Equal([TargetState.Counts, TargetState.Counts, TargetState.PadCounts, TargetState.PadCounts], strip.Tokens.Where(token => token.Row == 1).Select(token => token.State));
        var mask = await ShownAsync<AttentionMaskView>("#!xt-mask", ("--ids", batch), ("--attention", 1));
        Assert.Equal([AttentionState.Seen, AttentionState.Seen, AttentionState.Seen, AttentionState.PadLooks, AttentionState.PadLooks], mask.Cells.Select(row => row[0]));
        var maps = await ShownAsync<AttentionView>("#!xt-attention", ("--ids", batch), ("--model", net), ("--row", 2));
        Assert.All(maps.Heads, head => Assert.Equal(0, head.Pads));
        var all = await ShownAsync<AttentionView>("#!xt-attention", ("--ids", batch.Ids), ("--model", net), ("--row", 2));
        var entropy = Assert.Single(maps.Heads, head => head.Head == 0).Entropy;
        // Four queries of five are tokens, not three.
        using var map = net.Trace(batch.Ids[2..3]).AttentionMaps[0][0, 0];
        var rows = map.mul(map.clamp_min(1e-30).log()).sum(-1).neg();
        Assert.Equal(rows[..4].mean().item<float>(), entropy, 4);
        Assert.Equal(rows.mean().item<float>(), Assert.Single(all.Heads, head => head.Head == 0).Entropy, 4);
    }

    [Fact]
    public async Task A_context_has_pads_of_its_own()
    {
        using var source = PaddedBatch.From([[4, End, 6], [7]], padId: 0);
        var view = await ShownAsync<AttentionMaskView>("#!xt-mask", ("--ids", batch), ("--attention", 1), ("--context", source));
        Assert.Equal([AttentionState.Seen, AttentionState.PadSeen, AttentionState.PadSeen], view.Cells[2]);
        Assert.Equal(AttentionState.PadLooks, view.Cells[3][0]);
    }

    [Theory]
    [InlineData(PaddingSide.Right)]
    [InlineData(PaddingSide.Left)]
    public async Task A_wrappers_loss_is_what_the_wrapper_reports(PaddingSide side)
    {
        using var padded = PaddedBatch.From([[5, 6, 7, 8], [9, 10], [11, 12, 13]], padId: 3, side);
        var wrapper = new AutoregressiveWrapper(Net(), ignoreIndex: 3, padValue: 1);
        wrapper.eval();
        var breakdown = await ShownAsync<LossBreakdown>("#!xt-loss", ("--ids", padded), ("--model", wrapper));
        Assert.Equal(3, breakdown.IgnoreIndex);
        Assert.Equal(wrapper.forward(padded.Ids).item<float>(), breakdown.Reported!.Value, 5);
        Assert.Equal(breakdown.Reported!.Value, (await ShownAsync<LogitsView>("#!xt-logits", ("--ids", padded), ("--model", wrapper))).MeanLoss!.Value, 5);
        // What the reader asks for is another question.
        Assert.Equal(9, (await ShownAsync<LossBreakdown>("#!xt-loss", ("--ids", padded), ("--model", wrapper), ("--ignore-index", -100L))).Counted);
    }

    [Fact]
    public async Task A_wrapper_reads_labels_that_are_no_tokens()
    {
        var labels = batch.Ids.masked_fill(~batch.Mask, -100);
        var wrapper = new AutoregressiveWrapper(Net());
        wrapper.eval();
        var breakdown = await ShownAsync<LossBreakdown>("#!xt-loss", ("--ids", labels), ("--model", wrapper));
        Assert.Equal(wrapper.forward(labels).item<float>(), breakdown.Reported!.Value, 5);
        Assert.Equal((9, 3), (breakdown.Counted, breakdown.Ignored.Count));
    }

    [Fact]
    public async Task A_model_with_more_tokens_than_its_tokenizer_is_shown_with_their_ids()
    {
        var tokenizer = CharTokenizer.From(["abc"]);
        var ids = tensor(new long[,] { { 3, 4, 5 } });
        Func<Tensor, Tensor> beyond = given => zeros(given.shape[0], given.shape[1], 32).index_fill_(2, tensor(new long[] { 31 }), 9);
        var strip = await ShownAsync<LogitsView>("#!xt-logits", ("--ids", ids), ("--model", beyond), ("--tokenizer", tokenizer));
        Assert.All(strip.Tokens, token => Assert.Equal("⟨31⟩", token.Candidates[0].Text));
        Assert.Equal("b", strip.Tokens[0].Text);
    }

    [Fact]
    public void Flags_that_do_not_fit_the_targets_are_refused_in_a_sentence() =>
        Assert.StartsWith("Real must be bool and as large as the targets, [1, 3], but is Bool [1, 4]; a mask of the inputs loses its first column",
            Assert.Throws<ArgumentException>(() => LogitsView.From(zeros(1, 3, 8), zeros(1, 3, dtype: int64), new() { Real = ones(1, 4, dtype: @bool) })).Message, StringComparison.Ordinal);
}
