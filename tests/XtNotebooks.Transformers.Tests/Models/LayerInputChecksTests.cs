using XtNotebooks.Transformers.Tests.Golden;
using static XtNotebooks.Transformers.Tests.Models.Refusals;

namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>Stacks and layers that are called by themselves refuse what does not fit.</summary>
public sealed class LayerInputChecksTests
{
    [Fact]
    public void A_feed_forward_block_says_what_does_not_fit()
    {
        using var block = new FeedForward(new() { Dim = 32 });
        string Message(Tensor x) => Assert.Throws<ArgumentException>(() => block.forward(x)).Message;
        Assert.Contains("x must be [batch, seq, 32], but is [2, 3, 16]", Message(randn(2, 3, 16)));
        Assert.Contains("x is Float64, but the model is Float32", Message(randn(2, 3, 32, dtype: ScalarType.Float64)));
        Assert.Contains("x is on meta, but the model is on", Message(zeros([2, 3, 32], device: new Device(DeviceType.META))));
    }

    [Fact]
    public void A_context_of_another_batch_or_device_is_refused_by_stacks_and_layers()
    {
        using var scope = NewDisposeScope();
        using var stack = new Decoder(SmallModels.Layers with { CrossAttend = true });
        using var layer = new Attention(new() { Dim = 32, DimHead = 8, Heads = 2 });
        var x = randn(2, 3, 32);
        foreach (var forward in new Func<Tensor, Tensor?, Tensor>[] { (context, mask) => stack.forward(x, context: context, contextMask: mask), (context, mask) => layer.forward(x, context, contextMask: mask) })
        {
            string Message(Tensor context, Tensor? mask = null) => Assert.Throws<ArgumentException>(() => forward(context, mask)).Message;
            Assert.Contains("context must be [batch, keys, dim] with a batch of 2, but is [3, 4, 32]", Message(randn(3, 4, 32)));
            Assert.Contains("context is on meta", Message(zeros([2, 4, 32], device: new Device(DeviceType.META))));
            Assert.Contains("contextMask must be [2, 4], but is [2, 5]", Message(randn(2, 4, 32), ones(2, 5, dtype: ScalarType.Bool)));
            Assert.Contains("contextMask is on meta", Message(randn(2, 4, 32), ones([2, 4], dtype: ScalarType.Bool, device: new Device(DeviceType.META))));
        }
        using var three = new Attention(new() { Dim = 32, DimHead = 8, Heads = 2, QkvReceiveDiffResiduals = true });
        Assert.Contains("x must be [3, batch, seq, 32]", Assert.Throws<ArgumentException>(() => three.forward(x)).Message);
        Assert.Equal([2, 3, 32], three.forward(randn(3, 2, 3, 32)).shape);
    }

    [Fact]
    public void Stacks_and_layers_refuse_hidden_states_that_do_not_fit()
    {
        using var scope = NewDisposeScope();
        using var stack = new Decoder(SmallModels.Layers);
        using var layer = new Attention(new() { Dim = 32, DimHead = 8, Heads = 2 });
        foreach (var forward in new Func<Tensor, Tensor>[] { x => stack.forward(x), x => layer.forward(x) })
        {
            Assert.Contains("x is on meta", Assert.Throws<ArgumentException>(() => forward(zeros([2, 3, 32], device: new Device(DeviceType.META)))).Message, StringComparison.Ordinal);
            Assert.Contains("x must be [batch, seq, 32], but is [2, 3, 16]", Assert.Throws<ArgumentException>(() => forward(randn(2, 3, 16))).Message, StringComparison.Ordinal);
            Assert.Contains("x is Int64", Assert.Throws<ArgumentException>(() => forward(ones(2, 3, 32, dtype: ScalarType.Int64))).Message, StringComparison.Ordinal);
        }
    }
}
