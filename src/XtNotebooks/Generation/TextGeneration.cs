using System.Runtime.CompilerServices;
using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Generation;

/// <summary>Continues a prompt token by token, telling after each what there is.</summary>
public static class TextGeneration
{
    /// <summary>Continues text with a transformer of this package.</summary>
    /// <param name="model">The wrapper around the net, with its pad value.</param>
    /// <param name="tokenizer">Text to ids and back.</param>
    /// <param name="prompt">What it begins with; an empty one begins at the tokenizer's begin token.</param>
    /// <param name="tokens">How many tokens to add at most.</param>
    /// <param name="options">Temperature, filter, end token and so on.</param>
    /// <param name="time">Measures time; the system's by default.</param>
    /// <param name="cancellationToken">Ends it between two tokens; the last value then says so, and nothing is thrown.</param>
    /// <exception cref="ArgumentException">The prompt or an option does not fit; the message says which.</exception>
    public static IAsyncEnumerable<GeneratedText> StreamAsync(
        AutoregressiveWrapper model, ITokenizer tokenizer, string prompt, int tokens, GenerateOptions? options = null,
        TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(prompt);
        var ids = tokenizer.Encode(prompt);
        return StreamAsync(model, ids.Length > 0 ? ids : [tokenizer.BosId], tokens, tokenizer, options, time, cancellationToken);
    }

    /// <summary>Continues ids with a transformer of this package.</summary>
    /// <param name="model">The wrapper around the net, with its pad value.</param>
    /// <param name="prompt">Ids, one or more.</param>
    /// <param name="tokens">How many tokens to add at most.</param>
    /// <param name="tokenizer">Gives the texts; null to show ids.</param>
    /// <param name="options">Temperature, filter, end token and so on.</param>
    /// <param name="time">Measures time; the system's by default.</param>
    /// <param name="cancellationToken">Ends it between two tokens; the last value then says so, and nothing is thrown.</param>
    /// <exception cref="ArgumentException">The prompt or an option does not fit; the message says which.</exception>
    public static IAsyncEnumerable<GeneratedText> StreamAsync(
        AutoregressiveWrapper model, IReadOnlyList<long> prompt, int tokens, ITokenizer? tokenizer = null, GenerateOptions? options = null,
        TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        Check(prompt, tokens);
        options ??= new();
        if (options.EosToken is { } end && (end < 0 || end >= model.Net.NumTokens))
            throw new ArgumentException($"EosToken ({end}) is outside the vocabulary: NumTokens is {model.Net.NumTokens}.");
        return Tell(Ours(model, prompt, tokens, options, cancellationToken), prompt, tokens, new(tokenizer) { Vocabulary = model.Net.NumTokens }, options.EosToken, time, cancellationToken);
    }

    /// <summary>Continues ids with anybody's model, which reads the whole sequence anew for each token.</summary>
    /// <param name="forward">From ids [1, seq] int64 to logits [1, seq, numTokens].</param>
    /// <param name="prompt">Ids, one or more.</param>
    /// <param name="tokens">How many tokens to add at most.</param>
    /// <param name="tokenizer">Gives the texts; null to show ids.</param>
    /// <param name="options">Temperature, filter, end token and generator; what only transformers of this package know must be left out.</param>
    /// <param name="device">Where the model reads its ids; the CPU by default.</param>
    /// <param name="time">Measures time; the system's by default.</param>
    /// <param name="cancellationToken">Ends it between two tokens; the last value then says so, and nothing is thrown.</param>
    /// <exception cref="ArgumentException">The prompt or an option does not fit; the message says which.</exception>
    public static IAsyncEnumerable<GeneratedText> StreamAsync(
        Func<Tensor, Tensor> forward, IReadOnlyList<long> prompt, int tokens, ITokenizer? tokenizer = null, GenerateOptions? options = null,
        Device? device = null, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(forward);
        Check(prompt, tokens);
        options ??= new();
        if (!double.IsFinite(options.Temperature) || options.Temperature < 0)
            throw new ArgumentException(FormattableString.Invariant($"Temperature must be at least 0, but is {options.Temperature}."));
        var texts = new TokenTexts(tokenizer);
        return Tell(Theirs(forward, prompt, tokens, options, device ?? CPU, texts, cancellationToken), prompt, tokens, texts, options.EosToken, time, cancellationToken);
    }

    private static void Check(IReadOnlyList<long> prompt, int tokens)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (prompt.Count == 0)
            throw new ArgumentException("The prompt is empty; give one token at least, for example the tokenizer's BosId.");
        if (tokens < 1)
            throw new ArgumentException($"{tokens} tokens were asked for; ask for one or more.");
    }

    private static async IAsyncEnumerable<long> Ours(
        AutoregressiveWrapper model, IReadOnlyList<long> prompt, int tokens, GenerateOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ids = tensor(prompt.ToArray(), device: model.parameters().First().device).DetachFromDisposeScope();
        // Only a new end token ends the text: the wrapper, as upstream, would take one in the prompt for the end already.
        await foreach (var step in model.StreamAsync(ids, tokens, options with { EosToken = null }, cancellationToken).ConfigureAwait(false))
        {
            yield return step[0];
            if (step[0] == options.EosToken)
                yield break;
        }
    }

    private static async IAsyncEnumerable<long> Theirs(
        Func<Tensor, Tensor> forward, IReadOnlyList<long> prompt, int tokens, GenerateOptions options, Device device, TokenTexts texts,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ids = prompt.ToList();
        for (var i = 0; i < tokens; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Torch's modes and scopes belong to threads: each step opens and closes its own.
            ids.Add(await Task.Run(() => Next(forward, ids, options, device, texts), cancellationToken).ConfigureAwait(false));
            yield return ids[^1];
            if (ids[^1] == options.EosToken)
                yield break;
        }
    }

    private static long Next(Func<Tensor, Tensor> forward, List<long> ids, GenerateOptions options, Device device, TokenTexts texts)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var output = forward(tensor(ids.ToArray(), device: device).unsqueeze(0));                    // [1, seq, numTokens]
        if (output.dim() != 3 || output.shape[0] != 1 || output.shape[1] != ids.Count)
            throw new ArgumentException($"The model must give logits [1, {ids.Count}, numTokens] for ids [1, {ids.Count}], but gave [{string.Join(", ", output.shape)}].");
        texts.Vocabulary = output.shape[2];
        var logits = output.select(1, -1).to(ScalarType.Float32);                                    // [1, numTokens]
        if (logits.isnan().any().item<bool>())
            throw new InvalidOperationException("The model predicts NaN, so there is nothing to sample from.");
        return options.Temperature == 0
            ? logits.argmax(-1).item<long>()
            : (options.FilterLogitsFn(logits) / options.Temperature).softmax(-1).multinomial(1, generator: options.Generator).item<long>();
    }

    private static async IAsyncEnumerable<GeneratedText> Tell(
        IAsyncEnumerable<long> stream, IReadOnlyList<long> prompt, int tokens, TokenTexts texts, long? end, TimeProvider? time,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        time ??= TimeProvider.System;
        var start = time.GetTimestamp();
        var ids = new List<long>();
        await using var steps = stream.GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            var cancelled = false;
            try
            {
                if (!await steps.MoveNextAsync().ConfigureAwait(false))
                    yield break;
            }
            catch (OperationCanceledException)
            {
                cancelled = true;
            }
            if (!cancelled)
                ids.Add(steps.Current);
            yield return new GeneratedText
            {
                Prompt = texts.Of(prompt, ""),
                Text = texts.Of(ids, " "),
                Note = texts.Note([.. prompt, .. ids]),
                Ids = [.. ids],
                End = cancelled ? GenerationEnd.Cancelled : ids[^1] == end ? GenerationEnd.EndToken : ids.Count >= tokens ? GenerationEnd.Length : GenerationEnd.Running,
                Duration = time.GetElapsedTime(start),
            };
            if (cancelled)
                yield break;
        }
    }
}
