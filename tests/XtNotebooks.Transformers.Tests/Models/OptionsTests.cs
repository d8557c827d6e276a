using System.Text.Json;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>Options that exclude each other are refused by name, and none is ever ignored.</summary>
public sealed class OptionsTests
{
    public static TheoryData<string, string, string> Exclusive => new()
    {
        { """{"use_rmsnorm":true,"use_scalenorm":true}""", "UseRmsnorm", "UseScalenorm" },
        { """{"use_derf":true,"use_dynamic_tanh":true}""", "UseDerf", "UseDynamicTanh" },
        { """{"use_adaptive_layernorm":true,"use_rmsnorm":true}""", "UseAdaptiveLayernorm", "UseRmsnorm" },
        { """{"use_adaptive_layernorm":true,"use_adaptive_rmsnorm":true}""", "UseAdaptiveLayernorm", "UseAdaptiveRmsnorm" },
        { """{"use_adaptive_layerscale":true,"use_layerscale":true}""", "UseAdaptiveLayerscale", "UseLayerscale" },
        { """{"dim_condition":4}""", "DimCondition", "UseAdaptiveLayernorm" },
        { """{"adaptive_condition_mlp":true}""", "AdaptiveConditionMlp", "UseAdaptiveRmsnorm" },
        { """{"use_adaptive_rmsnorm":true,"adaptive_condition_mlp_expansion":2}""", "AdaptiveConditionMlpExpansion", "AdaptiveConditionMlp" },
        { """{"use_adaptive_rmsnorm":true,"num_residual_streams":2,"pre_norm":false}""", "UseAdaptiveRmsnorm", "NumResidualStreams" },
        { """{"attn_aggregated_residuals":true,"gate_residual":true}""", "AttnAggregatedResiduals", "GateResidual" },
        { """{"attn_residuals_last_output_as_query":true}""", "AttnResidualsLastOutputAsQuery", "AttnAggregatedResiduals" },
        { """{"attn_data_dependent_alibi_kwargs":{"post_log_scale":2}}""", "DataDependentAlibiKwargs", "DataDependentAlibi" },
        { """{"attn_data_dependent_alibi":true,"attn_data_dependent_alibi_kwargs":{"scale":2}}""", "DataDependentAlibiKwargs", "scale" },
        { """{"rel_pos_kwargs":{"slopes":[1,2]}}""", "RelPosKwargs", "AlibiPosBias" },
        { """{"alibi_pos_bias":true,"rel_pos_kwargs":{"slopes":[1]}}""", "RelPosKwargs", "slopes" },
        { """{"attn_gumbel_softmax":true,"attn_sigmoid":true}""", "GumbelSoftmax", "Sigmoid" },
        { """{"attn_gumbel_softmax":true,"attn_flash":true}""", "GumbelSoftmax", "Flash" },
        { """{"attn_gumbel_softmax_temp":2}""", "GumbelSoftmaxTemp", "GumbelSoftmax" },
        { """{"attn_gumbel_softmax_hard":false}""", "GumbelSoftmaxHard", "GumbelSoftmax" },
        { """{"attn_cope_soft_onehot_pos":true}""", "CopeSoftOnehotPos", "UseCope" },
        { """{"attn_latent_rope_subheads":1}""", "LatentRopeSubheads", "UseLatentKv" },
        { """{"attn_latent_rope_subheads":2,"attn_use_latent_kv":true,"attn_dim_latent_kv":4}""", "LatentRopeSubheads", "Heads" },
        { """{"attn_latent_rope_subheads":1,"attn_use_latent_kv":true,"attn_dim_latent_kv":4,"rotary_pos_emb":true,"rotate_num_heads":1}""", "LatentRopeSubheads", "RotateNumHeads" },
        { """{"cross_attn_inverted_attention":true}""", "CrossAttnInvertedAttention", "CrossAttend" },
        { """{"cross_attn_inverted_attention":true,"cross_attend":true}""", "CrossAttnInvertedAttention", "Causal" },
        { """{"sandwich_norm":true,"pre_norm":false}""", "SandwichNorm", "PreNorm" },
        { """{"use_dynamic_tanh":true,"pre_norm":false}""", "UseDynamicTanh", "PreNorm" },
        { """{"rotary_pos_emb":true,"polar_pos_emb":true}""", "RotaryPosEmb", "PolarPosEmb" },
        { """{"rotary_pos_emb":true,"rotary_emb_dim":10}""", "RotaryEmbDim", "AttnDimHead" },
        { """{"alibi_pos_bias":true,"rel_pos_bias":true}""", "AlibiPosBias", "RelPosBias" },
        { """{"alibi_pos_bias":true,"attn_data_dependent_alibi":true}""", "AlibiPosBias", "AttnDataDependentAlibi" },
        { """{"alibi_pos_bias":true,"alibi_num_heads":3}""", "AlibiNumHeads", "Heads" },
        { """{"rel_pos_bias":true,"rel_pos_num_buckets":200}""", "RelPosNumBuckets", "RelPosMaxDistance" },
        { """{"attn_flash":true,"rel_pos_bias":true}""", "AttnFlash", "RelPosBias" },
        { """{"attn_flash":true,"dynamic_pos_bias":true}""", "AttnFlash", "DynamicPosBias" },
        { """{"attn_flash":true,"residual_attn":true}""", "AttnFlash", "ResidualAttn" },
        { """{"attn_flash":true,"attn_sigmoid":true}""", "Flash", "Sigmoid" },
        { """{"attn_flash":true,"attn_pre_talking_heads":true}""", "Flash", "PreTalkingHeads" },
        { """{"attn_flash":true,"attn_sparse_topk":2}""", "Flash", "SparseTopk" },
        { """{"attn_flash":true,"attn_use_cope":true}""", "Flash", "UseCope" },
        { """{"attn_flash":true,"attn_selective":true}""", "Flash", "Selective" },
        { """{"attn_flash":true,"attn_softclamp_logits":true}""", "Flash", "SoftclampLogits" },
        { """{"attn_flash":true,"attn_head_learned_sink":true}""", "Flash", "HeadLearnedSink" },
        { """{"attn_flash":true,"attn_cog_signed":true}""", "Flash", "CogSigned" },
        { """{"attn_hard":true,"attn_sigmoid":true}""", "Hard", "Sigmoid" },
        { """{"attn_one_kv_head":true,"attn_kv_heads":1}""", "OneKvHead", "KvHeads" },
        { """{"heads":4,"attn_kv_heads":3}""", "Heads", "KvHeads" },
        { """{"attn_qk_rmsnorm":true,"attn_k_rmsnorm":true}""", "QkRmsnorm", "KRmsnorm" },
        { """{"attn_qk_norm":true,"attn_qk_norm_groups":3}""", "DimHead", "QkNormGroups" },
        { """{"attn_qk_norm":true,"attn_qk_norm_groups":4}""", "DimHead", "QkNormGroups" },
        { """{"attn_value_rmsnorm":true,"attn_value_dim_head":4}""", "ValueRmsnorm", "ValueDimHead" },
        { """{"attn_gate_values":true,"attn_gate_values_rank":4,"attn_gate_values_headwise":true}""", "GateValuesHeadwise", "GateValuesRank" },
        { """{"attn_output_gate":true,"attn_output_gate_rank":4,"attn_output_gate_headwise":true}""", "OutputGateHeadwise", "OutputGateRank" },
        { """{"attn_data_dependent_alibi_per_row":true}""", "DataDependentAlibiPerRow", "DataDependentAlibi" },
        { """{"attn_use_rel_proj_pos_bias":true,"attn_num_mem_kv":2}""", "UseRelProjPosBias", "NumMemKv" },
        { """{"mv_split_residual":true,"orthog_residual":true}""", "MvSplitResidual", "OrthogResidual" },
        { """{"num_residual_streams":2,"mv_split_residual":true}""", "NumResidualStreams", "MvSplitResidual" },
        { """{"ff_relu_squared":true,"ff_solu":true}""", "ReluSquared", "Solu" },
        { """{"ff_relu_squared":true,"ff_swish":true}""", "ReluSquared", "Swish" },
        { """{"attn_swiglu_values":true}""", "SwigluValues", "GateValues" },
        { """{"attn_gate_values_rank":2}""", "GateValuesRank", "GateValues" },
        { """{"attn_output_gate_headwise":true}""", "OutputGateHeadwise", "OutputGate" },
        { """{"attn_qk_norm_dim_scale":true}""", "QkNormDimScale", "QkNorm" },
        { """{"attn_qk_norm_groups":2}""", "QkNormGroups", "QkNorm" },
        { """{"attn_sparse_topk_straight_through":true}""", "SparseTopkStraightThrough", "SparseTopk" },
        { """{"attn_cope_talking_heads":true}""", "CopeTalkingHeads", "UseCope" },
        { """{"rotary_emb_dim":4}""", "RotaryEmbDim", "RotaryPosEmb" },
        { """{"rotate_num_heads":1}""", "RotateNumHeads", "RotaryPosEmb" },
        { """{"rotary_pos_emb":true,"attn_dim_head":1}""", "RotaryPosEmb", "AttnDimHead" },
        { """{"alibi_num_heads":1}""", "AlibiNumHeads", "AlibiPosBias" },
        { """{"dynamic_pos_bias_norm":true}""", "DynamicPosBiasNorm", "DynamicPosBias" },
        { """{"polar_bias_uniform_init":true}""", "PolarBiasUniformInit", "PolarPosEmb" },
        { """{"cross_residual_attn":true}""", "CrossResidualAttn", "CrossAttend" },
        { """{"cross_attn_tokens_dropout":0.5}""", "CrossAttnTokensDropout", "CrossAttend" },
        { """{"scale_residual":true,"num_residual_streams":2}""", "ScaleResidual", "NumResidualStreams" },
        { """{"scale_residual_constant":2,"gate_residual":true}""", "ScaleResidualConstant", "GateResidual" },
        { """{"ff_glu_mult_bias":true}""", "GluMultBias", "Glu" },
        { """{"weight_tie_layers":true,"par_ratio":2}""", "WeightTieLayers", "ParRatio" },
        { """{"sandwich_coef":3}""", "SandwichCoef", "Depth" },
        { """{"par_ratio":9}""", "ParRatio", "Depth" },
        { """{"only_cross":true}""", "OnlyCross", "CrossAttend" },
        { """{"num_residual_streams":2,"gate_residual":true}""", "NumResidualStreams", "GateResidual" },
        { """{"gate_residual":true,"orthog_residual":true}""", "GateResidual", "OrthogResidual" },
        { """{"integrate_layers":true,"layer_dropout":0.5}""", "IntegrateLayers", "LayerDropout" },
        { """{"learned_reinject_input_gate":true}""", "LearnedReinjectInputGate", "ReinjectInput" },
        { """{"qkv_receive_diff_residuals":true}""", "QkvReceiveDiffResiduals", "NumResidualStreams" },
        { """{"attn_use_latent_q":true}""", "UseLatentQ", "DimLatentQ" },
        { """{"attn_dim_latent_kv":4}""", "DimLatentKv", "UseLatentKv" },
        { """{"attn_use_latent_kv":true,"attn_dim_latent_kv":4,"num_residual_streams":2,"qkv_receive_diff_residuals":true}""", "UseLatentKv", "QkvReceiveDiffResiduals" },
        { """{"attn_orthog_projected_values":true,"cross_attend":true}""", "CrossAttend", "AttnOrthogProjectedValues" },
        { """{"attn_project_out":false}""", "ProjectOut", "Dim" },
        { """{"heads":1,"attn_dim_head":16}""", "Heads", "DimHead" },
        { """{"attn_project_out":false,"attn_on_attn":true,"attn_dim_head":16}""", "ProjectOut", "OnAttn" },
        { """{"custom_layers":["a","c"]}""", "CustomLayers", "CrossAttend" },
        { """{"add_value_residual":true,"attn_one_kv_head":true}""", "AddValueResidual", "OneKvHead" },
        { """{"add_value_residual":true,"attn_kv_heads":1}""", "AddValueResidual", "KvHeads" },
        { """{"integrate_layers":true,"weight_tie_layers":true}""", "IntegrateLayers", "WeightTieLayers" },
        { """{"integrate_layers":true,"layers_execute_order":[1,0,2,3]}""", "IntegrateLayers", "LayersExecuteOrder" },
        { """{"integrate_layers":true,"layers_execute_order":[0,1,0,1]}""", "IntegrateLayers", "LayersExecuteOrder" },
        { """{"integrate_layers":true,"num_residual_streams":2,"qkv_receive_diff_residuals":true}""", "QkvReceiveDiffResiduals", "IntegrateLayers" },
        { """{"unet_skips":true,"weight_tie_layers":true}""", "UnetSkips", "WeightTieLayers" },
        { """{"unet_skips":true,"depth":4,"layers_execute_order":[4,5]}""", "UnetSkips", "LayersExecuteOrder" },
        { """{"polar_pos_emb":true,"attn_use_cope":true}""", "PolarPosEmb", "AttnUseCope" },
        { """{"polar_pos_emb":true,"attn_num_mem_kv":2}""", "PolarPosEmb", "AttnNumMemKv" },
        { """{"polar_pos_emb":true,"heads":4,"attn_kv_heads":2}""", "PolarPosEmb", "AttnKvHeads" },
        { """{"cross_attend":true,"attn_data_dependent_alibi":true}""", "CrossAttend", "AttnDataDependentAlibi" },
        { """{"cross_attend":true,"attn_use_cope":true}""", "CrossAttend", "AttnUseCope" },
        { """{"cross_attend":true,"attn_selective":true}""", "CrossAttend", "AttnSelective" },
        { """{"cross_attend":true,"cross_attn_tokens_dropout":0.5,"add_value_residual":true}""", "CrossAttnTokensDropout", "AddValueResidual" },
        { """{"cross_attend":true,"cross_attn_tokens_dropout":0.5,"cross_residual_attn":true}""", "CrossAttnTokensDropout", "CrossResidualAttn" },
        { """{"residual_attn":true,"attn_head_learned_sink":true}""", "ResidualAttn", "AttnHeadLearnedSink" },
        { """{"cross_attend":true,"cross_residual_attn":true,"attn_head_learned_sink":true}""", "CrossResidualAttn", "AttnHeadLearnedSink" },
        { """{"use_adaptive_rmsnorm":true,"norm_add_unit_offset":false}""", "NormAddUnitOffset", "UseAdaptiveRmsnorm" },
    };

    [Theory]
    [MemberData(nameof(Exclusive))]
    public void Options_that_exclude_each_other_are_both_named(string arguments, string first, string second)
    {
        var options = SmallModels.Layers;
        using var json = JsonDocument.Parse(arguments);
        options = options with { };
        foreach (var argument in json.RootElement.EnumerateObject()) UpstreamArguments.Set(options, argument.Name, argument.Value);
        var message = Assert.Throws<ArgumentException>(() => new Decoder(options)).Message;
        Assert.Contains(first, message, StringComparison.Ordinal);
        Assert.Contains(second, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"average_pool_embed":true,"use_cls_token":true}""", "AveragePoolEmbed", "UseClsToken")]
    [InlineData("""{"tie_embedding":true,"return_only_embed":true}""", "TieEmbedding", "ReturnOnlyEmbed")]
    [InlineData("""{"tie_embedding":true,"logits_dim":5}""", "TieEmbedding", "LogitsDim")]
    [InlineData("""{"tie_embedding":true,"emb_dim":16}""", "TieEmbedding", "EmbDim")]
    [InlineData("""{"memory_tokens_interspersed_every":2}""", "MemoryTokensInterspersedEvery", "NumMemoryTokens")]
    [InlineData("""{"shift_mem_down":1}""", "ShiftMemDown", "MaxMemLen")]
    [InlineData("""{"recycling":true,"looped":true}""", "Recycling", "Looped")]
    [InlineData("""{"train_max_recycle_steps":2}""", "TrainMaxRecycleSteps", "Recycling")]
    [InlineData("""{"max_looped_steps":2}""", "MaxLoopedSteps", "Looped")]
    [InlineData("""{"looped":true}""", "Looped", "PreAndPostNorm")]
    [InlineData("""{"attn_pool":true,"use_cls_token":true}""", "AttnPool", "UseClsToken")]
    [InlineData("""{"attn_pool":true,"average_pool_embed":true}""", "AttnPool", "AveragePoolEmbed")]
    [InlineData("""{"num_pooled_tokens":2}""", "NumPooledTokens", "AttnPool")]
    [InlineData("""{"ff_deep_embed":true,"num_memory_tokens":2}""", "FfDeepEmbed", "NumMemoryTokens")]
    [InlineData("""{"add_continuous_pred_head":true,"emb_dim":16}""", "AddContinuousPredHead", "EmbDim")]
    [InlineData("""{"embed_num_tokens":{"kind":0}}""", "EmbedNumTokens", "kind")]
    [InlineData("""{"num_output_heads":2,"tie_embedding":true}""", "NumOutputHeads", "TieEmbedding")]
    [InlineData("""{"num_output_heads":2,"mixture_of_softmax":true}""", "NumOutputHeads", "MixtureOfSoftmax")]
    [InlineData("""{"squeeze_out_last_dim":true,"return_only_embed":true}""", "SqueezeOutLastDim", "ReturnOnlyEmbed")]
    public void Wrapper_options_that_exclude_each_other_are_both_named(string arguments, string first, string second)
    {
        using var decoder = new Decoder(SmallModels.Layers);
        var options = new TransformerWrapperOptions { NumTokens = 17, MaxSeqLen = 16, AttnLayers = decoder };
        using var json = JsonDocument.Parse(arguments);
        foreach (var argument in json.RootElement.EnumerateObject()) UpstreamArguments.Set(options, argument.Name, argument.Value);
        var message = Assert.Throws<ArgumentException>(() => new TransformerWrapper(options)).Message;
        Assert.Contains(first, message, StringComparison.Ordinal);
        Assert.Contains(second, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("attn_use_cope")]
    [InlineData("attn_selective")]
    [InlineData("rotary_xpos")]
    public void What_needs_causality_is_refused_in_an_encoder(string argument)
    {
        var options = SmallModels.Layers with { };
        UpstreamArguments.Set(options, argument, JsonDocument.Parse("true").RootElement);
        Assert.Contains("Causal", Assert.Throws<ArgumentException>(() => new Encoder(options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"rel_pos_bias":true,"rel_pos_num_buckets":1}""", "RelPosNumBuckets must be at least 2 in a Decoder, but is 1")]
    [InlineData("""{"cross_attend":true,"cross_attn_dim_context":0}""", "CrossAttnDimContext must be at least 1, but is 0")]
    [InlineData("""{"ff_softclamp_value":0}""", "SoftclampValue must be above 0 and finite, but is 0")]
    [InlineData("""{"ff_glu":true,"ff_glu_gate_softclamp_value":-1}""", "GluGateSoftclampValue must be above 0 and finite, but is -1")]
    [InlineData("""{"attn_laser":true,"attn_laser_softclamp_value":0}""", "LaserSoftclampValue must be above 0")]
    [InlineData("""{"rotary_xpos":true,"rotary_xpos_scale_base":0}""", "RotaryXposScaleBase must be above 0")]
    [InlineData("""{"rotary_pos_emb":true,"rotary_interpolation_factor":0.5}""", "RotaryInterpolationFactor must be at least 1, but is 0.5")]
    [InlineData("""{"dynamic_pos_bias":true,"dim":2}""", "DynamicPosBias")]
    public void A_value_out_of_its_range_is_named(string arguments, string says)
    {
        var options = SmallModels.Layers with { };
        using var json = JsonDocument.Parse(arguments);
        foreach (var argument in json.RootElement.EnumerateObject()) UpstreamArguments.Set(options, argument.Name, argument.Value);
        Assert.Contains(says, Assert.Throws<ArgumentException>(() => new Decoder(options)).Message);
    }

    [Fact]
    public void Widths_are_positive()
    {
        Assert.Contains("RelPosNumBuckets must be at least 4 in an Encoder, but is 3", Assert.Throws<ArgumentException>(() => new Encoder(SmallModels.Layers with { RelPosBias = true, RelPosNumBuckets = 3 })).Message);
        Assert.Contains("EmbDim must be at least 1, but is 0", Assert.Throws<ArgumentException>(() => SmallModels.Decoder(wrapper: o => o with { EmbDim = 0 })).Message);
        Assert.Contains("LogitsDim must be at least 1, but is -2", Assert.Throws<ArgumentException>(() => SmallModels.Decoder(wrapper: o => o with { LogitsDim = -2 })).Message);
        Assert.Contains("DimOut must be at least 1, but is 0", Assert.Throws<ArgumentException>(() => new FeedForward(new() { Dim = 8, DimOut = 0 })).Message);
        Assert.Contains("DimContext must be at least 1, but is 0", Assert.Throws<ArgumentException>(() => new Attention(new() { Dim = 8, DimContext = 0 })).Message);
    }

    [Fact]
    public void Memory_values_are_as_wide_as_the_values()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { AttnNumMemKv = 2, AttnValueDimHead = 5 });
        Assert.Equal([2, 2, 5], net.state_dict()["attn_layers.layers.0.1.mem_v"].shape);
        Assert.True(net.forward(SmallModels.Ids()).isfinite().all().item<bool>());
    }

    [Fact]
    public void An_argument_that_is_not_built_is_never_ignored()
    {
        using var json = JsonDocument.Parse("""{"attn_hybrid_module":true}""");
        var message = Assert.Throws<ArgumentException>(() => UpstreamArguments.Read<AttentionLayersOptions>(json.RootElement)).Message;
        Assert.Contains("attn_hybrid_module", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_argument_of_the_wrong_type_is_named()
    {
        using var json = JsonDocument.Parse("""{"depth":"two"}""");
        Assert.Contains("depth", Assert.Throws<ArgumentException>(() => UpstreamArguments.Read<AttentionLayersOptions>(json.RootElement)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_layer_option_reaches_its_layer_and_has_its_default()
    {
        // Options that a stack decides by itself.
        string[] own = ["Dim", "Heads", "Causal", "DimContext", "DimOut", "RotateNumHeads", "LearnedValueResidualMix", "QkvReceiveDiffResiduals", "InvertedAttention"];
        foreach (var (type, defaults, prefix) in new[] { (typeof(AttentionOptions), (object)new AttentionOptions(), "Attn"), (typeof(FeedForwardOptions), new FeedForwardOptions(), "Ff") })
            foreach (var property in type.GetProperties().Where(p => !own.Contains(p.Name)))
            {
                var given = typeof(AttentionLayersOptions).GetProperty(prefix + property.Name);
                Assert.True(given is not null, $"AttentionLayersOptions has no {prefix}{property.Name}.");
                Assert.Equal(property.GetValue(defaults), given.GetValue(new AttentionLayersOptions()));
            }
    }

    [Theory]
    [InlineData("AttnDimHead", "attn_dim_head")]
    [InlineData("L2normEmbed", "l2norm_embed")]
    [InlineData("AttnL2Distance", "attn_l2_distance")]
    [InlineData("AttnKRmsnorm", "attn_k_rmsnorm")]
    public void Names_go_both_ways(string pascal, string snake)
    {
        Assert.Equal(snake, UpstreamArguments.Snake(pascal));
        Assert.Equal(pascal, UpstreamArguments.Pascal(snake));
    }
}
