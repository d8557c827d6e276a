using XtNotebooks.Browser;

if (args is not [var folder, var server, var chromium])
{
    Console.Error.WriteLine("usage: FOLDER NOTEBOOK-COMMAND CHROMIUM; tests/browser/run gives them.");
    return 2;
}
await using var notebooks = await NotebookServer.StartAsync(server, folder);
await using var browser = await NotebookPage.LaunchAsync(chromium);
var passed = 0;
var failed = 0;
// XT_SCENARIOS narrows the run to the scenarios whose names hold that text.
var wanted = Environment.GetEnvironmentVariable("XT_SCENARIOS") ?? "";
var cells = Scenarios.Cells.Concat(RestartScenarios.Cells).Concat(ViewScenarios.Cells).Concat(EveryViewScenarios.Cells).Concat(KeyboardScenarios.Cells).ToDictionary();
foreach (var (name, test) in Scenarios.All.Concat(RestartScenarios.All).Concat(ViewScenarios.All).Concat(EveryViewScenarios.All).Concat(KeyboardScenarios.All).Concat(GuidedScenario.All)
    .Where(scenario => scenario.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase)))
{
    OpenNotebook? notebook = null;
    try
    {
        notebook = await browser.OpenAsync(name == GuidedScenario.Name ? GuidedScenario.Write(notebooks) : notebooks.Write(name, cells[name]));
        await test(notebook);
        passed++;
        Console.WriteLine($"ok     {name}");
    }
    catch (Exception error) when (error is Microsoft.Playwright.PlaywrightException or TimeoutException or InvalidOperationException)
    {
        failed++;
        Console.WriteLine($"FAILED {name}: {error.Message}");
        if (notebook is not null && Environment.GetEnvironmentVariable("XT_SCREENSHOTS") is { Length: > 0 } pictures)
            await notebook.Page.ScreenshotAsync(new() { Path = Path.Combine(pictures, $"failed-{failed}.png") });
    }
    finally
    {
        if (notebook is not null)
            await notebook.DisposeAsync();
    }
}
Console.WriteLine($"{passed} passed, {failed} failed");
return failed == 0 ? 0 : 1;
