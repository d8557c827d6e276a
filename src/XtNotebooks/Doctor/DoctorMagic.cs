using TorchSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary><c>#!xt-doctor</c>: <see cref="Doctor"/> on variables of the notebook.</summary>
public static class DoctorMagic
{
    /// <summary>The command.</summary>
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-doctor",
        Summary = "Looks for loss bugs in a model, a batch and a loss of your own: pads as targets, shifts, masks, denominators and a dozen more.",
        Options =
        [
            new() { Name = "--model", Summary = "A variable: a module or a function from ids, or from a DoctorBatch, to logits; an AutoregressiveWrapper brings its loss.", Type = typeof(object), Required = true },
            new() { Name = "--batch", Summary = "A variable: a tensor of ids, [batch, seq], a PaddedBatch or a DoctorBatch.", Type = typeof(object), Required = true },
            new() { Name = "--loss", Summary = "A variable: a function of logits and targets, a loss module, or a function of net and batch.", Type = typeof(object) },
            new() { Name = "--pad", Summary = "The id that fills rows up.", Type = typeof(long) },
            new() { Name = "--eos", Summary = "The id that ends a text; may be the pad id.", Type = typeof(long) },
            new() { Name = "--ignore-index", Summary = "The label that the loss leaves out, where it is not -100.", Type = typeof(long) },
            new() { Name = "--metric", Summary = "A variable: a function of logits and targets, or of net and batch, to a number.", Type = typeof(object) },
            new() { Name = "--step", Summary = "A variable: a function that runs one optimizer step over a list of DoctorBatch.", Type = typeof(object) },
            new() { Name = "--optimizer", Summary = "A variable: the optimizer that --step moves; its state is put back.", Type = typeof(optim.Optimizer) },
            new() { Name = "--module", Summary = "A variable: the module whose weights --model uses, where that is a function.", Type = typeof(nn.Module) },
            new() { Name = "--denominator", Summary = "What the loss is meant to divide by, where that is unusual.", Type = typeof(Denominator), Default = Denominator.Unsaid },
            new() { Name = "--untrained", Summary = "The model is freshly initialised: its first loss is compared with ln(vocabulary).", Type = typeof(bool), Default = false },
            new() { Name = "--seed", Summary = "What random choices are made from.", Type = typeof(int), Default = 0 },
            new() { Name = "--fail-on", Summary = "Fails the cell where something as bad is found: advice, warning or error.", Type = typeof(Severity) },
            new() { Name = "--as", Summary = "The variable that the report is left in.", Default = "diagnosis" },
        ],
        Examples =
        [
            "#!xt-doctor --model net --batch ids --loss loss --pad 0 --eos 1",
            "#!xt-doctor --model wrapper --batch ids --pad 0 --fail-on warning",
        ],
        Run = static (call, cancellation) => Task.Run(() => Examine(call, cancellation), cancellation),
    };

    private static void Examine(MagicCall call, CancellationToken cancellation)
    {
        var report = Report(call, cancellation);
        call.Notebook.Display(report);
        call.Notebook.SetVariable(call.Require<string>("--as"), report, typeof(DoctorReport));
        if (call.Get<Severity?>("--fail-on") is { } limit && report.Findings.Any(f => f.Severity >= limit))
            throw new MagicException(report.Verdict);
    }

    private static DoctorReport Report(MagicCall call, CancellationToken cancellation)
    {
        var model = Variable(call, "--model")!;
        call.Refuse(Command, !call.Has("--step"), "is what a --step moves; give both, or leave it out.", "--optimizer");
        call.Refuse(Command, model is nn.Module && call.Values.GetValueOrDefault("--module") is var module && !ReferenceEquals(module, model),
            "is for a --model that is a function; leave it out, for --model is a module itself.", "--module");
        var given = Variable(call, "--batch")!;
        var batch = DoctorInputs.Batch(given);
        var options = DoctorInputs.WithStep(DoctorInputs.WithMetric(DoctorInputs.WithLoss(new()
        {
            PadId = call.Get<long?>("--pad") ?? (given as Data.PaddedBatch)?.PadId,
            EosId = call.Get<long?>("--eos"),
            IgnoreIndex = call.Get<long?>("--ignore-index"),
            Optimizer = call.Get<optim.Optimizer>("--optimizer"),
            Module = call.Get<nn.Module>("--module"),
            Denominator = call.Get<Denominator>("--denominator"),
            Untrained = call.Get<bool>("--untrained"),
            Seed = call.Get<int>("--seed"),
        }, Variable(call, "--loss")), Variable(call, "--metric")), Variable(call, "--step"));
        try
        {
            return DoctorInputs.Examine(model, batch, options, cancellation);
        }
        catch (DoctorException e)
        {
            throw new MagicException(e.Message, e);
        }
    }

    /// <summary>An option's value; text that names no variable is an error.</summary>
    private static object? Variable(MagicCall call, string option) => call.Get<object>(option) switch
    {
        string name => throw new MagicException($"{option} names '{name}', which no cell has declared; give a variable."),
        var value => value,
    };
}
