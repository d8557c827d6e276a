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
        PaddedBatch batch => batch.Ids,
        Tensor { IsInvalid: true } => throw new MagicException("The tensor of --ids was disposed of; make it outside a scope that has ended."),
        Tensor ids => ids,
        var other => throw new MagicException($"--ids is a {other.GetType().Name}; give a tensor of token ids or a PaddedBatch."),
    };

    public static long? Pad(MagicCall call) =>
        call.Values.TryGetValue("--pad-id", out var given) && given is long id ? id
        : call.Values.GetValueOrDefault("--ids") is PaddedBatch batch ? batch.PadId
        : call.Get<ITokenizer>("--tokenizer")?.PadId;

    public static Func<long, string>? Token(MagicCall call) => call.Get<ITokenizer>("--tokenizer") is { } tokenizer ? tokenizer.Label : null;

    /// <summary>Logits and targets of a batch, by the model given; the last logit has no target and is left out.</summary>
    public static (Tensor Logits, Tensor Targets) Forward(MagicCall call, Tensor ids)
    {
        Func<Tensor, Tensor> forward = call.Values.GetValueOrDefault("--model") switch
        {
            AutoregressiveWrapper wrapper => wrapper.Net.forward,
            nn.Module<Tensor, Tensor> module => module.forward,
            Func<Tensor, Tensor> function => function,
            null => throw new MagicException("--model is missing; give a model, or a function from ids to logits."),
            var other => throw new MagicException($"--model is a {other.GetType().Name}; give a module from ids to logits, or a Func<Tensor, Tensor>."),
        };
        if (ids.dim() != 2 || ids.shape[1] < 2)
            throw new MagicException($"--ids has the shape [{string.Join(", ", ids.shape)}]; give [batch, seq] with two tokens or more.");
        using var _ = no_grad();
        using var evaluating = Evaluating(call.Values.GetValueOrDefault("--model"));
        var logits = forward(ids);
        var seq = ids.shape[1];
        return (logits.slice(1, 0, seq - 1, 1), ids.slice(1, 1, seq, 1));
    }

    /// <summary>Turns what a view says is wrong into the magic's one sentence, and leaves the result in its variable.</summary>
    public static Task Show<T>(MagicCall call, Func<T> make) where T : class
    {
        T result;
        try
        {
            using var scope = NewDisposeScope();
            result = make();
        }
        catch (Exception e) when (e is ArgumentException or System.Runtime.InteropServices.ExternalException)
        {
            throw new MagicException(e.Message.Split('\n')[0], e);
        }
        call.Notebook.SetVariable(call.Require<string>("--as"), result, typeof(T));
        call.Notebook.Display(result);
        return Task.CompletedTask;
    }

    public static T? Titled<T>(MagicCall call, T? value, Func<T, string, T> with) where T : class =>
        value is not null && call.Get<string>("--title") is { } title ? with(value, title) : value;

    /// <summary>Looking at a model must not drop anything out, and must not leave it changed.</summary>
    private static Mode Evaluating(object? model)
    {
        var module = model as nn.Module;
        return new Mode(module, module?.training ?? false);
    }

    private sealed class Mode : IDisposable
    {
        private readonly nn.Module? module;
        private readonly bool training;

        public Mode(nn.Module? module, bool training)
        {
            (this.module, this.training) = (module, training);
            module?.eval();
        }

        public void Dispose()
        {
            if (training)
                module?.train();
        }
    }
}
