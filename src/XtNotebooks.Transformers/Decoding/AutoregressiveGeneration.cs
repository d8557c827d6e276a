using System.Runtime.CompilerServices;

namespace XtNotebooks.Transformers;

public sealed partial class AutoregressiveWrapper
{
    /// <summary>Continues prompts token by token.</summary>
    /// <param name="prompts">[batch, seq] or [seq], int64.</param>
    /// <param name="seqLen">How many tokens to add at most.</param>
    /// <param name="options">Temperature, filter, end of sequence and so on.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>[batch, new] or [new], int64: the new tokens alone; fewer than <paramref name="seqLen"/> where all sequences have ended.</returns>
    public Tensor Generate(Tensor prompts, int seqLen, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var scope = NewDisposeScope();
        options ??= new GenerateOptions();
        return scope.MoveToOuter(Generate(Prompts.From(prompts, options.PromptLens, PadValue), seqLen, options, cancellationToken));
    }

    /// <summary>Continues prompts of different lengths token by token.</summary>
    /// <param name="prompts">Each [seq], int64.</param>
    /// <param name="seqLen">How many tokens to add at most.</param>
    /// <param name="options">Temperature, filter, end of sequence and so on; without PromptLens, which the prompts tell.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>[batch, new], int64: the new tokens alone.</returns>
    public Tensor Generate(IReadOnlyList<Tensor> prompts, int seqLen, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var scope = NewDisposeScope();
        options ??= new GenerateOptions();
        if (options.PromptLens is not null) throw new ArgumentException("PromptLens cannot be given with a list of prompts, whose lengths are known.");
        return scope.MoveToOuter(Generate(Prompts.From(prompts, PadValue), seqLen, options, cancellationToken));
    }

    /// <summary>Continues prompts, handing out every token as soon as it is there.</summary>
    /// <param name="prompts">[batch, seq] or [seq], int64.</param>
    /// <param name="seqLen">How many tokens to add at most.</param>
    /// <param name="options">Temperature, filter, end of sequence and so on.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>At each step one token for every sequence; the pad value where a sequence has ended.</returns>
    public IAsyncEnumerable<long[]> StreamAsync(Tensor prompts, int seqLen, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new GenerateOptions();
        return Stream(() => Prompts.From(prompts, options.PromptLens, PadValue), seqLen, options, cancellationToken);
    }

    /// <summary>Continues prompts of different lengths, handing out every token as soon as it is there.</summary>
    /// <param name="prompts">Each [seq], int64.</param>
    /// <param name="seqLen">How many tokens to add at most.</param>
    /// <param name="options">Temperature, filter, end of sequence and so on; without PromptLens, which the prompts tell.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>At each step one token for every sequence; the pad value where a sequence has ended.</returns>
    public IAsyncEnumerable<long[]> StreamAsync(
        IReadOnlyList<Tensor> prompts, int seqLen, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new GenerateOptions();
        if (options.PromptLens is not null) throw new ArgumentException("PromptLens cannot be given with a list of prompts, whose lengths are known.");
        return Stream(() => Prompts.From(prompts, PadValue), seqLen, options, cancellationToken);
    }

    private async IAsyncEnumerable<long[]> Stream(
        Func<Prompts> prompts, int seqLen, GenerateOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Steps may run on different threads, and torch's modes and scopes belong to threads: each step opens and closes its own.
        using var sampler = Started();
        for (var step = 0; step < seqLen && !sampler.HasEnded; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return await Task.Run(sampler.NextTokens, cancellationToken).ConfigureAwait(false);
        }

        Sampler Started()
        {
            using var scope = NewDisposeScope();
            return new Sampler(this, prompts(), seqLen, options);
        }
    }

    private Tensor Generate(Prompts prompts, int seqLen, GenerateOptions options, CancellationToken cancellationToken)
    {
        using var sampler = new Sampler(this, prompts, seqLen, options);
        for (var step = 0; step < seqLen && !sampler.HasEnded; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            sampler.Next();
        }
        var added = sampler.Tokens.narrow(1, prompts.Tokens.shape[1], sampler.Tokens.shape[1] - prompts.Tokens.shape[1]);
        return prompts.Unpack(added.clone());
    }
}
