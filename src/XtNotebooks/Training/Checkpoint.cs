using System.Globalization;
using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>A training run on disk: <c>step-N.safetensors</c> holds weights under their own names and the run's numbers as metadata,
/// <c>step-N.optimizer</c> the optimizer's state and torch's random generator.</summary>
internal static class Checkpoint
{
    private const string RunKey = "xt-notebooks.run";

    public static void Save(string folder, nn.Module module, optim.Optimizer optimizer, TrainingRun run)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"step-{run.Steps.Count:000000}"));
        // The weights come last: a run is resumed from the newest of them, which then has its other half.
        WriteState(path + ".optimizer", optimizer);
        using var scope = NewDisposeScope();
        Safetensors.Write(path + ".safetensors", module.state_dict(), new Dictionary<string, string> { [RunKey] = JsonSerializer.Serialize(run) });
    }

    /// <summary>The newest run in a folder, its weights and state put back; null where there is none.</summary>
    public static TrainingRun? Load(string folder, nn.Module module, optim.Optimizer optimizer)
    {
        var newest = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "step-*.safetensors").Max(StringComparer.Ordinal) : null;
        if (newest is null)
            return null;
        using var scope = NewDisposeScope();
        var weights = Safetensors.Read(newest, out var metadata);
        if (!metadata.TryGetValue(RunKey, out var text))
            throw new CheckpointException($"{newest} holds weights but no run; load it with LoadSafetensors, or choose another folder.");
        var state = Path.ChangeExtension(newest, ".optimizer");
        if (!File.Exists(state))
            throw new CheckpointException($"{newest} has no {Path.GetFileName(state)} beside it; delete it to resume from an earlier one.");
        module.LoadStateDict(weights);
        ReadState(state, optimizer);
        return JsonSerializer.Deserialize<TrainingRun>(text)!;
    }

    private static void WriteState(string path, optim.Optimizer optimizer)
    {
        var draft = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var writer = new BinaryWriter(File.Create(draft)))
            {
                using var generator = torch.random.get_rng_state();
                var bytes = generator.data<byte>().ToArray();
                writer.Write(bytes.Length);
                writer.Write(bytes);
                Saving(optimizer).save_state_dict(writer);
            }
            File.Move(draft, path, overwrite: true);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static void ReadState(string path, optim.Optimizer optimizer)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        try
        {
            using var generator = tensor(reader.ReadBytes(reader.ReadInt32()), dtype: ScalarType.Byte);
            Saving(optimizer).load_state_dict(reader);
            torch.random.set_rng_state(generator);
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException)
        {
            throw new CheckpointException($"{path} is damaged or of another optimizer ({e.Message.Split('\n')[0].TrimEnd('.')}); delete it and the weights beside it to resume earlier.", e);
        }
    }

    private static OptimizerHelper Saving(optim.Optimizer optimizer) => optimizer as OptimizerHelper
        ?? throw new ArgumentException($"{optimizer.GetType().Name} cannot be saved; use an optimizer of torch.optim, or no checkpoints.");
}
