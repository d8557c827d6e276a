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
foreach (var (name, test) in Scenarios.All.Concat(ViewScenarios.All).Concat(GuidedScenario.All)
    .Where(scenario => scenario.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase)))
{
    try
    {
        await using var page = await browser.OpenAsync(notebooks, name);
        await test(page);
        passed++;
        Console.WriteLine($"ok     {name}");
    }
    catch (Exception error) when (error is Microsoft.Playwright.PlaywrightException or TimeoutException or InvalidOperationException)
    {
        failed++;
        Console.WriteLine($"FAILED {name}: {error.Message}");
    }
}
Console.WriteLine($"{passed} passed, {failed} failed");
return failed == 0 ? 0 : 1;
