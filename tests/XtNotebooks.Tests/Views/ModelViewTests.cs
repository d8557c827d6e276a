using TorchSharp;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <remarks>One test reads the state of the default generator, which nothing else may draw from meanwhile.</remarks>
[Collection(Diagnostics.DefaultGenerator.Name)]
public sealed class ModelViewTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static TransformerWrapper Net() => new(new()
    {
        NumTokens = 32, MaxSeqLen = 64, AttnLayers = new Decoder(new() { Dim = 32, Depth = 3, Heads = 4, RotaryPosEmb = true }),
    });

    [Fact]
    public void Every_parameter_is_counted_once()
    {
        var net = Net();
        var view = ModelView.From(net);
        Assert.Equal(net.parameters().Sum(p => p.numel()), view.Root.Parameters);
        Assert.Equal(view.Root.Parameters, view.Root.Trainable);
    }

    [Fact]
    public void A_linear_map_costs_two_operations_a_weight_and_an_embedding_none()
    {
        Assert.Equal(2 * 8 * 4, ModelView.From(nn.Linear(8, 4)).Root.FlopsPerToken);
        Assert.Equal(0, ModelView.From(nn.Embedding(100, 8)).Root.FlopsPerToken);
    }

    [Fact]
    public void Layers_that_loop_cost_each_of_their_rounds_and_the_sentence_says_what_is_apart()
    {
        TransformerWrapper Net(bool looped, bool recycling = false) => new(new()
        {
            NumTokens = 16, MaxSeqLen = 8, Looped = looped, MaxLoopedSteps = looped ? 3 : 4, Recycling = recycling,
            AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2, PreAndPostNorm = looped }),
        });
        using var plain = Net(false);
        using var loops = Net(true);
        using var recycles = Net(false, true);
        ModelNode Part(ModelView view, string name) => view.Root.Children.Single(c => c.Name == name);
        var (once, thrice) = (ModelView.From(plain), ModelView.From(loops));
        var rounds = Part(thrice, "attn_layers").FlopsPerToken + Part(thrice, "exit_gate").FlopsPerToken;
        Assert.Equal(2 * rounds, thrice.Root.FlopsPerToken - thrice.Root.Children.Sum(c => c.FlopsPerToken));
        Assert.Contains("FLOPs a token forward in matrix products, 4,096 of them attention between 8 positions.", once.Sentence);
        Assert.Contains("in matrix products, the layers 3 times, 12.3 k of them attention between 8 positions.", thrice.Sentence);
        Assert.Contains("the layers once, which recycling runs again", ModelView.From(recycles).Sentence);
    }

    [Fact]
    public void Frozen_parameters_are_told()
    {
        var linear = nn.Linear(8, 4);
        foreach (var parameter in linear.parameters())
            parameter.requires_grad = false;
        var view = ModelView.From(linear);
        Assert.Equal((36, 0), (view.Root.Parameters, view.Root.Trainable));
        Assert.Contains("0 of them trainable", view.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_are_not_the_default_are_named_with_their_path()
    {
        var names = ModelView.From(Net()).Options.Select(o => o.Name).ToList();
        Assert.Contains("NumTokens", names);
        Assert.Contains("AttnLayers.RotaryPosEmb", names);
        Assert.DoesNotContain("AttnLayers.PreNorm", names);
    }

    [Fact]
    public void Equal_neighbours_are_told_once_with_their_number()
    {
        var stack = nn.Sequential(("a", (nn.Module<Tensor, Tensor>)nn.Sequential(("l", nn.Linear(4, 4)))), ("b", nn.Sequential(("l", nn.Linear(4, 4)))), ("c", nn.Linear(4, 2)));
        var view = ModelView.From(stack);
        Assert.Equal([2, 1], view.Root.Children.Select(c => c.Count));
        Assert.Equal(20 + 20 + 10, view.Root.Parameters);
        Assert.Contains("× 2 alike", view.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_is_safe_and_small_and_the_text_names_every_part()
    {
        var view = ModelView.From(Net()) with { Title = SafeHtml.Attack };
        SafeHtml.Check(view.ToHtml());
        Assert.Contains("token_emb", view.ToText(), StringComparison.Ordinal);
        Assert.Contains("to_logits", SafeHtml.WithoutScripts(view.ToHtml()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_convolution_costs_its_kernel_at_every_position_and_memory_tokens_cost_nothing()
    {
        Assert.Equal(2 * 4 * 8 * 3, ModelView.From(nn.Conv1d(8, 4, 3)).Root.FlopsPerToken);
        static TransformerWrapper Net(int memories) => new(new()
        {
            NumTokens = 32, MaxSeqLen = 8, NumMemoryTokens = memories, AttnLayers = new Decoder(new() { Dim = 32, Depth = 1, Heads = 2 }),
        });
        Assert.Equal(ModelView.From(Net(0)).Root.FlopsPerToken, ModelView.From(Net(20)).Root.FlopsPerToken);
    }

    private static ModelNode At(ModelView view, string path) => path.Split('.').Aggregate(view.Root, (node, name) => node.Children.First(c => c.Name == name));

    [Fact]
    public void Our_models_tell_the_shapes_of_all_layers_by_name()
    {
        var view = ModelView.From(Net());
        Assert.Equal("ids [batch, seq]", view.Example);
        Assert.Equal("[batch, seq, 32]", view.Root.Output);
        Assert.Equal("[batch, seq, 32]", At(view, "attn_layers").Output);
        Assert.Equal("[batch, seq, 256]", At(view, "attn_layers.layers.0.1.to_q").Output);
        Assert.Equal("[batch, seq, 32]", At(view, "attn_layers.layers.0.1").Output);
        Assert.Equal("[batch, seq, 128]", At(view, "attn_layers.layers.1.1.ff.0").Output);
        Assert.Contains("attn_layers Decoder → [batch, seq, 32]", view.ToText(), StringComparison.Ordinal);
        Assert.Contains("→ [batch, seq, 32]", SafeHtml.WithoutScripts(view.ToHtml()), StringComparison.Ordinal);
        Assert.Equal("[batch, seq, 32]", ModelView.From(new AutoregressiveWrapper(Net())).Root.Children[0].Output);
    }

    [Fact]
    public void Memory_tokens_lengthen_what_the_layers_see()
    {
        var view = ModelView.From(new TransformerWrapper(new() { NumTokens = 9, MaxSeqLen = 2, NumMemoryTokens = 3, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2 }) }));
        Assert.Equal("[batch, seq + 3, 16]", At(view, "attn_layers").Output);
        Assert.Equal("[batch, seq, 9]", view.Root.Output);
    }

    [Fact]
    public void Anybodys_model_tells_them_for_an_example()
    {
        var stack = nn.Sequential(("conv", nn.Conv1d(3, 8, 3, padding: 1)), ("act", nn.ReLU()), ("pool", nn.MaxPool1d(2)), ("flat", nn.Flatten()), ("out", nn.Linear(40, 5)));
        stack.train();
        Assert.Null(ModelView.From(stack).Root.Output);
        var view = ModelView.From(stack, example: randn(4, 3, 10));
        Assert.Equal(["[4, 8, 10]", "[4, 8, 10]", "[4, 8, 5]", "[4, 40]", "[4, 5]"], view.Root.Children.Select(c => c.Output));
        Assert.Equal(("[4, 5]", "([4, 3, 10])"), (view.Root.Output, view.Example));
        Assert.True(stack.training);
        // Several inputs or outputs, too.
        Assert.Equal("[4, 5]", ModelView.From(nn.Bilinear(2, 3, 5), example: (zeros(4, 2), zeros(4, 3))).Root.Output);
        Assert.Equal("[7, 4, 6], [1, 4, 6], [1, 4, 6]", ModelView.From(nn.LSTM(3, 6), example: zeros(7, 4, 3)).Root.Output);
        // A second look finds no listener left behind.
        Assert.Equal(view.Root.Output, ModelView.From(stack, example: randn(4, 3, 10)).Root.Output);
    }

    [Fact]
    public void A_model_that_needs_more_than_ids_is_shown_without_shapes()
    {
        var view = ModelView.From(new TransformerWrapper(new() { NumTokens = 9, MaxSeqLen = 8, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2, UseAdaptiveLayernorm = true, DimCondition = 4 }) }));
        Assert.Equal((null, null), (view.Example, view.Root.Output));
        Assert.DoesNotContain("→", view.ToText(), StringComparison.Ordinal);
        var error = Assert.Throws<ArgumentException>(() => ModelView.From(nn.Linear(3, 2), example: (zeros(1, 3), zeros(1, 3))));
        Assert.Equal("Linear does not take 2 tensors; give the example that its forward takes.", error.Message);
    }

    [Fact]
    public void A_model_that_reads_another_sequence_tells_them_too()
    {
        var view = ModelView.From(new TransformerWrapper(new() { NumTokens = 9, MaxSeqLen = 8, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2, CrossAttend = true, CrossAttnDimContext = 24 }) }));
        Assert.Equal(("ids [batch, seq] and a context [batch, seq, 24]", "[batch, seq, 9]"), (view.Example, view.Root.Output));
        Assert.Equal("[batch, seq, 128]", At(view, "attn_layers.layers.1.1.to_k").Output);
        var both = ModelView.From(new XTransformer(new()
        {
            Dim = 16, Enc = new() { NumTokens = 9, MaxSeqLen = 12, Layers = new() { Depth = 1, Heads = 2 } }, Dec = new() { NumTokens = 7, MaxSeqLen = 8, Layers = new() { Depth = 1, Heads = 2 } },
        }));
        Assert.Equal(("source and target ids [batch, seq]", "[]"), (both.Example, both.Root.Output));
        Assert.Equal("[batch, seq, 16]", At(both, "encoder.attn_layers").Output);
        Assert.Equal("[batch, seq, 7]", At(both, "decoder.net.to_logits").Output);
    }

    [Fact]
    public void Looking_at_a_model_draws_no_random_number()
    {
        var net = new TransformerWrapper(new() { NumTokens = 9, MaxSeqLen = 8, EmbDropout = 0.5, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2, LayerDropout = 0.5 }) });
        net.train();
        using var before = get_rng_state();
        _ = ModelView.From(net);
        using var after = get_rng_state();
        Assert.True(net.training && before.equal(after).all().item<bool>());
    }
}
