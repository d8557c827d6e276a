using System.Text.Json;

namespace XtNotebooks.Transformers.Tests.Golden;

/// <summary>Builds the models of golden cases from their recorded constructor arguments; an unknown argument fails.</summary>
internal static class GoldenModels
{
    public static TransformerWrapper Wrapper(JsonElement constructor)
    {
        var layers = constructor.TryGetProperty("Decoder", out var decoder)
            ? (AttentionLayers)new Decoder(UpstreamArguments.Read<AttentionLayersOptions>(decoder))
            : new Encoder(UpstreamArguments.Read<AttentionLayersOptions>(constructor.GetProperty("Encoder")));
        var known = constructor.EnumerateObject().Count();
        Assert.Equal(2, known); // the wrapper's and the stack's arguments, nothing else
        var options = UpstreamArguments.Read<TransformerWrapperOptions>(constructor.GetProperty("TransformerWrapper"));
        return new TransformerWrapper(options with { AttnLayers = layers }).Ready();
    }

    public static XTransformer XTransformer(JsonElement arguments) => new XTransformer(XTransformerArguments.Read(arguments)).Ready();

    public static AutoregressiveWrapper Autoregressive(TransformerWrapper net, JsonElement wrapper)
    {
        foreach (var argument in wrapper.EnumerateObject())
            Assert.Contains(argument.Name, new[] { "ignore_index", "pad_value" });
        long Value(string name, long fallback) => wrapper.TryGetProperty(name, out var value) ? value.GetInt64() : fallback;
        return new AutoregressiveWrapper(net, Value("ignore_index", -100), Value("pad_value", 0)).Ready();
    }

    public static T Ready<T>(this T module) where T : nn.Module
    {
        module.to(TestDevice.Current);
        module.eval();
        return module;
    }
}
