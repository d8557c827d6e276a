using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>The user's metric in one form, asked about made-up logits.</summary>
internal sealed class MetricProbe
{
    private readonly Func<DoctorBatch, Tensor, double> ask;
    private readonly Func<Exception, bool> isTheirs;
    private bool transpose;

    private MetricProbe(Examination exam)
    {
        transpose = !exam.TokensLast;
        isTheirs = exam.IsTheirs;
        ask = (batch, logits) => exam.Options.BatchMetric is { } whole
            ? whole(asked => Fit(logits, asked.Inputs.shape[1]), batch)
            : exam.Options.Metric!(Fit(logits, logits.shape[1]), batch.Labels ?? batch.Inputs);
    }

    public static MetricProbe? From(Examination exam) => exam.Options is { Metric: null, BatchMetric: null } ? null : new(exam);

    /// <summary>Finds the order of dimensions that the metric takes; the error where it takes neither.</summary>
    public string? Settle(DoctorBatch batch, Tensor logits)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Of(batch, logits);
                return null;
            }
            catch (Exception error) when (isTheirs(error))
            {
                transpose = !transpose;
                if (attempt == 1)
                    return Examination.Say(error);
            }
        }
    }

    /// <param name="batch">The batch that the metric gets.</param>
    /// <param name="logits">[batch, seq, tokens].</param>
    public double Of(DoctorBatch batch, Tensor logits)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        return ask(batch, logits);
    }

    private Tensor Fit(Tensor logits, long columns)
    {
        var cut = columns < logits.shape[1] ? logits.narrow(1, 0, columns) : logits;
        return transpose ? cut.transpose(1, 2) : cut;
    }
}
