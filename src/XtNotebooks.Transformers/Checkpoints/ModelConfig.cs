using System.Text.Json;
using System.Text.Json.Nodes;

namespace XtNotebooks.Transformers;

/// <summary>What a model was built from, as keyword arguments that upstream's classes accept, under the names of these classes.</summary>
internal static class ModelConfig
{
    private const string Net = nameof(TransformerWrapper);

    /// <summary>Whether a model of this class can be built from a configuration.</summary>
    public static bool Knows(nn.Module model) => model is TransformerWrapper or AutoregressiveWrapper or XTransformer;

    /// <returns>{"TransformerWrapper": {…}, "Decoder": {…}}, with an "AutoregressiveWrapper" where there is one; or {"XTransformer": {…}}.</returns>
    public static JsonObject Of(nn.Module model) => model switch
    {
        TransformerWrapper net => OfNet(net),
        AutoregressiveWrapper wrapper => OfWrapper(wrapper),
        XTransformer both => new JsonObject { [nameof(XTransformer)] = XTransformerArguments.Write(both.Options) },
        _ => throw new ArgumentException(
            $"A checkpoint directory holds a {Net}, an {nameof(AutoregressiveWrapper)} or an {nameof(XTransformer)}, not a {model.GetType().Name}; save its weights with SaveSafetensors."),
    };

    /// <summary>Builds the model that a configuration describes, with random weights.</summary>
    /// <exception cref="ArgumentException">An argument is unknown or impossible; the message names it.</exception>
    public static nn.Module Create(JsonObject config)
    {
        if (config[nameof(XTransformer)] is { } both)
        {
            KnowsOnly(config, nameof(XTransformer));
            return new XTransformer(XTransformerArguments.Read(Element(both, nameof(XTransformer))));
        }
        if (config.Count == 0) throw new ArgumentException("it holds a module of another library; make one and use Restore");
        KnowsOnly(config, Net, config.ContainsKey(nameof(Decoder)) ? nameof(Decoder) : nameof(Encoder), nameof(AutoregressiveWrapper));
        var (stack, arguments) = config[nameof(Decoder)] is { } decoder
            ? ((Func<AttentionLayersOptions, AttentionLayers>)(o => new Decoder(o)), decoder)
            : (o => new Encoder(o), config[nameof(Encoder)] ?? throw Missing($"{nameof(Decoder)} or {nameof(Encoder)}"));
        var layers = stack(UpstreamArguments.Read<AttentionLayersOptions>(Element(arguments, "stack")));
        var options = UpstreamArguments.Read<TransformerWrapperOptions>(Element(config[Net] ?? throw Missing(Net), Net));
        var net = new TransformerWrapper(options with { AttnLayers = layers });
        if (!config.TryGetPropertyValue(nameof(AutoregressiveWrapper), out var given)) return net;
        var wrapper = given as JsonObject ?? throw new ArgumentException($"its {nameof(AutoregressiveWrapper)} must be an object of arguments");
        string[] known =
        [
            "ignore_index", "pad_value", "mask_prob", "add_attn_z_loss", "next_embed_loss_weight", "looped_loss_threshold_exit", "looped_loss_slope", "looped_exit_loss_weight",
        ];
        if (wrapper.FirstOrDefault(a => !known.Contains(a.Key)).Key is { } unknown)
            throw new ArgumentException($"{nameof(AutoregressiveWrapper)} has no option for upstream's {unknown}");
        return new AutoregressiveWrapper(
            net, Number(wrapper, "ignore_index", -100L), Number(wrapper, "pad_value", 0L), Number(wrapper, "mask_prob", 0.0),
            Number(wrapper, "add_attn_z_loss", false), Number(wrapper, "next_embed_loss_weight", 0.1),
            Number(wrapper, "looped_loss_threshold_exit", 0.05), Number(wrapper, "looped_loss_slope", 50.0), Number(wrapper, "looped_exit_loss_weight", 1.0));
    }

    /// <summary>The module whose weights a checkpoint holds: an autoregressive wrapper has none of its own, so its keys need no prefix.</summary>
    public static nn.Module Weights(nn.Module model) => model is AutoregressiveWrapper wrapper ? wrapper.Net : model;

    private static JsonObject OfNet(TransformerWrapper net)
    {
        if (net.Options.ToLogits is not null)
            throw new ArgumentException("ToLogits is a module of one's own, which a configuration cannot hold: save the weights alone (SaveSafetensors), and build the model in code.");
        var arguments = UpstreamArguments.Write(net.Options);
        // Upstream has no defaults for these.
        arguments["num_tokens"] = net.Options.NumTokens;
        arguments["max_seq_len"] = net.Options.MaxSeqLen;
        return new JsonObject { [Net] = arguments, [net.AttnLayers.Causal ? nameof(Decoder) : nameof(Encoder)] = UpstreamArguments.Write(net.AttnLayers.Options) };
    }

    private static JsonObject OfWrapper(AutoregressiveWrapper wrapper)
    {
        var config = OfNet(wrapper.Net);
        config[nameof(AutoregressiveWrapper)] = new JsonObject
        {
            ["ignore_index"] = wrapper.IgnoreIndex,
            ["pad_value"] = wrapper.PadValue,
            ["mask_prob"] = wrapper.MaskProb,
            ["add_attn_z_loss"] = wrapper.AddAttnZLoss,
            ["next_embed_loss_weight"] = wrapper.NextEmbedLossWeight,
            ["looped_loss_threshold_exit"] = wrapper.LoopedLossThresholdExit,
            ["looped_loss_slope"] = wrapper.LoopedLossSlope,
            ["looped_exit_loss_weight"] = wrapper.LoopedExitLossWeight,
        };
        return config;
    }

    // What nothing here reads would be lost without a word.
    private static void KnowsOnly(JsonObject config, params ReadOnlySpan<string> known)
    {
        foreach (var (key, _) in config)
            if (!known.Contains(key))
                throw new ArgumentException($"it holds \"{key}\", which is nothing that this version knows beside {string.Join(", ", config.Select(c => c.Key).Where(k => k != key))}");
    }

    private static JsonElement Element(JsonNode node, string what) =>
        node is JsonObject ? JsonSerializer.SerializeToElement(node) : throw new ArgumentException($"its {what} must be an object of arguments");

    private static T Number<T>(JsonObject arguments, string name, T fallback) where T : struct
    {
        if (!arguments.TryGetPropertyValue(name, out var given)) return fallback;
        return given is JsonValue value && value.TryGetValue<T>(out var number) ? number
            : throw new ArgumentException($"{name} must be of type {typeof(T).Name}, but is {given?.ToJsonString() ?? "null"}");
    }

    private static ArgumentException Missing(string what) => new($"it has no {what}");
}
