using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using XtNotebooks.Transformers.Tests.Native;

namespace XtNotebooks.Transformers.Tests.Checkpoints;

/// <summary>Files that Python's x-transformers 2.26.4 wrote: arguments, weights, and the logits of its forward pass.</summary>
public sealed class FromPythonTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_model_of_Python_computes_the_same_here()
    {
        var net = Load();
        var data = Safetensors.Read(Stored("data.safetensors"));
        using var noGrad = no_grad();
        net.eval();
        var difference = (net.forward(data["ids"]) - data["logits"]).abs().max().item<float>();
        Assert.True(difference < 2e-5, $"logits differ by {difference}");
    }

    [Fact]
    public void Saved_here_it_has_the_arguments_and_weights_that_Python_gave()
    {
        var directory = new CheckpointDirectory(_folder["saved"]);
        directory.Save(Load(), 0);

        var manifest = JsonNode.Parse(File.ReadAllText(_folder["saved/checkpoint.json"]))!;
        var given = (JsonObject)JsonNode.Parse(File.ReadAllText(Stored("config.json")))!;
        foreach (var (className, arguments) in given)
            foreach (var (name, value) in (JsonObject)arguments!)
                if (manifest[className]![name] is { } written) Assert.Equal(value!.ToJsonString(), written.ToJsonString());
                else Assert.Equal("false", value!.ToJsonString()); // defaults are left out

        var ours = Safetensors.Read(_folder["saved/" + manifest["weights"]]);
        var theirs = Safetensors.Read(Stored("weights.safetensors"));
        Assert.Equal(theirs.Keys.Order(), ours.Keys.Order());
        Assert.All(theirs, p => Assert.True(p.Value.eq(ours[p.Key]).all().item<bool>(), p.Key));
    }

    private static TransformerWrapper Load()
    {
        var net = (TransformerWrapper)ModelConfig.Create((JsonObject)JsonNode.Parse(File.ReadAllText(Stored("config.json")))!);
        net.LoadSafetensors(Stored("weights.safetensors"));
        return net;
    }

    private static string Stored(string file, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "from-python", file);

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }
}
