namespace XtNotebooks.Transformers;

/// <summary>What a resumed training needs besides weights: the optimizer's state and torch's random generator, as bytes in a safetensors file.</summary>
internal static class TrainingState
{
    private const string OptimizerKey = "optimizer";
    private const string GeneratorKey = "random_generator";
    private const string KindKey = "optimizer_kind";

    public static void Write(string path, optim.Optimizer? optimizer)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor> { [GeneratorKey] = random.get_rng_state() };
        var metadata = new Dictionary<string, string>();
        if (optimizer is not null)
        {
            tensors[OptimizerKey] = tensor(Bytes(optimizer));
            metadata[KindKey] = optimizer.GetType().Name;
        }
        Safetensors.Write(path, tensors, metadata);
    }

    /// <summary>Puts the state back, or nothing at all: if <paramref name="then"/> fails, the optimizer is as it was.</summary>
    /// <param name="path">The file.</param>
    /// <param name="optimizer">Of the same kind, over the same parameters; null to leave its state aside.</param>
    /// <param name="then">What has to succeed, too.</param>
    public static void Restore(string path, optim.Optimizer? optimizer, Action then)
    {
        using var scope = NewDisposeScope();
        var tensors = Safetensors.Read(path, out var metadata);
        if (!tensors.TryGetValue(GeneratorKey, out var generator)) throw new CheckpointException($"{path} has no state of the random generator.");
        if (optimizer is null) then();
        else RestoreOptimizer(path, optimizer, tensors, metadata, then);
        random.set_rng_state(generator);
    }

    private static void RestoreOptimizer(
        string path, optim.Optimizer optimizer, Dictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata, Action then)
    {
        if (!tensors.TryGetValue(OptimizerKey, out var state))
            throw new CheckpointException($"{path} was saved without an optimizer: restore without one, or start a new one after restoring.");
        var (saved, given) = (metadata.GetValueOrDefault(KindKey), optimizer.GetType().Name);
        if (saved != given) throw new CheckpointException($"{path} holds the state of {saved}, but the given optimizer is {given}; nothing was changed.");
        var before = Bytes(optimizer);
        try
        {
            Load(optimizer, state.data<byte>().ToArray());
            then();
        }
        catch (Exception error)
        {
            Load(optimizer, before);
            if (error is CheckpointException) throw;
            throw new CheckpointException($"The optimizer's state in {path} does not fit the given optimizer, and nothing was changed: {error.Message.Split('\n')[0].Trim()}", error);
        }
    }

    private static byte[] Bytes(optim.Optimizer optimizer)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream)) Saving(optimizer).save_state_dict(writer);
        return stream.ToArray();
    }

    private static void Load(optim.Optimizer optimizer, byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes));
        Saving(optimizer).load_state_dict(reader);
    }

    private static OptimizerHelper Saving(optim.Optimizer optimizer) => optimizer as OptimizerHelper ??
        throw new ArgumentException($"{optimizer.GetType().Name} cannot save its state: use one of torch.optim, or save without it.");
}
