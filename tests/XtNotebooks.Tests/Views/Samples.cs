using XtNotebooks.Losses;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <summary>One view of each kind, of small made-up data: what the expectation files and the pictures in docs/views show.</summary>
internal static class Samples
{
    public static readonly long[][] Names =
    [
        [5, 13, 13, 1, 0, 0, 0, 0],
        [15, 12, 9, 22, 9, 1, 0, 0],
        [1, 22, 1, 0, 0, 0, 0, 0],
        [9, 19, 1, 2, 5, 12, 12, 1],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ];

    public static string Letter(long id) => id == 0 ? "_" : ((char)('a' + id - 1)).ToString();

    public static LossMaskView LossMask(long ignoreIndex) =>
        LossMaskView.From(Names, padId: 0, ignoreIndex, new() { Token = Letter, Title = "First names" });

    /// <summary>Two panels in which the reported losses part and the real-token losses tell the opposite.</summary>
    public static LineChart Chart(int steps = 120)
    {
        var x = Enumerable.Range(1, steps).Select(i => (double)i).ToArray();
        ChartLine Line(string name, int style, double floor, double rate) => ChartLine.Smoothed(name, x,
            [.. x.Select(i => floor + (3.5 - floor) * Math.Exp(-i / rate) + 0.12 * Math.Sin(i * 2.3 + style))], style, window: 15);
        return new LineChart
        {
            Sentence = "The defaults report 0.87 nats where `ignoreIndex: 0` reports 1.28, yet its real tokens stand at 1.46.",
            XLabel = "step",
            Panels =
            [
                new("What is reported", "nats per counted target", [Line("manual", 0, 1.28, 40), Line("defaults", 1, 0.8, 8), Line("mask:", 2, 0.85, 9)]),
                new("Real tokens only", "nats per real token", [Line("manual", 0, 1.28, 40), Line("defaults", 1, 1.45, 48), Line("mask:", 2, 1.47, 50)]),
            ],
        };
    }

    /// <summary>The names' letters, predicted well or badly by a formula; pads are easy.</summary>
    public static LossBreakdown Breakdown(long ignoreIndex = -100)
    {
        using var scope = NewDisposeScope();
        var targets = tensor(Names.SelectMany(row => row[1..]).ToArray(), [Names.Length, 7]);
        var logits = zeros(Names.Length, 7, 27);
        for (var row = 0; row < Names.Length; row++)
        {
            for (var t = 0; t < 7; t++)
                logits[row, t, Names[row][t + 1]] = Names[row][t + 1] == 0 ? 5.5f : 0.4f * t;
        }
        return LossBreakdown.From(logits, targets, padId: 0, ignoreIndex,
            new() { TokenClass = id => "aeiou".Contains(Letter(id), StringComparison.Ordinal) ? "vowels" : "consonants" });
    }

    /// <summary>Somebody's figure: a line with a hole, markers, bars on an axis of their own, what waits in the legend and what no picture has.</summary>
    public const string FigureJson = """
        {"data":[{"type":"scatter","name":"loss <b>","mode":"lines","x":[1,2,3,4],"y":[3.5,2.25,null,1.5]},{"type":"scatter","name":"held out","mode":"markers","x":[1,4],"y":[3.6,1.75]},
        {"type":"bar","name":"tokens","x":[1,2,3,4],"y":[900,1100,1000,1050],"yaxis":"y2"},{"type":"scatter","name":"raw","x":[1,2],"y":[4,2],"visible":"legendonly"},{"type":"pie","name":"share","values":[1,2]}],
        "layout":{"title":{"text":"A run & its tokens"},"xaxis":{"title":{"text":"step"}},"yaxis":{"title":{"text":"nats"}},"yaxis2":{"title":{"text":"tokens/s"},"overlaying":"y","side":"right"}}}
        """;

    public static TrainingRun Run(string name, int steps, double reported, double real, double pad) => new()
    {
        Name = name,
        PlannedSteps = steps,
        Steps = [.. Enumerable.Range(1, steps).Select(i => new TrainingStep
        {
            Step = i,
            ReportedLoss = Falling(i, reported, 12),
            RealLoss = Falling(i, real, 45),
            PadLoss = Falling(i, pad, 8),
            RealTokens = 560,
            PadTokens = 448,
            LearningRate = 1e-3 * Math.Min(1, i / 20.0),
            GradientNorm = 0.6 + Math.Exp(-i / 30.0) + 0.1 * Math.Sin(i),
            Duration = TimeSpan.FromMilliseconds(20 + i % 3),
            MemoryBytes = 300_000_000 + i * 10_000,
        })],
        Evaluations = [new(0, 3.6, 3.4), new(steps / 2, real + 0.25, pad), new(steps, real + 0.02, pad)],
    };

    private static double Falling(int i, double floor, double rate) => floor + (3.5 - floor) * Math.Exp(-i / rate) + 0.1 * Math.Sin(i * 2.3);

    public static TrainingComparison Comparison(int steps = 60) => new(
        [Run("manual", steps, 1.28, 1.28, 5.5), Run("wrapper's defaults", steps, 0.87, 1.46, 0.13), Run("mask:", steps, 0.88, 1.47, 0.14)]);

    /// <summary>A tensor of any shape made by a formula, so that it is the same everywhere.</summary>
    public static TensorView Numbers(params long[] shape)
    {
        using var scope = NewDisposeScope();
        var n = shape.Aggregate(1L, (a, b) => a * b);
        var values = Enumerable.Range(0, (int)n).Select(i => (float)Math.Round(Math.Sin(i * 0.37) * (1 + i % 7 * 0.2), 4)).ToArray();
        if (n > 20)
            (values[3], values[11]) = (9, -9);
        return TensorView.From(tensor(values, shape));
    }

    /// <summary>A model that has learned half of a sentence.</summary>
    public static LogitsView Logits(LogitsMode mode = LogitsMode.Loss, double? topP = 0.8, long ignoreIndex = -100)
    {
        using var scope = NewDisposeScope();
        const string text = "the cat sat on the mat__";
        var targets = tensor(text.Skip(1).Select(c => c == '_' ? 0L : c == ' ' ? 27 : c - 'a' + 1).ToArray());
        var logits = zeros(text.Length - 1, 28);
        for (var i = 0; i < text.Length - 1; i++)
        {
            logits[i, (i * 5) % 28] = 1.5f;
            logits[i, targets[i].item<long>()] += i % 4 == 0 ? -1f : i * 0.35f;
        }
        return LogitsView.From(logits, targets, new() { Title = "step 100", PadId = 0, TopP = topP, IgnoreIndex = ignoreIndex, Mode = mode, Token = id => id == 27 ? " " : Letter(id) });
    }

    /// <summary>The same sentence by a model that has learned more of it.</summary>
    public static LogitsComparison LogitsCompared()
    {
        using var scope = NewDisposeScope();
        const string text = "the cat sat on the mat__";
        var targets = tensor(text.Skip(1).Select(c => c == '_' ? 0L : c == ' ' ? 27 : c - 'a' + 1).ToArray());
        var logits = zeros(text.Length - 1, 28);
        for (var i = 0; i < text.Length - 1; i++)
        {
            logits[i, (i * 5) % 28] = 1.2f;
            logits[i, targets[i].item<long>()] += i % 6 == 0 ? 0.5f : 2 + i * 0.2f;
        }
        return new([LogitsView.From(logits, targets, new() { Title = "step 300", PadId = 0, Token = id => id == 27 ? " " : Letter(id) }), Logits(topP: null)]);
    }

    public static AttentionMaskView KvMask()
    {
        using var scope = NewDisposeScope();
        return AttentionMaskView.From(tensor(new long[] { 15, 12, 9, 22, 9, 1, 0, 0 }), padId: 0, new()
        {
            Token = Letter, Title = "maskProb: 0.3, one draw", KvMask = AttentionMaskOptions.DrawKvMask(8, 0.3, seed: 1),
        });
    }

    public static AttentionMaskView ContextMask()
    {
        using var scope = NewDisposeScope();
        return AttentionMaskView.Cross(tensor(new long[] { 15, 12, 9, 22 }), padId: 0, tensor(new long[] { 5, 13, 13, 1, 0, 0 }),
            tensor(new[] { true, true, true, true, false, true }), new() { Token = Letter, Title = "A context whose mask forgets one pad" });
    }

    public static LiveTensorsView LiveTensors() => new()
    {
        Holders =
        [
            new("net", "TransformerWrapper", 74, 26_214_400, "cpu", "[256, 512] f32", [2]),
            new("losses", "List", 300, 1200, "cpu", "[] f32", [5]),
            new("batch", "PaddedBatch", 3, 9 << 10, "cpu", "[16, 64] i64", [3]),
        ],
        Makers =
        [
            new(6, 412, 411, 430_964_736, 411, 430_964_736, "[16, 255, 256] f32"),
            new(2, 74, 74, 26_214_400, 0, 0, "[256, 512] f32"),
            new(3, 3, 3, 9 << 10, 0, 0, "[16, 64] i64"),
            new(5, 300, 300, 1200, 0, 0, "[] f32"),
        ],
        Alive = 789, Held = 377, Tracked = true,
    };

    public static XtNotebooks.Generation.GeneratedText Generated() => new()
    {
        Prompt = "Call me", Text = " the whale, and the sea was a sail of the ship the whale", Ids = [.. Enumerable.Range(0, 57).Select(i => (long)i)],
        End = XtNotebooks.Generation.GenerationEnd.Length, Duration = TimeSpan.FromSeconds(0.62),
    };

    /// <summary>The same while it goes on.</summary>
    public static XtNotebooks.Generation.GeneratedText Streaming() => Generated() with
    {
        Text = " the whale, and the sea was", Ids = [.. Enumerable.Range(0, 27).Select(i => (long)i)],
        End = XtNotebooks.Generation.GenerationEnd.Running, Duration = TimeSpan.FromSeconds(0.29),
    };

    /// <summary>A run a third of its way, as the live panel shows it.</summary>
    public static TrainingPanel Panel()
    {
        var run = Run("wrapper's defaults", 96, 0.87, 1.46, 0.13);
        return new()
        {
            Name = run.Name, Latest = run.Steps[^1], PlannedSteps = 300, StepsTaken = 96, Elapsed = TimeSpan.FromSeconds(2.4), Device = "cpu",
            Curve = [.. run.Steps.Select(s => (s.Step, s.ReportedLoss, s.RealLoss, s.PadLoss))], Evaluation = run.Evaluations[1],
        };
    }

    /// <summary>Rotations: complex numbers of many magnitudes.</summary>
    public static TensorView Complex()
    {
        using var scope = NewDisposeScope();
        var (angle, size) = (arange(0, 12 * 40).reshape(12, 40).to(float32) * 0.37f, arange(1, 13).reshape(12, 1).to(float32) / 6);
        return TensorView.From(polar(size.expand(12, 40).contiguous(), angle), new() { AxisNames = ["dim", "position"] });
    }

    /// <summary>Costs that rise to the left and differ by class, as they do in text.</summary>
    public static LossBreakdown ByPosition()
    {
        using var scope = NewDisposeScope();
        using var generator = new TorchSharp.torch.Generator(5);
        var targets = randint(1, 27, [12, 48], dtype: int64, generator: generator);
        targets[6.., 36..] = 0;
        var ease = linspace(0, 5, 48).reshape(1, 48, 1);
        return LossBreakdown.From(nn.functional.one_hot(targets, 27).to(float32) * ease + randn([12, 48, 27], generator: generator), targets, padId: 0, ignoreIndex: 0,
            options: new() { TokenClass = id => "aeiou".Contains(Letter(id), StringComparison.Ordinal) ? "vowels" : "consonants" });
    }

    public static AttentionMaskView AttentionMask() =>
        AttentionMaskView.From([0L, 0, 5, 13, 13, 1], padId: 0, token: Letter) with { Title = "Left padding, no mask" };

    public static AttentionView Attention()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        const string text = "___the cat sat on";
        using var net = new TransformerWrapper(new() { NumTokens = 28, MaxSeqLen = text.Length, AttnLayers = new Decoder(new() { Dim = 32, Depth = 2, Heads = 4 }) });
        using var generator = new Generator(7);
        // Large weights, so that heads choose.
        foreach (var (name, weight) in net.named_parameters().Where(p => p.parameter.dim() == 2))
            weight.copy_(randn(weight.shape, generator: generator) * (name.Contains("to_q", StringComparison.Ordinal) || name.Contains("to_k", StringComparison.Ordinal) ? 0.45 : 0.2));
        foreach (var (_, bias) in net.named_parameters().Where(p => p.name.EndsWith("bias", StringComparison.Ordinal)))
            bias.zero_();
        net.eval();
        var ids = tensor(text.Select(c => c == '_' ? 0L : c == ' ' ? 27 : c - 'a' + 1).ToArray()).unsqueeze(0);
        bool[] real = [.. text.Select(c => c != '_')];
        return AttentionView.From(net.Trace(ids, new() { Mask = tensor(real).unsqueeze(0) }), tokens: [.. text.Select(c => c.ToString())], real: real);
    }

    public static ModelView Model()
    {
        using var scope = NewDisposeScope();
        return ModelView.From(new TransformerWrapper(new()
        {
            NumTokens = 256, MaxSeqLen = 256, AttnLayers = new Decoder(new() { Dim = 256, Depth = 6, Heads = 8, RotaryPosEmb = true }),
        }));
    }

    public static TensorView Odd()
    {
        using var scope = NewDisposeScope();
        return TensorView.From(tensor(new[] { 1f, -2f, float.NaN, float.PositiveInfinity, 0.5f, float.NegativeInfinity }, [2, 3]),
            new() { AxisNames = ["row", "token"], AxisLabels = new Dictionary<int, IReadOnlyList<string>> { [1] = ["the", " cat", "\n"] } });
    }

    /// <summary>Booleans with names on their axes.</summary>
    public static TensorView Kinds()
    {
        using var scope = NewDisposeScope();
        return TensorView.From(ones(9, 9, dtype: @bool).tril(), new()
        {
            Title = "which position sees which", AxisNames = ["query", "key"],
            AxisLabels = new Dictionary<int, IReadOnlyList<string>> { [0] = [.. "the cat s".Select(c => $"{c}")], [1] = [.. "the cat s".Select(c => $"{c}")] },
        });
    }

    public static IEnumerable<(string Name, IView View)> All =>
    [
        ("loss-mask-defaults", LossMask(-100)),
        ("loss-mask-ignored", LossMask(0)),
        ("training-run", Run("wrapper's defaults", 120, 0.87, 1.46, 0.13).ToChart()),
        ("training-comparison", Comparison(120).ToChart()),
        ("tensor-matrix", Numbers(24, 60)),
        ("tensor-facets", Numbers(2, 5, 8, 16)),
        ("tensor-odd", Odd()),
        ("tensor-complex", Complex()),
        ("tensor-kinds", Kinds()),
        ("logits", Logits()),
        ("logits-entropy", Logits(LogitsMode.Entropy, topP: null, ignoreIndex: 0)),
        ("logits-surprise", Logits(LogitsMode.Surprise, topP: null)),
        ("logits-top-p", Logits(topP: 0.5)),
        ("logits-compared", LogitsCompared()),
        ("attention-mask", AttentionMask()),
        ("kv-mask", KvMask()),
        ("context-mask", ContextMask()),
        ("tensors", LiveTensors()),
        ("generated", Generated()),
        ("generating", Streaming()),
        ("training-panel", Panel()),
        ("loss-by-position", new LossBreakdownView(ByPosition())),
        ("attention", Attention()),
        ("model", Model()),
        ("doctor", Diagnostics.DoctorReportTests.Sick()),
        ("loss-breakdown", new LossBreakdownView(Breakdown())),
    ];
}

[Collection(Diagnostics.DefaultGenerator.Name)]
public sealed class SampleTests
{
    [Fact]
    public void Made_anew_each_sample_is_the_same_whatever_was_drawn_before()
    {
        var first = Samples.All.Select(sample => sample.View.ToHtml()).ToList();
        _ = rand(17);
        Assert.All(first.Zip(Samples.All), pair => Assert.True(pair.First == pair.Second.View.ToHtml(), pair.Second.Name));
    }

    /// <summary>Writes the samples as pages to look at, into the folder that <c>XT_VIEW_SAMPLES</c> names.</summary>
    [Fact]
    public void Every_sample_can_be_written_again_and_again_with_the_same_result()
    {
        foreach (var (name, view) in Samples.All)
        {
            Assert.Equal(view.ToHtml(), view.ToHtml());
            Assert.False(string.IsNullOrWhiteSpace(view.ToText()));
            if (Environment.GetEnvironmentVariable("XT_VIEW_SAMPLES") is { Length: > 0 } folder)
            {
                File.WriteAllText(Path.Combine(folder, name + ".html"), view.ToHtml());
                File.WriteAllText(Path.Combine(folder, name + ".print"), PictureTests.Print(name, view.ToHtml()));
            }
        }
    }
}
