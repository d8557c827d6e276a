using System.Text.Json.Nodes;

namespace XtNotebooks.Browser;

/// <summary>What a newcomer does: opens the first guided notebook, runs all, looks at the pictures.</summary>
internal static class GuidedScenario
{
    private const string Name = "The first guided notebook runs from top to bottom, shows its pictures";

    /// <summary>Code cells of the notebook, by number.</summary>
    private const int Parameters = 1, Masks = 4, Training = 5;

    private static readonly string Folder = Environment.GetEnvironmentVariable("XT_NOTEBOOKS_FOLDER")
        ?? throw new InvalidOperationException("XT_NOTEBOOKS_FOLDER names the folder of the guided notebooks; tests/browser/run gives it.");

    /// <summary>The code cells of the notebook, as they stand, but for the number of steps: the whole training is run elsewhere.</summary>
    public static IReadOnlyDictionary<string, string[]> Cells { get; } = new Dictionary<string, string[]>
    {
        [Name] =
        [
            .. JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "01-the-padding-discrepancy.ipynb")))!["cells"]!.AsArray()
                .Where(cell => (string?)cell!["cell_type"] == "code")
                .Select(cell => cell!["source"] is JsonArray lines ? string.Concat(lines.Select(line => (string?)line)) : (string)cell["source"]!)
                .Select((code, i) => i == Parameters ? WithSteps(code, 30) : code),
        ],
    };

    public static IReadOnlyList<(string Name, Func<OpenNotebook, Task> Test)> All { get; } =
    [
        (Name, async notebook =>
        {
            foreach (var colour in (Colour[])[Colour.FirstLine, Colour.SecondLine, Colour.CountedPad])
            {
                // The smoothed edge of a letter may come near it by chance.
                var before = await notebook.CountPixelsAsync(notebook.Page.Locator("#notebook-container"), colour);
                Require(before < 20, $"{before} pixels of {colour} are there before anything ran");
            }
            await notebook.RunAllAsync();
            await EndedAsync(notebook);
            await PicturesAsync(notebook);
        }),
    ];

    private static async Task EndedAsync(OpenNotebook notebook)
    {
        await notebook.WaitUntilEndedAsync();
        if (Environment.GetEnvironmentVariable("XT_SCREENSHOTS") is { Length: > 0 } pictures)
        {
            var cells = notebook.Page.Locator(".code_cell .output_area");
            for (var i = 0; i < await cells.CountAsync(); i++)
                await cells.Nth(i).ScreenshotAsync(new() { Path = Path.Combine(pictures, $"01-output-{i:00}.png") });
        }
    }

    /// <summary>The lines of the loss chart, and the pads that one mask counts and the other does not.</summary>
    private static async Task PicturesAsync(OpenNotebook notebook)
    {
        var chart = notebook.Cell(Training).Locator(".js-plotly-plot").First;
        await chart.Locator(".scatterlayer path.js-line").First.WaitForAsync();
        foreach (var colour in (Colour[])[Colour.FirstLine, Colour.SecondLine])
        {
            var pixels = await notebook.CountPixelsAsync(chart, colour);
            Require(pixels >= 200, $"the loss chart should have a line of {colour}; it has {pixels} such pixels");
        }
        var masks = notebook.Cell(Masks).Locator("table.grid");
        var counted = await notebook.CountPixelsAsync(masks.Nth(0), Colour.CountedPad);
        Require(counted >= 2_000, $"the first mask should show pads that count; it has {counted} pixels of {Colour.CountedPad}");
        var ignored = await notebook.CountPixelsAsync(masks.Nth(1), Colour.CountedPad);
        Require(ignored == 0, $"the second mask should show no pad that counts; it has {ignored} pixels of {Colour.CountedPad}");
    }

    private static string WithSteps(string code, int steps)
    {
        var changed = code.Replace("steps = 300", $"steps = {steps}", StringComparison.Ordinal)
            .Replace("checkClaims = true", "checkClaims = false", StringComparison.Ordinal);
        return changed != code ? changed : throw new InvalidOperationException("the notebook's second cell no longer gives the number of steps");
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }
}
