using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>The user's loss in one form, whichever of the two they gave: a function of a model and a batch.</summary>
/// <remarks>Because the model is an argument, the doctor can put made-up logits in its place and ask the loss alone.</remarks>
internal sealed class Objective
{
    private readonly Func<Func<DoctorBatch, Tensor>, DoctorBatch, Tensor> loss;
    private bool transpose;

    private Objective(Func<Func<DoctorBatch, Tensor>, DoctorBatch, Tensor> loss) => this.loss = loss;

    /// <summary>The objective of the options; null where no loss is given.</summary>
    public static Objective? From(DoctorOptions options)
    {
        if (options.BatchLoss is { } whole)
            return new(whole);
        if (options.Loss is not { } parts)
            return null;
        Objective? made = null;
        made = new((net, batch) => parts(made!.transpose ? net(batch).transpose(1, 2) : net(batch), batch.Labels ?? batch.Inputs));
        return made;
    }

    /// <summary>The loss of a batch under <paramref name="net"/>, a scalar.</summary>
    public Tensor Of(Func<DoctorBatch, Tensor> net, DoctorBatch batch)
    {
        var value = loss(net, batch);
        if (value.numel() != 1)
            throw new DoctorException($"The loss gives {value.numel()} numbers of shape [{string.Join(", ", value.shape)}]; reduce them to one, by sum or mean.");
        return value.dim() == 0 ? value : value.sum();
    }

    /// <summary>Finds the order of dimensions that the loss wants: told, or the one it does not throw at, or the one in which adding a constant to
    /// all of a position's logits does not matter.</summary>
    /// <param name="options">May tell the layout.</param>
    /// <param name="batch">A batch to try on.</param>
    /// <param name="shape">The shape that the model's logits have.</param>
    /// <param name="tokensLast">Whether the model's logits are [batch, seq, tokens].</param>
    /// <param name="kind">The kind of number to try with.</param>
    /// <param name="isTheirs">Whether an error is the loss's own.</param>
    public void SettleLayout(DoctorOptions options, DoctorBatch batch, long[] shape, bool tokensLast, ScalarType kind, Func<Exception, bool> isTheirs)
    {
        if (options.BatchLoss is not null)
            return;
        if (options.LossLayout != LogitsLayout.Detect)
        {
            transpose = tokensLast == (options.LossLayout == LogitsLayout.BatchTokensSeq);
            return;
        }
        var asIs = Sensitivity(batch, shape, tokensLast, kind, flip: false, isTheirs);
        var flipped = Sensitivity(batch, shape, tokensLast, kind, flip: true, isTheirs);
        transpose = asIs is null ? flipped is not null : flipped is not null && asIs > 1e-4 && flipped < asIs * 0.01;
    }

    /// <summary>How much the loss moves when a constant is added to each position's logits; null where it throws.</summary>
    private double? Sensitivity(DoctorBatch batch, long[] shape, bool tokensLast, ScalarType kind, bool flip, Func<Exception, bool> isTheirs)
    {
        using var scope = NewDisposeScope();
        transpose = flip;
        try
        {
            var position = arange(shape[tokensLast ? 1 : 2], dtype: kind, device: batch.Inputs.device).sin();
            var constant = (tokensLast ? position.unsqueeze(-1) : position.unsqueeze(0)).expand(shape).contiguous();
            using var _ = no_grad();
            return Math.Abs(Of(_ => constant, batch).ToDouble() - Of(_ => zeros_like(constant), batch).ToDouble());
        }
        catch (Exception error) when (isTheirs(error))
        {
            return null;
        }
    }
}
