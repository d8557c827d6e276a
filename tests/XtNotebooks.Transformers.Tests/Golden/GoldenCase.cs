using System.Reflection;
using System.Text.Json;

namespace XtNotebooks.Transformers.Tests.Golden;

/// <summary>One folder of recorded reference values: case.json and its tensors.</summary>
internal sealed class GoldenCase : IDisposable
{
    private readonly JsonDocument _json;

    public GoldenCase(string folder)
    {
        Folder = folder;
        _json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        Data = Tensors("data");
        Weights = Tensors("weights");
        Grads = Tensors("grads");
    }

    public string Folder { get; }
    public JsonElement Json => _json.RootElement;
    public string Kind => Json.GetProperty("kind").GetString()!;
    public Dictionary<string, Tensor> Data { get; }
    public Dictionary<string, Tensor> Weights { get; }
    public Dictionary<string, Tensor> Grads { get; }

    public Tensor? Find(string name) => Data.GetValueOrDefault(name);

    public JsonElement Constructor(string name) => Json.GetProperty("constructor").GetProperty(name);

    public long Number(string name, string within, long fallback) =>
        Json.TryGetProperty(within, out var parent) && parent.TryGetProperty(name, out var value) ? value.GetInt64() : fallback;

    /// <summary>Folders with a case.json in the repository, or in the folder that the environment variable names.</summary>
    public static IEnumerable<string> Folders(string variable, string subfolder, string marker)
    {
        var root = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given ? given : Path.Combine(ProjectFolder, subfolder);
        return Directory.Exists(root)
            ? Directory.EnumerateDirectories(root).Where(d => File.Exists(Path.Combine(d, marker))).Order(StringComparer.Ordinal)
            : [];
    }

    private static string ProjectFolder { get; } = typeof(GoldenCase).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "TestProjectFolder").Value!;

    public void Dispose() => _json.Dispose();

    private Dictionary<string, Tensor> Tensors(string name)
    {
        var path = Path.Combine(Folder, $"{name}.safetensors");
        return File.Exists(path) ? Safetensors.Read(path, TestDevice.Current) : [];
    }
}
