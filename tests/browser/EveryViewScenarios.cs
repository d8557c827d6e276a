using Microsoft.Playwright;

namespace XtNotebooks.Browser;

/// <summary>Every kind of view, in the classic Notebook and on the page that the headless runner exports.</summary>
internal static class EveryViewScenarios
{
    private const string Same = "Every view looks the same in the Notebook and on the exported page";
    private const string Tab = "Tab reaches every hover of an exported page and shows where it is";
    private const string Bare = "Every view keeps its sentence, its numbers and its picture where scripts are stripped";
    private const string Seen = "Every text of every view stands out from what lies behind it, in light and dark";

    private static string? exported;

    /// <summary>The cells of each scenario's notebook.</summary>
    public static IReadOnlyDictionary<string, string[]> Cells { get; } =
        new[] { Same, Tab, Bare, Seen }.ToDictionary(name => name, _ => ViewKinds.Cells);

    public static IReadOnlyList<(string Name, Func<OpenNotebook, Task> Test)> All { get; } =
    [
        (Same, async notebook =>
        {
            await ExportedPage.PrepareAsync(notebook);
            await notebook.RunAllAsync();
            await notebook.WaitUntilEndedAsync();
            await notebook.Page.Mouse.MoveAsync(1, 1);
            var page = await ExportedAsync(notebook);
            await EachAsync(async kind =>
            {
                var (here, there) = (ViewKinds.In(notebook, kind), ViewKinds.In(page, kind));
                if (kind.IsChart)
                {
                    foreach (var view in new[] { here, there })
                        await view.Locator(".js-plotly-plot .scatterlayer path.js-line").First.WaitForAsync();
                }
                await ExportedPage.RequireAlikeAsync(kind.Name, here, there);
            });
            await page.CloseAsync();
        }),
        (Tab, async notebook =>
        {
            var page = await ExportedAsync(notebook);
            await page.EvaluateAsync(
                """
                () => {
                  window.reached = new Set(); window.unseen = [];
                  document.addEventListener('focusin', ({ target }) => {
                    reached.add(target);
                    const { outlineStyle, outlineWidth } = getComputedStyle(target.matches('input') ? target.nextElementSibling : target);
                    if (target.closest('.xt') && (outlineStyle === 'none' || parseFloat(outlineWidth) < 1)) unseen.push(target.outerHTML.slice(0, 80));
                  });
                }
                """);
            var stops = await page.Locator("a[href],button,input:checked,summary,[tabindex='0']").CountAsync();
            for (var i = 0; i < stops + 10; i++)
                await page.Keyboard.PressAsync("Tab");
            var unseen = await page.EvaluateAsync<string[]>("() => unseen");
            Require(unseen.Length == 0, $"the focus should be seen; it is not on {string.Join(", ", unseen)}");
            await EachAsync(async kind =>
            {
                var missed = await ViewKinds.In(page, kind).EvaluateAsync<string[]>(
                    """
                    view => [...view.querySelectorAll('figure,input:checked,summary,.modebar-btn[tabindex="0"]'), ...[...view.querySelectorAll('table.grid')].map(grid => grid.querySelector('td[tabindex="0"]') || grid)]
                      .filter(e => e.checkVisibility() && !reached.has(e)).map(e => e.outerHTML.slice(0, 80))
                    """);
                Require(missed.Length == 0, $"Tab should reach every part of {kind} that tells more; it misses {string.Join(", ", missed)}");
            });
            await page.CloseAsync();
        }),
        (Bare, async notebook =>
        {
            var page = await ExportedAsync(notebook, scripts: false);
            await EachAsync(kind => ReadsBareAsync(notebook, kind, ViewKinds.In(page, kind)));
            await page.CloseAsync();
        }),
        (Seen, async notebook =>
        {
            var failures = new List<string>();
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                var page = await ExportedAsync(notebook, scheme: scheme);
                var dark = await page.EvaluateAsync<bool>("() => parseInt(getComputedStyle(document.querySelector('.xt-mask')).backgroundColor.slice(4)) < 128");
                Require(dark == (scheme == ColorScheme.Dark), $"views should be as {scheme} as the reader's other windows");
                await EachAsync(async kind =>
                {
                    var view = ViewKinds.In(page, kind);
                    if (kind.IsChart)
                        await view.Locator(".js-plotly-plot .scatterlayer path.js-line").First.WaitForAsync();
                    failures.AddRange((await Contrast.FailuresAsync(view)).Select(failure => $"{kind}, {scheme}: {failure}"));
                });
                await page.CloseAsync();
            }
            Require(failures.Count == 0, string.Join("\n       ", failures.Take(40)));
        }),
    ];

    private static async Task ReadsBareAsync(OpenNotebook notebook, ViewKind kind, ILocator view)
    {
        var text = await view.InnerTextAsync();
        Require(text.TrimStart().StartsWith(kind.Sentence, StringComparison.Ordinal) || text.Contains('\n' + kind.Sentence, StringComparison.Ordinal),
            $"{kind} should say '{kind.Sentence}'; it says: {text}");
        // What is folded opens without a script.
        var folded = view.Locator("details:not([open]) > summary");
        while (await folded.CountAsync() > 0)
            await folded.First.ClickAsync();
        if (Environment.GetEnvironmentVariable("XT_SCREENSHOTS") is { Length: > 0 } folder)
            await view.ScreenshotAsync(new() { Path = Path.Combine(folder, $"bare-{kind.Name.Replace(' ', '-')}.png") });
        var numbers = view.Locator(kind.Numbers);
        var shown = await numbers.IsVisibleAsync() ? await numbers.InnerTextAsync() : "nothing";
        Require(shown.Contains(kind.Number, StringComparison.Ordinal), $"{kind} should tell '{kind.Number}' in {kind.Numbers}; it tells {shown}");
        foreach (var colour in kind.Colours)
        {
            var pixels = await notebook.CountPixelsAsync(view.Locator(kind.Picture), colour);
            Require(pixels >= 100, $"the picture of {kind} should be seen; it has {pixels} pixels of {colour}");
        }
    }

    /// <summary>One headless run serves all scenarios.</summary>
    private static async Task<IPage> ExportedAsync(OpenNotebook notebook, bool scripts = true, ColorScheme scheme = ColorScheme.Light) =>
        await ExportedPage.OpenAsync(notebook, exported ??= await ExportedPage.WriteAsync(notebook), scripts, scheme);

    /// <summary>Tells of every kind that fails, not of the first alone.</summary>
    private static async Task EachAsync(Func<ViewKind, Task> test)
    {
        var failures = new List<string>();
        foreach (var kind in ViewKinds.All)
        {
            try
            {
                await test(kind);
            }
            catch (Exception error) when (error is PlaywrightException or TimeoutException or InvalidOperationException)
            {
                failures.Add($"{kind}: {error.Message}");
            }
        }
        Require(failures.Count == 0, string.Join("\n       ", failures));
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }
}
