using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;
using static XtNotebooks.Transformers.Tests.Decoding.DecoderVariants;

namespace XtNotebooks.Transformers.Tests.Decoding;

public sealed class ContrastiveDecodingTests
{
    [Fact]
    public void Contrastive_decoding_prefers_what_the_expert_knows_better()
    {
        using var scope = NewDisposeScope();
        using var expert = SmallModels.Decoder();
        using var amateur = SmallModels.Decoder(o => o with { Depth = 1 }, seed: 5);
        var prompts = SmallModels.Ids(2, 4);
        var (strong, weak) = (expert.forward(prompts).select(1, 3), amateur.forward(prompts).select(1, 3));
        // arXiv:2309.09117, appendix A: (1 + beta) expert - beta amateur among tokens within log(alpha) of the best.
        var plausible = strong >= strong.amax([-1], keepdim: true) + Math.Log(0.1);
        var expected = (1.5 * strong - 0.5 * weak).masked_fill(~plausible, double.NegativeInfinity).argmax(-1, keepdim: true);
        foreach (var cached in new[] { true, false })
        {
            var options = Greedy with { AmateurModels = [new(amateur)], CacheKv = cached };
            Close.Equal("first token", expected, new AutoregressiveWrapper(expert).Generate(prompts, 1, options));
            Close.Equal("six tokens",
                new AutoregressiveWrapper(expert).Generate(prompts, 6, options with { CacheKv = !cached }),
                new AutoregressiveWrapper(expert).Generate(prompts, 6, options));
        }
    }

    [Fact]
    public void What_an_amateur_has_no_use_for_is_the_experts_alone()
    {
        using var scope = NewDisposeScope();
        using var expert = SmallModels.Decoder(o => o with { CrossAttend = true, UseAdaptiveRmsnorm = true, DimCondition = 6 }, o => o with { Recycling = true });
        using var amateur = SmallModels.Decoder(o => o with { Depth = 1 }, seed: 5);
        var options = Greedy with
        {
            Context = ones(2, 3, 32), Condition = ones(2, 6), RecycleSteps = 2, AmateurModels = [new(amateur)],
        };
        Assert.Equal([2, 4], new AutoregressiveWrapper(expert).Generate(SmallModels.Ids(2, 4), 4, options).shape);
    }
}
