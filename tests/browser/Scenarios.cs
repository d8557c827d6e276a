namespace XtNotebooks.Browser;

/// <summary>What a reader does with a notebook.</summary>
internal static class Scenarios
{
    private const string Everything = "Run all shows text, values, pictures and charts";
    private const string Stop = "The stop button stops a loop and keeps the variables";
    private const string Restart = "A restart forgets the variables and runs again";
    private const string Input = "A cell asks for a line and gets what the reader types";
    private const string Complete = "Tab completes a member";
    private const string Live = "A display is updated while its cell runs and after it";

    /// <summary>The cells of each scenario's notebook.</summary>
    public static IReadOnlyDictionary<string, string[]> Cells { get; } = new Dictionary<string, string[]>
    {
        [Everything] =
        [
            "var x = 6;\nConsole.WriteLine(\"text on <stdout>\");",
            "x * 7",
            """HTML("<svg width='200' height='100'><rect width='200' height='100' fill='rgb(200,30,30)'/></svg>")""",
            """HTML("<canvas id='drawn' width='100' height='100'></canvas><script>{const c = document.getElementById('drawn').getContext('2d'); c.fillStyle = 'rgb(30,30,200)'; c.fillRect(0, 0, 100, 100);}</script>")""",
            "throw new InvalidOperationException(\"told\");",
        ],
        [Stop] = ["var kept = 5; kept", "while (true) { }", "kept + 1"],
        [Restart] = ["var gone = 3;", "gone", "6 * 7"],
        [Input] = ["var name = input(\"Name? \");\n\"Hello \" + name"],
        [Complete] = ["\"abc\".ToUpperI"],
        [Live] = ["var shown = display(\"first\");\nawait Task.Delay(300);\nshown.Update(\"second\");\n_ = Task.Run(async () => { await Task.Delay(1500); shown.Update(\"third\"); });"],
    };

    public static IReadOnlyList<(string Name, Func<OpenNotebook, Task> Test)> All { get; } =
    [
        (Everything, async notebook =>
        {
            await notebook.RunAllAsync();
            await notebook.ExpectAsync(0, "text on <stdout>");
            await notebook.ExpectAsync(1, "42");
            await notebook.ExpectAsync(4, "told");
            var red = await notebook.CountPixelsAsync(notebook.Output(2).Locator("svg"), new Colour(200, 30, 30));
            Require(red >= 19_000, $"the picture of 20,000 red pixels shows {red}");
            var blue = await notebook.CountPixelsAsync(notebook.Output(3).Locator("canvas"), new Colour(30, 30, 200));
            Require(blue >= 9_500, $"the drawing of 10,000 blue pixels shows {blue}");
            var prompt = await notebook.Cell(1).Locator(".output_prompt").First.InnerTextAsync();
            Require(prompt.Contains("Out[2]", StringComparison.Ordinal), $"the value's prompt should be Out[2]; it is '{prompt}'");
        }),
        (Stop, async notebook =>
        {
            await notebook.RunAsync(0);
            await notebook.ExpectAsync(0, "5");
            await notebook.RunAsync(1);
            await notebook.Page.WaitForFunctionAsync("() => document.querySelector('#kernel_indicator_icon').classList.contains('kernel_busy_icon')");
            await Task.Delay(1000);
            await notebook.InterruptAsync();
            await notebook.ExpectAsync(1, "interrupted");
            await notebook.RunAsync(2);
            await notebook.ExpectAsync(2, "6");
        }),
        (Restart, async notebook =>
        {
            await notebook.RunAsync(0);
            await notebook.RunAsync(1);
            await notebook.ExpectAsync(1, "3");
            await notebook.RestartAsync();
            await notebook.RunAsync(1);
            await notebook.ExpectAsync(1, "CS0103");
            await notebook.RunAsync(2);
            await notebook.ExpectAsync(2, "42");
        }),
        (Input, async notebook =>
        {
            await notebook.RunAsync(0);
            var box = notebook.Page.Locator("input.raw_input");
            await box.FillAsync("Ada");
            await box.PressAsync("Enter");
            await notebook.ExpectAsync(0, "Hello Ada");
        }),
        (Complete, async notebook =>
        {
            await notebook.Cell(0).Locator(".CodeMirror").ClickAsync();
            await notebook.Page.Keyboard.PressAsync("End");
            await notebook.Page.Keyboard.PressAsync("Tab");
            await notebook.Page.WaitForFunctionAsync("() => Jupyter.notebook.get_cell(0).get_text().includes('ToUpperInvariant') || document.querySelector('#complete')");
        }),
        (Live, async notebook =>
        {
            // A browser that is slow to look must not miss what was shown only for a moment.
            await notebook.Page.EvaluateAsync(
                "() => { window.seen = ''; new MutationObserver(() => window.seen += document.querySelector('.code_cell .output').innerText)"
                + ".observe(document.body, { subtree: true, childList: true, characterData: true }); }");
            await notebook.RunAsync(0);
            await notebook.ExpectAsync(0, "third");
            var seen = await notebook.Page.EvaluateAsync<string>("() => window.seen");
            Require(seen.Contains("first", StringComparison.Ordinal) && seen.Contains("second", StringComparison.Ordinal), $"not all was shown in between: {seen}");
        }),
    ];

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }
}
