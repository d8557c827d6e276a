using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Losses;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

public sealed class ViewMagicsTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly RecordingNotebook notebook = new();

    public void Dispose() => scope.Dispose();

    private async Task<object?> Run(string name, params (string Option, object? Value)[] given)
    {
        var magic = ViewMagics.All.Single(m => m.Name == name);
        Assert.All(given, g => Assert.Contains(magic.Options, o => o.Name == g.Option));
        var values = magic.Options.ToDictionary(o => o.Name, o => given.FirstOrDefault(g => g.Option == o.Name).Value ?? o.Default);
        await magic.Run(new MagicCall(notebook, values, ""), CancellationToken.None);
        return notebook.Displayed[^1];
    }

    private static TransformerWrapper Net() => new(new() { NumTokens = 32, MaxSeqLen = 16, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2 }) });

    [Fact]
    public async Task Mask_reads_a_padded_batch_and_leaves_its_view_in_a_variable()
    {
        using var batch = PaddedBatch.From([[5, 6, 7], [8]], padId: 0);
        var view = Assert.IsType<LossMaskView>(await Run("#!xt-mask", ("--ids", batch), ("--ignore-index", 0L)));
        Assert.Equal((2, 0, 2), (view.Totals.Counts, view.Totals.PadCounts, view.Totals.Ignored));
        Assert.Same(view, notebook.Values["mask"].Value);
        Assert.IsType<AttentionMaskView>(await Run("#!xt-mask", ("--ids", batch), ("--attention", 1), ("--as", "seen")));
        Assert.True(notebook.Values.ContainsKey("seen"));
    }

    [Fact]
    public async Task Loss_and_logits_run_any_model_without_changing_it()
    {
        var net = Net();
        net.train();
        var ids = randint(1, 32, [2, 8], int64);
        var breakdown = Assert.IsType<LossBreakdown>(await Run("#!xt-loss", ("--ids", ids), ("--model", net), ("--pad-id", 0L)));
        Assert.Equal(14, breakdown.Counted);
        Assert.True(net.training);
        Func<Tensor, Tensor> function = x => zeros(x.shape[0], x.shape[1], 32);
        var view = Assert.IsType<LogitsView>(await Run("#!xt-logits", ("--ids", ids), ("--model", function), ("--top-p", 0.5)));
        Assert.Equal(Math.Log(32), view.MeanLoss!.Value, 4);
        Assert.Equal("top_p 0.5", view.Filter);
        var all = Assert.IsType<LogitsView>(await Run("#!xt-logits", ("--ids", ids), ("--model", function), ("--keep-top-k", 16), ("--top-p", 0.5), ("--min-p", 0.1), ("--top-a", 0.2)));
        Assert.Equal("top_k 16, top_p 0.5, min_p 0.1, top_a 0.2", all.Filter);
        Assert.All(all.Tokens, token => Assert.Equal(8, token.Kept));
    }

    [Fact]
    public async Task Logits_are_compared_with_another_model_or_an_earlier_step()
    {
        var (net, other) = (Net(), Net());
        var ids = randint(1, 32, [2, 8], int64);
        var two = Assert.IsType<LogitsComparison>(await Run("#!xt-logits", ("--ids", ids), ("--model", net), ("--against", other)));
        Assert.Equal(["this model", "the other"], two.Views.Select(v => v.Title));
        var before = Assert.IsType<LogitsView>(await Run("#!xt-logits", ("--ids", ids), ("--model", net), ("--title", "step 0"), ("--as", "before")));
        var steps = Assert.IsType<LogitsComparison>(await Run("#!xt-logits", ("--ids", ids), ("--model", other), ("--against", before), ("--title", "step 9")));
        Assert.Equal(["step 9", "step 0"], steps.Views.Select(v => v.Title));
        Assert.StartsWith("step 9: ", steps.Sentence);
        var longer = await Assert.ThrowsAsync<MagicException>(() => Run("#!xt-logits", ("--ids", ids[.., ..5]), ("--model", net), ("--against", before)));
        Assert.StartsWith("--against shows 14 positions of a vocabulary of 32, but --model gives 8 of 32", longer.Message);
        Assert.StartsWith("--against is a Int32", (await Assert.ThrowsAsync<MagicException>(() => Run("#!xt-logits", ("--ids", ids), ("--model", net), ("--against", 3)))).Message);
    }

    [Fact]
    public async Task Logits_of_another_text_or_of_other_targets_are_not_compared()
    {
        var net = Net();
        var ids = tensor(new long[,] { { 5, 6, 7, 8, 0, 0 } });
        var other = tensor(new long[,] { { 5, 6, 9, 8, 0, 0 } });
        await Run("#!xt-logits", ("--ids", ids), ("--model", net), ("--as", "before"));
        var before = notebook.Values["before"].Value;
        Assert.Equal("--against shows another text: row 0, position 1 is \"7\" there and \"9\" here; compare views of one batch, with the same --tokenizer.", await Refusal(("--ids", other)));
        Assert.Equal("--against counts 5 targets, but --model 3; compare views with the same --ignore-index.", await Refusal(("--ids", ids), ("--ignore-index", 0L)));

        async Task<string> Refusal(params (string, object?)[] given) =>
            (await Assert.ThrowsAsync<MagicException>(() => Run("#!xt-logits", [("--model", net), ("--against", before), .. given]))).Message;
    }

    [Fact]
    public async Task Attention_is_looked_at_without_dropout_and_the_model_stays_in_training()
    {
        var net = new TransformerWrapper(new() { NumTokens = 32, MaxSeqLen = 16, AttnLayers = new Decoder(new() { Dim = 16, Depth = 2, Heads = 2, AttnDropout = 0.5, LayerDropout = 0.5 }) });
        net.train();
        var ids = randint(1, 32, [1, 8], int64);
        var first = Assert.IsType<AttentionView>(await Run("#!xt-attention", ("--ids", ids), ("--model", net)));
        var second = Assert.IsType<AttentionView>(await Run("#!xt-attention", ("--ids", ids), ("--model", net)));
        Assert.Equal(4, first.Heads.Count);
        Assert.All(first.Heads.Zip(second.Heads), pair => Assert.Equal(pair.First.Weights, pair.Second.Weights));
        Assert.All(first.Heads, head => Assert.InRange(head.Weights.Sum(), 7.99f, 8.01f));
        Assert.True(net.training);
    }

    [Theory]
    [InlineData("#!xt-loss")]
    [InlineData("#!xt-logits")]
    public async Task A_model_that_fails_or_gives_no_logits_is_told_in_one_sentence_and_keeps_its_mode(string magic)
    {
        var ids = randint(1, 32, [2, 8], int64);
        Func<Tensor, Tensor> broken = _ => throw new DivideByZeroException("mine");
        Func<Tensor, Tensor> flat = x => zeros(3);
        Func<Tensor, Tensor> whole = x => zeros(x.shape[0], x.shape[1], 32, dtype: int64);
        Assert.Equal("DivideByZeroException: mine", await Refusal(broken));
        Assert.StartsWith("--model must give logits [batch, seq, numTokens] for ids [2, 8], but gave [3]", await Refusal(flat));
        Assert.StartsWith("The logits must be floating point", await Refusal(whole));
        Assert.StartsWith("--model names no variable \"nett\"", await Refusal("nett"));
        var net = Net();
        net.Dispose();
        Assert.DoesNotContain('\n', await Refusal(net));
        using var live = Net();
        live.train();
        live.AttnLayers.eval();
        await Run(magic, ("--ids", ids), ("--model", live), ("--pad-id", 0L));
        Assert.True(live.training);
        Assert.False(live.AttnLayers.training);
        Assert.StartsWith("--ids has the shape [8]", (await Assert.ThrowsAsync<MagicException>(() => Run(magic, ("--ids", ids[0]), ("--model", live)))).Message);
        var gone = ids.clone();
        gone.Dispose();
        Assert.StartsWith("The tensor of --ids was disposed of", (await Assert.ThrowsAsync<MagicException>(() => Run(magic, ("--ids", gone), ("--model", live)))).Message);

        async Task<string> Refusal(object model) =>
            (await Assert.ThrowsAsync<MagicException>(() => Run(magic, ("--ids", ids), ("--model", model), ("--pad-id", 0L)))).Message;
    }

    [Fact]
    public async Task Numbers_and_masks_that_make_no_sense_are_one_sentence_in_the_magics_words()
    {
        using var net = Net();
        var ids = randint(1, 32, [2, 8], int64);
        Assert.Equal("--top-k is 0; give 1 or more.", await Refusal("#!xt-logits", ("--top-k", 0)));
        Assert.Equal("--top-k is -3; give 1 or more.", await Refusal("#!xt-logits", ("--top-k", -3)));
        Assert.Equal("--max-tokens is -5; give 1 or more.", await Refusal("#!xt-logits", ("--max-tokens", -5)));
        Assert.Equal("--top-p is 0; give a share above 0 and up to 1.", await Refusal("#!xt-logits", ("--top-p", 0.0)));
        Assert.Equal("--top-p is NaN; give a share above 0 and up to 1.", await Refusal("#!xt-logits", ("--top-p", double.NaN)));
        Assert.StartsWith("--mask has the shape [1, 8], but the batch is [2, 8]", await Refusal("#!xt-attention", ("--mask", ones(1, 8, dtype: @bool))));
        Assert.Equal("--keep-top-k is 0; give 1 or more.", await Refusal("#!xt-logits", ("--keep-top-k", 0)));
        Assert.Equal("--min-p is 2; give a fraction from 0 to 1.", await Refusal("#!xt-logits", ("--min-p", 2.0)));
        Assert.Equal("--top-a is -1; give a fraction from 0 to 1.", await Refusal("#!xt-logits", ("--top-a", -1.0)));
        var gone = PaddedBatch.From([[5, 6, 7]], padId: 0);
        gone.Dispose();
        Assert.StartsWith("The tensor of --ids was disposed of", await Refusal("#!xt-logits", ("--ids", gone)));

        async Task<string> Refusal(string magic, (string Option, object? Value) wrong) => (await Assert.ThrowsAsync<MagicException>(
            () => Run(magic, [wrong, .. new (string, object?)[] { ("--ids", ids), ("--model", net) }.Where(g => g.Item1 != wrong.Option)]))).Message;
    }

    [Fact]
    public async Task Attention_model_and_tensors_show_their_views()
    {
        var net = Net();
        var ids = randint(1, 32, [2, 8], int64);
        Assert.Equal(2, Assert.IsType<AttentionView>(await Run("#!xt-attention", ("--ids", ids), ("--model", net), ("--row", 1))).Heads.Count);
        Assert.Equal("[batch, seq, 32]", Assert.IsType<ModelView>(await Run("#!xt-model", ("--model", net))).Root.Output);
        Assert.Equal("[2, 8, 32]", Assert.IsType<ModelView>(await Run("#!xt-model", ("--model", net), ("--example", ids))).Root.Output);
        var wrong = await Assert.ThrowsAsync<MagicException>(() => Run("#!xt-model", ("--model", nn.Linear(3, 2)), ("--example", zeros(2, 4))));
        Assert.StartsWith("The example ([2, 4]) does not go through the model (", wrong.Message);
        Assert.DoesNotContain('\n', wrong.Message);
        Assert.StartsWith("The example is a Int32; give a tensor", (await Assert.ThrowsAsync<MagicException>(() => Run("#!xt-model", ("--model", net), ("--example", 3)))).Message);
        notebook.SetVariable("net", net, typeof(TransformerWrapper));
        notebook.SetVariable("ids", ids, typeof(Tensor));
        notebook.SetVariable("text", "no tensor", typeof(string));
        var tensors = Assert.IsType<LiveTensorsView>(await Run("#!xt-tensors"));
        Assert.Equal(["net", "ids"], tensors.Holders.Select(h => h.Name));
        Assert.Equal(net.parameters().Count() + net.buffers().Count(), tensors.Holders[0].Count);
        Assert.Equal(2 * 8 * 8, tensors.Holders[1].Bytes);
        Assert.InRange(tensors.Alive, tensors.Holders.Sum(h => h.Count), long.MaxValue);
        SafeHtml.Check(tensors.ToHtml());
    }

    [Theory]
    [InlineData("#!xt-mask", "--ids", "no tensor", "--ids names no variable \"no tensor\"; give a tensor of token ids or a PaddedBatch.")]
    [InlineData("#!xt-attention", "--model", "no model", "--model names no variable \"no model\"; give a TransformerWrapper")]
    [InlineData("#!xt-logits", "--model", "no model", "--model names no variable \"no model\"; give a module")]
    [InlineData("#!xt-loss", "--model", null, "--model is missing")]
    [InlineData("#!xt-attention", "--row", 5, "--row 5 is no row of the batch; it has rows 0 to 1.")]
    public async Task What_is_wrong_is_told_in_one_sentence(string magic, string option, object? value, string sentence)
    {
        using var ids = randint(1, 32, [2, 8], int64);
        using var net = Net();
        (string, object?)[] all = magic == "#!xt-mask" ? [("--ids", ids)] : [("--ids", ids), ("--model", net)];
        var given = all.Where(g => g.Item1 != option).Append((option, value)).ToArray();
        var error = await Assert.ThrowsAsync<MagicException>(() => Run(magic, given));
        Assert.StartsWith(sentence, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_magic_explains_itself()
    {
        Assert.All(ViewMagics.All, magic =>
        {
            Assert.StartsWith("#!xt-", magic.Name, StringComparison.Ordinal);
            Assert.NotEmpty(magic.Examples);
            Assert.All(magic.Options, option => Assert.EndsWith(".", option.Summary, StringComparison.Ordinal));
            Assert.Contains(magic.Options, option => option.Name == "--as");
        });
    }
}
