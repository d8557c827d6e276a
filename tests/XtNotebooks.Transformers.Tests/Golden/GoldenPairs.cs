namespace XtNotebooks.Transformers.Tests.Golden;

/// <summary>Golden cases with an encoder and a decoder.</summary>
internal static class GoldenPairs
{
    public static void EncoderDecoder(GoldenCase golden)
    {
        using var encoder = GoldenModels.Wrapper(golden.Constructor("encoder"));
        using var decoder = GoldenModels.Wrapper(golden.Constructor("decoder"));
        using var both = new Pair(encoder, decoder);
        both.LoadStateDict(golden.Weights);
        var wrapper = GoldenModels.Autoregressive(decoder, golden.Json.GetProperty("ar_wrapper"));
        var (source, sourceMask, target) = (golden.Data["src"], golden.Data["src_mask"], golden.Data["tgt"]);
        Tensor Context() => encoder.Embed(source, new TransformerInputs { Mask = sourceMask });
        Tensor Logits() => decoder.forward(target, new TransformerInputs { Context = Context(), ContextMask = sourceMask });

        using (no_grad())
        {
            Close.Assert("context", golden.Data["context"], Context(), Close.Logits);
            Close.Assert("logits", golden.Data["logits"], Logits(), Close.Logits);
            if (golden.Find("logits_no_context_mask") is { } unmasked)
                Close.Assert("logits_no_context_mask", unmasked, decoder.forward(target, new TransformerInputs { Context = Context() }), Close.Logits);
            foreach (var cached in new[] { true, false })
                if (golden.Find($"greedy_cache_{(cached ? 1 : 0)}") is { } greedy)
                    Close.Equal($"greedy, cached: {cached}", greedy, wrapper.Generate(target.narrow(1, 0, 2), 8, new GenerateOptions
                    {
                        Temperature = 0, CacheKv = cached, Context = Context(), ContextMask = sourceMask,
                    }));
        }
        GoldenTests.Training(golden, both, () => wrapper.forward(target, lens: null, context: Context(), contextMask: sourceMask), _ =>
            Close.Assert("logits_after_adam", golden.Data["logits_after_adam"], Logits(), Close.LogitsAfterAdam));
    }

    public static void XTransformer(GoldenCase golden)
    {
        using var model = GoldenModels.XTransformer(golden.Constructor("XTransformer"));
        Assert.Single(golden.Json.GetProperty("constructor").EnumerateObject());
        model.LoadStateDict(golden.Weights);
        var (source, mask, target) = (golden.Data["src"], golden.Data["src_mask"], golden.Data["tgt"]);
        Tensor Logits() => model.Decoder.Net.forward(target, new TransformerInputs
        {
            Context = model.Encoder.Embed(source, new TransformerInputs { Mask = mask }), ContextMask = mask,
        });
        using (no_grad())
        {
            Close.Assert("logits", golden.Data["logits"], Logits(), Close.Logits);
            foreach (var cached in new[] { true, false })
                Close.Equal($"greedy, cached: {cached}", golden.Data["greedy"],
                    model.Generate(source, target.narrow(1, 0, 2), 8, mask, new GenerateOptions { Temperature = 0, CacheKv = cached }));
        }
        GoldenTests.Training(golden, model, () => model.forward(source, target, mask), _ =>
            Close.Assert("logits_after_adam", golden.Data["logits_after_adam"], Logits(), Close.LogitsAfterAdam));
    }

    /// <summary>Both nets under the names that the recorded weights have.</summary>
    private sealed class Pair : nn.Module
    {
        public Pair(TransformerWrapper encoder, TransformerWrapper decoder) : base(nameof(Pair))
        {
            register_module("encoder", encoder);
            register_module("decoder", decoder);
        }
    }
}
