using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Generation;

/// <summary><c>#!xt-generate</c>: a model continues a prompt, each token shown as it comes.</summary>
internal static class GenerateMagic
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-generate",
        Summary = "Lets a model continue a prompt, showing each token as it comes; an interrupt keeps what there is.",
        Options =
        [
            new() { Name = "--prompt", Summary = "Text in quotes, or a variable: a string, a tensor of ids, or a PaddedBatch, whose first row is taken; empty to begin at the begin token.", Type = typeof(object), Default = "", Positional = true },
            MagicInputs.Model with { Required = true },
            MagicInputs.Tokenizer with { Summary = "Turns text into ids and back; without it ids are shown." },
            new() { Name = "--tokens", Summary = "New tokens at most.", Type = typeof(int), Default = 100 },
            new() { Name = "--temperature", Summary = "0 takes the likeliest token, 1 samples as the model predicts.", Type = typeof(double), Default = 1.0 },
            new() { Name = "--top-k", Summary = "Samples among so many of the likeliest; a tenth of the vocabulary where no filter is given.", Type = typeof(int) },
            new() { Name = "--top-p", Summary = "Samples among the likeliest that together reach this probability, above 0 to 1.", Type = typeof(double) },
            new() { Name = "--min-p", Summary = "Samples among tokens at least this fraction as likely as the likeliest, 0 to 1.", Type = typeof(double) },
            new() { Name = "--end-id", Summary = "The id that ends the text; the tokenizer's own unless given, -1 for none.", Type = typeof(long) },
            new() { Name = "--seed", Summary = "Makes sampling repeatable.", Type = typeof(int) },
            MagicInputs.As("generated"),
        ],
        Examples =
        [
            "#!xt-generate \"Call me\" --model net --tokenizer tokenizer --tokens 200 --temperature 0.8 --top-p 0.9",
            "#!xt-generate batch --model net --temperature 0",
        ],
        StopsWithin = TimeSpan.FromSeconds(30),
        Run = static (call, cancellationToken) => RunAsync(call, cancellationToken),
    };

    private static async Task RunAsync(MagicCall call, CancellationToken cancellationToken)
    {
        IDisplayHandle? handle = null;
        GeneratedText? last = null;
        using var generator = call.Values.GetValueOrDefault("--seed") is int seed ? Seeded(call, seed) : null;
        try
        {
            var shown = TimeProvider.System.GetTimestamp();
            await foreach (var text in Stream(call, generator, cancellationToken).ConfigureAwait(false))
            {
                if (handle is null)
                    handle = call.Notebook.Display(text);
                else if (text.End != GenerationEnd.Running || TimeProvider.System.GetElapsedTime(shown) >= Pause)
                    handle.Update(text);
                else
                {
                    last = text;
                    continue;
                }
                (shown, last) = (TimeProvider.System.GetTimestamp(), text);
            }
        }
        catch (Exception e) when (e is not (MagicException or OperationCanceledException))
        {
            throw Sentence(e);
        }
        finally
        {
            if (last is not null)
                call.Notebook.SetVariable(call.Require<string>("--as"), last, typeof(GeneratedText));
        }
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static IAsyncEnumerable<GeneratedText> Stream(MagicCall call, Generator? generator, CancellationToken cancellationToken)
    {
        var tokenizer = call.Get<ITokenizer>("--tokenizer");
        var prompt = Prompt(call, tokenizer);
        var tokens = call.Require<int>("--tokens");
        var options = Options(call, tokenizer) with { Generator = generator };
        return call.Require<object>("--model") switch
        {
            AutoregressiveWrapper wrapper => TextGeneration.StreamAsync(wrapper, prompt, tokens, tokenizer, options, cancellationToken: cancellationToken),
            TransformerWrapper net => TextGeneration.StreamAsync(new AutoregressiveWrapper(net), prompt, tokens, tokenizer, options, cancellationToken: cancellationToken),
            nn.Module<Tensor, Tensor> module => TextGeneration.StreamAsync(Quietly(module), prompt, tokens, tokenizer, options, Device(module), cancellationToken: cancellationToken),
            Func<Tensor, Tensor> function => TextGeneration.StreamAsync(function, prompt, tokens, tokenizer, options, cancellationToken: cancellationToken),
            var other => throw MagicInputs.Wrong("--model", other, "a module from ids to logits, or a Func<Tensor, Tensor>"),
        };
    }

    // What C# calls them, and what the magic does.
    private static MagicException Sentence(Exception e)
    {
        var told = MagicInputs.Sentence(e);
        return new(told.Message.Replace("Temperature", "--temperature", StringComparison.Ordinal).Replace("EosToken", "--end-id", StringComparison.Ordinal), e);
    }

    // Without dropout, and left as it was.
    private static Func<Tensor, Tensor> Quietly(nn.Module<Tensor, Tensor> module) => ids =>
    {
        using var evaluating = MagicInputs.Evaluating(module);
        return module.call(ids);
    };

    private static Generator Seeded(MagicCall call, int seed) => new((ulong)seed, call.Values.GetValueOrDefault("--model") is nn.Module module ? Device(module) : CPU);

    private static Device Device(nn.Module module) => module.parameters().FirstOrDefault()?.device ?? CPU;

    private static long[] Prompt(MagicCall call, ITokenizer? tokenizer)
    {
        switch (call.Values.GetValueOrDefault("--prompt"))
        {
            case null or "":
                return [tokenizer?.BosId ?? throw new MagicException("Without a --tokenizer there is no begin token; give a --prompt.")];
            case string text:
                return tokenizer?.Encode(text) ?? throw new MagicException($"--prompt \"{text}\" needs a --tokenizer; or give a tensor of ids.");
            case PaddedBatch batch:
                using (var scope = NewDisposeScope())
                    return TensorRows.Ids(batch.Ids)[0].Where((_, i) => batch.Mask[0, i].item<bool>()).ToArray();
            case Tensor ids:
                MagicInputs.Alive("--prompt", ids);
                return ids.numel() == 0 ? throw new MagicException("--prompt holds no token; give one at least.") : TensorRows.Ids(ids)[0];
            case IEnumerable<long> ids:
                return [.. ids];
            case var other:
                throw MagicInputs.Wrong("--prompt", other, "text, or a tensor of ids");
        }
    }

    private static GenerateOptions Options(MagicCall call, ITokenizer? tokenizer)
    {
        call.Refuse(Command, call.Get<double>("--temperature") == 0, "chooses among tokens, but --temperature 0 takes the likeliest; leave one of the two out.", "--top-k", "--top-p", "--min-p", "--seed");
        var filters = new List<Func<Tensor, Tensor>>();
        if (call.Values.GetValueOrDefault("--top-k") is int k)
            filters.Add(k > 0 ? LogitFilters.TopK(k: k) : throw new MagicException($"--top-k is {k}; give 1 or more."));
        if (call.Values.GetValueOrDefault("--top-p") is double p)
            filters.Add(p is > 0 and <= 1 ? LogitFilters.TopP(p) : throw new MagicException(FormattableString.Invariant($"--top-p is {p}; give a share above 0 and up to 1.")));
        if (call.Values.GetValueOrDefault("--min-p") is double least)
            filters.Add(least is >= 0 and <= 1 ? LogitFilters.MinP(least) : throw new MagicException(FormattableString.Invariant($"--min-p is {least}; give a fraction from 0 to 1.")));
        var end = call.Values.GetValueOrDefault("--end-id") as long? ?? tokenizer?.EosId;
        var options = new GenerateOptions { Temperature = call.Get<double>("--temperature"), EosToken = end is >= 0 ? end : null };
        return filters.Count == 0 ? options : options with { FilterLogitsFn = logits => filters.Aggregate(logits, (left, filter) => filter(left)) };
    }
}
