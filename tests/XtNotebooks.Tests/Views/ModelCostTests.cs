using TorchSharp;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <summary>What attention between positions costs, beside the products with weights.</summary>
public sealed class ModelCostTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private const int Dim = 32, Heads = 4, DimHead = 64, Length = 64;

    private static TransformerWrapper Net(AttentionLayersOptions? layers = null, Func<TransformerWrapperOptions, TransformerWrapperOptions>? with = null, bool encoder = false)
    {
        var stack = (layers ?? new()) with { Dim = Dim, Heads = Heads, Depth = layers is { Depth: > 0 } ? layers.Depth : 3 };
        var options = new TransformerWrapperOptions { NumTokens = 32, MaxSeqLen = Length, AttnLayers = encoder ? new Encoder(stack) : new Decoder(stack) };
        return new(with?.Invoke(options) ?? options);
    }

    private static long Attention(TransformerWrapper net, long? length = null) => ModelView.From(net, length: length).Root.AttentionFlopsPerToken;

    [Fact]
    public void It_is_two_products_over_all_pairs_of_positions_in_every_head_and_layer()
    {
        var view = ModelView.From(Net());
        // By hand, of one layer and one token: 64 keys, each with 64 multiplications and 64 additions, for scores and once more for values, in 4 heads.
        const long layer = 64 * (64 + 64) * 2 * 4;
        Assert.Equal((3 * layer, Length), (view.Root.AttentionFlopsPerToken, view.Length));
        // Appendix B of PaLM (arXiv:2204.02311): 12 · L · H · Q · T for a token forward and backward, of which a third is forward.
        Assert.Equal(12L * 3 * Heads * DimHead * Length / 3, view.Root.AttentionFlopsPerToken);
        Assert.Equal(layer, view.Root.Children.Single(c => c.Name == "attn_layers").Children.Single(c => c.Name == "layers").Children[0].AttentionFlopsPerToken);
        Assert.EndsWith("about 444.4 k FLOPs a token forward in matrix products, 196.6 k of them attention between 64 positions.", view.Sentence);
        Assert.Contains("for all pairs of positions, also those that a mask hides, with flash or without", SafeHtml.WithoutScripts(view.ToHtml()));
        Assert.Contains("for all pairs of positions", view.ToText());
    }

    [Fact]
    public void A_whole_forward_pass_is_what_torchs_own_counter_finds_in_the_Python_original()
    {
        // FlopCounterMode around TransformerWrapper(num_tokens = 32, max_seq_len = 64, attn_layers = Decoder(dim = 32, depth = 3, heads = 4)) and 64 ids.
        var root = ModelView.From(Net()).Root;
        Assert.Equal(28_442_624, Length * (root.FlopsPerToken + root.AttentionFlopsPerToken));
    }

    [Fact]
    public void Flash_causality_and_fewer_key_heads_change_nothing_of_it_and_wider_values_do()
    {
        var plain = Attention(Net());
        Assert.Equal(plain, Attention(Net(new() { AttnFlash = true })));
        Assert.Equal(plain, Attention(Net(encoder: true)));
        Assert.Equal(plain, Attention(Net(new() { AttnKvHeads = 2 })));
        Assert.Equal(plain, Attention(Net(new() { AttnOneKvHead = true })));
        Assert.Equal(plain * (64 + 32) / 128, Attention(Net(new() { AttnValueDimHead = 32 })));
        Assert.Equal(2 * 2 * 5 * (7 + 3 + 1) * (4 + 6), new Attention(new() { Dim = 8, Heads = 2, DimHead = 4, ValueDimHead = 6, NumMemKv = 3, AddZeroKv = true }).ProductFlops(5, 7));
    }

    [Fact]
    public void It_grows_with_the_length_that_is_given_or_the_examples()
    {
        Assert.Equal(Attention(Net()) / 4, Attention(Net(), length: 16));
        var view = ModelView.From(Net(), example: zeros(2, 10, dtype: int64));
        Assert.Equal((10, 3 * 2 * Heads * 10 * 2 * DimHead), (view.Length, view.Root.AttentionFlopsPerToken));
        Assert.Equal(view.Root.FlopsPerToken, ModelView.From(Net()).Root.FlopsPerToken);
        Assert.Equal(32, ModelView.From(Net(), example: zeros(2, 10, dtype: int64), length: 32).Length);
        var endless = Net(new() { RotaryPosEmb = true }, options => options with { MaxSeqLen = 0 });
        var apart = ModelView.From(endless);
        Assert.Equal((0, null), (apart.Root.AttentionFlopsPerToken, apart.Length));
        Assert.EndsWith("in matrix products, attention between positions apart, as no length is known.", apart.Sentence);
        Assert.Equal(Attention(Net()) * 16, Attention(endless, length: Length * 16));
    }

    [Fact]
    public void Memory_and_class_tokens_are_positions_and_pooling_looks_at_the_sequence()
    {
        const long perPair = 2 * Heads * 2 * DimHead;
        Assert.Equal(3 * perPair * 84 * 84 / Length, Attention(Net(with: options => options with { NumMemoryTokens = 20 })));
        Assert.Equal(3 * perPair * 66 * 66 / Length, Attention(Net(with: options => options with { UseClsToken = true, NumClsTokens = 2 }, encoder: true)));
        Assert.Equal(3 * perPair * Length + 5 * perPair, Attention(Net(with: options => options with { AttnPool = true, NumPooledTokens = 5 }, encoder: true)));
    }

    [Fact]
    public void Layers_that_run_more_than_once_cost_each_time()
    {
        var (plain, tied) = (ModelView.From(Net()), ModelView.From(Net(new() { WeightTieLayers = true })));
        Assert.Equal((plain.Root.AttentionFlopsPerToken, plain.Root.FlopsPerToken), (tied.Root.AttentionFlopsPerToken, tied.Root.FlopsPerToken));
        Assert.True(tied.Root.Parameters < plain.Root.Parameters);
        Assert.Contains("in matrix products, 2 layers in 6 runs, ", tied.Sentence);
        var once = Attention(Net(new() { Depth = 1 }));
        Assert.Equal(3 * once, Attention(Net(new() { Depth = 1, PreAndPostNorm = true }, options => options with { Looped = true, MaxLoopedSteps = 3 })));
        Assert.Equal(2 * once, Attention(Net(new() { Depth = 1, LayersExecuteOrder = [0, 1, 0, 1] })));
        // Each of the two layers looks at the layers so far, from every position by itself.
        Assert.Equal(once + (1 + 2) * 2 * Heads * 2 * DimHead, Attention(Net(new() { Depth = 1, AttnAggregatedResiduals = true })));
    }

    [Fact]
    public void Cross_attention_reads_the_source()
    {
        using var both = new XTransformer(new()
        {
            Dim = Dim,
            Enc = new() { NumTokens = 9, MaxSeqLen = 32, Layers = new() { Depth = 2, Heads = Heads } },
            Dec = new() { NumTokens = 9, MaxSeqLen = 16, Layers = new() { Depth = 1, Heads = Heads } },
        });
        const long perPair = 2 * Heads * 2 * DimHead;
        var view = ModelView.From(both);
        Assert.Equal(2 * perPair * 32 + perPair * (16 + 32), view.Root.AttentionFlopsPerToken);
        Assert.EndsWith("attention between 16 positions, 32 in the source.", view.Sentence);
        var example = ModelView.From(both, example: (zeros(1, 10, dtype: int64), zeros(1, 6, dtype: int64)));
        Assert.Equal((6, 10, 2 * perPair * 10 + perPair * (6 + 10)), (example.Length, example.ContextLength, example.Root.AttentionFlopsPerToken));
        Assert.Equal(2 * perPair * Length, Attention(Net(new() { Depth = 1, CrossAttend = true })));
    }

    [Fact]
    public void Logits_from_the_embeddings_table_are_products_too()
    {
        var own = ModelView.From(Net()).Root;
        var tied = ModelView.From(Net(with: options => options with { TieEmbedding = true })).Root;
        Assert.Equal(own.FlopsPerToken, tied.FlopsPerToken);
        Assert.True(tied.Parameters < own.Parameters);
    }

    [Fact]
    public void What_somebody_elses_modules_compute_is_said_to_be_left_out()
    {
        var own = ModelView.From(new Looks());
        Assert.Equal(["Looks"], own.Unseen);
        Assert.EndsWith("about 512 FLOPs a token forward in matrix products; what Looks may compute beside, such as attention, is left out.", own.Sentence);
        Assert.Contains("is left out", own.ToText());
        var torchs = ModelView.From(nn.Sequential(("a", nn.Linear(4, 4)), ("b", nn.ReLU())));
        Assert.Empty(torchs.Unseen);
        Assert.EndsWith("about 32 FLOPs a token forward in matrix products.", torchs.Sentence);
        Assert.Equal(["MultiheadAttention"], ModelView.From(nn.MultiheadAttention(8, 2)).Unseen);
        // What is ours within it is counted.
        var around = ModelView.From(new Around(Net()));
        Assert.Equal(Attention(Net()), around.Root.AttentionFlopsPerToken);
        Assert.EndsWith("of them attention between 64 positions; what Around may compute beside, such as attention, is left out.", around.Sentence);
    }

    [Fact]
    public void A_length_that_does_not_fit_is_refused_with_a_sentence()
    {
        Assert.Equal("The length must be 1 or more, but is 0.", Refusal(Net(), 0));
        Assert.Equal("The length is 65, but the model's absolute positions end at 64 (MaxSeqLen); give 64 or less.", Refusal(Net(), 65));
        Assert.StartsWith("The length is for attention between positions, and this model has none", Refusal(nn.Linear(2, 2), 5));

        static string Refusal(nn.Module model, long length) => Assert.Throws<ArgumentException>(() => ModelView.From(model, length: length)).Message;
    }

    private sealed class Looks : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear both = nn.Linear(8, 16), back = nn.Linear(16, 8);

        public Looks() : base(nameof(Looks)) => RegisterComponents();

        public override Tensor forward(Tensor x) => back.call(both.call(x));
    }

    private sealed class Around : nn.Module<Tensor, Tensor>
    {
        private readonly TransformerWrapper net;

        public Around(TransformerWrapper net) : base(nameof(Around))
        {
            this.net = net;
            RegisterComponents();
        }

        public override Tensor forward(Tensor ids) => net.call(ids);
    }
}
