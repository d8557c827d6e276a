using System.Diagnostics;
using System.Globalization;
using XtNotebooks.Transformers;
using static TorchSharp.torch.nn;

namespace XtNotebooks.Bench;

/// <summary>This library, in this process.</summary>
internal sealed class Ours : IContestant
{
    private const int MatrixSize = 1024;

    private readonly Dictionary<string, Training> _trainings = [];
    private readonly Tensor _left = rand(MatrixSize, MatrixSize);
    private readonly Tensor _right = rand(MatrixSize, MatrixSize);

    public string Description => $"XtNotebooks.Transformers, libtorch {__version__} ({Blas.OfLibTorch()}), {get_num_threads()} threads";

    public IReadOnlyDictionary<string, double> Run(string kind, string workload, int amount)
    {
        var timing = new Timing();
        switch (kind)
        {
            case "sgemm":
                for (var i = 0; i < amount; i++) timing.Part("total", () => matmul(_left, _right).Dispose());
                break;
            case "step":
                for (var i = 0; i < amount; i++) For(workload).Step(timing);
                break;
            case "forward":
                for (var i = 0; i < amount; i++) timing.Part("total", For(workload).Forward);
                break;
            case "cached" or "uncached":
                timing.Part("total", () => For(workload).Generate(amount, cached: kind == "cached"));
                return timing.Seconds;
            default:
                throw new ArgumentException($"There is no measurement '{kind}'.");
        }
        return timing.Seconds.ToDictionary(p => p.Key, p => p.Value / amount);
    }

    /// <summary>Operations per second of a square matrix product, given the seconds of one.</summary>
    public static double SgemmRate(double seconds) => 2.0 * MatrixSize * MatrixSize * MatrixSize / seconds;

    public double PeakMemory(string workload, int steps)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        foreach (var argument in new[] { "memory", workload, steps.ToString(CultureInfo.InvariantCulture) }) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return double.Parse(answer, CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        foreach (var training in _trainings.Values) training.Dispose();
        _left.Dispose();
        _right.Dispose();
    }

    private Training For(string workload)
    {
        if (!_trainings.TryGetValue(workload, out var training)) _trainings[workload] = training = new Training(Workload.Named(workload));
        return training;
    }
}

/// <summary>A model, its optimizer and one batch.</summary>
internal sealed class Training : IDisposable
{
    private readonly TransformerWrapper _model;
    private readonly optim.Optimizer _optimizer;
    private readonly Tensor _batch;

    public Training(Workload workload)
    {
        _model = workload.CreateModel();
        _optimizer = optim.Adam(_model.parameters(), 1e-3);
        _batch = workload.CreateBatch();
    }

    /// <summary>One training step: predict every next token, and learn from it.</summary>
    public void Step(Timing timing)
    {
        using var scope = NewDisposeScope();
        var logits = timing.Part("forward", () => _model.forward(_batch));
        var loss = timing.Part("loss", () =>
        {
            var length = _batch.shape[1];
            return functional.cross_entropy(logits.narrow(1, 0, length - 1).flatten(0, 1), _batch.narrow(1, 1, length - 1).flatten());
        });
        timing.Part("backward", () => loss.backward());
        timing.Part("optimizer", () =>
        {
            _optimizer.step();
            _model.zero_grad(); // gives gradients up, as Python's optimizers do; TorchSharp's own would keep zeros through the forward pass
        });
    }

    /// <summary>Logits alone, as in an evaluation.</summary>
    public void Forward()
    {
        using var noGrad = no_grad();
        _model.forward(_batch).Dispose();
    }

    /// <summary>Continues one token greedily.</summary>
    public void Generate(int tokens, bool cached)
    {
        using var scope = NewDisposeScope();
        new AutoregressiveWrapper(_model).Generate(_batch.narrow(0, 0, 1).narrow(1, 0, 1), tokens, new() { Temperature = 0, CacheKv = cached });
    }

    public void Dispose()
    {
        _batch.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
    }
}
