using XtNotebooks.Data;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

// Batches of any kind, and runs beside each other.
public sealed partial class Trainer
{
    /// <summary>Prepares a run of any module on batches of any kind.</summary>
    /// <param name="module">Whose parameters are trained.</param>
    /// <param name="batches">Anything; what tensors they hold stays the caller's.</param>
    /// <param name="loss">From a batch to one number to minimise; it calls the model.</param>
    /// <param name="options">How; without device, which is for padded batches. In bfloat16 the module is bfloat16 while <paramref name="loss"/> runs, so
    /// that it converts what it gives the module, <c>x.to(torch.bfloat16)</c>, and what comes back, <c>.to(torch.float32)</c>; ids stay as they are.</param>
    /// <param name="name">For people and charts.</param>
    /// <param name="counted">How many targets of a batch the loss averages; needed where batches are accumulated. Held-out batches weigh as much as it says;
    /// without it each weighs the same, as each is a step of its own in training.</param>
    /// <param name="heldOut">Batches to look at without learning: the loss is asked without gradients, the module in evaluation mode; see
    /// <see cref="TrainingEvaluation.ReportedLoss"/>. Where <typeparamref name="TBatch"/> is <see cref="PaddedBatch"/>, <see cref="TrainerOptions.HeldOut"/> does as well.</param>
    /// <typeparam name="TBatch">A batch.</typeparam>
    /// <exception cref="ArgumentException">An option is out of range, or the model has no parameter to train.</exception>
    public static Trainer For<TBatch>(
        nn.Module module, IEnumerable<TBatch> batches, Func<TBatch, Tensor> loss, TrainerOptions? options = null, string name = "own loss",
        Func<TBatch, long>? counted = null, IReadOnlyList<TBatch>? heldOut = null) where TBatch : notnull
    {
        ArgumentNullException.ThrowIfNull(loss);
        return For(module, batches, new BatchLoss(batch => loss((TBatch)batch), counted is null ? null : batch => counted((TBatch)batch)), options, name, Apart(options, heldOut));
    }

    internal static Trainer For(
        nn.Module module, System.Collections.IEnumerable batches, BatchLoss loss, TrainerOptions? options, string name, IReadOnlyList<object> heldOut)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(batches);
        if (options?.Precision == TrainingPrecision.BFloat16)
            loss = loss with { Of = loss.OfBFloat16 ?? loss.Of };
        var model = new TrainedModel(module, _ => throw new InvalidOperationException("Only the loss knows how to call this model."));
        return new(model, batches.Cast<object>(), batches, new LossSetting(name, (_, batch) => new(loss.Of(batch))), loss, heldOut, options);
    }

    /// <summary>Trains models that begin with the same weights on the same batches, one for each setting.</summary>
    /// <param name="create">Makes the model; called once for each setting. All get the first one's weights.</param>
    /// <param name="batches">The first <paramref name="steps"/> batches (times accumulation) are drawn once and shown to all.</param>
    /// <param name="settings">What to compare, each under a name of its own.</param>
    /// <param name="steps">Steps for each.</param>
    /// <param name="options">The same for all.</param>
    /// <param name="cancellationToken">Ends the run in progress; settings not begun are left out.</param>
    /// <typeparam name="TModel">The model's type.</typeparam>
    public static ComparedModels<TModel> Compare<TModel>(
        Func<TModel> create, IEnumerable<PaddedBatch> batches, IReadOnlyList<LossSetting> settings, int steps,
        TrainerOptions? options = null, CancellationToken cancellationToken = default)
        where TModel : nn.Module<Tensor, Tensor> => Comparison.Of(create, batches, settings, steps, options ?? new(), cancellationToken);

    /// <summary>The same for any module on batches of any kind, one run for each loss.</summary>
    /// <param name="create">Makes the model; called once for each loss. All get the first one's weights.</param>
    /// <param name="batches">The first <paramref name="steps"/> batches (times accumulation) are drawn once and shown to all; what tensors they hold stays the caller's.</param>
    /// <param name="losses">By name: from model and batch to one number to minimise.</param>
    /// <param name="steps">Steps for each.</param>
    /// <param name="options">The same for all; without device, which is for padded batches. In bfloat16 a loss converts what its model takes and gives.</param>
    /// <param name="counted">How many targets of a batch the losses average; needed where batches are accumulated, and what held-out batches weigh.</param>
    /// <param name="heldOut">Batches to look at without learning, each run by its own loss.</param>
    /// <param name="cancellationToken">Ends the run in progress; losses not begun are left out.</param>
    /// <typeparam name="TModel">The model's type.</typeparam>
    /// <typeparam name="TBatch">A batch.</typeparam>
    public static ComparedModels<TModel> Compare<TModel, TBatch>(
        Func<TModel> create, IEnumerable<TBatch> batches, IReadOnlyDictionary<string, Func<TModel, TBatch, Tensor>> losses, int steps,
        TrainerOptions? options = null, Func<TBatch, long>? counted = null, IReadOnlyList<TBatch>? heldOut = null, CancellationToken cancellationToken = default)
        where TModel : nn.Module where TBatch : notnull
    {
        ArgumentNullException.ThrowIfNull(losses);
        var named = losses.ToList();
        return Comparison.Of(create, batches, [.. named.Select(loss => loss.Key)],
            (i, model, shared) => For(model, shared, (TBatch batch) => named[i].Value(model, batch), options, named[i].Key, counted, heldOut), steps, options ?? new(), cancellationToken);
    }

    // A loss that calls the model itself meets weights of another kind than its inputs.
    private Tensor OfOwn(BatchLoss loss, object batch)
    {
        try
        {
            return loss.Of(batch);
        }
        catch (System.Runtime.InteropServices.ExternalException e) when (masters is not null && e.Message.Contains("BFloat16", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"The loss \"{setting.Name}\" meets a model that computes in bfloat16; convert what it takes, x.to(torch.bfloat16), "
                + $"and what it gives, .to(torch.float32), or train in full precision ({e.Message.Split('\n')[0].TrimEnd('.')}).", e);
        }
    }

    private static IReadOnlyList<object> Apart<TBatch>(TrainerOptions? options, IReadOnlyList<TBatch>? heldOut) where TBatch : notnull
    {
        if (options is not { HeldOut: { Count: > 0 } padded })
            return heldOut is null ? [] : heldOut as IReadOnlyList<object> ?? [.. heldOut.Cast<object>()];
        if (heldOut is not null)
            throw new ArgumentException("Held-out batches are given twice, as heldOut and as the options' HeldOut; give them once.");
        return typeof(TBatch).IsAssignableFrom(typeof(PaddedBatch)) ? padded
            : throw new ArgumentException($"The options' HeldOut holds padded batches, but the loss takes a {typeof(TBatch).Name.Split('`')[0]}; give heldOut, batches that the loss takes.");
    }
}
