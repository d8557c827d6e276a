using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <summary>What the pictures say of masks is what the model's attention does.</summary>
public sealed class AttentionMaskTests : IDisposable
{
    private static readonly AttentionState[] Visible = [AttentionState.Seen, AttentionState.PadSeen, AttentionState.PadLooks];
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly Tensor ids = tensor(new long[] { 0, 0, 5, 6, 7, 8 }).unsqueeze(0);
    private readonly Tensor mask = tensor(new[] { false, false, true, true, true, true }).unsqueeze(0);
    private readonly Tensor kv = tensor(new[] { true, true, true, false, true, true }).unsqueeze(0);

    public void Dispose() => scope.Dispose();

    private static TransformerWrapper Net(bool cross = false) => new(new()
    {
        NumTokens = 12, MaxSeqLen = 8, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2, CrossAttend = cross }),
    });

    private static void SameAsModel(AttentionMaskView view, AttentionTrace layer)
    {
        var map = layer.PostSoftmaxAttn!;
        for (var q = 0; q < view.Cells.Count; q++)
        {
            // Where nothing is visible, the softmax spreads over what is hidden.
            if (view.Cells[q].Any(Visible.Contains))
                Assert.Equal(view.Cells[q].Select(Visible.Contains), view.Cells[q].Select((_, k) => map[0, 0, q, k].item<float>() > 0));
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Key_padding_and_kv_masks_combine_as_in_the_model(bool padding, bool kvMask)
    {
        using var net = Net();
        var trace = net.Trace(ids, new TransformerInputs { Mask = padding ? mask : null, SelfAttnKvMask = kvMask ? kv : null });
        var view = AttentionMaskView.From(ids[0], padId: 0, new() { Mask = padding ? mask[0] : null, KvMask = kvMask ? kv[0] : null });
        SameAsModel(view, trace.Attention[0]);
        Assert.Equal(padding && kvMask, view.Remarks.Any(r => r.Text.StartsWith("The kv mask takes the place of `mask:` for keys: 2 positions", StringComparison.Ordinal)));
        SafeHtml.Check(view.ToHtml());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_contexts_mask_hides_what_the_models_cross_attention_does_not_read(bool masked)
    {
        using var net = Net(cross: true);
        var context = randn(1, 4, 16);
        var hide = tensor(new[] { true, false, true, true }).unsqueeze(0);
        var trace = net.Trace(ids, new TransformerInputs { Context = context, ContextMask = masked ? hide : null });
        var view = AttentionMaskView.Cross(ids[0], padId: 0, context[0], masked ? hide[0] : null);
        SameAsModel(view, trace.Attention.Single(layer => layer.IsCross));
        Assert.StartsWith($"6 positions looking at 4 context positions{(masked ? ", with a context mask: 18" : ": 24")} of 24 pairs attend.", view.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_contexts_own_pads_are_warned_of()
    {
        var view = AttentionMaskView.Cross(tensor(new long[] { 5, 6 }), padId: 0, tensor(new long[] { 7, 8, 0 }), options: new() { Token = Samples.Letter });
        Assert.Contains(view.Remarks, r => r.Text == "Real tokens attend to pads in 2 pairs: pass `contextMask:` to hide them.");
        Assert.Equal(["g", "h", "_"], view.Keys);
        Assert.Equal(["e", "f"], view.Queries);
    }

    [Fact]
    public void A_drawn_kv_mask_hides_its_part_and_never_the_first()
    {
        var drawn = AttentionMaskOptions.DrawKvMask(20, 0.15, seed: 3);
        Assert.Equal(3, 20 - drawn.sum().item<long>());
        Assert.True(drawn[0].item<bool>());
        Assert.True(AttentionMaskOptions.DrawKvMask(20, 0.15, seed: 3).equal(drawn).all().item<bool>());
        Assert.Equal(1, AttentionMaskOptions.DrawKvMask(3, 0.99).sum().item<long>() - 0);
        Assert.Throws<ArgumentException>(() => AttentionMaskOptions.DrawKvMask(3, 1));
        Assert.Equal(0, AttentionMaskOptions.DrawKvMask(0, 0.5).numel());
    }

    [Fact]
    public async Task The_magic_shows_them_and_says_what_does_not_fit()
    {
        using var source = PaddedBatch.From([[5L, 6, 7], [8]], padId: 0);
        using var target = PaddedBatch.From([[5L, 6], [8]], padId: 0);
        Assert.Contains("hides 1 of them as keys", (await Show(("--attention", 0), ("--mask-prob", 0.5))).ToText());
        Assert.StartsWith("2 positions looking at 3 context positions", (await Show(("--ids", target), ("--attention", 0), ("--context", source))).ToText());
        Assert.Contains("with a context mask", (await Show(("--attention", 1), ("--context", source), ("--context-mask", source.Mask))).ToText());
        Assert.StartsWith("3 positions, causal, with a kv mask", (await Show(("--attention", 0), ("--kv-mask", source.Mask))).ToText());
        Assert.StartsWith("--mask-prob shows in a row as attention sees it", await Refusal(("--mask-prob", 0.5)));
        Assert.StartsWith("--context-mask belongs to a --context", await Refusal(("--attention", 0), ("--context-mask", source.Mask)));
        Assert.StartsWith("--kv-mask and --mask-prob are two ways", await Refusal(("--attention", 0), ("--kv-mask", source.Mask), ("--mask-prob", 0.5)));
        Assert.StartsWith("maskProb is 1.5; it hides", await Refusal(("--attention", 0), ("--mask-prob", 1.5)));
        Assert.StartsWith("--context names no variable \"src\"", await Refusal(("--attention", 0), ("--context", "src")));
        Assert.StartsWith("--attention 7 is no row of a batch [2, 3]", await Refusal(("--attention", 7)));
        Assert.StartsWith("The mask has 5 positions and the sequence 3", await Refusal(("--attention", 0), ("--mask", ones(2, 5, dtype: ScalarType.Bool))));
        var gone = ones(2, 3, dtype: ScalarType.Bool);
        gone.Dispose();
        Assert.StartsWith("The tensor of --mask was disposed of", await Refusal(("--attention", 0), ("--mask", gone)));

        async Task<AttentionMaskView> Show(params (string Option, object? Value)[] given)
        {
            var notebook = new RecordingNotebook();
            var magic = MaskMagic.Command;
            Assert.All(given, g => Assert.Contains(magic.Options, o => o.Name == g.Option));
            var values = magic.Options.ToDictionary(o => o.Name, o => given.FirstOrDefault(g => g.Option == o.Name).Value ?? o.Default);
            values["--ids"] ??= source;
            await magic.Run(new MagicCall(notebook, values, ""), CancellationToken.None);
            return Assert.IsType<AttentionMaskView>(notebook.Displayed[^1]);
        }

        async Task<string> Refusal(params (string Option, object? Value)[] given) =>
            (await Assert.ThrowsAsync<MagicException>(() => Show(given))).Message;
    }
}
