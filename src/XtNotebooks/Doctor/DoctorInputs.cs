using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>Takes a notebook's variables for what the doctor needs.</summary>
internal static class DoctorInputs
{
    public static DoctorReport Examine(object model, DoctorBatch batch, DoctorOptions options, CancellationToken cancellation) => model switch
    {
        AutoregressiveWrapper wrapper => Doctor.Examine(wrapper, batch, options, cancellation),
        nn.Module<Tensor, Tensor> module => Doctor.Examine(module, batch, options, cancellation),
        Func<DoctorBatch, Tensor> function => Doctor.Examine(function, batch, options, cancellation),
        Func<Tensor, Tensor> function => Doctor.Examine((DoctorBatch b) => function(b.Inputs), batch, options, cancellation),
        _ => throw Wrong("--model", model, "a module from ids to logits, `(Tensor ids) => …` or `(DoctorBatch batch) => …`"),
    };

    public static DoctorBatch Batch(object batch) => batch switch
    {
        DoctorBatch whole => whole,
        PaddedBatch padded => DoctorBatch.From(padded),
        Tensor ids => DoctorBatch.FromIds(ids),
        _ => throw Wrong("--batch", batch, "a tensor of ids, a PaddedBatch or a DoctorBatch"),
    };

    public static DoctorOptions WithLoss(DoctorOptions options, object? loss) => loss switch
    {
        null => options,
        Func<Tensor, Tensor, Tensor> parts => options with { Loss = parts },
        nn.Module<Tensor, Tensor, Tensor> module => options with { Loss = module.call },
        Func<Func<DoctorBatch, Tensor>, DoctorBatch, Tensor> whole => options with { BatchLoss = whole },
        _ => throw Wrong("--loss", loss, "`(Tensor logits, Tensor targets) => …`, a loss module, or `(Func<DoctorBatch, Tensor> net, DoctorBatch batch) => …`"),
    };

    public static DoctorOptions WithMetric(DoctorOptions options, object? metric) => metric switch
    {
        null => options,
        Func<Tensor, Tensor, double> number => options with { Metric = number },
        Func<Tensor, Tensor, float> number => options with { Metric = (logits, targets) => number(logits, targets) },
        Func<Tensor, Tensor, Tensor> number => options with { Metric = (logits, targets) => number(logits, targets).ToDouble() },
        Func<Func<DoctorBatch, Tensor>, DoctorBatch, double> whole => options with { BatchMetric = whole },
        Func<Func<DoctorBatch, Tensor>, DoctorBatch, Tensor> whole => options with { BatchMetric = (net, batch) => whole(net, batch).ToDouble() },
        _ => throw Wrong("--metric", metric, "`(Tensor logits, Tensor targets) => …` to a number"),
    };

    public static DoctorOptions WithStep(DoctorOptions options, object? step) => step switch
    {
        null => options,
        Action<IReadOnlyList<DoctorBatch>> run => options with { Step = run },
        _ => throw Wrong("--step", step, "`(IReadOnlyList<DoctorBatch> batches) => { … }`"),
    };

    private static MagicException Wrong(string option, object value, string wanted) =>
        new($"{option} expects {wanted}, but the variable is a {value.GetType().Name.Split('`')[0]}.");
}
