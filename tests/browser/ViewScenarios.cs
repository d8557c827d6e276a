using Microsoft.Playwright;

namespace XtNotebooks.Browser;

/// <summary>What a reader does with the views of XtNotebooks: looks, points, moves by the keyboard, clears an output.</summary>
internal static class ViewScenarios
{
    private const string Charts = "Charts draw without a network, also after another output was cleared";
    private const string Grid = "A grid tells of the cell under the pointer and the keys";

    private const string XPlot = "An XPlot figure draws without a network and without Plotly.NET, also when the page is opened again and another was cleared";

    private const string Usings = "using XtNotebooks.Training; using XtNotebooks.Views;";

    private const string Run = """
        var run = new TrainingRun { Name = "demo", Steps = Enumerable.Range(1, 60).Select(i => new TrainingStep { Step = i, ReportedLoss = 3.0 / i, RealLoss = 3.5 / i, PadLoss = 1.0 / i }).ToArray() };
        run
        """;

    /// <summary>The cells of each scenario's notebook.</summary>
    public static IReadOnlyDictionary<string, string[]> Cells { get; } = new Dictionary<string, string[]>
    {
        [Charts] = ["#r \"nuget: XtNotebooks\"", Usings, Run, "(run with { Name = \"again\" })", "run.ToPlotly()"],
        [XPlot] =
        [
            "#r \"nuget: XPlot.Plotly, 4.1.0\"",
            "XPlot.Plotly.Chart.Plot(new XPlot.Plotly.Scatter { x = new[] { 1, 2, 3 }, y = new[] { 2, 1, 3 } })",
            "XPlot.Plotly.Chart.Plot(new XPlot.Plotly.Bar { x = new[] { 1, 2, 3 }, y = new[] { 2, 1, 3 } })",
            "AppDomain.CurrentDomain.GetAssemblies().Any(a => a.GetName().Name == \"Plotly.NET\")",
        ],
        [Grid] = ["#r \"nuget: XtNotebooks\"", Usings, "LossMaskView.From(new[] { new long[] { 5, 6, 7, 0 }, new long[] { 8, 9, 0, 0 } }, padId: 0)"],
    };

    public static IReadOnlyList<(string Name, Func<OpenNotebook, Task> Test)> All { get; } =
    [
        (Charts, async notebook =>
        {
            var requests = new List<string>();
            await notebook.RunAsync(0);
            await notebook.ExpectAsync(0, "libtorch");                  // none is referenced: views of plain numbers need none
            notebook.Page.Request += (_, request) => requests.Add(request.Url);
            await notebook.RunAsync(1);
            await notebook.RunAsync(2);
            await Drawn(notebook, 2);
            await Clear(notebook, 2);
            await notebook.RunAsync(3);
            await Drawn(notebook, 3);
            await notebook.RunAsync(4);
            await Drawn(notebook, 4);
            var outside = requests.Where(url => url.StartsWith("http", StringComparison.Ordinal) && !new Uri(url).IsLoopback).ToList();
            Require(outside.Count == 0, $"a chart asked the network for {string.Join(", ", outside)}");
            var global = await notebook.Page.EvaluateAsync<bool>("() => 'Plotly' in window");
            Require(!global, "the script should stay out of the page's own names");
        }),
        (XPlot, async notebook =>
        {
            var requests = new List<string>();
            notebook.Page.Request += (_, request) => requests.Add(request.Url);
            await notebook.RunAllAsync();
            await notebook.ExpectAsync(3, "False");
            await notebook.Cell(1).Locator(".js-plotly-plot .scatterlayer path.js-line").First.WaitForAsync();
            await notebook.Cell(2).Locator(".js-plotly-plot .barlayer path").First.WaitForAsync();
            await Clear(notebook, 1);
            await notebook.Page.EvaluateAsync("() => Jupyter.notebook.save_notebook()");
            await notebook.Page.ReloadAsync();
            await notebook.WaitUntilIdleAsync();
            var bars = notebook.Cell(2).Locator(".js-plotly-plot");
            await bars.Locator(".barlayer path").First.WaitForAsync();
            Require(await notebook.Cell(1).Locator(".js-plotly-plot").CountAsync() == 0, "the cleared figure should not come back");
            // Plotly's own first colour.
            var pixels = await notebook.CountPixelsAsync(bars, new Colour(0x1f, 0x77, 0xb4));
            Require(pixels >= 10_000, $"the bars should be seen; there are {pixels} pixels of their colour");
            var outside = requests.Where(url => url.StartsWith("http", StringComparison.Ordinal) && !new Uri(url).IsLoopback).ToList();
            Require(outside.Count == 0, $"a chart asked the network for {string.Join(", ", outside)}");
        }),
        (Grid, async notebook =>
        {
            await notebook.RunAllAsync();
            await notebook.ExpectAsync(0, "libtorch");                  // none is referenced: views of plain numbers need none
            await notebook.ExpectAsync(2, "Pads count as targets");
            var cells = notebook.Cell(2).Locator("table.grid td");
            await cells.Nth(3).HoverAsync();
            await notebook.ExpectAsync(2, "row 0, position 3 · “0” · a pad that counts as a target");
            await cells.Nth(0).FocusAsync();
            await notebook.ExpectAsync(2, "row 0, position 0 · “5” · read, never predicted");
            await notebook.Page.Keyboard.PressAsync("ArrowDown");
            await notebook.Page.Keyboard.PressAsync("ArrowRight");
            await notebook.ExpectAsync(2, "row 1, position 1 · “9” · counts");
            var stops = await cells.EvaluateAllAsync<int>("all => all.filter(c => c.tabIndex === 0).length");
            Require(stops == 1, $"the grid should be one stop of the Tab key; it is {stops}");
        }),
    ];

    private static async Task Drawn(OpenNotebook notebook, int cell)
    {
        await notebook.Cell(cell).Locator(".js-plotly-plot .scatterlayer path.js-line").First.WaitForAsync();
        var still = await notebook.Cell(cell).Locator(".still").First.IsVisibleAsync();
        Require(!still, $"cell {cell + 1} should have put its chart in the place of the picture");
    }

    private static async Task Clear(OpenNotebook notebook, int cell)
    {
        await notebook.Page.EvaluateAsync("i => Jupyter.notebook.get_cell(i).clear_output()", cell);
        await notebook.Cell(cell).Locator(".js-plotly-plot").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }
}
