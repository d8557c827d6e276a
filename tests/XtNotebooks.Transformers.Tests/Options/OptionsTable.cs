using System.Reflection;
using System.Text;
using System.Text.Json;
using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>docs/options.md, made from upstream's stored options, our records, and the cases that set them.</summary>
internal static class OptionsTable
{
    // What other classes stand for, or what a stack decides by itself.
    private static readonly Dictionary<string, string> Elsewhere = new()
    {
        ["AttentionLayers.causal"] = "`Decoder` (true) or `Encoder` (false)",
        ["AttentionLayers.verbose"] = "nothing is printed: what does not go together is an error",
    };

    // What has no meaning here, and why.
    private static readonly Dictionary<string, string> NotApplicable = new()
    {
        ["TransformerWrapper.input_not_include_cache"] = "with a cache, ids are always the new tokens alone",
        ["AttentionLayers.hyper_conn_sinkhorn_iters"] = "upstream's mixing weights come out as one, whatever it is",
        ["Attention.onnxable"] = "TorchSharp writes no ONNX",
        ["Attention.attend_sdp_kwargs"] = "torch chooses its kernel; TorchSharp has no switch",
        ["Attention.flash_pack_seq"] = "needs the Python package flash-attn",
    };

    // Where chance or initial values matter, a recorded case cannot tell: tests that say what must hold.
    private static readonly (MethodInfo Test, string[] Options)[] ByTest =
    [
        (Test<TrainModeTests>(nameof(TrainModeTests.Dropout_acts_in_training_alone)),
            ["Attention.dropout", "Attention.sublayer_dropout", "FeedForward.dropout", "FeedForward.sublayer_dropout", "AttentionLayers.layer_dropout", "TransformerWrapper.emb_dropout"]),
        (Test<TrainModeTests>(nameof(TrainModeTests.Mask_prob_hides_as_many_tokens_from_attention_but_never_the_first)), ["AutoregressiveWrapper.mask_prob"]),
        (Test<BeyondGoldenTests>(nameof(BeyondGoldenTests.Polar_phases_may_start_uniformly_below_zero)), ["AttentionLayers.polar_bias_uniform_init"]),
        (Test<BlockOptionsTests>(nameof(BlockOptionsTests.Blocks_may_be_wider_at_their_end)), ["Attention.dim_out", "FeedForward.dim_out"]),
        (Test<BlockOptionsTests>(nameof(BlockOptionsTests.Dropped_context_tokens_come_back_outside_of_training)), ["AttentionLayers.cross_attn_tokens_dropout"]),
        (Test<RecurrentDepthTests>(nameof(RecurrentDepthTests.In_training_the_layers_run_from_once_to_as_often_as_allowed)), ["TransformerWrapper.train_max_recycle_steps"]),
        (Test<AttentionWeightsTests>(nameof(AttentionWeightsTests.Gumbel_attention_draws_keys_as_their_softmax_says)),
            ["Attention.gumbel_softmax", "Attention.gumbel_softmax_temp", "Attention.gumbel_softmax_hard"]),
        (Test<AttentionWeightsTests>(nameof(AttentionWeightsTests.Functions_of_ones_own_stand_where_the_built_in_ones_do)), ["Attention.custom_attn_fn", "FeedForward.custom_activation"]),
        (Test<AttentionWeightsTests>(nameof(AttentionWeightsTests.A_head_of_ones_own_stands_where_the_built_in_one_does)), ["TransformerWrapper.to_logits"]),
        (Test<AttentionWeightsTests>(nameof(AttentionWeightsTests.Soft_contextual_positions_follow_their_formula)), ["Attention.cope_soft_onehot_pos"]),
    ];

    private static readonly Dictionary<string, Type> Records = new()
    {
        ["TransformerWrapper"] = typeof(TransformerWrapperOptions),
        ["AttentionLayers"] = typeof(AttentionLayersOptions),
        ["Attention"] = typeof(AttentionOptions),
        ["FeedForward"] = typeof(FeedForwardOptions),
    };

    /// <summary>What the page says of an option that nothing checks: of none.</summary>
    public const string Untested = "not tested";

    /// <summary>The property that is upstream's option, or null where it is not built.</summary>
    public static PropertyInfo? Property(string className, string option) =>
        Records.TryGetValue(className, out var record) ? record.GetProperty(UpstreamArguments.Pascal(option)) : null;

    /// <summary>The parameter of the wrapper's constructor that is upstream's option, or null where it is not built.</summary>
    public static ParameterInfo? Parameter(string className, string option) => className != nameof(AutoregressiveWrapper) ? null
        : typeof(AutoregressiveWrapper).GetConstructors().Single().GetParameters().SingleOrDefault(p => UpstreamArguments.Snake(p.Name!) == option);

    public static bool IsBuilt(string className, string option) =>
        Property(className, option) is not null || Parameter(className, option) is not null || Elsewhere.ContainsKey($"{className}.{option}");

    /// <summary>Properties of our records that are no option of upstream's: there must be none.</summary>
    public static IEnumerable<string> Inventions() =>
        from record in Records
        from property in record.Value.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.CanWrite
        let snake = UpstreamArguments.Snake(property.Name)
        let owner = record.Key == "AttentionLayers" ? StoredOptions.OfStack(snake) : $"{record.Key}.{snake}"
        let parts = owner.Split('.')
        where !StoredOptions.Upstream[parts[0]].ContainsKey(parts[1])
        select $"{record.Value.Name}.{property.Name}";

    /// <summary>Options said to have no meaning here that upstream does not have, or that exist here: there must be none.</summary>
    public static IEnumerable<string> WronglyNotApplicable() =>
        NotApplicable.Keys.Where(k => k.Split('.') is var parts && (!StoredOptions.Upstream[parts[0]].ContainsKey(parts[1]) || IsBuilt(parts[0], parts[1])));

    public static string Markdown()
    {
        var text = new StringBuilder("# Options of x-transformers 2.26.4\n\n");
        text.Append("Every option of upstream's constructors, with ours. What is not built yet does not exist in our records, so it cannot be set by mistake; ");
        text.Append("arguments read from a checkpoint that name it are refused. Options that could have no meaning here say why. ");
        text.Append("\"Golden\" counts the recorded cases of Python's x-transformers that set the option (outputs, losses, gradients and five Adam steps agree), ");
        text.Append("\"Python\" names a smaller one (outputs agree, and the gradient of each weight or its norm), \"Test\" a test of what must hold where chance is part of it.\n\n");
        text.Append("Where upstream also takes a tuple with one value for each layer (`layer_dropout`, `shift_tokens`, the options of attention and feed-forward), ");
        text.Append("one value for all layers is what is built; tuples are not.\n\n");
        text.Append("This page is made by the tests: `XT_ACCEPT_SNAPSHOTS=1` writes it anew.\n");
        foreach (var (className, options) in StoredOptions.Upstream)
        {
            var built = options.Keys.Count(o => IsBuilt(className, o));
            var without = options.Keys.Count(o => NotApplicable.ContainsKey($"{className}.{o}"));
            text.Append($"\n## {className}\n\n{built} of {options.Count} are built{(without > 0 ? $", {without} not applicable" : "")}.");
            if (className == "Attention") text.Append(" In `AttentionLayersOptions` their names begin with `Attn`.");
            if (className == "FeedForward") text.Append(" In `AttentionLayersOptions` their names begin with `Ff`.");
            text.Append("\n\n| upstream | default | here | compared with |\n| --- | --- | --- | --- |\n");
            foreach (var (option, stored) in options) text.Append($"| `{option}` | {Default(stored)} | {Here(className, option)} | {Evidence(className, option)} |\n");
        }
        return text.ToString();
    }

    private static string Default(JsonElement stored)
    {
        if (!stored.TryGetProperty("default", out var value)) return "";
        return value.ValueKind switch
        {
            JsonValueKind.Null => "none",
            JsonValueKind.Object => "",
            JsonValueKind.String => $"`{value.GetString()!.Replace("|", "\\|")}`",
            _ => value.GetRawText(),
        };
    }

    private static string Here(string className, string option) =>
        Elsewhere.GetValueOrDefault($"{className}.{option}") ??
        (NotApplicable.TryGetValue($"{className}.{option}", out var why) ? $"not applicable: {why}" : null) ??
        ((Property(className, option)?.Name ?? Parameter(className, option)?.Name) is { } name ? $"`{name}`" : "not yet");

    private static string Evidence(string className, string option)
    {
        if (!IsBuilt(className, option)) return "";
        // What evaluation leaves out, no recorded case can tell.
        if (option == "emb_dropout") return ByItsTest(className, option)!;
        var golden = StoredOptions.ByGoldenCase[$"{className}.{option}"].ToArray();
        if (golden.Length > 0) return $"Golden: {golden.Length} ({string.Join(", ", golden.Take(2))}{(golden.Length > 2 ? ", …" : "")})";
        var python = StoredOptions.ByPythonCase[$"{className}.{option}"].ToArray();
        if (python.Length > 0) return $"Python: {string.Join(", ", python.Take(2))}";
        if (ByItsTest(className, option) is { } test) return test;
        if (ByItsStack(className, option)) return "set by the stack";
        return option == "verbose" ? "" : Untested;
    }

    private static string? ByItsTest(string className, string option) =>
        ByTest.FirstOrDefault(t => t.Options.Contains($"{className}.{option}")).Test is { } test ? $"Test: {test.Name.Replace('_', ' ')}" : null;

    private static MethodInfo Test<T>(string name) => typeof(T).GetMethod(name)!;

    // Options that a stack hands to its layers under a name of its own.
    private static bool ByItsStack(string className, string option) =>
        className is "Attention" or "FeedForward" && Property("AttentionLayers", option) is not null ||
        (className, option) is ("Attention", "causal") or ("TransformerWrapper", "attn_layers") or ("AttentionLayers", "causal") or ("AutoregressiveWrapper", "net");
}
