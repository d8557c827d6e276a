using System.Text.Json;
using static TorchSharp.torch.nn.functional;

namespace XtNotebooks.Transformers.Tests.Golden;

/// <summary>Whole training runs of the Python original, repeated from the same weights and batches.</summary>
public sealed class GoldenRunTests
{
    public static TheoryData<string, string> Curves
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var folder in GoldenCase.Folders("XT_GOLDEN_RUNS_DIR", "golden-runs", "curves.json"))
            {
                using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "curves.json")));
                foreach (var variant in json.RootElement.GetProperty("variants").EnumerateObject()) data.Add(Path.GetFileName(folder), variant.Name);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Curves))]
    public void A_training_run_follows_the_recorded_curve(string run, string variant)
    {
        var folder = GoldenCase.Folders("XT_GOLDEN_RUNS_DIR", "golden-runs", "curves.json").Single(f => Path.GetFileName(f) == run);
        using var scope = NewDisposeScope();
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "curves.json")));
        using var net = GoldenModels.Wrapper(json.RootElement.GetProperty("constructor"));
        net.LoadSafetensors(Path.Combine(folder, "weights.safetensors"));
        net.train();
        var batches = Safetensors.Read(Path.Combine(folder, "batches.safetensors"), TestDevice.Current);
        var pad = json.RootElement.GetProperty("pad").GetInt64();
        var expected = json.RootElement.GetProperty("variants").GetProperty(variant);
        var evalSteps = expected.GetProperty("eval_step").EnumerateArray().Select(v => v.GetInt32()).ToHashSet();
        var steps = json.RootElement.GetProperty("steps").GetInt32();

        Dictionary<string, List<double>> curves = new() { ["train"] = [], ["real"] = [], ["pad"] = [], ["eval_real"] = [], ["eval_pad"] = [] };
        using var optimizer = optim.Adam(net.parameters(), json.RootElement.GetProperty("optimizer").GetProperty("lr").GetDouble());
        for (var step = 0; step <= steps; step++)
        {
            using var stepScope = NewDisposeScope();
            if (evalSteps.Contains(step)) Evaluate();
            if (step == steps) break;
            var ids = batches["train_tokens"][step].to(ScalarType.Int64);
            var lens = batches["train_lens"][step].to(ScalarType.Int64);
            var (loss, logits) = Loss(variant, net, ids, lens, pad);
            curves["train"].Add(loss.item<float>());
            var (real, pads) = Parts(logits.detach(), ids, pad);
            curves["real"].Add(real);
            curves["pad"].Add(pads);
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
        }

        foreach (var (name, actual) in curves)
        {
            var recorded = expected.GetProperty(name).EnumerateArray().Select(v => v.GetDouble()).ToArray();
            Assert.Equal(recorded.Length, actual.Count);
            var early = name.StartsWith("eval", StringComparison.Ordinal) ? evalSteps.Count(s => s <= 100) : 100;
            for (var i = 0; i < early; i++) Close.Assert($"{name}[{i}]", recorded[i], actual[i], 1e-3);
            var late = name.StartsWith("eval", StringComparison.Ordinal) ? 2 : 20;
            Close.Assert($"mean of the last {late} of {name}", recorded[^late..].Average(), actual.TakeLast(late).Average(), 0.02);
        }

        void Evaluate()
        {
            using var noGrad = no_grad();
            net.eval();
            // Means over all held-out tokens at once.
            var ids = batches["eval_tokens"].to(ScalarType.Int64).flatten(0, 1);
            var (real, pads) = Parts(net.forward(ids).narrow(1, 0, ids.shape[1] - 1), ids, pad);
            curves["eval_real"].Add(real);
            curves["eval_pad"].Add(pads);
            net.train();
        }
    }

    private static (Tensor Loss, Tensor Logits) Loss(string variant, TransformerWrapper net, Tensor ids, Tensor lens, long pad)
    {
        var length = ids.shape[1];
        switch (variant)
        {
            case "manual": return Manual(net.forward(ids.narrow(1, 0, length - 1)), pad);
            case "manual_full": return Manual(net.forward(ids).narrow(1, 0, length - 1), pad);
            case "manual_noignore_full": return Manual(net.forward(ids).narrow(1, 0, length - 1), -100);
        }
        var wrapper = variant == "ar_ignore_pad" ? new AutoregressiveWrapper(net, pad, pad) : new AutoregressiveWrapper(net);
        var output = variant switch
        {
            "ar_default" or "ar_ignore_pad" => wrapper.ForwardWithOutputs(ids),
            "ar_lens" => wrapper.ForwardWithOutputs(ids, lens: lens),
            "ar_mask" => wrapper.ForwardWithOutputs(ids, mask: arange(length, device: ids.device) < lens.unsqueeze(-1)),
            _ => throw new NotSupportedException($"There is no test for the curve {variant}."),
        };
        return (output.Loss, output.Logits);

        (Tensor, Tensor) Manual(Tensor logits, long ignore) =>
            (cross_entropy(logits.transpose(1, 2), ids.narrow(1, 1, length - 1), ignore_index: ignore), logits);
    }

    private static (double Real, double Pad) Parts(Tensor logits, Tensor ids, long pad)
    {
        var targets = ids.narrow(1, 1, ids.shape[1] - 1);
        var losses = cross_entropy(logits.transpose(1, 2), targets, reduction: nn.Reduction.None);
        var isPad = targets == pad;
        return (losses[~isPad].mean().item<float>(), losses[isPad].mean().item<float>());
    }
}
