using XtNotebooks.Data;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.Views;

public sealed class LossMaskViewTests
{
    private static readonly long[][] Names =
    [
        [5, 13, 13, 1, 0, 0, 0, 0],
        [15, 12, 9, 22, 9, 1, 0, 0],
        [1, 22, 1, 0, 0, 0, 0, 0],
        [9, 19, 1, 2, 5, 12, 12, 1],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ];

    private static LossMaskOptions Letters { get; } = new() { Token = id => id == 0 ? "_" : ((char)('a' + id - 1)).ToString() };

    [Fact]
    public void Pads_count_under_cross_entropys_own_default_and_the_words_say_so()
    {
        var view = LossMaskView.From(Names, padId: 0, options: Letters);

        Assert.Equal(new LossMaskTotals(5, 8, Counts: 17, PadCounts: 18, Ignored: 0, RealIgnored: 0), view.Totals);
        Assert.Contains(view.Remarks, r => r.Kind == RemarkKind.Warning && r.Text.StartsWith("Pads count as targets: 18 of 35", StringComparison.Ordinal));
        Assert.Contains(view.Remarks, r => r.Text == "Right padding in rows 0-2.");
        Assert.Contains(view.Remarks, r => r.Text.StartsWith("Nothing to learn from in row 4", StringComparison.Ordinal));
        Assert.DoesNotContain(view.Remarks, r => r.Text.Contains("attend to pads", StringComparison.Ordinal));
    }

    [Fact]
    public void With_the_pad_id_as_ignore_index_no_pad_counts()
    {
        var view = LossMaskView.From(Names, padId: 0, ignoreIndex: 0, Letters);

        Assert.Equal(new LossMaskTotals(5, 8, Counts: 17, PadCounts: 0, Ignored: 18, RealIgnored: 0), view.Totals);
        Assert.Equal(TargetState.NotATarget, view.Rows[0]!.Cells[0]!.State);
        Assert.Equal(TargetState.Ignored, view.Rows[0]!.Cells[7]!.State);
    }

    [Fact]
    public void The_pad_id_inside_the_text_is_a_real_token_that_is_lost()
    {
        var view = LossMaskView.From([[5, 0, 7, 0, 0]], padId: 0, ignoreIndex: 0);

        Assert.Equal([TargetState.NotATarget, TargetState.RealIgnored, TargetState.Counts, TargetState.Ignored, TargetState.Ignored],
            view.Rows[0]!.Cells.Select(c => c!.State));
        Assert.Contains(view.Remarks, r => r.Kind == RemarkKind.Warning && r.Text.Contains("1 real token has the ignored id 0", StringComparison.Ordinal));
    }

    [Fact]
    public void A_pad_id_that_ends_the_text_too_is_told_apart_by_the_lengths()
    {
        var view = LossMaskView.From([[5, 7, 0, 0, 0]], padId: 0, ignoreIndex: 0, new() { Lengths = [3] });
        Assert.Equal(1, view.Totals.RealIgnored);

        var cured = LossMaskView.From([[5, 7, 0, 0, 0]], padId: 0, options: new() { Lengths = [3], IgnoreBeyondLengths = true });
        Assert.Equal(new LossMaskTotals(1, 5, Counts: 2, PadCounts: 0, Ignored: 2, RealIgnored: 0), cured.Totals);
    }

    [Theory]
    [InlineData(PaddingSide.Right, "`lens:` leaves them out; `ignoreIndex: 2` would leave out 2 real tokens of that id, too.")]
    [InlineData(PaddingSide.Left, "Labels of -100 in their place leave them out; `ignoreIndex: 2` would leave out 2 real tokens of that id, too.")]
    public void A_cure_that_would_lose_the_end_of_a_text_is_not_advised(PaddingSide side, string advice)
    {
        using var batch = PaddedBatch.From([[5, 6, 7, 2], [8, 2]], padId: 2, side);
        Assert.Contains(LossMaskView.From(batch).Remarks, remark => remark.Text.EndsWith(advice, StringComparison.Ordinal));
        Assert.Contains(LossMaskView.From([[5, 7, 0, 0]], padId: 0).Remarks, remark => remark.Text.EndsWith("`ignoreIndex: 0` leaves them out.", StringComparison.Ordinal));
    }

    [Fact]
    public void Left_padding_without_a_mask_is_named_with_the_rows_that_attend_to_pads()
    {
        var ids = new[] { new long[] { 0, 0, 4, 5 }, [3, 4, 5, 6] };
        var bare = LossMaskView.From(ids, padId: 0, ignoreIndex: 0);
        Assert.Contains(bare.Remarks, r => r.Text == "Real tokens attend to pads in row 0: pass `mask:` to hide them.");
        Assert.Contains(bare.Remarks, r => r.Text == "Left padding in row 0.");

        var masked = LossMaskView.From(ids, padId: 0, ignoreIndex: 0, new() { Mask = [[false, false, true, true], [true, true, true, true]] });
        Assert.DoesNotContain(masked.Remarks, r => r.Text.Contains("attend to pads", StringComparison.Ordinal));
    }

    [Fact]
    public void An_encoder_attends_to_pads_on_the_right_too()
    {
        var view = LossMaskView.From([[3, 4, 0, 0]], padId: 0, ignoreIndex: 0, new() { Causal = false });
        Assert.Contains(view.Remarks, r => r.Text.StartsWith("Real tokens attend to pads in row 0", StringComparison.Ordinal));
    }

    [Fact]
    public void Labels_of_minus_100_in_the_data_are_ignored_without_complaint()
    {
        var view = LossMaskView.From([[5, -100, 7, 8, -100, -100]], padId: null);
        Assert.Equal(new LossMaskTotals(1, 6, Counts: 2, PadCounts: 0, Ignored: 3, RealIgnored: 0), view.Totals);
        Assert.DoesNotContain(view.Remarks, r => r.Kind == RemarkKind.Warning);
    }

    [Fact]
    public void A_large_batch_keeps_its_corners_and_says_what_is_left_out()
    {
        var ids = Enumerable.Range(0, 64).Select(_ => Enumerable.Range(1, 512).Select(i => (long)i).ToArray()).ToArray();
        var view = LossMaskView.From(ids, padId: 0);

        Assert.Equal(64 * 511, view.Totals.Counts);
        Assert.Equal((0, 63), (view.Rows[0]!.Index, view.Rows[^1]!.Index));
        Assert.Equal((0, 511), (view.Columns[0], view.Columns[^1]));
        Assert.Contains(view.Remarks, r => r is { Kind: RemarkKind.Omission, Text: "Left out of the picture, not of the numbers: 48 rows and 448 positions in the middle." });
        SafeHtml.Check(view.ToHtml());
    }

    [Fact]
    public void A_whole_batch_of_16_by_256_stays_under_200_kB_when_asked_for()
    {
        var ids = Enumerable.Range(0, 16).Select(_ => Enumerable.Range(1, 256).Select(i => (long)(i * 199 % 50_000)).ToArray()).ToArray();
        SafeHtml.Check(LossMaskView.From(ids, padId: 0, options: new() { MaxColumns = 256 }).ToHtml());
    }

    [Fact]
    public void Token_text_cannot_break_out_of_the_page()
    {
        var view = LossMaskView.From(Names, padId: 0, options: new() { Token = _ => SafeHtml.Attack, Title = SafeHtml.Attack });
        SafeHtml.Check(view.ToHtml());
        Assert.Contains("<img", SafeHtml.WithoutScripts(view.ToHtml()), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_scripts_and_styles_the_sentence_the_tokens_and_the_counts_remain()
    {
        var text = SafeHtml.WithoutScripts(LossMaskView.From(Names, padId: 0, options: Letters).ToHtml());
        Assert.Contains("5 sequences of 8 tokens, 35 targets: 35 count, 18 of them pads, and none is ignored.", text, StringComparison.Ordinal);
        Assert.Contains("pad that counts: 18", text, StringComparison.Ordinal);
        Assert.Contains("e", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-100, "defaults")]
    [InlineData(0, "ignored")]
    public void Looks_as_expected(long ignoreIndex, string name)
    {
        var view = LossMaskView.From(Names, padId: 0, ignoreIndex, Letters with { Title = "First names" });
        Snapshot.Matches(view.ToHtml(), $"loss-mask-{name}.html");
        Snapshot.Matches(view.ToText(), $"loss-mask-{name}.txt");
        SafeHtml.Check(view.ToHtml());
    }

    [Fact]
    public void Rows_of_unequal_length_are_refused_with_one_sentence()
    {
        var error = Assert.Throws<ArgumentException>(() => LossMaskView.From([[1, 2], [1]], padId: 0));
        Assert.StartsWith("The rows of a batch need one length", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LossMaskView.From([[1, 2]], padId: 0, options: new() { Lengths = [3] }));
        Assert.Throws<ArgumentException>(() => LossMaskView.From([[1, 2]], padId: 0, options: new() { Mask = [[true]] }));
    }

    [Fact]
    public void An_empty_batch_is_an_answer_not_an_error()
    {
        var view = LossMaskView.From(Array.Empty<long[]>(), padId: 0);
        Assert.Contains("nothing is predicted", view.ToText(), StringComparison.Ordinal);
        SafeHtml.Check(view.ToHtml());
    }
}
