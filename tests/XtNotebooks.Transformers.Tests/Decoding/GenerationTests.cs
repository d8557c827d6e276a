using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;
using static XtNotebooks.Transformers.Tests.Decoding.DecoderVariants;

namespace XtNotebooks.Transformers.Tests.Decoding;

public sealed class GenerationTests
{
    [Fact]
    public void Every_module_goes_back_to_the_mode_it_was_in()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        net.train();
        net.AttnLayers.eval(); // one part was frozen on purpose
        var wrapper = new AutoregressiveWrapper(net);
        var before = wrapper.modules().Select(m => m.training).ToArray();
        wrapper.Generate(SmallModels.Ids(1, 3), 2, Greedy);
        Assert.Equal(before, wrapper.modules().Select(m => m.training));

        net.eval();
        new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 3), 2, Greedy); // a fresh wrapper says it is training
        Assert.False(net.training);
        Assert.False(net.AttnLayers.training);
    }

    [Fact]
    public void The_mode_is_restored_when_generation_fails()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        net.train();
        Assert.Throws<ArgumentException>(() => new AutoregressiveWrapper(net).Generate(full([1, 3], 99L), 2, Greedy));
        Assert.True(net.training);
    }

    [Fact]
    public void Generation_stops_when_cancelled()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 3), 5, Greedy, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void After_its_end_token_a_sequence_is_filled_with_the_pad_value()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net, padValue: 0);
        var prompts = SmallModels.Ids(3, 4);
        var free = wrapper.Generate(prompts, 8, Greedy);
        var eos = free[0, 2].item<long>();
        var ended = wrapper.Generate(prompts, 8, Greedy with { EosToken = eos });
        for (var row = 0; row < 3; row++)
        {
            var tokens = free[row].cpu().data<long>().ToArray();
            var prompt = prompts[row].cpu().data<long>().ToArray();
            var end = prompt.Contains(eos) ? -1 : Array.IndexOf(tokens, eos);
            for (var i = 0; i < ended.shape[1]; i++)
                Assert.Equal(end == -1 && prompt.Contains(eos) || end >= 0 && i > end ? 0 : tokens[i], ended[row, i].item<long>());
        }
    }

    [Fact]
    public void Sampling_follows_the_filtered_distribution()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        var prompt = SmallModels.Ids(1, 4);
        var probabilities = (LogitFilters.TopK(k: 3)(net.forward(prompt).select(1, 3)) / 0.8).softmax(-1).squeeze(0);
        using var generator = new Generator(3);
        var samples = wrapper.Generate(prompt.expand(4000, 4), 1, new()
        {
            Temperature = 0.8, FilterLogitsFn = LogitFilters.TopK(k: 3), Generator = generator,
        });
        var frequencies = samples.flatten().bincount(null, 17).to(ScalarType.Float32) / 4000;
        Close.Assert("frequencies", probabilities, frequencies, 0.04); // five standard deviations of a share of 4000 draws
    }

    [Fact]
    public void Tokens_of_a_model_in_half_precision_are_chosen_in_single_precision()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        net.to(ScalarType.BFloat16);
        var wrapper = new AutoregressiveWrapper(net);
        var seen = new List<ScalarType>();
        Tensor Filter(Tensor logits)
        {
            seen.Add(logits.dtype);
            return logits;
        }
        wrapper.Generate(SmallModels.Ids(2, 4), 2, new() { FilterLogitsFn = Filter });
        var beams = wrapper.BeamSearch(SmallModels.Ids(2, 4), 2, new() { Beams = 2, Stochastic = true, FilterLogitsFn = Filter });
        Assert.Equal(4, seen.Count);
        Assert.All(seen, type => Assert.Equal(ScalarType.Float32, type));
        Assert.Equal(ScalarType.Float32, beams.Scores.dtype);
    }
}
