using Microsoft.Playwright;

namespace XtNotebooks.Browser;

/// <summary>A browser that opens notebooks.</summary>
internal sealed class NotebookPage : IAsyncDisposable
{
    private readonly IPlaywright playwright;
    private readonly IBrowser browser;

    private NotebookPage(IPlaywright playwright, IBrowser browser) => (this.playwright, this.browser) = (playwright, browser);

    public static async Task<NotebookPage> LaunchAsync(string chromium)
    {
        var playwright = await Playwright.CreateAsync();
        // Chromium as root has no sandbox.
        return new NotebookPage(playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox"] }));
    }

    /// <summary>A notebook that the server has written, its kernel ready.</summary>
    public async Task<OpenNotebook> OpenAsync((string Url, string File) written)
    {
        var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 1200, Height = 1600 } });
        page.SetDefaultTimeout(60_000);
        await page.GotoAsync(written.Url);
        var notebook = new OpenNotebook(page, written.File);
        await notebook.WaitUntilIdleAsync();
        return notebook;
    }

    public async ValueTask DisposeAsync()
    {
        await browser.CloseAsync();
        playwright.Dispose();
    }
}

/// <summary>One open notebook, handled as a reader does: by its menu, its buttons and its keyboard.</summary>
internal sealed class OpenNotebook(IPage page, string file) : IAsyncDisposable
{
    public IPage Page => page;

    public string File => file;

    public ILocator Cell(int index) => page.Locator(".code_cell").Nth(index);

    public ILocator Output(int index) => Cell(index).Locator(".output_area");

    public async Task WaitUntilIdleAsync() => await page.WaitForFunctionAsync(
        "() => window.Jupyter && Jupyter.notebook && Jupyter.notebook._fully_loaded && Jupyter.notebook.kernel && Jupyter.notebook.kernel.is_connected()"
        + " && document.querySelector('#kernel_indicator_icon').classList.contains('kernel_idle_icon')");

    public async Task RunAllAsync()
    {
        await page.ClickAsync("#celllink");
        await page.ClickAsync("#run_all_cells");
    }

    public async Task RunAsync(int index)
    {
        await Cell(index).Locator(".CodeMirror").ClickAsync();
        await page.Keyboard.PressAsync("Control+Enter");
    }

    public Task InterruptAsync() => page.ClickAsync("[data-jupyter-action='jupyter-notebook:interrupt-kernel']");

    /// <summary>What stands between the brackets of <c>In [ ]</c>: the number, a star while the cell runs or waits, or nothing.</summary>
    public async Task<string> PromptAsync(int index)
    {
        var prompt = await Cell(index).Locator(".input_prompt").InnerTextAsync();
        return prompt[(prompt.IndexOf('[', StringComparison.Ordinal) + 1)..prompt.LastIndexOf(']')].Trim();
    }

    public async Task RestartAsync()
    {
        await page.ClickAsync("[data-jupyter-action='jupyter-notebook:confirm-restart-kernel']");
        await ConfirmRestartAsync();
    }

    public async Task RestartByMenuAsync()
    {
        await page.ClickAsync("#kernellink");
        await page.ClickAsync("#restart_kernel");
        await ConfirmRestartAsync();
    }

    private async Task ConfirmRestartAsync()
    {
        await page.ClickAsync(".modal-footer .btn-danger");
        await page.WaitForSelectorAsync(".modal-dialog", new() { State = WaitForSelectorState.Detached });
        await WaitUntilIdleAsync();
    }

    /// <summary>Waits until every cell has run.</summary>
    public async Task WaitUntilEndedAsync()
    {
        // A cell that waits or runs has a star for its number.
        await page.WaitForFunctionAsync(
            "() => document.querySelector('.output_error') || [...document.querySelectorAll('.code_cell .input_prompt')].every(p => /\\d/.test(p.textContent))",
            null, new() { Timeout = 900_000 });
        if (await page.Locator(".output_error").CountAsync() > 0)
            throw new InvalidOperationException("a cell failed: " + await page.Locator(".output_error").First.InnerTextAsync());
    }

    /// <summary>Waits until the cell's outputs hold this text.</summary>
    public async Task ExpectAsync(int index, string text)
    {
        try
        {
            await Cell(index).Locator(".output").Filter(new() { HasText = text }).First.WaitForAsync();
        }
        catch (Exception error) when (error is TimeoutException or PlaywrightException)
        {
            throw new InvalidOperationException($"cell {index + 1} should show '{text}'; it shows: {await Cell(index).InnerTextAsync()}", error);
        }
    }

    /// <summary>How many pixels of an output have this colour, as the reader sees it.</summary>
    public async Task<int> CountPixelsAsync(ILocator area, Colour colour)
    {
        var png = Convert.ToBase64String(await area.ScreenshotAsync());
        return await page.EvaluateAsync<int>(
            $$"""
            async ([png, r, g, b]) => {
              {{Pixels.Read}}
              const { data } = await read(png);
              let count = 0;
              for (let i = 0; i < data.length; i += 4)
                if (Math.abs(data[i] - r) < 12 && Math.abs(data[i + 1] - g) < 12 && Math.abs(data[i + 2] - b) < 12) count++;
              return count;
            }
            """,
            new object[] { png, colour.Red, colour.Green, colour.Blue });
    }

    public async ValueTask DisposeAsync() => await page.CloseAsync(new() { RunBeforeUnload = false });
}
