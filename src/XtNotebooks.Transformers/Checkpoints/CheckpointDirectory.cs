using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace XtNotebooks.Transformers;

/// <summary>A directory from which a training goes on as if it had never stopped, and from which Python's x-transformers loads the model.</summary>
/// <remarks>
/// <c>checkpoint.json</c> holds the constructor arguments under upstream's names, the step, the tokenizer, and the names of two safetensors
/// files: the weights under upstream's keys, and the state of optimizer and random generator. It is replaced last and in one go:
/// whatever interrupts a write, the directory holds the old checkpoint or the new one, whole.
/// </remarks>
public sealed partial class CheckpointDirectory
{
    /// <summary>Names a directory; it need not exist yet.</summary>
    /// <param name="path">The directory.</param>
    public CheckpointDirectory(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        FullPath = Path.GetFullPath(path);
    }

    /// <summary>The directory.</summary>
    public string FullPath { get; }

    /// <summary>Whether it holds a checkpoint.</summary>
    public bool Exists => File.Exists(Path.Combine(FullPath, CheckpointManifest.FileName));

    /// <summary>Writes a checkpoint; the one before is replaced as a whole or not at all.</summary>
    /// <param name="model">A <see cref="TransformerWrapper"/>, an <see cref="AutoregressiveWrapper"/> or an <see cref="XTransformer"/>, on any device.</param>
    /// <param name="step">Training steps taken.</param>
    /// <param name="optimizer">One of torch.optim, or null to keep weights alone.</param>
    /// <param name="tokenizer">JSON to keep beside them, never looked into; null for none.</param>
    /// <param name="run">JSON of what was recorded while training, never looked into; null for none. With it a module of any class can be kept:
    /// <see cref="Restore"/> puts it back, while <see cref="CreateModel"/> knows this library's classes alone.</param>
    /// <exception cref="ArgumentException">The model is of another kind, or the tokenizer or run is not JSON.</exception>
    public void Save(nn.Module model, long step, optim.Optimizer? optimizer = null, string? tokenizer = null, string? run = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var suffix = string.Create(CultureInfo.InvariantCulture, $"{step:000000}-{Guid.NewGuid().ToString("N")[..8]}.safetensors");
        var manifest = new CheckpointManifest(
            run is null || ModelConfig.Knows(model) ? ModelConfig.Of(model) : [], step, $"weights-{suffix}", $"state-{suffix}",
            Parsed(tokenizer, nameof(tokenizer)), Parsed(run, nameof(run)));
        ModelConfig.Weights(model).SaveSafetensors(Path.Combine(FullPath, manifest.Weights));
        TrainingState.Write(Path.Combine(FullPath, manifest.State), optimizer);
        manifest.Write(FullPath);
        DeleteAllBut(manifest);
    }

    /// <summary>Builds the model that was saved, with its weights and their dtype.</summary>
    /// <param name="device">Where it goes; the CPU by default.</param>
    /// <returns>A model of the class that was saved; it belongs to the caller.</returns>
    /// <exception cref="CheckpointException">There is no checkpoint, it is damaged, or it asks for an option that does not exist here.</exception>
    public nn.Module CreateModel(Device? device = null)
    {
        var manifest = CheckpointManifest.Read(FullPath);
        using var scope = NewDisposeScope();
        var weights = Safetensors.Read(Path.Combine(FullPath, manifest.Weights));
        try
        {
            var model = ModelConfig.Create(manifest.Config);
            var holder = ModelConfig.Weights(model);
            model.to(device ?? CPU, Precision(weights, holder.named_parameters().Select(p => p.name)));
            holder.LoadStateDict(weights);
            // A model outlives the scope in which it was built.
            foreach (var tensor in model.parameters().Concat(model.buffers())) tensor.DetachFromDisposeScope();
            return model;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or FormatException)
        {
            throw new CheckpointException($"The model of {FullPath} cannot be built: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>Puts weights, optimizer and torch's random generator back as they were when the checkpoint was written.</summary>
    /// <param name="model">Of the class and shape that was saved; its dtype and device stay.</param>
    /// <param name="optimizer">Of the kind that was saved, over the model's parameters; null to leave its state aside.</param>
    /// <param name="strict">Whether missing and unexpected weights are errors; misshapen ones always are.</param>
    /// <returns>What was kept beside the weights.</returns>
    /// <exception cref="CheckpointException">Something is damaged or does not fit; model, optimizer and generator are unchanged.</exception>
    public SavedProgress Restore(nn.Module model, optim.Optimizer? optimizer = null, bool strict = true)
    {
        ArgumentNullException.ThrowIfNull(model);
        var manifest = CheckpointManifest.Read(FullPath);
        TrainingState.Restore(
            Path.Combine(FullPath, manifest.State), optimizer,
            then: () => ModelConfig.Weights(model).LoadSafetensors(Path.Combine(FullPath, manifest.Weights), strict));
        return Progress(manifest);
    }

    /// <summary>What is kept beside the weights, without loading them.</summary>
    /// <exception cref="CheckpointException">There is no checkpoint, or it is damaged.</exception>
    public SavedProgress ReadProgress() => Progress(CheckpointManifest.Read(FullPath));

    private static SavedProgress Progress(CheckpointManifest manifest) => new(manifest.Step, manifest.Tokenizer?.ToJsonString(), manifest.Run?.ToJsonString());

    private static JsonNode? Parsed(string? json, string name)
    {
        try
        {
            return json is null ? null : JsonNode.Parse(json);
        }
        catch (JsonException error)
        {
            throw new ArgumentException($"The {name} must be JSON: {error.Message}", name, error);
        }
    }

    // Buffers do not count: angles of positions stay in single precision where the weights are in half.
    private static ScalarType Precision(Dictionary<string, Tensor> weights, IEnumerable<string> parameters)
    {
        var types = parameters.Where(weights.ContainsKey).Select(name => weights[name]).Where(w => w.is_floating_point()).Select(w => w.dtype).Distinct().ToArray();
        return types.Length < 2 ? types.FirstOrDefault(ScalarType.Float32) : throw new InvalidOperationException(
            $"its weights mix {string.Join(" and ", types)}; build it yourself, and load them with Restore, which converts them to the model's own type");
    }

    // Earlier checkpoints' files, and what interrupted writes have left; anything else in the directory is somebody's own.
    private void DeleteAllBut(CheckpointManifest manifest)
    {
        foreach (var file in Directory.EnumerateFiles(FullPath))
            if (OwnFile().IsMatch(Path.GetFileName(file)) && Path.GetFileName(file) != manifest.Weights && Path.GetFileName(file) != manifest.State)
                File.Delete(file);
    }

    [GeneratedRegex(@"^(((weights|state)-\d{6,}-[0-9a-f]{8}\.safetensors(\.[0-9a-f]+\.tmp)?)|(optimizer-[0-9a-f]{32}\.tmp)|(checkpoint\.json\.[0-9a-f]+\.tmp))$")]
    private static partial Regex OwnFile();
}

/// <summary>What a checkpoint keeps beside weights and optimizer.</summary>
/// <param name="Step">Training steps taken.</param>
/// <param name="Tokenizer">JSON as it was given, or null.</param>
/// <param name="Run">JSON as it was given, or null.</param>
public sealed record SavedProgress(long Step, string? Tokenizer, string? Run = null);
