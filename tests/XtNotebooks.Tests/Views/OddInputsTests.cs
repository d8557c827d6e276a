using TorchSharp;
using XtNotebooks.Generation;
using XtNotebooks.Losses;
using XtNotebooks.Training;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <summary>What every view must bear: hostile texts, large and small batches, numbers that are none.</summary>
public sealed class OddInputsTests : IDisposable
{
    private const int Vocabulary = 300;
    private static readonly string Hostile = string.Concat(Enumerable.Repeat(SafeHtml.Attack, 2))[..40];

    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static Tensor Ids(params long[] shape)
    {
        using var generator = new Generator(1);
        return randint(0, Vocabulary, shape, dtype: int64, generator: generator);
    }

    private static string Text(long id) => Hostile + id;

    /// <summary>Every view of a batch, by the sizes that decide how large it gets.</summary>
    private static IEnumerable<(string Name, Func<IView> Make)> Of(int batch, int seq, int numTokens, Func<long, string> token, double fill = 0)
    {
        var ids = Ids(batch, seq).clamp(0, numTokens - 1);
        var logits = fill == 0 ? zeros(batch, seq, numTokens) : full([batch, seq, numTokens], fill);
        var labels = Enumerable.Range(0, seq).Select(i => token(i)).ToList();
        yield return ("loss mask", () => LossMaskView.From(ids, padId: 0, options: new() { Token = token, Title = Hostile }));
        yield return ("logits", () => LogitsView.From(logits, ids, new() { Token = token, Title = Hostile, PadId = 0, TopP = 0.9, KeepTopK = 7 }));
        yield return ("logits of two", () => new LogitsComparison([LogitsView.From(logits, ids, new() { Token = token, Title = Hostile }), LogitsView.From(logits, ids, new() { Token = token, Title = "b" })]));
        yield return ("loss breakdown", () => new LossBreakdownView(LossBreakdown.From(logits, ids, padId: 0, options: new() { TokenClass = id => token(id % 40) })));
        yield return ("attention mask", () => AttentionMaskView.From(ids[0], padId: 0, token: token));
        yield return ("attention", () => AttentionView.From([full([1, 8, seq, seq], fill == 0 ? 1.0 / seq : fill), full([1, 8, seq, seq], 1.0 / seq)], tokens: labels));
        yield return ("tensor", () => TensorView.From(logits, new() { Title = Hostile, AxisNames = [Hostile, "seq", Hostile], AxisLabels = new Dictionary<int, IReadOnlyList<string>> { [1] = labels } }));
    }

    [Fact]
    public void Doubles_whose_squares_overflow_have_a_mean_and_a_deviation()
    {
        using var scope = NewDisposeScope();
        var far = TensorView.From(tensor(new[] { 1e-300, 1e300 }));
        Assert.Equal((5e299, Math.Sqrt(0.5) * 1e300), (far.Summary.Mean!.Value, far.Summary.Deviation!.Value));
        Assert.Equal([0, 0], far.Values.Select(far.Beyond));
        var apart = TensorView.From(tensor(new[] { -1.5e308, 1.5e308, double.NaN, double.PositiveInfinity, 0 })).Summary;
        Assert.Equal((0, 1.5e308), (apart.Mean!.Value, apart.Deviation!.Value));
    }

    [Fact]
    public void Attention_weights_that_are_not_numbers_are_told()
    {
        using var scope = NewDisposeScope();
        Assert.Equal("layer 0, head 0: ⚠ its weights are not numbers\n", AttentionView.From([full([1, 1, 3, 3], float.NaN)]).ToText());
    }

    [Fact]
    public void A_loss_that_is_huge_or_no_number_is_told_in_few_digits_and_no_cure_of_pads_is_promised()
    {
        using var scope = NewDisposeScope();
        var targets = tensor(new long[,] { { 3, 3, 0, 0 } });
        var huge = LossBreakdown.From(zeros(1, 4, 7).index_fill(2, tensor(new[] { 5L }), 1e30f), targets, padId: 0);
        Assert.Contains("the reported 1e30", huge.Summary, StringComparison.Ordinal);
        Assert.DoesNotContain("0000000", new LossBreakdownView(huge).ToText(), StringComparison.Ordinal);
        Assert.NotNull(huge.Fix);
        var none = LossBreakdown.From(full([1, 4, 7], float.NaN), targets, padId: 0);
        Assert.Null(none.Fix);
        Assert.DoesNotContain("NaN %", new LossBreakdownView(none).ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Beside_a_model_that_predicts_nothing_but_NaN_no_other_text_is_suspected()
    {
        using var scope = NewDisposeScope();
        var targets = tensor(new long[,] { { 3, 4 } });
        var (one, other) = (LogitsView.From(zeros(1, 2, 7), targets), LogitsView.From(full([1, 2, 7], float.NaN), targets));
        Assert.Equal("the first: 1.95 nats a token; the last: NaN.", new LogitsComparison([one, other]).Sentence);
    }

    [Fact]
    public void A_quantized_tensor_is_told_in_its_line()
    {
        using var scope = NewDisposeScope();
        var view = TensorView.From(quantize_per_tensor(randn(4, 4), 0.1, 0, ScalarType.QInt8));
        Assert.Equal("tensor[4, 4] QInt8 n=16\n", view.ToText());
        SafeHtml.Check(view.ToHtml());
    }

    [Fact]
    public void Batches_of_16_x_256_with_hostile_texts_stay_safe_and_under_200_kB()
    {
        foreach (var (name, make) in Of(16, 256, Vocabulary, Text))
            Holds(name, make());
    }

    [Theory]
    [InlineData("\u200b", "⟨U+200B⟩")]
    [InlineData("\u00a0", "⟨U+00A0⟩")]
    [InlineData("\u202e\u2066\u200d\u200d", "⟨U+202E U+2066 U+200D …⟩")]
    [InlineData("\u0301", "◌\u0301")]
    [InlineData("a\u00a0b", "a⍽b")]
    [InlineData("👩\u200d👧", "👩\u200d👧")]
    [InlineData("  ", "··")]
    [InlineData("", "∅")]
    [InlineData("a\nb\t\u0001\u007f", "a⏎b⇥␁␡")]
    public void A_token_that_nobody_would_see_is_told_by_its_number(string token, string seen) => Assert.Equal(seen, HtmlText.Visible(token));

    [Fact]
    public void Half_a_pair_of_surrogates_is_a_replacement_character_in_text_and_page()
    {
        var view = LogitsView.From(zeros(1, 2, 3), zeros(1, 2, dtype: int64), new() { Token = _ => "a\ud83d" });
        Assert.All(new[] { view.ToText(), view.ToHtml() }, text => Assert.Contains("a\ufffd", text, StringComparison.Ordinal));
        Assert.All(new[] { view.ToText(), view.ToHtml() }, text => Assert.DoesNotContain(text, char.IsSurrogate));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 5)]
    [InlineData(1, 3, 1)]
    public void Batches_of_one_token_one_position_or_one_row_are_shown(int batch, int seq, int numTokens)
    {
        foreach (var (name, make) in Of(batch, seq, numTokens, id => $"{id}"))
            Holds(name, make());
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Numbers_that_are_none_are_shown_as_such(double value)
    {
        foreach (var (name, make) in Of(2, 4, 5, id => $"{id}", value))
            Holds(name, make());
    }

    [Fact]
    public void Empty_batches_are_shown_or_refused_in_a_sentence()
    {
        foreach (var (rows, seq) in new[] { (0L, 4L), (2L, 0L) })
        {
            var (ids, logits) = (zeros(rows, seq, dtype: int64), zeros(rows, seq, 5));
            Func<IView>[] views =
            [
                () => LossMaskView.From(ids, padId: 0),
                () => LogitsView.From(logits, ids, new() { TopP = 0.5 }),
                () => new LossBreakdownView(LossBreakdown.From(logits, ids, padId: 0)),
                () => AttentionMaskView.From(zeros(seq, dtype: int64), padId: 0),
                () => AttentionView.From([zeros(1, 2, seq, seq)]),
                () => TensorView.From(logits),
            ];
            foreach (var make in views)
            {
                try
                {
                    Holds("empty", make());
                }
                catch (ArgumentException e)
                {
                    Assert.DoesNotContain('\n', e.Message);
                    Assert.EndsWith(".", e.Message.Split(" (Parameter")[0], StringComparison.Ordinal);
                }
            }
        }
    }

    [Fact]
    public void Hostile_names_cannot_break_out_of_runs_models_texts_and_lists()
    {
        var run = Samples.Run(Hostile, 30, 1, 2, 3);
        Holds("panel", new TrainingPanel { Name = Hostile, Device = Hostile, Latest = run.Steps[^1], PlannedSteps = 30, Elapsed = TimeSpan.FromSeconds(1), StepsTaken = 30, Curve = [.. run.Steps.Select(s => (s.Step, s.ReportedLoss, s.RealLoss, s.PadLoss))] });
        Holds("generated", Samples.Generated() with { Prompt = Hostile, Text = string.Concat(Enumerable.Repeat(Hostile, 3000)), End = GenerationEnd.Running });
        Holds("model", ModelView.From(nn.Sequential((Hostile.Replace('.', ' ').TrimEnd('\0'), (nn.Module<Tensor, Tensor>)nn.Linear(2, 2)))) with { Title = Hostile });
        var tensors = Samples.LiveTensors();
        Holds("tensors", tensors with { Holders = [tensors.Holders[0] with { Name = Hostile, Type = Hostile }] });
        var chart = LineChartHtml.Write(new TrainingComparison([run, run with { Name = Hostile + "2" }]).ToChart(), new Html("<script type=\"text/plain\"></script>"));
        SafeHtml.Check(chart);
    }

    [Fact]
    public void A_panel_of_a_run_that_is_not_finite_says_so()
    {
        var step = new TrainingStep { Step = 1, ReportedLoss = double.NaN, RealLoss = double.PositiveInfinity };
        var panel = new TrainingPanel { Name = "run", Device = "cpu", Latest = step, PlannedSteps = 1, Elapsed = TimeSpan.Zero, StepsTaken = 0, Curve = [(1, double.NaN, null, null), (2, double.NaN, null, null)] };
        Holds("panel", panel);
        Assert.Contains("reported NaN", panel.ToText(), StringComparison.Ordinal);
    }

    private static void Holds(string name, IView view)
    {
        try
        {
            SafeHtml.Check(view.ToHtml());
            Assert.False(string.IsNullOrWhiteSpace(view.ToText()));
        }
        catch (Exception e) when (e is not ArgumentException)
        {
            Assert.Fail($"{name}: {e.Message}");
        }
    }
}
