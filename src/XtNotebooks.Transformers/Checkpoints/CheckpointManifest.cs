using System.Text.Json;
using System.Text.Json.Nodes;

namespace XtNotebooks.Transformers;

/// <summary>The file that makes a checkpoint directory valid: written last and at once, it names the files that belong together.</summary>
/// <param name="Config">Constructor arguments by upstream's class names.</param>
/// <param name="Step">Training steps taken.</param>
/// <param name="Weights">File name of the weights.</param>
/// <param name="State">File name of the optimizer's state and the random generator's.</param>
/// <param name="Tokenizer">Whatever the caller keeps beside them, or null.</param>
/// <param name="Run">What the caller recorded while training, or null.</param>
internal sealed record CheckpointManifest(JsonObject Config, long Step, string Weights, string State, JsonNode? Tokenizer, JsonNode? Run)
{
    public const string FileName = "checkpoint.json";
    private const string Format = "xt-notebooks-checkpoint-1";
    private static readonly string[] OwnKeys = ["format", "step", "weights", "state", "tokenizer", "run"];
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    public static CheckpointManifest Read(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path)) throw new CheckpointException($"{directory} is not a checkpoint directory: it has no {FileName}.");
        try
        {
            var root = JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new JsonException("it is not a JSON object");
            if ((string?)root["format"] != Format) throw new JsonException($"its format is '{(string?)root["format"]}', not '{Format}'");
            var manifest = new CheckpointManifest([], Required<long>(root, "step"), Name(root, "weights"), Name(root, "state"), root["tokenizer"]?.DeepClone(), root["run"]?.DeepClone());
            foreach (var (key, value) in root)
                if (!OwnKeys.Contains(key)) manifest.Config[key] = value?.DeepClone();
            return manifest;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new CheckpointException($"{path} is damaged: {error.Message.TrimEnd('.')}.", error);
        }
    }

    public void Write(string directory)
    {
        var root = new JsonObject { ["format"] = Format };
        foreach (var (key, value) in Config) root[key] = value?.DeepClone();
        root["step"] = Step;
        root["weights"] = Weights;
        root["state"] = State;
        if (Tokenizer is not null) root["tokenizer"] = Tokenizer.DeepClone();
        if (Run is not null) root["run"] = Run.DeepClone();
        AtomicFile.Write(Path.Combine(directory, FileName), stream => JsonSerializer.Serialize(stream, root, Readable));
    }

    // A name of a file in the directory itself: a manifest cannot make anybody read elsewhere.
    private static string Name(JsonObject root, string key)
    {
        var name = Required<string>(root, key);
        return name == Path.GetFileName(name) ? name : throw new JsonException($"its '{key}' must be a file name, but is '{name}'");
    }

    private static T Required<T>(JsonObject root, string key) =>
        root[key] is JsonValue value && value.TryGetValue<T>(out var found) ? found : throw new JsonException($"its '{key}' is missing or of the wrong type");
}
