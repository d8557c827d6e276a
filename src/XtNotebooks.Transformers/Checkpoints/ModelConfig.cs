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
        if (config[nameof(XTransformer)] is { } both) return new XTransformer(XTransformerArguments.Read(Element(both)));
        if (config.Count == 0) throw new ArgumentException("it holds a module of another library; make one and use Restore");
        var (stack, arguments) = config[nameof(Decoder)] is { } decoder
            ? ((Func<AttentionLayersOptions, AttentionLayers>)(o => new Decoder(o)), decoder)
            : (o => new Encoder(o), config[nameof(Encoder)] ?? throw Missing($"{nameof(Decoder)} or {nameof(Encoder)}"));
        var layers = stack(UpstreamArguments.Read<AttentionLayersOptions>(Element(arguments)));
        var options = UpstreamArguments.Read<TransformerWrapperOptions>(Element(config[Net] ?? throw Missing(Net)));
        var net = new TransformerWrapper(options with { AttnLayers = layers });
        if (config[nameof(AutoregressiveWrapper)] is not JsonObject wrapper) return net;
        return new AutoregressiveWrapper(
            net, (long?)wrapper["ignore_index"] ?? -100, (long?)wrapper["pad_value"] ?? 0, (double?)wrapper["mask_prob"] ?? 0,
            (bool?)wrapper["add_attn_z_loss"] ?? false, (double?)wrapper["next_embed_loss_weight"] ?? 0.1,
            (double?)wrapper["looped_loss_threshold_exit"] ?? 0.05, (double?)wrapper["looped_loss_slope"] ?? 50, (double?)wrapper["looped_exit_loss_weight"] ?? 1);
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

    private static JsonElement Element(JsonNode node) => JsonSerializer.SerializeToElement(node);

    private static ArgumentException Missing(string what) => new($"it has no {what}");
}
