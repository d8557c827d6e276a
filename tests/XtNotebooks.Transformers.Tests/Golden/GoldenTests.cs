using System.Text.Json;
using static TorchSharp.torch.nn.functional;

namespace XtNotebooks.Transformers.Tests.Golden;

/// <summary>What the Python original computed, computed again.</summary>
public sealed class GoldenTests
{
    public static TheoryData<string> Cases => new(GoldenCase.Folders("XT_GOLDEN_DIR", "golden", "case.json").Select(f => new TheoryDataRow<string>(Path.GetFileName(f))
    {
        TestDisplayName = $"GoldenTests.{Path.GetFileName(f)}",
    }));

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_port_computes_what_the_original_computed(string name)
    {
        var folder = GoldenCase.Folders("XT_GOLDEN_DIR", "golden", "case.json").Single(f => Path.GetFileName(f) == name);
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(folder);
        switch (golden.Kind)
        {
            case "decoder": Decoder(golden); break;
            case "encoder": Encoder(golden); break;
            case "encoder_decoder": GoldenPairs.EncoderDecoder(golden); break;
            case "xtransformer": GoldenPairs.XTransformer(golden); break;
            case "generation": GoldenDecoding.Generation(golden); break;
            case "filters": GoldenDecoding.Filters(golden); break;
            default: throw new NotSupportedException($"There is no test for cases of kind {golden.Kind}.");
        }
    }

    [Fact]
    public void Each_of_the_150_recorded_cases_is_run_by_its_name()
    {
        if (Environment.GetEnvironmentVariable("XT_GOLDEN_DIR") is { Length: > 0 }) Assert.Skip("Other cases are run.");
        using var index = JsonDocument.Parse(File.ReadAllText(Options.StoredOptions.Beside("../golden/index.json")));
        var recorded = index.RootElement.GetProperty("cases").EnumerateArray().Select(c => c.GetString()!).ToArray();
        Assert.Equal(150, recorded.Length);
        Assert.Equal(recorded.Order(StringComparer.Ordinal), Cases.Select(c => c.Data).Order(StringComparer.Ordinal));
        Assert.All(Cases, c => Assert.Equal($"GoldenTests.{c.Data}", c.TestDisplayName));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_are_compared_element_by_element(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(GoldenCase.Folders("XT_GOLDEN_DIR", "golden", "case.json").Single(f => Path.GetFileName(f) == name));
        if (!golden.Json.TryGetProperty("grad_norms", out var norms)) return; // decoding
        var byNormAlone = norms.EnumerateObject().Select(n => n.Name).Except(golden.Grads.Keys).ToArray();
        if (name == "library_defaults") Assert.NotEmpty(byNormAlone); // the one whose gradients were too large to keep
        else Assert.Empty(byNormAlone);
    }

    private static void Decoder(GoldenCase golden)
    {
        using var net = GoldenModels.Wrapper(golden.Json.GetProperty("constructor"));
        net.LoadStateDict(golden.Weights);
        var wrapper = GoldenModels.Autoregressive(net, golden.Json.GetProperty("ar_wrapper"));
        var (x, mask, lens) = (golden.Data["x"], golden.Find("mask"), golden.Find("lens"));
        var kvMask = golden.Find("self_attn_kv_mask");
        var forward = golden.Json.GetProperty("ar_forward").GetString();
        Assert.Contains(forward, new[] { "", "lens=lens", "self_attn_kv_mask=self_attn_kv_mask" });
        var isUnusualPad = golden.Json.TryGetProperty("padding_side", out _);

        using (no_grad())
        {
            var trace = net.Trace(isUnusualPad ? Replaced(x, wrapper, forward == "lens=lens" ? lens : null) : x,
                new TransformerInputs { SelfAttnKvMask = kvMask });
            Close.Assert("logits", golden.Data["logits"], trace.Logits!, Close.Logits);
            if (golden.Find("logits_full") is { } full) Close.Assert("logits_full", full, net.forward(golden.Data["x_full"]), Close.Logits);
            if (golden.Find("logits_masked") is { } masked)
                Close.Assert("logits_masked", masked, net.forward(x, new TransformerInputs { Mask = mask }), Close.Logits);
            if (golden.Find("last_hidden") is { } last) Close.Assert("last_hidden", last, trace.LastHidden, Close.Logits);
            for (var i = 0; golden.Find($"layer_hidden.{i}") is { } hidden; i++)
                Close.Assert($"layer_hidden.{i}", hidden, trace.LayerHiddens[i], Close.Logits);
            Losses(golden, net, x, mask, lens, kvMask);
        }
        Training(golden, net, () => wrapper.forward(x, forward == "lens=lens" ? lens : null, selfAttnKvMask: kvMask), trained =>
        {
            if (golden.Find("logits_after_adam") is { } after)
                Close.Assert("logits_after_adam", after, net.forward(
                    isUnusualPad ? Replaced(x, wrapper, forward == "lens=lens" ? lens : null) : x, new TransformerInputs { SelfAttnKvMask = kvMask }), Close.LogitsAfterAdam);
        });
    }

    // The input as the wrapper hands it to the net.
    private static Tensor Replaced(Tensor x, AutoregressiveWrapper wrapper, Tensor? lens)
    {
        if (lens is not null) x = x.masked_fill(arange(x.shape[1], device: x.device) >= lens.unsqueeze(-1), wrapper.IgnoreIndex);
        return x.masked_fill(x == wrapper.IgnoreIndex, wrapper.PadValue);
    }

    private static void Losses(GoldenCase golden, TransformerWrapper net, Tensor x, Tensor? mask, Tensor? lens, Tensor? kvMask)
    {
        var pad = golden.Json.GetProperty("pad").GetInt64();
        var eos = golden.Json.TryGetProperty("eos", out var given) && given.ValueKind == JsonValueKind.Number ? given.GetInt64() : -100;
        // Where the pad is the EOS, "the pad" of these losses was the id 3, which does not occur there.
        if (pad == eos) pad = 3;
        double Loss(long ignore, long padValue, Tensor? ids = null, Tensor? lengths = null, Tensor? real = null) =>
            new AutoregressiveWrapper(net, ignore, padValue).forward(ids ?? x, lengths, real).item<float>();
        foreach (var loss in golden.Json.GetProperty("losses").EnumerateObject())
        {
            if (loss.Value.ValueKind == JsonValueKind.Null) continue;
            var actual = loss.Name switch
            {
                "loss_default" => Loss(-100, 0),
                "loss_ignore_pad" => Loss(pad, pad),
                "loss_ignore_pad_value_0" => Loss(pad, 0),
                "loss_ignore_eos" => Loss(eos, eos == -100 ? 0 : eos),
                "loss_lens" => Loss(-100, 0, lengths: lens),
                "loss_no_pad_batch" => Loss(pad, pad, ids: golden.Data["x_full"]),
                "loss_default_with_mask" => Loss(-100, 0, real: mask),
                _ => throw new NotSupportedException($"There is no test for {loss.Name}."),
            };
            Close.Assert(loss.Name, loss.Value.GetDouble(), actual, Close.Loss);
        }
    }

    private static void Encoder(GoldenCase golden)
    {
        using var net = GoldenModels.Wrapper(golden.Json.GetProperty("constructor"));
        net.LoadStateDict(golden.Weights);
        var (x, mask, target) = (golden.Data["x"], golden.Data["mask"], golden.Data["target"]);
        var inputs = new TransformerInputs { Mask = mask };
        using (no_grad())
        {
            Close.Assert("logits", golden.Data["logits"], net.forward(x, inputs), Close.Logits);
            Close.Assert("logits_nomask", golden.Data["logits_nomask"], net.forward(x), Close.Logits);
            Close.Assert("logits_full", golden.Data["logits_full"], net.forward(golden.Data["x_full"]), Close.Logits);
            Close.Assert("embeddings_masked", golden.Data["embeddings_masked"], net.Embed(x, inputs), Close.Logits);
        }
        Training(golden, net, () =>
        {
            var logits = net.forward(x, inputs);
            return cross_entropy(logits.reshape(-1, logits.shape[^1]), target.flatten());
        }, _ => Close.Assert("logits_after_adam", golden.Data["logits_after_adam"], net.forward(x, inputs), Close.LogitsAfterAdam));
    }

    internal static void Training(GoldenCase golden, nn.Module model, Func<Tensor> loss, Action<nn.Module> afterwards)
    {
        var named = model.named_parameters().ToArray();
        foreach (var (_, parameter) in named) parameter.grad = null;
        var first = loss();
        Close.Assert("loss", golden.Json.GetProperty("loss").GetDouble(), first.item<float>(), Close.Loss);
        first.backward();
        Gradients(golden, model);

        var adam = golden.Json.GetProperty("adam");
        using var optimizer = optim.Adam(named.Select(p => p.parameter), adam.GetProperty("lr").GetDouble());
        var expected = adam.GetProperty("losses").EnumerateArray().Select(v => v.GetDouble()).ToArray();
        for (var step = 0; step < expected.Length; step++)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var current = loss();
            Close.Assert($"loss before Adam step {step}", expected[step], current.item<float>(), Close.AdamSequence);
            if (step == expected.Length - 1) break;
            current.backward();
            optimizer.step();
        }
        using (no_grad()) afterwards(model);
    }

    private static void Gradients(GoldenCase golden, nn.Module model)
    {
        var state = model.state_dict();
        var without = golden.Json.GetProperty("params_without_grad").EnumerateArray().Select(e => e.GetString()).ToHashSet();
        foreach (var norm in golden.Json.GetProperty("grad_norms").EnumerateObject())
        {
            var gradient = state[norm.Name].grad ?? zeros_like(state[norm.Name]);
            Close.Assert($"norm of the gradient of {norm.Name}", norm.Value.GetDouble(), gradient.norm().item<float>(), Close.Gradient);
        }
        foreach (var (name, expected) in golden.Grads)
            Close.Assert($"gradient of {name}", expected, state[name].grad ?? zeros_like(expected), Close.Gradient);
        foreach (var name in without)
            Assert.True(state[name!].grad is not { } given || given.abs().max().item<float>() == 0, $"{name} should have no gradient.");
    }
}
