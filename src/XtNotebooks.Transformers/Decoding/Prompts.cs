namespace XtNotebooks.Transformers;

/// <summary>Prompts as decoding needs them: [batch, seq], of different lengths aligned at their ends.</summary>
/// <param name="Tokens">[batch, seq], int64, left-padded.</param>
/// <param name="StartPos">[batch], int64: where each begins; null where all are equally long.</param>
/// <param name="IsSingle">Whether the prompt came without a batch dimension.</param>
internal sealed record Prompts(Tensor Tokens, Tensor? StartPos, bool IsSingle)
{
    public static Prompts From(Tensor prompts, Tensor? lens, long padValue)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        var single = prompts.Dimensions == 1;
        var tokens = single ? prompts.unsqueeze(0) : prompts;
        InputChecks.CheckShape(tokens);
        tokens = tokens.to(ScalarType.Int64);
        if (lens is null) return new Prompts(tokens, null, single);

        if (lens.dtype is not (ScalarType.Int64 or ScalarType.Int32)) throw new ArgumentException($"PromptLens must be integers, but are {lens.dtype}.");
        lens = lens.to(ScalarType.Int64);
        var (batch, length) = (tokens.shape[0], tokens.shape[1]);
        if (lens.Dimensions != 1 || lens.shape[0] != batch)
            throw new ArgumentException($"PromptLens must be [batch] with a batch of {batch}, but is {lens.Shape()}.");
        var values = lens.cpu().data<long>().ToArray();
        for (var i = 0; i < values.Length; i++)
            if (values[i] < 1 || values[i] > length)
                throw new ArgumentException($"PromptLens must be from 1 to the prompts' length {length}, but is {values[i]} at batch {i}.");
        var start = length - lens.to(tokens.device); // [batch]
        var source = arange(length, dtype: ScalarType.Int64, device: tokens.device) - start.unsqueeze(-1); // [batch, seq]
        return new Prompts(tokens.gather(1, source.clamp(min: 0)).masked_fill(source < 0, padValue), start, single);
    }

    public static Prompts From(IReadOnlyList<Tensor> prompts, long padValue)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0) throw new ArgumentException("There must be at least one prompt, but the list is empty.");
        if (prompts.FirstOrDefault(p => p.Dimensions != 1) is { } wrong) throw new ArgumentException($"Every prompt in the list must be [seq], but one is {wrong.Shape()}.");
        foreach (var prompt in prompts)
        {
            InputChecks.CheckShape(prompt.unsqueeze(0));
            if (prompt.device.type != prompts[0].device.type)
                throw new ArgumentException($"The prompts in the list are on {prompts[0].device} and {prompt.device}: move them to one device.");
        }
        var longest = prompts.Max(p => p.shape[0]);
        var padded = stack(prompts.Select(p => p.to(ScalarType.Int64).PadAt(-1, 0, longest - p.shape[0], padValue)));
        return From(padded, tensor(prompts.Select(p => p.shape[0]).ToArray(), device: padded.device), padValue);
    }

    /// <summary>Takes the batch dimension off again where the prompt had none.</summary>
    public Tensor Unpack(Tensor tokens) => IsSingle ? tokens.squeeze(0) : tokens;
}
