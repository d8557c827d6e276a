using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>What the views' magics share: their options, and variables of the notebook read as what they mean.</summary>
internal static class MagicInputs
{
    public static MagicOption Ids { get; } = new()
    {
        Name = "--ids", Summary = "A batch: a tensor of token ids [batch, seq], or a PaddedBatch.", Type = typeof(object), Required = true, Positional = true,
    };

    public static MagicOption Model { get; } = new()
    {
        Name = "--model", Summary = "A model, or a function from ids [batch, seq] to logits [batch, seq, numTokens].", Type = typeof(object),
    };

    public static MagicOption PadId { get; } = new()
    {
        Name = "--pad-id", Summary = "The id that fills rows up; a PaddedBatch and a tokenizer know their own.", Type = typeof(long),
    };

    public static MagicOption IgnoreIndex { get; } = new()
    {
        Name = "--ignore-index", Summary = "The target id that the loss leaves out.", Type = typeof(long), Default = -100L,
    };

    /// <summary>The same beside a model, which may have one of its own.</summary>
    public static MagicOption IgnoreIndexOfModel { get; } = IgnoreIndex with
    {
        Summary = "The target id that the loss leaves out; -100 unless given, or what an AutoregressiveWrapper given as the model leaves out.", Default = null,
    };

    public static MagicOption Tokenizer { get; } = new()
    {
        Name = "--tokenizer", Summary = "Gives the tokens' texts.", Type = typeof(ITokenizer),
    };

    public static MagicOption Title { get; } = new() { Name = "--title", Summary = "A heading." };

    public static MagicOption As(string name) => new()
    {
        Name = "--as", Summary = $"The variable that gets the result; {name} unless said otherwise.", Default = name,
    };

    public static Tensor Batch(MagicCall call) => call.Require<object>("--ids") switch
    {
        PaddedBatch batch => Alive("--ids", batch.Ids),
        Tensor ids => Alive("--ids", ids),
        var other => throw Wrong("--ids", other, "a tensor of token ids or a PaddedBatch"),
    };

    /// <summary>A tensor that has not been disposed of.</summary>
    public static Tensor Alive(string option, Tensor tensor) => !tensor.IsInvalid ? tensor
        : throw new MagicException($"The tensor of {option} was disposed of; make it outside a scope that has ended.");

    /// <summary>A tensor option; null where it was not given.</summary>
    public static Tensor? Given(MagicCall call, string option) => call.Get<Tensor>(option) is { } tensor ? Alive(option, tensor) : null;

    /// <summary>What to say of a value of the wrong kind; text is most likely a name that no cell has declared.</summary>
    public static MagicException Wrong(string option, object value, string wanted) => new(value is string name
        ? $"{option} names no variable \"{name}\"; give {wanted}."
        : $"{option} is a {value.GetType().Name}; give {wanted}.");

    public static long? Pad(MagicCall call) =>
        call.Values.TryGetValue("--pad-id", out var given) && given is long id ? id
        : call.Values.GetValueOrDefault("--ids") is PaddedBatch batch ? batch.PadId
        : call.Get<ITokenizer>("--tokenizer")?.PadId;

    /// <summary>Which positions of the batch are tokens, [batch, seq] bool, as it tells by itself: the pad id may be a token's, too. Null where it does not.</summary>
    public static Tensor? Real(MagicCall call) =>
        call.Values.GetValueOrDefault("--ids") is PaddedBatch batch && Pad(call) == batch.PadId ? Alive("--ids", batch.Mask) : null;

    /// <summary>The same of targets [batch, seq - 1]; null where they are others than the batch's.</summary>
    public static Tensor? RealTargets(MagicCall call, Tensor targets) =>
        Real(call) is { } real && targets.dim() == 2 && real.shape[0] == targets.shape[0] && real.shape[1] == targets.shape[1] + 1 ? real.narrow(1, 1, targets.shape[1]) : null;

    /// <summary>The target id that the loss leaves out, which a wrapper knows.</summary>
    public static long Ignored(MagicCall call) => call.Values.GetValueOrDefault("--ignore-index") as long?
        ?? (call.Values.GetValueOrDefault("--model") as AutoregressiveWrapper)?.IgnoreIndex ?? -100;

    /// <summary>A token's text; of ids beyond the tokenizer's, which a model may have, the id.</summary>
    public static Func<long, string>? Token(MagicCall call) => call.Get<ITokenizer>("--tokenizer") is { } tokenizer
        ? id => id >= 0 && id < tokenizer.NumTokens ? tokenizer.Label(id) : $"⟨{id}⟩"
        : null;

    /// <summary>Logits and targets of a batch, by the model given; the last logit has no target and is left out.</summary>
    public static (Tensor Logits, Tensor Targets) Forward(MagicCall call, Tensor ids) => Forward("--model", call.Values.GetValueOrDefault("--model"), ids, Ignored(call));

    /// <summary>Logits and targets of a batch, by any model; a wrapper puts its pad value where the ignored id stands.</summary>
    public static (Tensor Logits, Tensor Targets) Forward(string option, object? model, Tensor ids, long ignored)
    {
        Func<Tensor, Tensor> forward = model switch
        {
            AutoregressiveWrapper wrapper => given => wrapper.Net.forward(given.masked_fill(given.eq(ignored), wrapper.PadValue)),
            nn.Module<Tensor, Tensor> module => module.call,
            Func<Tensor, Tensor> function => function,
            null => throw new MagicException($"{option} is missing; give a model, or a function from ids to logits."),
            var other => throw Wrong(option, other, "a module from ids to logits, or a Func<Tensor, Tensor>"),
        };
        if (ids.dim() != 2 || ids.shape[1] < 2)
            throw new MagicException($"--ids has the shape [{string.Join(", ", ids.shape)}]; give [batch, seq] with two tokens or more.");
        using var _ = no_grad();
        using var evaluating = Evaluating(model);
        ids = Beside(model, ids);
        var logits = forward(ids);
        var seq = ids.shape[1];
        if (logits.dim() != 3 || logits.shape[0] != ids.shape[0] || logits.shape[1] != seq)
            throw new MagicException($"{option} must give logits [batch, seq, numTokens] for ids [{string.Join(", ", ids.shape)}], but gave [{string.Join(", ", logits.shape)}].");
        return (logits.slice(1, 0, seq - 1, 1), ids.slice(1, 1, seq, 1));
    }

    /// <summary>A tensor where the model's weights are; as it is where the model is a function or has none.</summary>
    public static Tensor Beside(object? model, Tensor tensor) => DeviceOf(model) is { } device ? tensor.to(device) : tensor;

    /// <summary>Where a model's weights are; null where it is a function or has none.</summary>
    public static Device? DeviceOf(object? model) => (model as nn.Module)?.parameters().FirstOrDefault()?.device;

    /// <summary>Turns what a view says is wrong into the magic's one sentence, and leaves the result in its variable.</summary>
    public static Task Show<T>(MagicCall call, Func<T> make) where T : class
    {
        T result;
        try
        {
            using var scope = NewDisposeScope();
            result = make();
        }
        catch (Exception e) when (e is not (MagicException or OperationCanceledException))
        {
            throw Sentence(e);
        }
        call.Notebook.SetVariable(call.Require<string>("--as"), result, result.GetType());
        call.Notebook.Display(result);
        return Task.CompletedTask;
    }

    /// <summary>An exception of ours, of torch or of the reader's own code in one sentence.</summary>
    public static MagicException Sentence(Exception e)
    {
        var line = FirstLine(e);
        return e is ArgumentException or System.Runtime.InteropServices.ExternalException or InvalidOperationException { Source: "XtNotebooks" or "XtNotebooks.Transformers" } ? new(line, e)
            : e is ObjectDisposedException or InvalidOperationException && line.Contains("empty handle", StringComparison.Ordinal)
                ? new("A tensor or a weight of the model was disposed of; make it outside a scope that has ended.", e)
            : new($"{e.GetType().Name}: {line}", e);
    }

    /// <summary>What an exception says, without C#'s own "(Parameter 'options')".</summary>
    public static string FirstLine(Exception e)
    {
        var line = e.Message.Split('\n')[0].Trim();
        return e is ArgumentException { ParamName: { Length: > 0 } name } ? line.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : line;
    }

    /// <summary>A number that the magic can use.</summary>
    public static T Within<T>(MagicCall call, string option, Func<T, bool> fits, string wanted) where T : struct =>
        call.Require<T>(option) is var value && fits(value) ? value : throw new MagicException(FormattableString.Invariant($"{option} is {value}; give {wanted}."));

    /// <summary>Looking at a model must not drop anything out, and must not leave it changed.</summary>
    public static IDisposable Evaluating(object? model) => new Mode(model as nn.Module);

    private sealed class Mode : IDisposable
    {
        private readonly nn.Module? root;
        private readonly HashSet<nn.Module> training;

        public Mode(nn.Module? module)
        {
            root = module;
            // Parts may differ from the whole, for example a frozen one in evaluation mode.
            training = module is null ? [] : [.. module.modules().Prepend(module).Where(part => part.training)];
            module?.eval();
        }

        public void Dispose()
        {
            foreach (var part in training)
                part.train();
            foreach (var part in training.Count == 0 ? [] : root!.modules().Where(part => !training.Contains(part)))
                part.eval();
        }
    }
}
