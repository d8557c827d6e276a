using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Transformers.Tests.Golden;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>Every constructor option of upstream 2.26.4, and which recorded cases set it.</summary>
internal static class StoredOptions
{
    /// <summary>Upstream's classes, their options by name, each with its default ("required" where there is none).</summary>
    public static IReadOnlyDictionary<string, Dictionary<string, JsonElement>> Upstream { get; } =
        JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, JsonElement>>>(File.ReadAllText(Beside("upstream-2.26.4.json")))!;

    /// <summary>Files that from_python.py wrote, by case.</summary>
    public static IReadOnlyDictionary<string, string> PythonCases { get; } =
        Directory.EnumerateFiles(Beside("from-python"), "*.safetensors").Order(StringComparer.Ordinal).ToDictionary(f => Path.GetFileNameWithoutExtension(f));

    /// <summary>"Class.option" to the golden cases that set it.</summary>
    public static ILookup<string, string> ByGoldenCase { get; } = (
        from folder in Directory.EnumerateDirectories(Path.Combine(Beside(".."), "golden")).Order(StringComparer.Ordinal)
        let json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json"))).RootElement
        from option in OptionsOf(json).Distinct()
        select (option, Path.GetFileName(folder))).ToLookup(p => p.option, p => p.Item2);

    /// <summary>"Class.option" to the files of from_python.py that set it.</summary>
    public static ILookup<string, string> ByPythonCase { get; } = (
        from stored in PythonCases
        from option in Constructor(JsonDocument.Parse(Arguments(stored.Value)).RootElement)
        select (option, stored.Key)).ToLookup(p => p.option, p => p.Key);

    /// <summary>The model of a file of from_python.py, and all that the file holds.</summary>
    public static (TransformerWrapper Net, Dictionary<string, Tensor> Tensors) Model(string file)
    {
        var tensors = Safetensors.Read(file, out var metadata, TestDevice.Current);
        var net = ((TransformerWrapper)ModelConfig.Weights(ModelConfig.Create((JsonObject)JsonNode.Parse(metadata["arguments"])!))).Ready();
        net.LoadStateDict(tensors.Where(t => t.Key.StartsWith("weights.", StringComparison.Ordinal)).ToDictionary(t => t.Key["weights.".Length..], t => t.Value));
        return (net, tensors);
    }

    public static string Beside(string file, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, file);

    private static IEnumerable<string> OptionsOf(JsonElement caseJson)
    {
        var constructor = caseJson.TryGetProperty("constructor", out var c) && c.ValueKind == JsonValueKind.Object ? Constructor(c) : [];
        var wrapper = caseJson.TryGetProperty("ar_wrapper", out var w) && w.ValueKind == JsonValueKind.Object
            ? w.EnumerateObject().Select(a => $"AutoregressiveWrapper.{a.Name}") : [];
        return constructor.Concat(wrapper);
    }

    private static IEnumerable<string> Constructor(JsonElement constructor) => constructor.EnumerateObject().SelectMany(part => part.Name switch
    {
        "TransformerWrapper" => part.Value.EnumerateObject().Select(a => $"TransformerWrapper.{a.Name}"),
        "AutoregressiveWrapper" => part.Value.EnumerateObject().Select(a => $"AutoregressiveWrapper.{a.Name}"),
        "Decoder" or "Encoder" => part.Value.EnumerateObject().Select(a => OfStack(a.Name)),
        "XTransformer" => part.Value.EnumerateObject().Select(a => a.Name).Where(IsOneSides).Select(n => OfStack(n[4..])),
        _ when part.Value.ValueKind == JsonValueKind.Object => Constructor(part.Value), // an encoder and a decoder
        _ => [],
    });

    /// <summary>The class that an argument of a stack is for: attn_dim_head is Attention's dim_head.</summary>
    public static string OfStack(string argument)
    {
        if (Upstream["AttentionLayers"].ContainsKey(argument)) return $"AttentionLayers.{argument}";
        foreach (var (prefix, name) in new[] { ("cross_attn_", "Attention"), ("attn_", "Attention"), ("ff_", "FeedForward") })
            if (argument.StartsWith(prefix, StringComparison.Ordinal) && Upstream[name].ContainsKey(argument[prefix.Length..])) return $"{name}.{argument[prefix.Length..]}";
        return $"TransformerWrapper.{argument}";
    }

    private static bool IsOneSides(string argument) =>
        argument.StartsWith("enc_", StringComparison.Ordinal) || argument.StartsWith("dec_", StringComparison.Ordinal);

    public static string Arguments(string file)
    {
        using var scope = NewDisposeScope();
        Safetensors.Read(file, out var metadata);
        return metadata["arguments"];
    }
}
