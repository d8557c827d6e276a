using System.Text.Json.Nodes;

namespace XtNotebooks.Browser;

/// <summary>What a newcomer does: opens the first guided notebook, runs all, looks at the pictures.</summary>
internal static class GuidedScenario
{
    public const string Name = "The first guided notebook runs from top to bottom, shows its pictures, and its links lead somewhere";

    /// <summary>Code cells of the notebook, by number.</summary>
    private const int Masks = 3, Training = 5;

    private static readonly string Folder = Environment.GetEnvironmentVariable("XT_NOTEBOOKS_FOLDER")
        ?? throw new InvalidOperationException("XT_NOTEBOOKS_FOLDER names the folder of the guided notebooks; tests/browser/run gives it.");

    /// <summary>The notebook as it stands, in its place beside the pages that it links to, but for the number of steps: the whole training is run
    /// elsewhere.</summary>
    public static (string Url, string File) Write(NotebookServer server)
    {
        const string file = "01-the-padding-discrepancy.ipynb";
        var notebook = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, file)))!;
        var parameters = notebook["cells"]!.AsArray().Single(cell => cell!["metadata"]?["tags"]?.AsArray().Any(tag => (string?)tag == "parameters") == true)!;
        parameters["source"] = WithSteps(string.Concat(parameters["source"]!.AsArray().Select(line => (string?)line)), 30);
        var written = server.Write($"notebooks/{file}", notebook);
        foreach (var other in Directory.GetFiles(Folder, "*.ipynb").Where(other => Path.GetFileName(other) != file))
            File.Copy(other, Path.Combine(Path.GetDirectoryName(written.File)!, Path.GetFileName(other)), overwrite: true);
        var docs = Path.Combine(Path.GetDirectoryName(written.File)!, "..", "docs");
        if (!Directory.Exists(docs))
            Directory.CreateSymbolicLink(docs, Path.Combine(Path.GetFullPath(Folder), "..", "docs"));
        return written;
    }

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
            await LinksAsync(notebook);
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

    /// <summary>As a reader would follow them from where the notebook is open.</summary>
    private static async Task LinksAsync(OpenNotebook notebook)
    {
        var links = await notebook.Page.EvaluateAsync<string[]>(
            "() => [...document.querySelectorAll('.text_cell_render a[href]')].filter(a => !a.classList.contains('anchor-link') && a.host === location.host).map(a => a.href)");
        Require(links.Any(link => link.Contains("/pages/01-", StringComparison.Ordinal)), "the notebook's top should link its page");
        foreach (var link in links.Distinct())
        {
            var answer = await notebook.Page.Context.APIRequest.GetAsync(link, new() { Headers = [new("Referer", notebook.Page.Url)] });
            Require(answer.Ok, $"{link} answers {answer.Status}");
        }
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
