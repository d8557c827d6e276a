using TorchSharp;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

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
}
