using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;
using static XtNotebooks.Transformers.Tests.Models.Refusals;

namespace XtNotebooks.Transformers.Tests.Decoding;

/// <summary>What cannot be generated from, or sampled by, is refused with a sentence.</summary>
public sealed class GenerationInputChecksTests
{
    [Fact]
    public void A_prompt_length_over_the_prompt_is_refused() => Assert.Contains(
        "PromptLens must be from 1 to the prompts' length 4, but is 5 at batch 0",
        Refusal(net => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(2, 4), 2, new GenerateOptions { PromptLens = tensor(new[] { 5L, 1 }) })), StringComparison.Ordinal);

    [Fact]
    public void Prompts_and_their_lengths_are_whole_numbers()
    {
        Assert.Contains("PromptLens must be integers, but are Float32", Refusal(net => new AutoregressiveWrapper(net)
            .Generate(SmallModels.Ids(2, 4), 2, new GenerateOptions { PromptLens = tensor(new[] { 1.5f, 2.5f }) })), StringComparison.Ordinal);
        Assert.Contains("Token ids must be integers, but are Float32", Refusal(net => new AutoregressiveWrapper(net)
            .Generate([tensor(new[] { 1.5f, 2.5f })], 2)), StringComparison.Ordinal);
        Assert.Contains("at least one token", Refusal(net => new AutoregressiveWrapper(net)
            .Generate([SmallModels.Ids(1, 3)[0], zeros(0, dtype: ScalarType.Int64, device: Golden.TestDevice.Current)], 2)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_filter_that_changes_the_shape_is_refused() => Assert.Contains("FilterLogitsFn", Refusal(net => new AutoregressiveWrapper(net)
        .Generate(SmallModels.Ids(2, 4), 2, new GenerateOptions { FilterLogitsFn = logits => logits.narrow(1, 0, 3) })), StringComparison.Ordinal);

    [Fact]
    public void Where_nothing_is_left_to_sample_or_the_model_predicts_NaN_a_sentence_says_so()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        string Message(Func<Tensor, Tensor> filter) => Assert.Throws<InvalidOperationException>(
            () => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(2, 4), 2, new GenerateOptions { FilterLogitsFn = filter })).Message;
        Assert.Contains("leaves no token", Message(logits => full_like(logits, double.NegativeInfinity)), StringComparison.Ordinal);
        using (no_grad()) net.state_dict()["to_logits.weight"].fill_(double.NaN);
        Assert.Contains("predicts NaN", Message(LogitFilters.None), StringComparison.Ordinal);
        Assert.Contains("predicts NaN", Assert.Throws<InvalidOperationException>(() => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(2, 4), 2, new() { Temperature = 0 })).Message);
        Assert.Contains("predicts NaN", Assert.Throws<InvalidOperationException>(() => new AutoregressiveWrapper(net).BeamSearch(SmallModels.Ids(2, 4), 2)).Message);
    }

    [Fact]
    public void A_filter_that_forbids_a_token_forbids_it_to_the_most_probable_choice_too()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder();
        var wrapper = new AutoregressiveWrapper(net);
        var prompt = SmallModels.Ids(1, 4);
        var free = wrapper.Generate(prompt, 1, new() { Temperature = 0 })[0, 0].item<long>();
        var second = net.forward(prompt)[0, 3].topk(2).indexes[1].item<long>();
        var forbidding = new GenerateOptions { Temperature = 0, FilterLogitsFn = logits => logits.index_fill(-1, tensor(new[] { free }, device: logits.device), double.NegativeInfinity) };
        Assert.Equal(second, wrapper.Generate(prompt, 1, forbidding)[0, 0].item<long>());
        Assert.Contains("leaves no token", Assert.Throws<InvalidOperationException>(() => wrapper.Generate(prompt, 1, forbidding with { FilterLogitsFn = logits => full_like(logits, double.NegativeInfinity) })).Message);
    }

    [Fact]
    public void Beams_and_the_end_token_are_among_what_the_model_predicts()
    {
        static TransformerWrapperOptions Ten(TransformerWrapperOptions o) => o with { LogitsDim = 10 };
        Assert.Contains("Beams (12) must be from 1 to LogitsDim (10)", Refusal(net => new AutoregressiveWrapper(net).BeamSearch(SmallModels.Ids(1, 4), 2, new() { Beams = 12 }), Ten));
        Assert.Contains("Beams (18) must be from 1 to NumTokens (17)", Refusal(net => new AutoregressiveWrapper(net).BeamSearch(SmallModels.Ids(1, 4), 2, new() { Beams = 18 })));
        Assert.Contains("EosToken (12) would never come: LogitsDim is 10", Refusal(net => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 4), 2, new() { EosToken = 12 }), Ten));
        Assert.Contains("padValue (-7) follows an EosToken", Refusal(net => new AutoregressiveWrapper(net, padValue: -7).Generate(SmallModels.Ids(1, 4), 2, new() { EosToken = 1 })));
    }

    [Fact]
    public void A_generator_of_another_device_is_refused()
    {
        var message = Refusal(net =>
        {
            net.to(new Device(DeviceType.META));
            return new AutoregressiveWrapper(net).Generate(ones([1, 4], dtype: ScalarType.Int64, device: new Device(DeviceType.META)), 2, new() { Generator = new Generator(1, CPU) });
        });
        Assert.Contains("Generator is on cpu, but the model is on meta", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.1)]
    [InlineData(1.5)]
    public void A_fraction_that_is_none_is_refused_by_every_filter(double value)
    {
        Assert.Contains("minP must be from 0 to 1", Assert.Throws<ArgumentException>(() => LogitFilters.MinP(value)).Message);
        Assert.Contains("minPRatio must be from 0 to 1", Assert.Throws<ArgumentException>(() => LogitFilters.TopA(2, value)).Message);
        Assert.Contains("thres must be from 0 to 1", Assert.Throws<ArgumentException>(() => LogitFilters.TopP(value)).Message);
        Assert.Contains("fracNumTokens must be above 0 and at most 1", Assert.Throws<ArgumentException>(() => LogitFilters.TopK(value)).Message);
        if (value < 1) Assert.Contains("minPPow must be at least 0", Assert.Throws<ArgumentException>(() => LogitFilters.TopA(value)).Message);
        Assert.Contains("Alpha must be above 0 and at most 1", Refusal(net => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 4), 2, new() { AmateurModels = [new(net, value)] })));
        if (value < 1) Assert.Contains("Beta must be at least 0", Refusal(net => new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 4), 2, new() { AmateurModels = [new(net, 0.1, value)] })));
    }

    [Fact]
    public void A_filter_beside_weaker_models_is_refused() => Assert.Contains("FilterLogitsFn and AmateurModels cannot be used together", Refusal(net =>
        new AutoregressiveWrapper(net).Generate(SmallModels.Ids(1, 4), 2, new() { AmateurModels = [new(net)], FilterLogitsFn = LogitFilters.TopP() })));
}
