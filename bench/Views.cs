using System.Diagnostics;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Losses;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;

namespace XtNotebooks.Bench;

/// <summary>What it costs to look: each view of a batch of 16 x 256 tokens of a vocabulary of 50,000, built from tensors and written as HTML.</summary>
internal static class Views
{
    private const int Rows = 16, Length = 256, NumTokens = 50_000;

    /// <param name="output">Gets the table.</param>
    /// <param name="only">Parts of the names of the rows to measure; all where there are none.</param>
    public static void Write(TextWriter output, IReadOnlyList<string> only)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var ids = randint(1, NumTokens, [Rows, Length + 1], int64);
        ids[.., 200..] = 0;
        var (logits, targets) = (randn(Rows, Length, NumTokens), ids[.., 1..].contiguous());
        using var net = new TransformerWrapper(new() { NumTokens = NumTokens, MaxSeqLen = 257, AttnLayers = new Decoder(new() { Dim = 64, Depth = 6, Heads = 8 }) });
        var maps = Enumerable.Range(0, 6).Select(_ => randn(1, 8, Length, Length).softmax(-1)).ToArray();
        Func<long, string> token = id => $"token{id}";
        output.WriteLine("| view | build | render | HTML |");
        output.WriteLine("| --- | --- | --- | --- |");
        Measure("loss breakdown", () => new LossBreakdownView(LossBreakdown.From(logits, targets, padId: 0)));
        Measure("loss mask", () => LossMaskView.From(ids, padId: 0, options: new() { Token = token }));
        Measure("logits", () => LogitsView.From(logits, targets, new() { Token = token, PadId = 0, TopP = 0.9 }));
        Measure("logits of two", () => new LogitsComparison([Titled("before"), Titled("now")]));
        Measure("attention mask", () => AttentionMaskView.From(ids[0], padId: 0, token: token));
        Measure("attention maps, 6 x 8 heads", () => AttentionView.From(maps));
        Measure("tensor: the logits, 0.8 GiB", () => TensorView.From(logits));
        Measure("model", () => ModelView.From(net));
        var run = Run(1000);
        Measure("run of 1,000 steps, its script apart", () => run.ToChart(), html => html.Replace(OfflinePlotly.Payload.Value, "", StringComparison.Ordinal));
        Measure("live panel", () => Panel(run));
        logits.Dispose();
        foreach (var (name, make) in Large())
        {
            if (!Chosen($"tensor of 1 GiB, {name}"))
                continue;
            using var inner = NewDisposeScope();
            var large = make();
            Measure($"tensor of 1 GiB, {name}", () => TensorView.From(large));
        }

        if (Chosen("a cell's end"))
            CellEnds(output);

        LogitsView Titled(string title) => LogitsView.From(logits, targets, new() { Title = title, Token = token, PadId = 0, TopP = 0.9 });

        bool Chosen(string name) => only.Count == 0 || only.Any(part => name.Contains(part, StringComparison.Ordinal));

        void Measure(string name, Func<IView> build, Func<string, string>? counted = null)
        {
            if (!Chosen(name))
                return;
            var (builds, renders, size) = (new List<double>(), new List<double>(), 0);
            for (var i = 0; i < 6; i++)
            {
                var start = Stopwatch.GetTimestamp();
                using var inner = NewDisposeScope();
                var view = build();
                var built = Stopwatch.GetElapsedTime(start);
                start = Stopwatch.GetTimestamp();
                var html = view.ToHtml();
                _ = view.ToText();
                if (i > 0)
                {
                    builds.Add(built.TotalMilliseconds);
                    renders.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
                size = System.Text.Encoding.UTF8.GetByteCount(counted?.Invoke(html) ?? html);
            }
            output.WriteLine(FormattableString.Invariant($"| {name} | {Statistics.Median(builds):0.0} ms | {Statistics.Median(renders):0.0} ms | {size / 1024.0:0} KiB |"));
        }
    }

    /// <summary>What every cell pays for the question which cell made which tensor: a look through all variables at its end.</summary>
    private static void CellEnds(TextWriter output)
    {
        const int Tensors = 20_000;
        using var scope = NewDisposeScope();
        var kept = Enumerable.Range(0, Tensors).Select(_ => zeros(1)).ToList();
        var lines = Enumerable.Range(0, 1_000_000).Select(i => $"line {i}").ToList();
        NotebookVariable[] variables = [new("kept", typeof(List<Tensor>), kept), new("lines", typeof(List<string>), lines)];
        // What is compiled at its first use is no part of it.
        using (new TensorLog(() => [new("few", typeof(Tensor[]), kept.Take(100).ToArray())]).Cell(0)) { }
        var log = new TensorLog(() => variables);
        var ends = Enumerable.Range(1, 21).Select(number =>
        {
            var cell = log.Cell(number);
            var start = ThreadTime.Now;
            cell.Dispose();
            return (ThreadTime.Now - start) * 1000;
        }).ToList();
        output.WriteLine(FormattableString.Invariant(
            $"\nA cell's end while variables hold {Tensors:#,0} tensors, and a list of {lines.Count:#,0} strings: {ends[0]:0.0} ms where they are met first, {Statistics.Median(ends.Skip(1)):0.0} ms after other cells (processor time; {ends.Skip(1).Min():0.0} to {ends.Skip(1).Max():0.0} ms)."));
    }

    private static IEnumerable<(string Name, Func<Tensor> Make)> Large()
    {
        Tensor Normal(ScalarType type, int bytes) => zeros((1L << 30) / bytes, dtype: type).normal_();
        yield return ("f32", () => Normal(ScalarType.Float32, 4));
        yield return ("f32 with one NaN", () =>
        {
            var x = Normal(ScalarType.Float32, 4);
            x[12345] = float.NaN;
            return x;
        });
        yield return ("f32 transposed", () => Normal(ScalarType.Float32, 4).reshape(1 << 14, 1 << 14).t());
        yield return ("f64", () => Normal(ScalarType.Float64, 8));
        yield return ("bf16", () => Normal(ScalarType.BFloat16, 2));
        yield return ("i64", () => zeros(1L << 27, dtype: ScalarType.Int64).random_(-1000, 1000));
        yield return ("u8", () => zeros(1L << 30, dtype: ScalarType.Byte).random_(0, 256));
        yield return ("bool", () => zeros(1L << 30, dtype: ScalarType.Byte).random_(0, 2).to(ScalarType.Bool));
    }

    private static TrainingRun Run(int steps) => new()
    {
        Name = "run",
        PlannedSteps = steps,
        Steps = [.. Enumerable.Range(1, steps).Select(i => new TrainingStep
        {
            Step = i, ReportedLoss = 3 + Math.Sin(i), RealLoss = 3, PadLoss = 1, RealTokens = 3000, PadTokens = 1000, LearningRate = 1e-3, GradientNorm = 1,
            Duration = TimeSpan.FromSeconds(0.1), MemoryBytes = 1 << 30,
        })],
    };

    private static TrainingPanel Panel(TrainingRun run) => new()
    {
        Name = run.Name, Latest = run.Steps[^1], PlannedSteps = run.PlannedSteps, Elapsed = TimeSpan.FromSeconds(100), StepsTaken = run.Steps.Count, Device = "cpu",
        Curve = [.. run.Steps.Take(300).Select(s => (s.Step, s.ReportedLoss, s.RealLoss, s.PadLoss))],
    };
}
