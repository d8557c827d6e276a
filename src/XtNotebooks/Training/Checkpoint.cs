using System.Text.Json;
using System.Text.Json.Serialization;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>A training run in a <see cref="CheckpointDirectory"/>: weights, optimizer and random generator as the directory keeps them, and the run's
/// numbers beside them.</summary>
internal static class Checkpoint
{
    // A held-out loss may be NaN.
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public static void Save(string folder, nn.Module module, optim.Optimizer optimizer, TrainingRun run) =>
        new CheckpointDirectory(folder).Save(module, run.Steps.Count, optimizer, run: JsonSerializer.Serialize(run, Json));

    /// <summary>The run in a folder, its weights and state put back; null where there is none.</summary>
    public static TrainingRun? Load(string folder, nn.Module module, optim.Optimizer optimizer)
    {
        var directory = new CheckpointDirectory(folder);
        if (!directory.Exists)
            return null;
        if (directory.ReadProgress().Run is not { } run)
            throw new CheckpointException($"{folder} holds weights but no run; restore it with CheckpointDirectory.Restore, or choose another folder.");
        directory.Restore(module, optimizer);
        try
        {
            return JsonSerializer.Deserialize<TrainingRun>(run, Json)!;
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"The run in {folder} cannot be read ({e.Message.TrimEnd('.')}); choose another folder to begin anew.", e);
        }
    }
}
