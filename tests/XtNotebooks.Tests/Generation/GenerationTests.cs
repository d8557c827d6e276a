using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Generation;
using XtNotebooks.Tests.Training;
using XtNotebooks.Tests.Views;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Generation;

public sealed class GenerationTests : IDisposable
{
    private readonly RecordingNotebook notebook = new();
    private readonly TransformerWrapper net = Tiny.Net();
    private readonly CharTokenizer letters = CharTokenizer.From(["abcdefghi"]);

    public void Dispose() => net.Dispose();

    private async Task<GeneratedText> Generate(params (string Option, object? Value)[] given)
    {
        var magic = GenerateMagic.Command;
        Assert.All(given, g => Assert.Contains(magic.Options, o => o.Name == g.Option));
        var values = magic.Options.ToDictionary(o => o.Name, o => given.FirstOrDefault(g => g.Option == o.Name).Value ?? o.Default);
        await magic.Run(new MagicCall(notebook, values, ""), CancellationToken.None);
        return Assert.IsType<GeneratedText>(notebook.Declared["generated"].Value);
    }

    [Fact]
    public async Task Streamed_tokens_are_those_of_Generate_and_stay_in_a_variable()
    {
        var text = await Generate(("--prompt", "abc"), ("--model", net), ("--tokenizer", letters), ("--tokens", 8), ("--temperature", 0.0), ("--end-id", -1L));
        using var ids = tensor(letters.Encode("abc"));
        using var expected = new AutoregressiveWrapper(net).Generate(ids, 8, new() { Temperature = 0 });
        Assert.Equal(expected.cpu().data<long>().ToArray(), text.Ids);
        Assert.Equal(("abc", letters.Decode(text.Ids), GenerationEnd.Length), (text.Prompt, text.Text, text.End));
        Assert.Same(text, Assert.Single(notebook.Shown));
    }

    [Fact]
    public async Task Each_token_is_told_as_it_comes()
    {
        var counts = new List<int>();
        await foreach (var text in TextGeneration.StreamAsync(new AutoregressiveWrapper(net), letters, "ab", 4, new() { Temperature = 0 }))
            counts.Add(text.Ids.Count);
        Assert.Equal([1, 2, 3, 4], counts);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_text_and_the_model_keeps_its_mode()
    {
        net.train();
        (string, object?)[] call = [("--prompt", "ab"), ("--model", net), ("--tokenizer", letters), ("--tokens", 12), ("--seed", 5), ("--top-p", 0.9), ("--end-id", -1L)];
        var (first, second) = (await Generate(call), await Generate(call));
        Assert.Equal(first.Ids, second.Ids);
        Assert.True(net.training);
    }

    [Fact]
    public async Task Somebody_elses_model_is_sampled_until_its_end_token()
    {
        // After id i it says i + 1.
        Func<Tensor, Tensor> counts = ids => nn.functional.one_hot((ids + 1) % 12, 12).to(float32) * 50;
        var text = await Generate(("--prompt", tensor(new long[] { 4 })), ("--model", counts), ("--tokens", 20), ("--end-id", 9L));
        Assert.Equal([5L, 6, 7, 8, 9], text.Ids);
        Assert.Equal((GenerationEnd.EndToken, "4", " 5 6 7 8 9"), (text.End, text.Prompt, text.Text));
        using var module = new Bigram();
        Assert.Equal(6, (await Generate(("--prompt", new long[] { 1, 2 }), ("--model", module), ("--tokens", 6), ("--temperature", 0.0))).Ids.Count);
    }

    [Fact]
    public async Task A_prompt_that_holds_the_end_token_is_continued_until_a_new_one()
    {
        (string, object?)[] free = [("--prompt", tensor(new long[] { 4, 9, 5 })), ("--tokens", 12), ("--temperature", 0.0), ("--model", net)];
        var whole = (await Generate([.. free, ("--end-id", -1L)])).Ids.ToList();
        // An end that the text meets, and one that it does not.
        var met = whole[3];
        var absent = Enumerable.Range(0, 12).Select(id => (long)id).First(id => !whole.Contains(id));
        var ended = await Generate([("--prompt", tensor(new long[] { 4, met, 5 })), .. free[1..], ("--end-id", met)]);
        Assert.True(ended.End != GenerationEnd.Running && (ended.End == GenerationEnd.EndToken) == ended.Ids.Contains(met), ended.ToText());
        var full = await Generate([("--prompt", tensor(new long[] { 4, 9, 5 })), .. free[1..], ("--end-id", absent == 9 ? -1L : absent)]);
        Assert.Equal((GenerationEnd.Length, 12), (full.End, full.Ids.Count));
        Func<Tensor, Tensor> same = ids => net.forward(ids);
        var byFunction = await Generate([("--prompt", tensor(new long[] { 4, met, 5 })), .. free[1..3], ("--model", same), ("--end-id", met)]);
        Assert.Equal(byFunction.Ids, ended.Ids);
    }

    [Fact]
    public async Task An_interrupt_keeps_what_there_is()
    {
        using var stop = new CancellationTokenSource();
        GeneratedText? last = null;
        await foreach (var text in TextGeneration.StreamAsync(new AutoregressiveWrapper(net), letters, "ab", 1000, new() { Temperature = 0 }, cancellationToken: stop.Token))
        {
            last = text;
            if (text.Ids.Count == 3)
                await stop.CancelAsync();
        }
        Assert.Equal((3, GenerationEnd.Cancelled), (last!.Ids.Count, last.End));
        Assert.Contains("interrupted; what there was is kept", last.ToText());
    }

    [Fact]
    public async Task Bad_input_is_one_sentence()
    {
        (string, object?)[] good = [("--prompt", "ab"), ("--model", net), ("--tokenizer", letters), ("--tokens", 2)];
        Assert.StartsWith("'z' (character 0 of \"z\") is not among", await Refusal(("--prompt", "z")));
        Assert.StartsWith("--model names no variable \"nett\"", await Refusal(("--model", "nett")));
        Assert.StartsWith("0 tokens were asked for", await Refusal(("--tokens", 0)));
        Assert.StartsWith("--temperature must be at least 0, but is -1", await Refusal(("--temperature", -1.0)));
        Assert.StartsWith("--top-p is 2", await Refusal(("--top-p", 2.0)));
        Assert.StartsWith("--top-k is 0", await Refusal(("--top-k", 0)));
        Assert.StartsWith("--end-id (99) is outside the vocabulary", await Refusal(("--end-id", 99L)));
        Assert.StartsWith("--prompt is a Int32", await Refusal(("--prompt", 3)));
        Assert.StartsWith("Token ids are whole numbers", await Refusal(("--prompt", zeros(2, 2))));
        var gone = tensor(new long[] { 1 });
        gone.Dispose();
        Assert.StartsWith("The tensor of --prompt was disposed of", await Refusal(("--prompt", gone)));
        Func<Tensor, Tensor> broken = _ => throw new DivideByZeroException("mine");
        Assert.Equal("DivideByZeroException: mine", await Refusal(("--model", broken)));
        Func<Tensor, Tensor> flat = ids => zeros(3);
        Assert.StartsWith("The model must give logits [1, 2, numTokens]", await Refusal(("--model", flat)));
        Func<Tensor, Tensor> nan = ids => full([1, ids.shape[1], 12], float.NaN);
        Assert.StartsWith("The model predicts NaN", await Refusal(("--model", nan)));
        var error = await Assert.ThrowsAsync<MagicException>(() => Generate(("--model", net)));
        Assert.StartsWith("Without a --tokenizer there is no begin token", error.Message);

        async Task<string> Refusal((string Option, object? Value) wrong) => (await Assert.ThrowsAsync<MagicException>(
            () => Generate([.. good.Where(g => g.Item1 != wrong.Option), wrong]))).Message;
    }

    [Fact]
    public async Task Ids_that_the_tokenizer_does_not_have_are_marked_and_one_sentence_says_why()
    {
        // After id i it says i + 1; the letters have 0 to 11.
        Func<Tensor, Tensor> counts = ids => nn.functional.one_hot((ids + 1) % 20, 20).to(float32) * 50;
        var text = await Generate(("--prompt", "h"), ("--model", counts), ("--tokenizer", letters), ("--tokens", 13), ("--temperature", 0.0), ("--end-id", -1L));
        Assert.Equal(("h", "i⟨12⟩⟨13⟩⟨14⟩⟨15⟩⟨16⟩⟨17⟩⟨18⟩⟨19⟩", GenerationEnd.Length, 13), (text.Prompt, text.Text, text.End, text.Ids.Count));
        const string Sentence = "⟨12⟩, ⟨13⟩, ⟨14⟩ and others are ids without text: the model's vocabulary of 20 is larger than the tokenizer's 12; "
            + "give the tokenizer that the model was trained with, or make the model with NumTokens = tokenizer.NumTokens.";
        Assert.Equal(Sentence, text.Note);
        Assert.EndsWith($"(13 tokens, {text.TokensPerSecond.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture)} tokens/s; as many as were asked for)\n{Sentence}\n", text.ToText());
        Assert.Contains("<p>⟨12⟩, ⟨13⟩, ⟨14⟩ and others", text.ToHtml(), StringComparison.Ordinal);
        SafeHtml.Check(text.ToHtml());
        // A model of this package, and what a prompt holds already.
        using var large = new TransformerWrapper(new() { NumTokens = 40, MaxSeqLen = 16, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2, AttnDimHead = 8 }) });
        var ours = await Generate(("--prompt", tensor(new long[] { 4, 30, 5 })), ("--model", large), ("--tokenizer", letters), ("--tokens", 1), ("--temperature", 0.0), ("--end-id", -1L));
        Assert.Equal("b⟨30⟩c", ours.Prompt);
        Assert.Contains("the model's vocabulary of 40 is larger than the tokenizer's 12", ours.Note, StringComparison.Ordinal);
        Assert.Null((await Generate(("--prompt", "a"), ("--model", net), ("--tokenizer", letters), ("--tokens", 3))).Note);
        Assert.Null((await Generate(("--prompt", tensor(new long[] { 8 })), ("--model", counts), ("--tokens", 9))).Note);
    }

    [Fact]
    public void Its_view_is_safe_and_says_how_it_ended()
    {
        var text = new GeneratedText { Prompt = SafeHtml.Attack, Text = SafeHtml.Attack, Ids = [1, 2], End = GenerationEnd.EndToken, Duration = TimeSpan.FromSeconds(1) };
        SafeHtml.Check(text.ToHtml());
        Assert.Contains("2 tokens, 2.0 tokens/s; ended by the end token", text.ToText());
        SafeHtml.Check((text with { Text = new string('x', 500_000) }).ToHtml());
    }
}
