using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace XtNotebooks.Browser;

/// <summary>The page that the headless runner writes of a notebook, beside the same notebook in the classic Notebook.</summary>
internal static partial class ExportedPage
{
    /// <summary>Both draw a view as wide as this, so that their pictures can lie on each other.</summary>
    private const string SameWidth = ".xt{width:900px!important}";

    private static readonly string[] Tool = Environment.GetEnvironmentVariable("XT_TOOL")?.Split('|')
        ?? throw new InvalidOperationException("XT_TOOL is the command of the tool; tests/browser/run gives it.");

    public static Task PrepareAsync(OpenNotebook notebook) => notebook.Page.AddStyleTagAsync(new() { Content = SameWidth });

    /// <summary>Runs the notebook's file headless.</summary>
    /// <returns>The page's file.</returns>
    public static async Task<string> WriteAsync(OpenNotebook notebook)
    {
        var html = Path.ChangeExtension(notebook.File, ".html");
        var start = new ProcessStartInfo(Tool[0], [.. Tool[1..], "run", notebook.File, "--output", html + ".ipynb", "--html", html])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var run = Process.Start(start)!;
        var said = await Task.WhenAll(run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync());
        await run.WaitForExitAsync();
        if (run.ExitCode != 0)
            throw new InvalidOperationException($"the headless run failed: {string.Join('\n', said)}");
        var text = await File.ReadAllTextAsync(html);
        await File.WriteAllTextAsync(html, text.Replace("</head>", $"<style>{SameWidth}</style></head>", StringComparison.Ordinal));
        return html;
    }

    /// <summary>Opens a page's file; without scripts both as a place that strips their elements and as a browser that runs none.</summary>
    public static async Task<IPage> OpenAsync(OpenNotebook notebook, string html, bool scripts = true, ColorScheme scheme = ColorScheme.Light)
    {
        if (!scripts)
        {
            var text = ScriptElement().Replace(await File.ReadAllTextAsync(html), "");
            await File.WriteAllTextAsync(html += ".bare.html", text);
        }
        var page = await notebook.Page.Context.Browser!.NewPageAsync(new() { ViewportSize = new() { Width = 1200, Height = 1600 }, JavaScriptEnabled = scripts, ColorScheme = scheme });
        page.SetDefaultTimeout(60_000);
        await page.GotoAsync(new Uri(html).AbsoluteUri);
        return page;
    }

    /// <summary>Fails unless two elements look alike: as large, and with less than one pixel in a thousand of another colour.</summary>
    public static async Task RequireAlikeAsync(string what, ILocator one, ILocator other)
    {
        // Letters are smoothed anew wherever they begin at another fraction of a pixel: both begin at a whole one.
        foreach (var element in new[] { one, other })
        {
            await element.ScrollIntoViewIfNeededAsync();
            await element.EvaluateAsync(
                """
                element => {
                  const { left, top } = element.getBoundingClientRect();
                  Object.assign(element.style, { position: 'relative', left: `${Math.round(left) - left}px`, top: `${Math.round(top) - top}px` });
                }
                """);
        }
        var pictures = new[] { Convert.ToBase64String(await one.ScreenshotAsync()), Convert.ToBase64String(await other.ScreenshotAsync()) };
        var difference = await one.Page.EvaluateAsync<double[]>(
            $$"""
            async pictures => {
              {{Pixels.Read}}
              const [a, b] = [await read(pictures[0]), await read(pictures[1])];
              const width = Math.min(a.width, b.width), height = Math.min(a.height, b.height);
              let other = 0;
              for (let y = 0; y < height; y++)
                for (let x = 0; x < width; x++) {
                  const i = 4 * (y * a.width + x), j = 4 * (y * b.width + x);
                  if ([0, 1, 2].some(k => Math.abs(a.data[i + k] - b.data[j + k]) > 48)) other++;
                }
              return [other / (width * height), Math.abs(a.width - b.width), Math.abs(a.height - b.height)];
            }
            """,
            pictures);
        if (difference[0] > 0.001 || difference[1] > 2 || difference[2] > 2)
        {
            if (Environment.GetEnvironmentVariable("XT_SCREENSHOTS") is { Length: > 0 } folder)
            {
                for (var i = 0; i < 2; i++)
                    await File.WriteAllBytesAsync(Path.Combine(folder, $"unlike-{what.Replace(' ', '-')}-{i}.png"), Convert.FromBase64String(pictures[i]));
            }
            throw new InvalidOperationException(
                $"{what} should look alike in the Notebook and on the page; {difference[0]:P1} of the pixels differ, and the sizes by {difference[1]} x {difference[2]}");
        }
    }

    [GeneratedRegex("<script.*?</script>", RegexOptions.Singleline)]
    private static partial Regex ScriptElement();
}
