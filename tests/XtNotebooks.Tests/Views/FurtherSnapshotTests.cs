using System.Text.RegularExpressions;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <summary>Views whose own tests look at single facts: the whole page and the whole text are what was looked at and accepted.</summary>
[Collection(Diagnostics.DefaultGenerator.Name)]
public sealed partial class FurtherSnapshotTests
{
    [Theory]
    [InlineData("model")]
    [InlineData("tensors")]
    [InlineData("training-panel")]
    [InlineData("generated")]
    [InlineData("generating")]
    [InlineData("logits-compared")]
    [InlineData("kv-mask")]
    [InlineData("context-mask")]
    [InlineData("tensor-matrix")]
    [InlineData("tensor-kinds")]
    public void A_sample_looks_as_expected(string name)
    {
        var view = Samples.All.Single(sample => sample.Name == name).View;
        Snapshot.Matches(view.ToHtml(), name + ".html");
        Snapshot.Matches(view.ToText(), name + ".txt");
    }

    /// <summary>Weights that every machine has to the bit; how a picture is compressed is the machine's own affair.</summary>
    [Fact]
    public void Attention_maps_look_as_expected()
    {
        using var scope = NewDisposeScope();
        float Weight(int head, int q, int k) => k > q ? 0 : head == 0 ? 1f / (1 << (k == 0 ? q : q - k + 1)) : q == 0 ? 1 : k == q - 1 ? 0.75f : k == q ? 0.25f : 0;
        var map = tensor(Enumerable.Range(0, 2 * 4 * 4).Select(i => Weight(i / 16, i / 4 % 4, i % 4)).ToArray(), [1, 2, 4, 4]);
        var view = AttentionView.From([map, map.flip(1)], tokens: ["the", " ", "<b>", "_"], real: [true, true, true, false]) with { Title = "step 100" };
        Snapshot.Matches(Id().Replace(Picture().Replace(view.ToHtml(), "base64,"), "xt-attention-id"), "attention.html");
        Snapshot.Matches(view.ToText(), "attention.txt");
    }

    [GeneratedRegex("(?<=data:image/png;)base64,[A-Za-z0-9+/=]+")]
    private static partial Regex Picture();

    [GeneratedRegex("xt-attention-[0-9a-f]{10}")]
    private static partial Regex Id();
}
