namespace XtNotebooks.Transformers;

/// <summary>What a resumed training needs besides weights: the optimizer's state and torch's random generator, as bytes in a safetensors file.</summary>
/// <remarks>The optimizer's state goes through files, never through memory as a whole: it may be larger than an array can be.</remarks>
internal static class TrainingState
{
    private const string OptimizerKey = "optimizer";
    private const string GeneratorKey = "random_generator";
    private const string KindKey = "optimizer_kind";

    public static void Write(string path, optim.Optimizer? optimizer)
    {
        using var scope = NewDisposeScope();
        var generator = random.get_rng_state();
        var parts = new List<SafetensorsPart> { new(GeneratorKey, generator.dtype, generator.shape, stream => generator.WriteBytesToStream(stream, 1 << 16)) };
        var metadata = new Dictionary<string, string>();
        using var state = optimizer is null ? null : Stored(optimizer, Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (optimizer is not null && state is not null)
        {
            parts.Add(new SafetensorsPart(OptimizerKey, ScalarType.Byte, [state.Length], state.CopyTo));
            metadata[KindKey] = optimizer.GetType().Name;
        }
        Safetensors.Write(path, parts, metadata);
    }

    /// <summary>Puts the state back, or nothing at all: whatever fails, optimizer and generator are as they were.</summary>
    /// <param name="path">The file.</param>
    /// <param name="optimizer">Of the same kind, over the same parameters; null to leave its state aside.</param>
    /// <param name="then">What has to succeed, too.</param>
    public static void Restore(string path, optim.Optimizer? optimizer, Action then)
    {
        if (!File.Exists(path)) throw new CheckpointException($"There is no file {path}.");
        using var scope = NewDisposeScope();
        using var file = File.OpenRead(path);
        var header = SafetensorsHeader.Read(file, Path.GetFileName(path));
        var generator = ReadGenerator(path, file, header);
        if (optimizer is null) then();
        else RestoreOptimizer(path, optimizer, file, header, then);
        random.set_rng_state(generator);
    }

    // Looked at before anything is changed: a state that the generator does not take must not be found after weights have been.
    private static Tensor ReadGenerator(string path, FileStream file, SafetensorsHeader header)
    {
        if (header.Entries.FirstOrDefault(e => e.Name == GeneratorKey) is not { } entry) throw new CheckpointException($"{path} has no state of the random generator.");
        var current = random.get_rng_state();
        if (entry.Type != current.dtype || !entry.Shape.SequenceEqual(current.shape))
            throw new CheckpointException($"The state of the random generator in {path} is damaged, and nothing was changed: it is {entry.Type} [{string.Join(", ", entry.Shape)}], not {current.dtype} {current.Shape()}.");
        var saved = empty(entry.Shape, dtype: entry.Type, device: CPU);
        file.Position = header.DataStart + entry.Begin;
        saved.ReadBytesFromStream(file, 1 << 16);
        if (!IsMersenneTwister(saved.data<byte>().ToArray()))
            throw new CheckpointException($"The state of the random generator in {path} is damaged, and nothing was changed: it is not a state that the generator can be in.");
        return saved;
    }

    // torch asks the same (at::mt19937), but its exception would end the process. The state begins with the seed, the values left before the next
    // twist, whether it was seeded, and the place of the next value among the 624.
    private static bool IsMersenneTwister(ReadOnlySpan<byte> state) =>
        state.Length > 24 && BitConverter.ToInt32(state[8..]) is > 0 and <= 624 && BitConverter.ToInt32(state[12..]) == 1 && BitConverter.ToUInt64(state[16..]) <= 624;

    private static void RestoreOptimizer(string path, optim.Optimizer optimizer, FileStream file, SafetensorsHeader header, Action then)
    {
        if (header.Entries.FirstOrDefault(e => e.Name == OptimizerKey) is not { } entry)
            throw new CheckpointException($"{path} was saved without an optimizer: restore without one, or start a new one after restoring.");
        var (saved, given) = (header.Metadata.GetValueOrDefault(KindKey), optimizer.GetType().Name);
        if (saved != given) throw new CheckpointException($"{path} holds the state of {saved}, but the given optimizer is {given}; nothing was changed.");
        using var before = Stored(optimizer, Path.GetTempPath());
        try
        {
            file.Position = header.DataStart + entry.Begin;
            Load(optimizer, file);
            then();
        }
        catch (Exception error)
        {
            Load(optimizer, before);
            if (error is CheckpointException) throw;
            throw new CheckpointException($"The optimizer's state in {path} does not fit the given optimizer, and nothing was changed: {FirstLine(error)}", error);
        }
    }

    // At its beginning; gone with its last handle.
    private static FileStream Stored(optim.Optimizer optimizer, string directory)
    {
        var saving = Saving(optimizer);
        Directory.CreateDirectory(directory);
        var file = new FileStream(
            Path.Combine(directory, $"optimizer-{Guid.NewGuid():N}.tmp"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        using (var writer = new BinaryWriter(file, System.Text.Encoding.UTF8, leaveOpen: true)) saving.save_state_dict(writer);
        file.Position = 0;
        return file;
    }

    private static void Load(optim.Optimizer optimizer, FileStream from)
    {
        using var reader = new BinaryReader(from, System.Text.Encoding.UTF8, leaveOpen: true);
        Saving(optimizer).load_state_dict(reader);
    }

    private static string FirstLine(Exception error) => error.Message.Split('\n')[0].Trim();

    private static OptimizerHelper Saving(optim.Optimizer optimizer) => optimizer as OptimizerHelper ??
        throw new ArgumentException($"{optimizer.GetType().Name} cannot save its state: use one of torch.optim, or save without it.");
}
