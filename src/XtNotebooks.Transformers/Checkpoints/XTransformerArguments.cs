using System.Text.Json;
using System.Text.Json.Nodes;

namespace XtNotebooks.Transformers;

/// <summary>The options of an <see cref="XTransformer"/> as upstream's flat arguments: enc_depth is Enc.Layers.Depth.</summary>
internal static class XTransformerArguments
{
    public static XTransformerOptions Read(JsonElement arguments)
    {
        var options = new XTransformerOptions { Enc = new(), Dec = new() };
        foreach (var argument in arguments.EnumerateObject())
        {
            if (argument.Name.StartsWith("enc_", StringComparison.Ordinal)) SetSide(options.Enc, argument.Name[4..], argument.Value);
            else if (argument.Name.StartsWith("dec_", StringComparison.Ordinal)) SetSide(options.Dec, argument.Name[4..], argument.Value);
            else UpstreamArguments.Set(options, argument.Name, argument.Value);
        }
        return options;
    }

    public static JsonObject Write(XTransformerOptions options)
    {
        var arguments = new JsonObject { ["dim"] = options.Dim };
        if (options.TieTokenEmb) arguments["tie_token_emb"] = true;
        if (options.IgnoreIndex != -100) arguments["ignore_index"] = options.IgnoreIndex;
        if (options.PadValue != 0) arguments["pad_value"] = options.PadValue;
        if (options.CrossAttnTokensDropout != 0) arguments["cross_attn_tokens_dropout"] = options.CrossAttnTokensDropout;
        WriteSide("enc_", options.Enc);
        WriteSide("dec_", options.Dec);
        return arguments;

        void WriteSide(string prefix, XTransformerSideOptions side)
        {
            // Upstream has no defaults for these.
            arguments[prefix + "num_tokens"] = side.NumTokens;
            arguments[prefix + "max_seq_len"] = side.MaxSeqLen;
            foreach (var part in new[] { UpstreamArguments.Write(side), UpstreamArguments.Write(side.Layers) })
                foreach (var (name, value) in part)
                    if (name is not ("dim" or "cross_attend")) arguments[prefix + name] = value?.DeepClone();
        }
    }

    private static void SetSide(XTransformerSideOptions side, string name, JsonElement value)
    {
        var isOwn = typeof(XTransformerSideOptions).GetProperty(UpstreamArguments.Pascal(name)) is not null;
        UpstreamArguments.Set(isOwn ? side : side.Layers, name, value);
    }
}
