using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Losses;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>How a batch becomes a loss, under a name.</summary>
/// <param name="Name">For people and charts.</param>
/// <param name="Loss">From model and batch to a loss to minimise and, where known, the logits it came from.</param>
/// <param name="Counted">How many targets of a batch the loss averages; null where only the loss itself knows, which can then be
/// accumulated only where it is made by <see cref="From(string, Func{Tensor, Tensor, Tensor})"/>.</param>
public sealed record LossSetting(string Name, LossFunction Loss, Func<PaddedBatch, long>? Counted = null)
{
    // Lets the loss itself be asked for its denominator.
    internal Func<Tensor, Tensor, Tensor>? OfTokens { get; private init; }

    /// <summary>x-transformers' wrapper as it comes: nothing is ignored, so pads are targets.</summary>
    public static LossSetting WrapperDefaults { get; } = Wrapper("wrapper's defaults");

    /// <summary>The wrapper with the batch's pad id ignored: the cure.</summary>
    public static LossSetting IgnorePads { get; } = Wrapper("ignoreIndex: pad", ignorePads: true);

    /// <summary>The wrapper told the real lengths.</summary>
    public static LossSetting Lens { get; } = Wrapper("lens:", lens: true);

    /// <summary>The wrapper with pads hidden from attention, yet still counted as targets.</summary>
    public static LossSetting Mask { get; } = Wrapper("mask:", mask: true);

    /// <summary>By hand: all n tokens in, the last logit dropped, pads ignored; to the bit what <see cref="IgnorePads"/> computes.</summary>
    public static LossSetting Manual { get; } = new("manual", (model, batch) =>
    {
        var logits = model.Forward(batch.Ids)[.., ..^1];                              // [batch, seq - 1, numTokens]
        return new(TokenLosses.MeanUnchecked(logits, batch.Ids[.., 1..], batch.PadId), logits);
    }, batch => Targets(batch, batch.PadId));

    /// <summary>By hand, as most scripts have it: n - 1 tokens in, pads ignored. The same mathematics on other shapes, hence not the same bits.</summary>
    public static LossSetting ManualShort { get; } = new("manual, n - 1 tokens", (model, batch) =>
    {
        var logits = model.Forward(batch.Ids[.., ..^1]);                              // [batch, seq - 1, numTokens]
        return new(TokenLosses.MeanUnchecked(logits, batch.Ids[.., 1..], batch.PadId), logits);
    }, batch => Targets(batch, batch.PadId));

    /// <summary>By hand, with <c>cross_entropy</c>'s own default of ignoring -100 only; to the bit what <see cref="WrapperDefaults"/> computes.</summary>
    public static LossSetting ManualWithoutIgnore { get; } = new("manual, no ignore_index", (model, batch) =>
    {
        var logits = model.Forward(batch.Ids)[.., ..^1];
        return new(TokenLosses.MeanUnchecked(logits, batch.Ids[.., 1..], -100), logits);
    }, batch => Targets(batch, -100));

    /// <summary>Anybody's loss.</summary>
    /// <param name="name">For people and charts.</param>
    /// <param name="loss">From logits [batch, seq - 1, numTokens] and targets [batch, seq - 1] to a scalar. Accumulated batches are weighed by what it
    /// divides by, which it is asked for; where it weighs targets unequally, give the setting a <see cref="Counted"/>.</param>
    public static LossSetting From(string name, Func<Tensor, Tensor, Tensor> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return new(name, (model, batch) =>
        {
            var logits = model.Forward(batch.Ids)[.., ..^1];
            return new(loss(logits, batch.Ids[.., 1..]), logits);
        }) { OfTokens = loss };
    }

    /// <summary>A loss module such as <c>nn.CrossEntropyLoss(ignore_index: 0)</c>.</summary>
    /// <param name="name">For people and charts.</param>
    /// <param name="loss">From logits [batch * (seq - 1), numTokens] and targets [batch * (seq - 1)], as torch's modules want them, to a scalar.</param>
    public static LossSetting From(string name, nn.Module<Tensor, Tensor, Tensor> loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return From(name, (logits, targets) => loss.call(logits.flatten(0, 1), targets.flatten()));
    }

    /// <summary>A wrapper with its own settings, whatever they are.</summary>
    public static LossSetting From(AutoregressiveWrapper wrapper)
    {
        ArgumentNullException.ThrowIfNull(wrapper);
        return new($"ignoreIndex: {wrapper.IgnoreIndex}", (_, batch) =>
        {
            var output = wrapper.ForwardWithOutputs(batch.Ids);
            return new(output.Loss, output.Logits);
        }, batch => Targets(batch, wrapper.IgnoreIndex));
    }

    private static LossSetting Wrapper(string name, bool ignorePads = false, bool lens = false, bool mask = false) => new(name, (model, batch) =>
    {
        var ignoreIndex = ignorePads ? batch.PadId : -100;
        var padValue = ignorePads ? batch.PadId : 0;
        if (model.Module is TransformerWrapper net)
        {
            var output = Wrappers.Of(net, ignoreIndex, padValue).ForwardWithOutputs(
                batch.Ids, lens: lens ? batch.Lengths : null, mask: mask ? batch.Mask : null);
            return new(output.Loss, output.Logits);
        }
        // Another model: what the wrapper would do with it.
        var ids = lens ? batch.Ids.masked_fill(batch.Mask.logical_not(), ignoreIndex) : batch.Ids;
        var inputs = ids.masked_fill(ids.eq(ignoreIndex), padValue);
        var logits = (mask ? Masked(model)(inputs, batch.Mask) : model.Forward(inputs))[.., ..^1];
        return new(TokenLosses.MeanUnchecked(logits, ids[.., 1..], ignoreIndex), logits);
    }, batch => ignorePads ? Targets(batch, batch.PadId) : lens ? RealTargets(batch) : batch.Batch * (batch.Seq - 1));

    private static Func<Tensor, Tensor, Tensor> Masked(TrainedModel model) => model.ForwardMasked ?? throw new ArgumentException(
        $"The setting \"mask:\" needs a model that takes a mask; give {nameof(TrainedModel)} a {nameof(TrainedModel.ForwardMasked)}.");

    private static long Targets(PaddedBatch batch, long ignored)
    {
        using var scope = NewDisposeScope();
        return batch.Ids[.., 1..].ne(ignored).sum().item<long>();
    }

    private static long RealTargets(PaddedBatch batch)
    {
        using var scope = NewDisposeScope();
        return batch.Mask[.., 1..].sum().item<long>();
    }
}

/// <summary>From model and batch to a loss.</summary>
/// <param name="model">The model in training.</param>
/// <param name="batch">On the model's device.</param>
public delegate LossOutput LossFunction(TrainedModel model, PaddedBatch batch);

/// <summary>A loss and what it came from.</summary>
/// <param name="Loss">A scalar to minimise, nats.</param>
/// <param name="Logits">[batch, seq - 1, numTokens], for the targets <c>ids[.., 1..]</c>; null where the loss does not tell, and then the split into
/// real tokens and pads is not recorded.</param>
public sealed record LossOutput(Tensor Loss, Tensor? Logits = null);
