namespace XtNotebooks.Transformers.Tests.Golden;

/// <summary>Golden cases of generation and of logit filters.</summary>
internal static class GoldenDecoding
{
    public static void Generation(GoldenCase golden)
    {
        using var net = GoldenModels.Wrapper(golden.Json.GetProperty("constructor"));
        net.LoadStateDict(golden.Weights);
        var wrapper = GoldenModels.Autoregressive(net, golden.Json.GetProperty("ar_wrapper"));
        var prompts = golden.Data["prompts"];
        var (padded, lens) = (golden.Data["prompts_padded"], golden.Data["prompt_lens"]);
        var list = lens.cpu().data<long>().Select((length, i) => padded[i].narrow(0, 0, length)).ToArray();
        var count = golden.Json.GetProperty("new_tokens").GetInt32();
        var overMaxLen = golden.Json.GetProperty("over_max_len_new_tokens").GetInt32();
        var eos = golden.Json.GetProperty("eos_token").GetInt64();

        foreach (var cached in new[] { true, false })
        {
            var greedy = new GenerateOptions { Temperature = 0, CacheKv = cached };
            void Check(string name, Func<Tensor> actual)
            {
                // Upstream's results without a cache are the right ones; ours with a cache must be the same.
                if (golden.Find($"{name}_cache_0") is { } expected) Close.Equal($"{name}, cached: {cached}", expected, actual());
            }
            Check("greedy", () => wrapper.Generate(prompts, count, greedy));
            Check("greedy_prompt_lens", () => wrapper.Generate(padded, count, greedy with { PromptLens = lens }));
            Check("greedy_list", () => wrapper.Generate(list, count, greedy));
            Check("greedy_eos", () => wrapper.Generate(prompts, count, greedy with { EosToken = eos }));
            if (overMaxLen > 0) Check("greedy_over_max_len", () => wrapper.Generate(prompts, overMaxLen, greedy));

            var search = new BeamSearchOptions { Beams = 3, CacheKv = cached };
            var beams = wrapper.BeamSearch(prompts, count, search);
            Check("beam3", () => beams.Tokens);
            Check("beam3_all", () => beams.Beams);
            Close.Assert($"beam3_scores, cached: {cached}", golden.Data["beam3_scores_cache_0"], beams.Scores, 1e-4);
            PromptLengthsChangeNothing(wrapper, list, padded, lens, count, greedy, search);
        }
    }

    // Each prompt by itself gives what it gives in a batch with longer ones, also where upstream crashes.
    private static void PromptLengthsChangeNothing(
        AutoregressiveWrapper wrapper, Tensor[] list, Tensor padded, Tensor lens, int count, GenerateOptions greedy, BeamSearchOptions search)
    {
        // As upstream, the first token also reads the pad before it, and memory tokens count as positions of the prompt.
        if (wrapper.Net.AttnLayers.Options.ShiftTokens > 0 || wrapper.Net.Options.NumMemoryTokens > 0) return;
        var together = wrapper.Generate(padded, count, greedy with { PromptLens = lens });
        var beamsTogether = wrapper.BeamSearch(padded, count, search with { PromptLens = lens });
        for (var i = 0; i < list.Length; i++)
        {
            Close.Equal($"prompt {i} alone", wrapper.Generate(list[i], count, greedy), together[i]);
            Close.Equal($"beams of prompt {i} alone", wrapper.BeamSearch(list[i], count, search).Tokens, beamsTogether.Tokens[i]);
        }
    }

    public static void Filters(GoldenCase golden)
    {
        var logits = golden.Data["logits"];
        var checkedNames = new HashSet<string> { "logits" };
        foreach (var name in golden.Data.Keys.Where(k => k != "logits" && !k.Contains('.', StringComparison.Ordinal)))
        {
            var filtered = Filter(name)(logits);
            Close.Assert(name, golden.Data[name], filtered, 1e-6);
            Close.Assert($"{name}.probs_t0_7", golden.Data[$"{name}.probs_t0_7"], (filtered / 0.7).softmax(-1), 1e-6);
            checkedNames.UnionWith([name, $"{name}.probs_t0_7"]);
        }
        Assert.Equal(golden.Data.Keys.Order(), checkedNames.Order());
    }

    private static Func<Tensor, Tensor> Filter(string name) => name switch
    {
        "top_k_default" => LogitFilters.TopK(),
        "top_p_default" => LogitFilters.TopP(),
        "top_a_default" => LogitFilters.TopA(),
        "min_p_default" => LogitFilters.MinP(),
        "top_k_frac_0_3" => LogitFilters.TopK(0.3),
        "top_k_k3" => LogitFilters.TopK(k: 3),
        "top_k_k99" => LogitFilters.TopK(k: 99),
        "top_p_0_5" => LogitFilters.TopP(0.5),
        "top_p_0_99" => LogitFilters.TopP(0.99),
        "top_a_pow1_ratio0_2" => LogitFilters.TopA(1, 0.2),
        "min_p_0_3" => LogitFilters.MinP(0.3),
        _ => throw new NotSupportedException($"There is no test for the filter {name}."),
    };
}
