using TorchSharp;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>Looks for the loss bugs that cost weeks: takes a model, a batch and a loss of the user's own, and tells what is wrong with them.</summary>
/// <remarks>
/// Most checks are metamorphic: the batch is changed in a way that must not matter, or must, and the answers are compared. What a loss
/// trains is read from its own gradient at made-up logits, so that pads, masks, shifts and denominators are seen whatever the loss is made of.
/// Weights, buffers, gradients, optimizer, random state and training mode are afterwards what they were, to the bit, also when a check
/// throws or the examination is cancelled. It costs less than 20 forward and 6 backward passes of the batch.
/// </remarks>
public static class Doctor
{
    /// <summary>The checks that an examination makes.</summary>
    public static IReadOnlyList<CheckInfo> Checks { get; } = [.. AllChecks.InOrder.Select(c => c.Info)];

    /// <summary>Examines a module that maps ids to logits.</summary>
    /// <param name="model">From [batch, seq] ids to [batch, seq, tokens] logits.</param>
    /// <param name="ids">[batch, seq], int64: inputs, and where the loss shifts them itself, targets.</param>
    /// <param name="options">The loss and whatever else is known.</param>
    /// <param name="cancellationToken">Ends the examination; everything is put back.</param>
    /// <exception cref="DoctorException">The examination cannot be made.</exception>
    public static DoctorReport Examine(nn.Module<Tensor, Tensor> model, Tensor ids, DoctorOptions options, CancellationToken cancellationToken = default) =>
        Examine(model, DoctorBatch.FromIds(ids), options, cancellationToken);

    /// <summary>Examines a module that maps ids to logits.</summary>
    /// <param name="model">From [batch, seq] ids to [batch, seq, tokens] logits.</param>
    /// <param name="batch">The batch; the module gets its inputs, a <see cref="TransformerWrapper"/> the mask as well.</param>
    /// <param name="options">The loss and whatever else is known.</param>
    /// <param name="cancellationToken">Ends the examination; everything is put back.</param>
    /// <exception cref="DoctorException">The examination cannot be made.</exception>
    public static DoctorReport Examine(nn.Module<Tensor, Tensor> model, DoctorBatch batch, DoctorOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        return Examine(Call(model), batch, options with { Module = options.Module ?? model }, cancellationToken);
    }

    /// <summary>Examines an <see cref="AutoregressiveWrapper"/> with its own loss; no other is to be given.</summary>
    /// <param name="wrapper">The wrapper. Its <see cref="AutoregressiveWrapper.MaskProb"/> is not applied.</param>
    /// <param name="batch">The batch: its inputs are what the wrapper is called with, its mask is handed on as <c>mask:</c>.</param>
    /// <param name="options">Whatever else is known.</param>
    /// <param name="cancellationToken">Ends the examination; everything is put back.</param>
    /// <exception cref="DoctorException">The examination cannot be made.</exception>
    public static DoctorReport Examine(AutoregressiveWrapper wrapper, DoctorBatch batch, DoctorOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wrapper);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Loss is not null || options.BatchLoss is not null)
            throw new DoctorException("An AutoregressiveWrapper has a loss of its own; examine `wrapper.Net` to try another.");
        return Examine(Call(wrapper.Net), batch, options with { Module = options.Module ?? wrapper, BatchLoss = WrapperLoss.Of(wrapper) }, cancellationToken);
    }

    /// <summary>Examines an <see cref="AutoregressiveWrapper"/> with its own loss; no other is to be given.</summary>
    /// <param name="wrapper">The wrapper. Its <see cref="AutoregressiveWrapper.MaskProb"/> is not applied.</param>
    /// <param name="ids">[batch, seq], int64: what the wrapper is called with.</param>
    /// <param name="options">Whatever else is known.</param>
    /// <param name="cancellationToken">Ends the examination; everything is put back.</param>
    /// <exception cref="DoctorException">The examination cannot be made.</exception>
    public static DoctorReport Examine(AutoregressiveWrapper wrapper, Tensor ids, DoctorOptions options, CancellationToken cancellationToken = default) =>
        Examine(wrapper, DoctorBatch.FromIds(ids), options, cancellationToken);

    /// <summary>Examines any function from ids to logits.</summary>
    /// <param name="model">From [batch, seq] ids to [batch, seq, tokens] logits.</param>
    /// <param name="ids">[batch, seq], int64: inputs, and where the loss shifts them itself, targets.</param>
    /// <param name="options">The loss and whatever else is known.</param>
    /// <param name="cancellationToken">Ends the examination; everything is put back.</param>
    /// <exception cref="DoctorException">The examination cannot be made.</exception>
    public static DoctorReport Examine(Func<Tensor, Tensor> model, Tensor ids, DoctorOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Examine((DoctorBatch b) => model(b.Inputs), DoctorBatch.FromIds(ids), options, cancellationToken);
    }

    /// <summary>Examines any function from a batch to logits: one that uses a mask, documents, or an encoder's input.</summary>
    /// <param name="model">From a batch to [batch, seq, tokens] logits. It must take all it needs from its argument.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="options">The loss and whatever else is known; the module, so that weights can be watched and put back.</param>
    /// <param name="cancellationToken">Ends the examination; everything is put back.</param>
    /// <exception cref="DoctorException">The examination cannot be made.</exception>
    public static DoctorReport Examine(Func<DoctorBatch, Tensor> model, DoctorBatch batch, DoctorOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(options);
        BatchShape.Check(batch);
        if (options.Optimizer is { } optimizer && !ModelState.CanSave(optimizer))
            throw new DoctorException($"The state of {optimizer.GetType().Name} cannot be saved and put back; leave the optimizer and the step out.");

        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        using var state = new ModelState(options.Module, options.Optimizer);
        var exam = new Examination(model, options.Module, batch, options, state, cancellationToken);
        exam.Begin();
        var outcomes = AllChecks.InOrder.Select(check => Look(check, exam)).ToList();
        return DoctorReport.From(exam, Consequences.Mark(outcomes));
    }

    private static Func<DoctorBatch, Tensor> Call(nn.Module<Tensor, Tensor> model) => model is TransformerWrapper net
        ? batch => net.forward(batch.Inputs, new TransformerInputs { Mask = batch.Mask })
        : batch => model.call(batch.Inputs);

    private static CheckOutcome Look(ICheck check, Examination exam)
    {
        using var scope = NewDisposeScope();
        try
        {
            return check.Look(exam);
        }
        catch (Exception error) when (exam.IsTheirs(error))
        {
            return check.Info.NotChecked($"model, loss or metric do not take the changed batch ({Examination.Say(error)})");
        }
    }
}
