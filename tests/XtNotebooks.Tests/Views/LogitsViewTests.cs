using TorchSharp;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

public sealed class LogitsViewTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private LogitsView Random(int batch, int seq, int numTokens, LogitsOptions options, int seed = 1)
    {
        manual_seed(seed);
        return LogitsView.From(randn(batch, seq, numTokens) * 3, randint(0, numTokens, [batch, seq], int64), options);
    }

    [Fact]
    public void A_comparison_says_who_costs_less_and_where_they_differ_most()
    {
        var targets = tensor(new[] { 0L, 1, 2 });
        var sure = nn.functional.one_hot(targets, 4).to(float32) * 5;
        var comparison = new LogitsComparison(
            [LogitsView.From(sure, targets, new() { Title = "step 300" }), LogitsView.From(zeros(3, 4), targets, new() { Title = "step 0" })]);
        Assert.Equal("step 300: 0.02 nats a token; step 0: 1.39. The first costs 1.37 less; at 100 % of 3 counted tokens it costs less.", comparison.Sentence);
        Assert.Contains("Where they differ most:", comparison.ToText());
        Assert.Equal(3, Assert.Single(comparison.Tables).Table.Rows.Count);
        SafeHtml.Check(comparison.ToHtml());
        Assert.Contains("do not show the same tokens", new LogitsComparison([comparison.Views[0], LogitsView.From(zeros(2, 4), tensor(new[] { 3L, 3 }))]).Sentence);
        SafeHtml.Check(new LogitsComparison([]).ToHtml());
    }

    [Fact]
    public void Strips_stay_small_whatever_the_tokens_texts_are()
    {
        var text = new string('<', 3000);
        var wide = Random(4, 200, 40, new() { Token = id => id + text, MaxTokens = 800, TopK = 20 });
        SafeHtml.Check(wide.ToHtml());
        var two = new LogitsComparison([wide with { Title = "a" }, wide with { Title = "b" }]);
        SafeHtml.Check(two.ToHtml());
        Assert.Contains("of 800 positions are shown", two.ToHtml());
    }

    [Theory]
    [InlineData(0, 5, "TopK is 0")]
    [InlineData(5, -1, "MaxTokens is -1")]
    public void Too_little_is_refused(int topK, int maxTokens, string sentence) =>
        Assert.StartsWith(sentence, Assert.Throws<ArgumentException>(() => Random(1, 3, 4, new() { TopK = topK, MaxTokens = maxTokens })).Message);

    [Fact]
    public void An_empty_batch_is_said_to_be_empty()
    {
        Assert.StartsWith("The batch is empty", LogitsView.From(zeros(0, 3, 4), zeros(0, 3, dtype: int64)).ToText());
        Assert.Equal("The batch is empty: [0, 3] holds no target.", XtNotebooks.Losses.LossBreakdown.From(zeros(0, 3, 4), zeros(0, 3, dtype: int64), padId: 0).Summary);
    }

    [Fact]
    public void NaN_logits_are_shown_as_such()
    {
        var logits = zeros(1, 2, 4);
        logits[0, 0, 1] = float.NaN;
        var view = LogitsView.From(logits, tensor(new[] { 1L, 2 }, [1, 2]));
        SafeHtml.Check(view.ToHtml());
        Assert.Contains("NaN", view.ToText());
    }

    [Fact]
    public void What_the_model_rules_out_is_coloured_most_stands_first_and_is_told_above()
    {
        var logits = zeros(2, 3, 4);
        logits[1, 1, 2] = float.NegativeInfinity;
        logits[1, 2, 0] = float.NaN;
        var view = LogitsView.From(logits, full([2, 3], 2L, int64));
        var html = view.ToHtml();
        SafeHtml.Check(html);
        Assert.Contains("⚠ 1 counted token costs infinitely much, as the model rules it out; 1 counted token has a loss that is not a number; the first is in row 1 at position 1.", view.ToText());
        Assert.Contains("the first is in row 1 at position 1", html, StringComparison.Ordinal);
        Assert.Matches("<td class=\"l10 [^\"]*s10[^\"]*\" data-d=\"position 1: ∞ nats, rank 4", html);
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(html, "<td class=\"[^\"]* nan\" data-d=\"position 2: a loss that is not a number"));
        var costliest = html[html.IndexOf("The costliest tokens", StringComparison.Ordinal)..];
        Assert.Matches("^[^∞]*<tbody>\\s*<tr><th>2<td>1<td>1<td>∞", costliest);
        Assert.Contains("Framed, with a sign", html, StringComparison.Ordinal);

        var ruledOut = LogitsView.From(logits[.., ..2], full([2, 2], 2L, int64), new() { Title = "now" });
        Assert.Equal((double.PositiveInfinity, 1.0, 0.0), (ruledOut.MeanLoss, ruledOut.Tokens[3].ShareOfLoss, ruledOut.Tokens[0].ShareOfLoss));
        var sane = LogitsView.From(zeros(2, 2, 4), full([2, 2], 2L, int64), new() { Title = "before" });
        var comparison = new LogitsComparison([ruledOut, sane]);
        Assert.Equal("now: ∞ nats a token; before: 1.39; at 0 % of 4 counted tokens now costs less.", comparison.Sentence.Replace("the first costs", "now costs", StringComparison.Ordinal));
        Assert.Contains("+∞", comparison.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_of_three_strips_is_compared_with_the_last_and_the_legend_speaks_for_all()
    {
        var targets = tensor(new[] { 0L, 1, 0 });
        var sure = nn.functional.one_hot(targets, 4).to(float32);
        var comparison = new LogitsComparison(
        [
            LogitsView.From(sure * 5, targets, new() { Title = "a" }), LogitsView.From(sure, targets, new() { Title = "b", TopP = 0.5 }),
            LogitsView.From(zeros(3, 4), targets, new() { Title = "c", PadId = 0 }),
        ]);
        Assert.Contains("a costs 1.37 less; at 100 % of 3 counted tokens it costs less.", comparison.Sentence);
        Assert.Contains("b: 0.74 nats a token; c: 1.39. b costs 0.64 less", comparison.Sentence);
        Assert.Contains("Where a and c differ most:", comparison.ToText());
        var html = comparison.ToHtml();
        Assert.Contains("Where b and c differ most", html, StringComparison.Ordinal);
        Assert.Contains("Dashed: a pad that counts", html, StringComparison.Ordinal);
        Assert.Contains("Underlined: top_p 0.5", html, StringComparison.Ordinal);
        SafeHtml.Check(html);
    }

    [Fact]
    public void Each_token_tells_its_loss_entropy_rank_share_and_the_likeliest_candidates()
    {
        var logits = tensor(new[] { 2f, 1f, 0f, 0f, 3f, 0f }, [2, 3]);
        var view = LogitsView.From(logits, tensor(new[] { 1L, 1L }), new() { TopK = 2 });
        using var expected = nn.functional.cross_entropy(logits, tensor(new[] { 1L, 1L }), reduction: nn.Reduction.None);
        var losses = expected.cpu().data<float>().ToArray();

        Assert.Equal(losses[0], view.Tokens[0].Loss, 5);
        Assert.Equal(losses.Average(), view.MeanLoss!.Value, 5);
        Assert.Equal((2, 1), (view.Tokens[0].Rank, view.Tokens[1].Rank));
        Assert.Equal(losses[0] / losses.Sum(), view.Tokens[0].ShareOfLoss, 5);
        Assert.Equal(1, view.Tokens.Sum(t => t.ShareOfLoss), 9);
        Assert.Equal(["0", "1"], view.Tokens[0].Candidates.Select(c => c.Text));
        var z = Math.Exp(2) + Math.Exp(1) + 1;
        Assert.Equal(Math.Exp(2) / z, view.Tokens[0].Candidates[0].Probability, 5);
        Assert.Equal(new[] { 2.0, 1, 0 }.Sum(l => Math.Exp(l) / z * (Math.Log(z) - l)), view.Tokens[0].Entropy, 5);
    }

    [Fact]
    public void Ignored_targets_are_struck_out_and_take_no_share()
    {
        var view = LogitsView.From(zeros(1, 3, 4), tensor(new[] { 2L, 0, 0 }, [1, 3]), new() { PadId = 0, IgnoreIndex = 0 });
        Assert.Equal([TargetState.Counts, TargetState.Ignored, TargetState.Ignored], view.Tokens.Select(t => t.State));
        Assert.Equal((1, 1.0), (view.Counted, view.Tokens[0].ShareOfLoss));

        var labelled = LogitsView.From(zeros(1, 2, 4), tensor(new[] { 2L, -100 }, [1, 2]));
        Assert.Equal((0, "-100"), (labelled.Tokens[1].Rank, labelled.Tokens[1].Text));
        SafeHtml.Check(labelled.ToHtml());
    }

    [Fact]
    public void A_nucleus_tells_how_many_candidates_stay_and_which_true_tokens_it_would_cut()
    {
        var probabilities = tensor(new[] { 0.5f, 0.3f, 0.15f, 0.05f }, [1, 4]).log();
        LogitsToken Of(long target, double p) => LogitsView.From(probabilities, tensor(new[] { target }), new() { TopP = p }).Tokens[0];
        Assert.Equal((2, false), (Of(1, 0.6).Kept!.Value, Of(1, 0.6).Cut));
        Assert.Equal((3, true), (Of(3, 0.9).Kept!.Value, Of(3, 0.9).Cut));
        Assert.Equal((1, true), (Of(1, 0.4).Kept!.Value, Of(1, 0.4).Cut));
        Assert.Throws<ArgumentException>(() => Of(0, 1.5));
    }

    /// <summary>What the overlay keeps is what the sampler's own filters leave.</summary>
    [Theory]
    [InlineData(5, null, null, null)]
    [InlineData(null, 0.7, null, null)]
    [InlineData(null, null, 0.2, null)]
    [InlineData(null, null, null, 0.3)]
    [InlineData(9, 0.8, null, null)]
    [InlineData(12, 0.9, 0.05, 0.4)]
    [InlineData(null, 1.0, null, 0.02)]
    public void The_overlay_keeps_as_many_candidates_as_the_samplers_filters_leave(int? topK, double? topP, double? minP, double? topA)
    {
        using var generator = new Generator(4);
        foreach (var numTokens in new[] { 1, 30, 3000 })
        {
            var logits = randn([1, 20, numTokens], generator: generator) * 2;
            var left = logits[0];
            if (topK is { } k)
                left = Transformers.LogitFilters.TopK(k: k)(left);
            if (topP is { } p)
                left = Transformers.LogitFilters.TopP(p)(left);
            if (minP is { } m)
                left = Transformers.LogitFilters.MinP(m)(left);
            if (topA is { } a)
                left = Transformers.LogitFilters.TopA(minPRatio: a)(left);
            var expected = left.isfinite().sum(-1).data<long>().ToArray();
            var view = LogitsView.From(logits, zeros(1, 20, dtype: int64), new() { KeepTopK = topK, TopP = topP, MinP = minP, TopA = topA });
            Assert.Equal(expected, view.Tokens.Select(t => t.Kept!.Value));
            Assert.Equal(logits[0, .., 0].gt(float.NegativeInfinity).logical_and(left[.., 0].isinf()).data<bool>().ToArray(), view.Tokens.Select(t => t.Cut));
        }
    }

    [Fact]
    public void Two_strips_stand_side_by_side_where_there_is_room()
    {
        var html = Samples.LogitsCompared().ToHtml();
        Assert.Contains("<div class=\"sides\"><div class=\"strips\">", html, StringComparison.Ordinal);
        Assert.Contains("repeat(auto-fit,minmax(min(100%,27em),1fr))", html, StringComparison.Ordinal);
        Assert.Contains(".m-loss:checked~.sides .l1", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_key_tells_of_the_chosen_mode_and_without_styles_of_all_three()
    {
        var html = Samples.Logits(LogitsMode.Surprise).ToHtml();
        Assert.Contains("class=\"m-surprise\" checked", html, StringComparison.Ordinal);
        Assert.Contains(".m-surprise:checked~.key .of-surprise{display:inline}", html, StringComparison.Ordinal);
        var read = SafeHtml.WithoutScripts(html);
        Assert.Contains("Loss, what the true token cost: 0  3.33 nats. Entropy, how unsure the model was: 0  3.33 nats. Surprise, loss less entropy: -3.33  3.33 nats, blue below zero. "
            + "A blind guess among 28 tokens costs 3.33 nats.", read, StringComparison.Ordinal);
        var two = new LogitsComparison([LogitsView.From(zeros(1, 4), tensor(new[] { 1L }), new() { Title = "a \"b\"" }), LogitsView.From(zeros(1, 9), tensor(new[] { 1L }))]).ToHtml();
        Assert.Contains("A blind guess among 4 or 9 tokens costs 1.39 or 2.20 nats.", two, StringComparison.Ordinal);
        Assert.Contains("<table class=\"grid\" data-t=\"a &quot;b&quot;\">", two, StringComparison.Ordinal);
    }

    [Fact]
    public void One_token_one_position_and_NaN_make_a_strip_too()
    {
        var one = LogitsView.From(zeros(1, 1, 1), zeros(1, 1, dtype: int64), new() { TopP = 0.9, KeepTopK = 3, TopA = 0.5, MinP = 0.5 });
        Assert.Equal((1L, 1L, false, 0.0), (one.Tokens[0].Kept!.Value, one.Tokens[0].Rank, one.Tokens[0].Cut, one.Tokens[0].Loss));
        SafeHtml.Check(one.ToHtml());
        var odd = LogitsView.From(full([1, 2, 3], float.NaN), zeros(1, 2, dtype: int64), new() { TopP = 0.9, MinP = 0.1 });
        Assert.DoesNotContain(odd.Tokens, token => token.Cut);
        SafeHtml.Check(odd.ToHtml());
    }

    [Fact]
    public void A_batch_of_512_positions_shows_a_part_counts_all_and_stays_under_200_kB()
    {
        var logits = randn(16, 32, 4000);
        var view = LogitsView.From(logits, randint(0, 4000, [16, 32], int64), new() { Token = id => "token" + id });
        Assert.Equal((400, 512L, 512L), (view.Tokens.Count, view.Count, view.Counted));
        Assert.Equal(Math.Log(4000) + 0.5, view.MeanLoss!.Value, 0.2);         // standard normal logits cost half a nat more than a blind guess
        var html = view.ToHtml();
        SafeHtml.Check(html);
        Assert.Contains("400 of 512 positions are shown", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Token_text_cannot_break_out_of_the_page() => SafeHtml.Check(new LogitsComparison(
    [
        LogitsView.From(zeros(1, 2, 4), tensor(new[] { 2L, 1 }, [1, 2]), new() { Token = _ => SafeHtml.Attack, Title = SafeHtml.Attack, TopP = 0.5 }),
        LogitsView.From(zeros(1, 2, 4), tensor(new[] { 2L, 1 }, [1, 2]), new() { Title = "after" }),
    ]).ToHtml());

    [Fact]
    public void Logits_and_targets_that_do_not_fit_are_refused_in_a_sentence() =>
        Assert.Throws<ArgumentException>(() => LogitsView.From(zeros(1, 3, 4), zeros(1, 2, int64)));

    [Fact]
    public void Looks_as_expected()
    {
        Snapshot.Matches(Samples.Logits().ToHtml(), "logits.html");
        Snapshot.Matches(Samples.Logits().ToText(), "logits.txt");
        SafeHtml.Check(Samples.Logits().ToHtml());
    }

    [Fact]
    public void Hostile_token_texts_and_three_strips_stay_under_200_kB()
    {
        var hostile = string.Concat(Enumerable.Repeat("<\"&'\u00e9\u4e16", 7))[..40];
        LogitsView View(string title) => LogitsView.From(randn(16, 32, 100), randint(0, 100, [16, 32], int64),
            new() { Title = title, TopP = 0.9, Token = id => hostile + id });
        SafeHtml.Check(View("one").ToHtml());
        var html = new LogitsComparison([View("one"), View("two"), View("three")]).ToHtml();
        SafeHtml.Check(html);
        Assert.Contains("positions are shown; the sentence counts all of them", html, StringComparison.Ordinal);
        var many = Enumerable.Range(0, 12).Select(i => View("step " + i)).ToList();
        SafeHtml.Check(new LogitsComparison(many).ToHtml());
    }
}
