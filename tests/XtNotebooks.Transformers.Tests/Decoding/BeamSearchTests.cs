using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;
using static XtNotebooks.Transformers.Tests.Decoding.DecoderVariants;

namespace XtNotebooks.Transformers.Tests.Decoding;

public sealed class BeamSearchTests
{
    [Fact]
    public void The_best_beam_is_at_least_as_probable_as_the_greedy_continuation_and_its_score_is_its_probability()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        var prompt = SmallModels.Ids(1, 4);
        var result = wrapper.BeamSearch(prompt, 5, new() { Beams = 4 });
        var greedy = LogProbability(net, prompt, wrapper.Generate(prompt, 5, Greedy));
        for (var beam = 0; beam < 4; beam++)
            Close.Assert($"score {beam}", LogProbability(net, prompt, result.Beams[beam]), result.Scores[beam, 0].item<float>(), 1e-4);
        Assert.True(result.Scores[0, 0].item<float>() >= greedy - 1e-4);
        Assert.Equal(4, Enumerable.Range(0, 4).Select(b => string.Join(',', result.Beams[b].cpu().data<long>().ToArray())).Distinct().Count());
    }

    private static double LogProbability(TransformerWrapper net, Tensor prompt, Tensor continuation)
    {
        var all = cat([prompt, continuation], 1);
        var logProbabilities = net.forward(all).log_softmax(-1).narrow(1, prompt.shape[1] - 1, continuation.shape[1]);
        return logProbabilities.gather(-1, continuation.unsqueeze(-1)).sum().item<float>();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_stochastic_search_takes_no_token_that_its_filter_forbids(double temperature)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        // Two tokens are left, fewer than the beams: the first step has two continuations, the second four.
        var allowed = (arange(17, device: TestDevice.Current) == 3) | (arange(17, device: TestDevice.Current) == 5);
        var result = wrapper.BeamSearch(SmallModels.Ids(2, 4), 4, new()
        {
            Beams = 4, Stochastic = true, Temperature = temperature, FilterLogitsFn = x => x.masked_fill(~allowed, double.NegativeInfinity),
        });
        Assert.True(((result.Beams == 3) | (result.Beams == 5)).all().item<bool>());
        Assert.True(result.Scores.isfinite().all().item<bool>());
    }

    [Fact]
    public void A_filter_that_a_stochastic_search_cannot_use_is_refused_with_a_sentence()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        BeamSearchResult Search(Func<Tensor, Tensor> filter) => wrapper.BeamSearch(SmallModels.Ids(2, 4), 3, new() { Beams = 4, Stochastic = true, FilterLogitsFn = filter });
        Assert.Contains("FilterLogitsFn must return logits of the shape", Assert.Throws<ArgumentException>(() => Search(x => x.narrow(1, 0, 5))).Message, StringComparison.Ordinal);
        Assert.Contains("FilterLogitsFn must not be null", Assert.Throws<ArgumentException>(() => Search(null!)).Message, StringComparison.Ordinal);
        Assert.Contains("leaves no token to choose", Assert.Throws<InvalidOperationException>(() => Search(x => full_like(x, double.NegativeInfinity))).Message, StringComparison.Ordinal);
        Assert.Contains("fewer than 4 continuations", Assert.Throws<InvalidOperationException>(() => Search(LogitFilters.TopK(k: 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_beams_than_a_head_of_ones_own_predicts_are_refused()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(wrapper: o => o with { ToLogits = nn.Linear(32, 5) });
        Assert.Contains("Beams (6) must be from 1 to ToLogits' width (5)",
            Assert.Throws<ArgumentException>(() => new AutoregressiveWrapper(net).BeamSearch(SmallModels.Ids(1, 4), 2, new() { Beams = 6 })).Message, StringComparison.Ordinal);
    }
}
