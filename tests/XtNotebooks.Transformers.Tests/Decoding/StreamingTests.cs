using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;
using static XtNotebooks.Transformers.Tests.Decoding.DecoderVariants;

namespace XtNotebooks.Transformers.Tests.Decoding;

public sealed class StreamingTests
{
    [Fact]
    public async Task Streaming_gives_the_same_tokens_one_by_one()
    {
        using var net = SmallModels.Decoder(Layers["rotary"]);
        var wrapper = new AutoregressiveWrapper(net);
        var prompts = SmallModels.Ids(2, 4);
        var expected = wrapper.Generate(prompts, 7, Greedy);
        var steps = new List<long[]>();
        await foreach (var tokens in wrapper.StreamAsync(prompts, 7, Greedy, TestContext.Current.CancellationToken)) steps.Add(tokens);
        Assert.Equal(expected.t().contiguous().cpu().data<long>().ToArray(), steps.SelectMany(s => s));
    }

    [Fact]
    public async Task Prompts_of_different_lengths_stream_as_they_generate()
    {
        using var net = SmallModels.Decoder(Layers["rotary"]);
        var wrapper = new AutoregressiveWrapper(net);
        Tensor[] prompts = [SmallModels.Ids(1, 4)[0], SmallModels.Ids(1, 7)[0]];
        var expected = wrapper.Generate(prompts, 5, Greedy);
        var steps = new List<long[]>();
        await foreach (var tokens in wrapper.StreamAsync(prompts, 5, Greedy, TestContext.Current.CancellationToken)) steps.Add(tokens);
        Assert.Equal(expected.t().contiguous().cpu().data<long>().ToArray(), steps.SelectMany(s => s));
        Assert.Contains("PromptLens", Assert.Throws<ArgumentException>(() =>
            wrapper.StreamAsync(prompts, 5, Greedy with { PromptLens = tensor(new[] { 4L, 7 }) }, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_encoder_decoder_pair_streams_what_it_generates()
    {
        var side = new XTransformerSideOptions { NumTokens = SmallModels.NumTokens, MaxSeqLen = 16, Layers = SmallModels.Layers with { Dim = 0 } };
        using var pair = new XTransformer(new() { Dim = 32, Enc = side, Dec = side });
        SmallModels.Randomise(pair, 3);
        pair.to(Golden.TestDevice.Current);
        var (source, start) = (SmallModels.Ids(2, 9), SmallModels.Ids(2, 1));
        var expected = pair.Generate(source, start, 6, options: Greedy);
        var steps = new List<long[]>();
        await foreach (var tokens in pair.StreamAsync(source, start, 6, options: Greedy, cancellationToken: TestContext.Current.CancellationToken)) steps.Add(tokens);
        Assert.Equal(expected.t().contiguous().cpu().data<long>().ToArray(), steps.SelectMany(s => s));
        Assert.True(pair.training);
        Assert.True(pair.Encoder.training && pair.Decoder.training);
        Assert.Contains("Context", Assert.Throws<ArgumentException>(() =>
            pair.StreamAsync(source, start, 6, options: new() { Context = zeros(2, 9, 32) }, cancellationToken: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_stops_when_cancelled_and_restores_the_mode()
    {
        using var net = SmallModels.Decoder();
        net.train();
        using var cancellation = new CancellationTokenSource();
        var count = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in new AutoregressiveWrapper(net).StreamAsync(SmallModels.Ids(1, 3), 1000, Greedy, cancellation.Token))
                if (++count == 3) await cancellation.CancelAsync();
        });
        Assert.Equal(3, count);
        Assert.True(net.training);
    }
}
