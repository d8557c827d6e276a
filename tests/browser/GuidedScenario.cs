using System.Text.Json.Nodes;

namespace XtNotebooks.Browser;

/// <summary>What a newcomer does: opens the first guided notebook, runs all, looks at the pictures.</summary>
internal static class GuidedScenario
{
    private const string Name = "The first guided notebook runs from top to bottom and shows its pictures";

    private static readonly string Folder = Environment.GetEnvironmentVariable("XT_NOTEBOOKS_FOLDER")
        ?? throw new InvalidOperationException("XT_NOTEBOOKS_FOLDER names the folder of the guided notebooks; tests/browser/run gives it.");

    /// <summary>The code cells of the notebook, as they stand.</summary>
    public static IReadOnlyDictionary<string, string[]> Cells { get; } = new Dictionary<string, string[]>
    {
        [Name] =
        [
            .. JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "01-the-padding-discrepancy.ipynb")))!["cells"]!.AsArray()
                .Where(cell => (string?)cell!["cell_type"] == "code")
                .Select(cell => cell!["source"] is JsonArray lines ? string.Concat(lines.Select(line => (string?)line)) : (string)cell["source"]!),
        ],
    };

    public static IReadOnlyList<(string Name, Func<OpenNotebook, Task> Test)> All { get; } =
    [
        (Name, async notebook =>
        {
            await notebook.RunAllAsync();
            // A cell that waits or runs has a star for its number.
            await notebook.Page.WaitForFunctionAsync(
                "() => document.querySelector('.output_error') || [...document.querySelectorAll('.code_cell .input_prompt')].every(p => /\\d/.test(p.textContent))",
                null, new() { Timeout = 900_000 });
            if (await notebook.Page.Locator(".output_error").CountAsync() > 0)
                throw new InvalidOperationException("a cell failed: " + await notebook.Page.Locator(".output_error").First.InnerTextAsync());
            var charts = notebook.Page.Locator(".output_area svg");
            if (await charts.CountAsync() < 2)
                throw new InvalidOperationException($"the notebook should show its charts; it shows {await charts.CountAsync()} drawings");
            if (Environment.GetEnvironmentVariable("XT_SCREENSHOTS") is { Length: > 0 } pictures)
            {
                var cells = notebook.Page.Locator(".code_cell .output_area");
                for (var i = 0; i < await cells.CountAsync(); i++)
                    await cells.Nth(i).ScreenshotAsync(new() { Path = Path.Combine(pictures, $"01-output-{i:00}.png") });
            }
        }),
    ];
}
