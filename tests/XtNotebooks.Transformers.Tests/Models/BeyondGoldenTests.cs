using XtNotebooks.Transformers.Tests.Golden;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>Options that no recorded case covers, each against its formula or an equivalent model.</summary>
public sealed class BeyondGoldenTests
{
    private static Tensor State(nn.Module module, string name) => module.state_dict()[name];

    [Fact]
    public void Custom_layers_in_the_usual_order_are_the_usual_layers()
    {
        using var scope = NewDisposeScope();
        using var usual = SmallModels.Decoder();
        using var custom = SmallModels.Decoder(o => o with { Depth = 0, CustomLayers = ["a", "f", "a", "f"] });
        custom.LoadStateDict(usual.state_dict());
        Close.Assert("logits", usual.forward(SmallModels.Ids()), custom.forward(SmallModels.Ids()), 0);
    }

    [Fact]
    public void Layers_may_run_in_any_order_and_repeatedly()
    {
        using var scope = NewDisposeScope();
        using var tied = SmallModels.Decoder(o => o with { WeightTieLayers = true });
        using var ordered = SmallModels.Decoder(o => o with { Depth = 1, LayersExecuteOrder = [0, 1, 0, 1] });
        ordered.LoadStateDict(tied.state_dict());
        Close.Assert("logits", tied.forward(SmallModels.Ids()), ordered.forward(SmallModels.Ids()), 0);
    }

    [Fact]
    public void Only_cross_attention_leaves_self_attention_out()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { CrossAttend = true, OnlyCross = true, CrossAttnDimContext = 20 });
        Assert.Equal([8 * 2, 20], State(net, "attn_layers.layers.0.1.to_k.weight").shape);
        var context = randn(3, 4, 20);
        var whole = net.forward(SmallModels.Ids(), new TransformerInputs { Context = context });
        // Without self-attention, a position does not depend on the others.
        var last = net.forward(SmallModels.Ids(), new TransformerInputs { Context = context }).select(1, 5);
        var changed = SmallModels.Ids().clone();
        changed[.., 2] = 1;
        Close.Assert("position 5", last, net.forward(changed, new TransformerInputs { Context = context }).select(1, 5), 1e-6);
        Assert.Equal([3, 12, 17], whole.shape);
    }

    [Fact]
    public void An_orthogonal_residual_adds_what_is_orthogonal_to_the_stream()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { OrthogResidual = true, ScaleResidual = false });
        var hiddens = net.Trace(SmallModels.Ids()).LayerHiddens;
        for (var layer = 0; layer + 1 < hiddens.Count; layer++)
        {
            var (before, added) = (hiddens[layer].flatten(1), (hiddens[layer + 1] - hiddens[layer]).flatten(1));
            Assert.True(added.norm().item<float>() > 0.1);
            Assert.True(((before * added).sum(-1) / (before.norm(1) * added.norm(1))).abs().max().item<float>() < 1e-4);
        }
    }

    [Fact]
    public void Reinjected_input_is_added_to_what_every_layer_reads()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { ReinjectInput = true, LearnedReinjectInputGate = true, Depth = 1, UseSimpleRmsnorm = true });
        using var without = SmallModels.Decoder(o => o with { Depth = 1, UseSimpleRmsnorm = true });
        without.LoadStateDict(net.state_dict().Where(s => !s.Key.Contains("reinject", StringComparison.Ordinal)).ToDictionary(s => s.Key, s => s.Value));
        var ids = SmallModels.Ids();
        var embedded = net.Trace(ids).LayerHiddens[0];
        var injected = matmul(embedded, State(net, "attn_layers.reinject_input_proj.weight").t()) *
                       matmul(embedded, State(net, "attn_layers.learned_reinject_input_gate.weight").t()).sigmoid();
        // The first block reads the normalised sum; the second layer's input shows what it made of it.
        var read = nn.functional.normalize(embedded + injected, dim: -1) * Math.Sqrt(32);
        var attention = FirstAttention(without).forward(read);
        Close.Assert("second layer's input", embedded + attention, net.Trace(ids).LayerHiddens[1], 2e-5);
    }

    [Fact]
    public void Zeroed_branches_leave_the_embeddings_alone()
    {
        using var scope = NewDisposeScope();
        using var stack = new Decoder(SmallModels.Layers with { ZeroInitBranchOutput = true, PreNormHasFinalNorm = false });
        var x = randn(2, 5, 32);
        Close.Assert("output", x, stack.forward(x), 1e-6);
    }

    [Fact]
    public void Sigsoftmax_adds_the_log_of_the_sigmoid()
    {
        using var scope = NewDisposeScope();
        using var plain = SmallModels.Decoder();
        using var net = SmallModels.Decoder(wrapper: o => o with { SigsoftmaxLogits = true });
        net.LoadStateDict(plain.state_dict());
        var logits = plain.forward(SmallModels.Ids());
        Close.Assert("logits", logits + logits.sigmoid().log(), net.forward(SmallModels.Ids()), 1e-5);
    }

    [Theory]
    [InlineData("hard")]
    [InlineData("swiglu gates")]
    [InlineData("key norm")]
    [InlineData("softclamped gate")]
    public void A_variant_of_a_block_follows_its_formula(string variant)
    {
        using var scope = NewDisposeScope();
        var x = randn(2, 6, 32);
        var options = new AttentionOptions { Dim = 32, Heads = 2, DimHead = 8, Causal = true };
        if (variant == "softclamped gate")
        {
            using var feedForward = new FeedForward(new() { Dim = 32, Glu = true, Mult = 1, SoftclampValue = 0.7, GluGateSoftclampValue = 0.3 });
            var halves = nn.functional.linear(x, State(feedForward, "ff.0.proj.weight"), State(feedForward, "ff.0.proj.bias")).chunk(2, -1);
            var hidden = (halves[0] / 0.7).tanh() * 0.7 * nn.functional.gelu((halves[1] / 0.3).tanh() * 0.3);
            Close.Assert(variant, nn.functional.linear(hidden, State(feedForward, "ff.2.weight"), State(feedForward, "ff.2.bias")), feedForward.forward(x), 1e-5);
            return;
        }
        using var attention = new Attention(variant switch
        {
            "hard" => options with { Hard = true },
            "swiglu gates" => options with { GateValues = true, SwigluValues = true },
            _ => options with { KRmsnorm = true },
        });
        SmallModels.Randomise(attention, 3);
        Tensor Heads(string name) => matmul(x, State(attention, name).t()).view(2, 6, 2, 8).transpose(1, 2);
        var (q, k, v) = (Heads("to_q.weight"), Heads("to_k.weight"), Heads("to_v.weight"));
        if (variant == "key norm") k = nn.functional.normalize(k, dim: -1) * Math.Sqrt(8) * (State(attention, "k_rmsnorm.gamma") + 1);
        var logits = matmul(q, k.transpose(-2, -1)) / Math.Sqrt(8);
        logits = logits.masked_fill(ones(6, 6, dtype: ScalarType.Bool).triu(1), double.NegativeInfinity);
        var weights = variant == "hard" ? nn.functional.one_hot(logits.argmax(-1), 6).to(ScalarType.Float32) : logits.softmax(-1);
        var mixed = matmul(weights, v).transpose(1, 2).reshape(2, 6, 16);
        if (variant == "swiglu gates") mixed = mixed * nn.functional.silu(matmul(x, State(attention, "to_v_gate.weight").t()));
        Close.Assert(variant, matmul(mixed, State(attention, "to_out.weight").t()), attention.forward(x), 1e-5);
    }

    [Fact]
    public void Hard_attention_learns_as_softmax_attention_would_from_the_same_weights()
    {
        using var scope = NewDisposeScope();
        using var attention = new Attention(new() { Dim = 32, Heads = 2, DimHead = 8, Hard = true });
        attention.forward(randn(2, 6, 32)).sum().backward();
        Assert.True(State(attention, "to_q.weight").grad!.abs().max().item<float>() > 0);
    }

    [Fact]
    public void Only_the_last_heads_are_rotated_where_asked()
    {
        using var scope = NewDisposeScope();
        using var rotated = SmallModels.Decoder(o => o with { RotaryPosEmb = true, RotateNumHeads = 1, Depth = 1 });
        using var all = SmallModels.Decoder(o => o with { RotaryPosEmb = true, Depth = 1 });
        using var none = SmallModels.Decoder(o => o with { DisableAbsPosEmb = true, Depth = 1 });
        all.LoadStateDict(rotated.state_dict());
        none.LoadStateDict(rotated.state_dict().Where(s => !s.Key.Contains("rotary", StringComparison.Ordinal)).ToDictionary(s => s.Key, s => s.Value));
        var ids = SmallModels.Ids();
        var maps = rotated.Trace(ids).AttentionMaps[0];
        Close.Assert("first head", none.Trace(ids).AttentionMaps[0].select(1, 0), maps.select(1, 0), 1e-6);
        Close.Assert("last head", all.Trace(ids).AttentionMaps[0].select(1, 1), maps.select(1, 1), 1e-6);
    }

    [Fact]
    public void Three_views_of_two_streams_learn_and_stay_causal()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { NumResidualStreams = 2, QkvReceiveDiffResiduals = true });
        Assert.Equal([2, 5], State(net, "attn_layers.layers.0.2.static_alpha").shape);
        AssertCausal(net);
    }

    [Theory]
    [InlineData(true, false, 1)]
    [InlineData(false, true, 3)]
    public void A_dynamic_bias_is_its_network_of_the_distance(bool logDistance, bool norm, int depth)
    {
        using var scope = NewDisposeScope();
        using var bias = new DynamicPositionBias(8, heads: 2, depth, logDistance, norm);
        SmallModels.Randomise(bias, 2);
        var whole = bias.forward(5, 5, zeros(1)); // [heads, queries, keys]
        Assert.Equal([2, 5, 5], whole.shape);
        for (var distance = -4; distance <= 4; distance++)
        {
            var diagonal = whole.diagonal(-distance, 1, 2);
            Close.Assert($"distance {distance}", diagonal.narrow(-1, 0, 1).expand_as(diagonal), diagonal, 1e-6);
        }
        Close.Assert("the last query alone", whole.narrow(1, 4, 1), bias.forward(1, 5, zeros(1)), 1e-6);
        if (depth > 1) return;
        var state = bias.state_dict();
        var input = tensor(new[] { 3f }).log1p(); // query 4 looks at key 1
        var hidden = nn.functional.silu(state["mlp.0.0.weight"].flatten() * input + state["mlp.0.0.bias"]);
        Close.Assert("formula", matmul(state["mlp.1.weight"], hidden) + state["mlp.1.bias"], whole[.., 4, 1], 1e-6);
    }

    [Fact]
    public void Layers_may_be_mixed_by_a_relu()
    {
        using var scope = NewDisposeScope();
        using var lime = new DynamicLime(8, layers: 2, views: 1, softmax: false);
        SmallModels.Randomise(lime, 4);
        Tensor[] hiddens = [randn(2, 3, 8), randn(2, 3, 8)];
        var state = lime.state_dict();
        var normed = nn.functional.normalize(hiddens[1], dim: -1) * Math.Sqrt(8) * state["to_weights.0.g"];
        var weights = nn.functional.linear(normed, state["to_weights.1.weight"], state["to_weights.1.bias"]).relu();
        Close.Assert("mixture", hiddens[0] * weights.narrow(-1, 0, 1) + hiddens[1] * weights.narrow(-1, 1, 1), lime.forward(hiddens[1], hiddens), 1e-5);
    }

    [Fact]
    public void Polar_phases_may_start_uniformly_below_zero()
    {
        using var scope = NewDisposeScope();
        using var net = new Decoder(SmallModels.Layers with { PolarPosEmb = true, PolarBiasUniformInit = true });
        var bias = net.state_dict()["polar_pos_emb.learned_bias"];
        Assert.True(bias.max().item<float>() <= 0 && bias.min().item<float>() >= -2 * MathF.PI && bias.std().item<float>() > 0.5);
    }

    [Fact]
    public void Forgetting_looks_both_ways_in_an_encoder()
    {
        using var scope = NewDisposeScope();
        using var alibi = new DataDependentAlibi(32, heads: 2, causal: false);
        SmallModels.Randomise(alibi, 5);
        var x = randn(1, 4, 32);
        var bias = alibi.forward(x);
        var gates = nn.functional.logsigmoid(nn.functional.linear(x, alibi.state_dict()["to_forget_gates.0.weight"], alibi.state_dict()["to_forget_gates.0.bias"]));
        // From query 3 back to key 1: the gates of tokens 2 and 3; from query 0 ahead to key 2: the other gates of 1 and 2.
        Close.Assert("back", gates[0, 2, 1] + gates[0, 3, 1], bias[0, 1, 3, 1], 1e-5);
        Close.Assert("ahead", gates[0, 1, 2] + gates[0, 2, 2], bias[0, 0, 0, 2], 1e-5);
    }

    [Fact]
    public void Several_class_tokens_come_back_each_with_its_logits()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Encoder(wrapper: o => o with { UseClsToken = true, NumClsTokens = 2 });
        var ids = SmallModels.Ids();
        Assert.Equal([3, 2, 17], net.forward(ids).shape);
        var mask = arange(12) < tensor(new[] { 12L, 7, 3 }).unsqueeze(-1);
        var alone = net.forward(ids.narrow(0, 2, 1).narrow(1, 0, 3));
        Close.Assert("masked pads do not matter", alone[0], net.forward(ids, new TransformerInputs { Mask = mask })[2], 2e-5);
    }

    [Fact]
    public void Interspersed_memories_go_together_with_a_mask()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(wrapper: o => o with { NumMemoryTokens = 2, MemoryTokensInterspersedEvery = 4, UseAbsPosEmb = false });
        var ids = SmallModels.Ids();
        var all = ones(3, 12, dtype: ScalarType.Bool);
        Close.Assert("a mask of ones", net.forward(ids), net.forward(ids, new TransformerInputs { Mask = all }), 1e-5);
        var mask = arange(12) < tensor(new[] { 12L, 7, 3 }).unsqueeze(-1);
        var changed = ids.masked_fill(~mask, 1);
        var (a, b) = (net.forward(ids, new TransformerInputs { Mask = mask }), net.forward(changed, new TransformerInputs { Mask = mask }));
        Close.Assert("what pads hold does not matter", a.masked_select(mask.unsqueeze(-1)), b.masked_select(mask.unsqueeze(-1)), 1e-6);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("alibi")]
    [InlineData("groups, memory keys")]
    [InlineData("l2 distance")]
    public void Flash_attention_gives_the_same_as_the_plain_one(string variant)
    {
        using var scope = NewDisposeScope();
        AttentionLayersOptions Options(AttentionLayersOptions o) => variant switch
        {
            "alibi" => o with { AlibiPosBias = true },
            "groups, memory keys" => o with { AttnOneKvHead = true, AttnNumMemKv = 2, AttnAddZeroKv = true },
            "l2 distance" => o with { AttnL2Distance = true },
            _ => o,
        };
        using var plain = SmallModels.Decoder(Options);
        using var flash = SmallModels.Decoder(o => Options(o) with { AttnFlash = true });
        flash.LoadStateDict(plain.state_dict());
        var mask = arange(12) < tensor(new[] { 12L, 7, 3 }).unsqueeze(-1);
        foreach (var inputs in new[] { new TransformerInputs(), new TransformerInputs { Mask = mask }, new TransformerInputs { AttnMask = ones(12, 12, dtype: ScalarType.Bool).triu(-3) } })
            Close.Assert("logits", plain.Trace(SmallModels.Ids(), inputs).Logits!, flash.forward(SmallModels.Ids(), inputs), 2e-5);
        Assert.Empty(flash.Trace(SmallModels.Ids()).AttentionMaps);
    }

    [Fact]
    public void In_double_precision_the_logits_agree_with_single_precision()
    {
        using var scope = NewDisposeScope();
        using var single = SmallModels.Decoder(o => o with { RotaryPosEmb = true, AttnNumMemKv = 2 });
        using var twofold = SmallModels.Decoder(o => o with { RotaryPosEmb = true, AttnNumMemKv = 2 });
        twofold.LoadStateDict(single.state_dict());
        twofold.to(ScalarType.Float64);
        var logits = twofold.forward(SmallModels.Ids());
        Assert.Equal(ScalarType.Float64, logits.dtype);
        Close.Assert("logits", logits, single.forward(SmallModels.Ids()), 1e-5);
    }

    [Fact]
    public void Half_precision_stays_half_precision()
    {
        using var scope = NewDisposeScope();
        foreach (var flash in new[] { false, true })
        {
            using var net = SmallModels.Decoder(o => o with { RotaryPosEmb = true, AttnFlash = flash });
            var expected = net.forward(SmallModels.Ids());
            net.to(ScalarType.BFloat16);
            var logits = net.forward(SmallModels.Ids());
            Assert.Equal(ScalarType.BFloat16, logits.dtype);
            Close.Assert("logits", expected, logits, 0.15);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void In_bfloat16_a_model_learns_and_generates(bool flash)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { RotaryPosEmb = true, AttnFlash = flash });
        net.to(ScalarType.BFloat16);
        net.train();
        var wrapper = new AutoregressiveWrapper(net);
        var optimizer = optim.Adam(net.parameters(), 1e-2);
        var losses = Enumerable.Range(0, 12).Select(_ =>
        {
            using var step = NewDisposeScope();
            var loss = wrapper.forward(SmallModels.Ids());
            optimizer.zero_grad();
            loss.backward();
            Assert.All(net.parameters(), p => Assert.Equal(ScalarType.BFloat16, p.grad!.dtype));
            optimizer.step();
            return loss.to(ScalarType.Float32).item<float>();
        }).ToArray();
        Assert.True(losses[^1] < 0.8 * losses[0], $"the loss went from {losses[0]} to {losses[^1]}");
        var tokens = wrapper.Generate(SmallModels.Ids(2, 3), 6, new() { Temperature = 0 });
        Assert.Equal([2, 6], tokens.shape);
    }

    [Fact]
    public void Nothing_goes_to_the_CPU_but_what_is_read_there()
    {
        var sources = Path.Combine(Options.StoredOptions.Beside("../../.."), "src", "XtNotebooks.Transformers");
        var moves = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories).SelectMany(f => File.ReadLines(f).Select(l => (File: Path.GetFileName(f), Line: l.Trim())))
            .Where(l => l.Line.Contains(".cpu()", StringComparison.Ordinal) || l.Line.Contains(".to(CPU", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(moves);
        Assert.All(moves, m => Assert.True(m.Line.Contains(".data<", StringComparison.Ordinal) || m.Line.Contains("WriteBytesToStream", StringComparison.Ordinal), $"{m.File}: {m.Line}"));
    }

    [Fact]
    public void A_model_outlives_the_scope_it_was_built_in()
    {
        TransformerWrapper net;
        using (NewDisposeScope())
            net = new TransformerWrapper(new()
            {
                NumTokens = SmallModels.NumTokens, MaxSeqLen = 16,
                AttnLayers = new Decoder(SmallModels.Layers with { RelPosBias = true, GateResidual = true, AttnPreTalkingHeads = true, FfGlu = true, DisableAbsPosEmb = false }),
            });
        using var scope = NewDisposeScope();
        net.to(TestDevice.Current);
        net.forward(SmallModels.Ids()).sum().backward();
        Assert.All(net.parameters(), p => Assert.False(p.IsInvalid));
        Assert.All(net.state_dict().Values, w => Assert.Equal(w.numel(), w.cpu().flatten().data<float>().ToArray().Length));
        net.Dispose();
    }

    [Fact]
    public void Training_leaves_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(o => o with { RotaryPosEmb = true, AddValueResidual = true, ResidualAttn = true, ShiftTokens = 1 });
        var wrapper = new AutoregressiveWrapper(net, 0);
        var ids = SmallModels.Ids();
        var prompts = SmallModels.Ids(3, 3);
        void Step()
        {
            wrapper.forward(ids).Dispose();
            wrapper.Generate(prompts, 4, new GenerateOptions { Temperature = 0 }).Dispose();
            using var found = NewDisposeScope(); // the beams belong to it
            wrapper.BeamSearch(prompts, 3);
        }
        Step();
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (var i = 0; i < 5; i++) Step();
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    private static Attention FirstAttention(TransformerWrapper net) => net.AttnLayers.modules().OfType<Attention>().First();

    private static void AssertCausal(TransformerWrapper net)
    {
        var ids = SmallModels.Ids();
        var changed = ids.clone();
        changed[.., 8] = 1;
        Close.Assert("earlier positions", net.forward(ids).narrow(1, 0, 8), net.forward(changed).narrow(1, 0, 8), 1e-5);
        net.forward(ids).sum().backward();
        Assert.All(net.named_parameters(), p => Assert.True(p.parameter.grad is not null, $"{p.name} learns nothing."));
    }
}
