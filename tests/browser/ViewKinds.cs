namespace XtNotebooks.Browser;

/// <summary>One kind of view: a cell that shows it, and what a reader gets of it without scripts.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Cell">C# whose value it is; the cells before it are <see cref="ViewKinds.Before"/>.</param>
/// <param name="Sentence">The beginning of its sentence.</param>
/// <param name="Numbers">What holds its numbers: a table, or a tree or a line of them.</param>
/// <param name="Number">A text that stands in there.</param>
/// <param name="Picture">What holds its picture.</param>
/// <param name="Colours">Colours that the picture has at least a hundred pixels of.</param>
internal sealed record ViewKind(string Name, string Cell, string Sentence, string Numbers, string Number, string Picture, params Colour[] Colours)
{
    /// <summary>Whether a script draws it again over its picture.</summary>
    public bool IsChart => Picture == ".still";

    public override string ToString() => Name;
}

/// <summary>Every kind of view, of data that is the same in every run.</summary>
internal static class ViewKinds
{
    /// <summary>Colours of the light palette: a weight of 1, a full cell of a strip.</summary>
    private static readonly Colour Weight = new(8, 48, 107), Orange = new(0xea, 0xae, 0x80);

    /// <summary>The cells that come before the views.</summary>
    public static IReadOnlyList<string> Before { get; } =
    [
        "#r \"nuget: libtorch-cpu-linux-x64, 2.10.0\"\n#r \"nuget: XtNotebooks\"",
        """
        using TorchSharp;
        using static TorchSharp.torch;
        using XtNotebooks.Generation; using XtNotebooks.Losses; using XtNotebooks.Training; using XtNotebooks.Transformers; using XtNotebooks.Views;
        double Falling(int i, double floor, double rate) => floor + (3.5 - floor) * Math.Exp(-i / rate) + 0.1 * Math.Sin(i * 2.3);
        var run = new TrainingRun
        {
            Name = "wrapper's defaults",
            Steps = Enumerable.Range(1, 60).Select(i => new TrainingStep
            {
                Step = i, ReportedLoss = Falling(i, 0.9, 12), RealLoss = Falling(i, 1.5, 45), PadLoss = Falling(i, 0.1, 8), RealTokens = 560, PadTokens = 448,
                LearningRate = 1e-3 * Math.Min(1, i / 20.0), GradientNorm = 0.6 + Math.Exp(-i / 30.0), Duration = TimeSpan.FromMilliseconds(20 + i % 3), MemoryBytes = 300_000_000 + i * 10_000,
            }).ToArray(),
        };
        var targets = arange(0, 36).reshape(3, 12).remainder(9);                                                      // [batch, seq]
        var logits = (arange(0, 3 * 12 * 9).to(float32) * 0.37f).sin().reshape(3, 12, 9) * 3;                        // [batch, seq, numTokens]
        Tensor Maps(int queries, int keys) => ((arange(0, 2 * queries * keys).to(float32) * 0.77f).sin().reshape(1, 2, queries, keys) * 30).softmax(-1);
        manual_seed(1);
        var net = new TransformerWrapper(new() { NumTokens = 32, MaxSeqLen = 64, AttnLayers = new Decoder(new() { Dim = 32, Depth = 2, Heads = 2 }) });
        """,
    ];

    public static IReadOnlyList<ViewKind> All { get; } =
    [
        new("a loss mask", "LossMaskView.From(new[] { new long[] { 5, 6, 7, 0 }, new long[] { 8, 9, 0, 0 } }, padId: 0)",
            "2 sequences of 4 tokens", "table.grid", "9", "table.grid", Colour.CountedPad),
        new("an attention mask", "AttentionMaskView.From(new long[] { 0, 0, 5, 13, 13, 1 }, padId: 0)",
            "6 positions", "table.grid", "!", "table.grid", Colour.FirstLine),
        new("a training run", "run", "wrapper's defaults: ", ".points table", "60", ".still", Colour.FirstLine, Colour.SecondLine),
        new("a comparison of runs", "new TrainingComparison([run with { Name = \"one\" }, run with { Name = \"other\" }])",
            "one reports the least", ".points table", "60", ".still", Colour.FirstLine, Colour.SecondLine),
        new("a figure of Plotly.NET", "run.ToPlotly()", "Plotly figure: ", ".points table", "60", ".still", Colour.FirstLine, Colour.SecondLine),
        new("a figure of XPlot.Plotly", "run.ToXPlot()", "Plotly figure: reported", ".points table", "60", ".still", Colour.FirstLine, Colour.SecondLine),
        new("a loss breakdown", "LossBreakdown.From(logits, targets, padId: 0, ignoreIndex: -100)",
            "", "table.numbers >> nth=0", "reported", ".slices img", Colour.FirstLine),
        new("a strip of logits", "LogitsView.From(logits, targets, new() { PadId = 0, IgnoreIndex = 3, TopP = 0.6 })",
            "", "table.numbers", "rank", "table.grid", Orange),
        new("two strips of logits", """
            new LogitsComparison([LogitsView.From(logits, targets, new() { Title = "a", Mode = LogitsMode.Surprise }), LogitsView.From(logits * 0.5f, targets, new() { Title = "b" })])
            """, "a: ", ".pairs table", "difference", ".sides", Orange),
        new("attention maps", "AttentionView.From([Maps(6, 6), Maps(6, 6)], tokens: [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"])",
            "2 layers, 4 heads", ".heads >> nth=0", "entropy", ".map >> nth=0", Weight),
        new("maps of a context", "AttentionView.From([Maps(4, 9)])", "1 layer, 2 heads", ".heads", "entropy", ".map >> nth=0", Weight),
        new("a tensor", "logits", "tensor[3, 12, 9] f32", ".line", "σ=", ".scroll", new Colour(0xd9, 0x6f, 0x1a)),
        new("a model's tree", "ModelView.From(net)", "", ".tree", "FLOPs a token", ".share >> nth=0", Colour.FirstLine),
        new("the live panel", """
            new TrainingPanel { Name = run.Name, Latest = run.Steps[29], PlannedSteps = 60, StepsTaken = 30, Elapsed = TimeSpan.FromSeconds(2), Device = "cpu",
                Curve = run.Steps.Take(30).Select(s => (s.Step, s.ReportedLoss, s.RealLoss, s.PadLoss)).ToArray() }
            """, "wrapper's defaults · step 30 of 60", "p >> nth=0", "tokens/s", "svg[role=img]", Colour.FirstLine, Colour.SecondLine),
        new("live tensors", "new LiveTensorsView { Holders = [new(\"net\", \"TransformerWrapper\", 74, 26_214_400, \"cpu\", \"[256, 512] f32\", [2])], Alive = 80, Held = 74 }",
            "74 tensors in 1 variable", "table.numbers", "TransformerWrapper", "table.numbers"),
        new("generated text", "new GeneratedText { Prompt = \"Call me\", Text = \" the whale\", Ids = [1, 2, 3], End = GenerationEnd.Length, Duration = TimeSpan.FromSeconds(1) }",
            "Call me the whale", "p >> nth=1", "3 tokens", ".text"),
        new("the doctor's report", "XtNotebooks.Diagnostics.Doctor.Examine(new AutoregressiveWrapper(net), arange(0, 48).reshape(4, 12).remainder(9), new() { PadId = 0 })",
            "", "section >> nth=0", "Fix", "section >> nth=0"),
    ];

    /// <summary>The cells of a notebook with all of them.</summary>
    public static string[] Cells { get; } = [.. Before, .. All.Select(kind => kind.Cell)];

    /// <summary>The view of a kind, in the open notebook.</summary>
    public static Microsoft.Playwright.ILocator In(OpenNotebook notebook, ViewKind kind) =>
        notebook.Cell(Before.Count + All.ToList().IndexOf(kind)).Locator(".output .xt");

    /// <summary>The view of a kind, on the exported page.</summary>
    public static Microsoft.Playwright.ILocator In(Microsoft.Playwright.IPage page, ViewKind kind) =>
        page.Locator(".cell").Nth(Before.Count + All.ToList().IndexOf(kind)).Locator(".xt");
}
