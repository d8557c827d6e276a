using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>What the magics that train share: their options, and variables of the notebook read as what they mean.</summary>
internal static class TrainingInputs
{
    public static IReadOnlyDictionary<string, LossSetting> Settings { get; } = new Dictionary<string, LossSetting>
    {
        ["defaults"] = LossSetting.WrapperDefaults,
        ["ignore-pads"] = LossSetting.IgnorePads,
        ["lens"] = LossSetting.Lens,
        ["mask"] = LossSetting.Mask,
        ["manual"] = LossSetting.Manual,
        ["manual-short"] = LossSetting.ManualShort,
        ["manual-no-ignore"] = LossSetting.ManualWithoutIgnore,
    };

    public static IReadOnlyList<MagicOption> Common { get; } =
    [
        new() { Name = "--model", Summary = "The model to train: a module from ids [batch, seq] to logits [batch, seq, numTokens].", Type = typeof(object), Required = true, Positional = true },
        new() { Name = "--batches", Summary = "Batches: any enumerable of PaddedBatch; in place of --lines.", Type = typeof(object) },
        new() { Name = "--lines", Summary = "Lines of text, with a --tokenizer; in place of --batches.", Type = typeof(object) },
        new() { Name = "--tokenizer", Summary = "Encodes --lines.", Type = typeof(ITokenizer) },
        new() { Name = "--batch-size", Summary = "Rows in a batch of --lines.", Type = typeof(int), Default = 32 },
        new() { Name = "--length", Summary = "Tokens in a row of --lines; the longest line of each batch unless given.", Type = typeof(int) },
        new() { Name = "--eos", Summary = "End each of --lines with the tokenizer's end token.", Type = typeof(bool) },
        new() { Name = "--loss", Summary = "A loss of your own: a LossSetting, a function from logits [batch, seq, numTokens] and targets [batch, seq] to a scalar, or a loss module such as CrossEntropyLoss.", Type = typeof(object) },
        new() { Name = "--counted", Summary = "How many targets a --loss of your own averages: a function from a batch to a whole number; --accumulate needs it where the loss does not show it, and --held-out batches of your own kind weigh as much as it says, alike without it.", Type = typeof(object) },
        new() { Name = "--steps", Summary = "Optimizer steps.", Type = typeof(int), Default = 100 },
        new() { Name = "--learning-rate", Summary = "Adam's step size.", Type = typeof(double), Default = 1e-3 },
        new() { Name = "--schedule", Summary = "How the learning rate goes on: constant, cosine or linear.", Type = typeof(RateSchedule), Default = RateSchedule.Constant },
        new() { Name = "--warmup", Summary = "Steps in which the learning rate rises from 0.", Type = typeof(int), Default = 0 },
        new() { Name = "--clip-norm", Summary = "Longest gradient; none unless given.", Type = typeof(double) },
        new() { Name = "--accumulate", Summary = "Batches in a step, weighted by the targets they count.", Type = typeof(int), Default = 1 },
        new() { Name = "--held-out", Summary = "Batches to look at without learning, of the kind that --batches gives: PaddedBatch by what real tokens cost, others by their --loss; --lines keep a tenth apart by themselves.", Type = typeof(object) },
        new() { Name = "--evaluate-every", Summary = "Steps between looks at held-out batches; 0 for the end alone.", Type = typeof(int), Default = 0 },
        new() { Name = "--early-stop", Summary = "Looks without improvement after which to stop; never unless given.", Type = typeof(int) },
        new() { Name = "--precision", Summary = "What the model computes in: full (float32), or bfloat16 with float32 weights beside, for GPUs that have it; a --loss of a whole batch then converts what the model takes and gives.", Type = typeof(TrainingPrecision), Default = TrainingPrecision.Full },
        new() { Name = "--seed", Summary = "Seeds dropout and the order of --lines.", Type = typeof(int), Default = 0 },
    ];

    /// <summary>Refuses options that the others leave without effect.</summary>
    public static void Check(MagicCall call, MagicCommand magic)
    {
        var (batches, steps) = (call.Has("--batches") && !call.Has("--lines"), call.Get<int>("--steps"));
        call.Refuse(magic, batches, "is for --lines; leave it out, or give --lines in place of --batches.", "--tokenizer", "--batch-size", "--length", "--eos");
        call.Refuse(magic, batches && call.Get<int>("--evaluate-every") > 0 && !call.Has("--held-out") && !call.Has("--early-stop"), "needs --held-out batches to look at; give them, or leave it out.", "--evaluate-every");
        call.Refuse(magic, !call.Has("--loss"), "is for a --loss of your own; leave it out.", "--counted");
        call.Refuse(magic, steps > 0 && call.Get<RateSchedule>("--schedule") != RateSchedule.Constant && call.Get<int>("--warmup") >= steps, $"begins after the --warmup of {call.Get<int>("--warmup")} steps, but there are only {steps}; lower --warmup, or raise --steps.", "--schedule");
    }

    public static nn.Module<Tensor, Tensor> Model(MagicCall call) => call.Require<object>("--model") switch
    {
        AutoregressiveWrapper wrapper => wrapper,
        nn.Module<Tensor, Tensor> module => module,
        var other => throw MagicInputs.Wrong("--model", other, "a module from ids to logits (nn.Module<Tensor, Tensor>)"),
    };

    /// <summary>The module whose weights are trained, whatever it takes.</summary>
    public static nn.Module Trained(MagicCall call) => call.Require<object>("--model") as nn.Module
        ?? throw MagicInputs.Wrong("--model", call.Require<object>("--model"), "a module (nn.Module)");

    /// <summary>The loss where batches or loss are of the reader's own kind; null where batches are padded and the loss is one of tokens.</summary>
    public static BatchLoss? OwnLoss(MagicCall call, nn.Module module)
    {
        if (OwnLoss(call, module, call.Values.GetValueOrDefault("--loss")) is not { } own)
            return null;
        return call.Get<string>("--setting") is null ? own
            : throw new MagicException("--setting is for padded batches and a loss of logits and targets; leave it out.");
    }

    /// <summary>The same of one loss among several.</summary>
    public static BatchLoss? OwnLoss(MagicCall call, nn.Module module, object? loss)
    {
        var batches = call.Values.GetValueOrDefault("--batches");
        if (batches is not System.Collections.IEnumerable or string || call.Values.GetValueOrDefault("--lines") is not null)
            return null;
        if (loss is not null && BatchLoss.From(loss) is { } whole)
            return whole with { Counted = Counted(call) };
        if (batches is IEnumerable<PaddedBatch>)
            return null;
        return loss switch
        {
            Func<Tensor, Tensor, Tensor> function => BatchLoss.OfOutput(module, function) with { Counted = Counted(call) },
            nn.Module<Tensor, Tensor, Tensor> criterion => BatchLoss.OfOutput(module, criterion.call) with { Counted = Counted(call) },
            null => throw new MagicException("--batches are no PaddedBatch, so only you know their loss; give --loss: a function from output and target, a loss module, or a function of the batch."),
            _ => throw MagicInputs.Wrong("--loss", loss, "a function from output and target, a loss module, or a function of the batch"),
        };
    }

    /// <summary>One loss, or several in an array or by name in a dictionary, each under a name.</summary>
    public static IReadOnlyList<(string Name, object Loss)> Losses(MagicCall call) => call.Values.GetValueOrDefault("--loss") switch
    {
        null => [],
        System.Collections.IDictionary { Count: > 0 } named => [.. named.Keys.Cast<object>().Select(key => ($"{key}", named[key]!))],
        System.Collections.ICollection { Count: > 0 } many => [.. many.Cast<object>().Select((loss, i) => (loss is LossSetting { Name: var name } ? name : $"loss {i + 1}", loss))],
        LossSetting setting => [(setting.Name, setting)],
        var one => [("own loss", one)],
    };

    public static (IEnumerable<PaddedBatch> Batches, IReadOnlyList<PaddedBatch> HeldOut, bool OwnsHeldOut) Batches(MagicCall call)
    {
        var heldOut = HeldOut.Padded(call);
        switch (call.Values.GetValueOrDefault("--batches"), call.Values.GetValueOrDefault("--lines"))
        {
            case (IEnumerable<PaddedBatch> batches, null):
                return (batches, heldOut, false);
            case (null, IEnumerable<string> lines):
                var tokenizer = call.Get<ITokenizer>("--tokenizer") ?? throw new MagicException("--lines needs a --tokenizer, for example CharTokenizer.From(lines).");
                var text = new TextBatches(lines, tokenizer, new()
                {
                    BatchSize = call.Get<int>("--batch-size"),
                    Length = Given<int>(call, "--length"),
                    Eos = call.Get<bool>("--eos"),
                    Seed = call.Get<int>("--seed"),
                    HeldOutShare = heldOut.Count > 0 ? 0 : 0.1,
                });
                if (heldOut.Count == 0 && text.HeldOutLines == 0 && call.Get<int>("--evaluate-every") > 0)
                    throw new MagicException($"--evaluate-every finds nothing to look at: a tenth of {text.TrainingLines} lines is less than one; give --held-out batches, or more lines.");
                if (text.CutLines > 0)
                    call.Notebook.Write($"{Words.Number(text.CutLines)} of {Words.Count(text.TrainingLines + text.HeldOutLines, "line")} do not fit into --length {call.Get<int>("--length")} and are cut{(call.Get<bool>("--eos") ? ", their end tokens with them" : "")}; raise --length to keep them whole.\n");
                return heldOut.Count > 0 ? (text, heldOut, false) : (text, [.. text.HeldOut], true);
            case (null, null):
                throw new MagicException("There is nothing to train on; give --batches, or --lines and a --tokenizer.");
            case (not null, not null):
                throw new MagicException("Give --batches or --lines, not both.");
            case (not null, _):
                throw MagicInputs.Wrong("--batches", call.Values["--batches"]!, "an enumerable of PaddedBatch");
            default:
                throw MagicInputs.Wrong("--lines", call.Values["--lines"]!, "an enumerable of strings");
        }
    }

    private static Func<object, long>? Counted(MagicCall call) => call.Values.GetValueOrDefault("--counted") switch
    {
        null => null,
        var function => BatchLoss.CountedBy(function) ?? throw MagicInputs.Wrong("--counted", function, "a function from a batch to a whole number"),
    };

    public static LossSetting Loss(MagicCall call, object loss, string name)
    {
        var setting = Loss(loss, name);
        return Counted(call) is { } counted ? setting with { Counted = batch => counted(batch) } : setting;
    }

    private static LossSetting Loss(object loss, string name) => loss switch
    {
        LossSetting setting => setting,
        Func<Tensor, Tensor, Tensor> function => LossSetting.From(name, function),
        nn.Module<Tensor, Tensor, Tensor> module => LossSetting.From(name, module),
        _ => throw MagicInputs.Wrong("--loss", loss, "a LossSetting, a Func<Tensor, Tensor, Tensor> from logits and targets, or a loss module"),
    };

    public static LossSetting Setting(string name) => Settings.TryGetValue(name, out var setting) ? setting
        : throw new MagicException($"There is no setting \"{name}\"; there are {string.Join(", ", Settings.Keys)}.");

    /// <summary>The trainer's options for padded batches, which go where the model is.</summary>
    public static TrainerOptions OnTokens(MagicCall call, nn.Module model, IReadOnlyList<PaddedBatch> heldOut) => Options(call, heldOut) with
    {
        Device = MagicInputs.DeviceOf(model) is { type: not DeviceType.CPU } device ? device : null,
    };

    public static TrainerOptions Options(MagicCall call, IReadOnlyList<PaddedBatch> heldOut) => new()
    {
        LearningRate = call.Get<double>("--learning-rate"),
        Schedule = Schedule(call),
        ClipNorm = Given<double>(call, "--clip-norm"),
        Accumulation = call.Get<int>("--accumulate"),
        HeldOut = heldOut,
        EvaluateEvery = call.Get<int>("--evaluate-every"),
        EarlyStopAfter = Given<int>(call, "--early-stop"),
        Precision = call.Get<TrainingPrecision>("--precision"),
        Seed = call.Get<int>("--seed"),
    };

    public static T? Given<T>(MagicCall call, string option) where T : struct =>
        call.Values.GetValueOrDefault(option) is T value ? value : null;

    private static Func<int, double>? Schedule(MagicCall call)
    {
        var (steps, warmup) = (call.Get<int>("--steps"), call.Get<int>("--warmup"));
        if (warmup < 0)
            throw new MagicException($"--warmup is {warmup}; give the number of steps in which the rate rises, or 0 for none.");
        return call.Get<RateSchedule>("--schedule") switch
        {
            RateSchedule.Cosine => Schedules.Cosine(steps, warmup),
            RateSchedule.Linear => Schedules.Linear(steps, warmup),
            _ => warmup > 0 ? Schedules.Warmup(warmup) : null,
        };
    }
}

/// <summary>How a learning rate goes on after its warm-up.</summary>
public enum RateSchedule
{
    /// <summary>As it is.</summary>
    Constant,

    /// <summary>Down half a cosine to 0.</summary>
    Cosine,

    /// <summary>Down a line to 0.</summary>
    Linear,
}
