using System.Globalization;
using System.Text.RegularExpressions;

namespace XtNotebooks.Browser;

/// <summary>What a reader does with a kernel that is busy, or dies at work.</summary>
internal static partial class RestartScenarios
{
    private const string Loop = "A restart while a cell loops brings a new kernel, frees the cell and leaves no process of the old one";
    private const string Native = "A restart while a cell waits in native code for ever brings a new kernel and leaves no process of the old one";
    private const string Crash = "A cell that ends its kernel, with others behind it, shows why, and the kernel comes back";

    /// <summary>Tells the process that runs the cells, and the one that the server started.</summary>
    private const string Tell = "Console.WriteLine($\"processes {Environment.ProcessId} {System.IO.File.ReadAllText(\"/proc/self/stat\").Split(' ')[3]}.\");\n";

    /// <summary>The cells of each scenario's notebook.</summary>
    public static IReadOnlyDictionary<string, string[]> Cells { get; } = new Dictionary<string, string[]>
    {
        [Loop] = ["var gone = 5; gone", Tell + "while (true) { }", "6 * 7", "gone"],
        [Native] = ["[System.Runtime.InteropServices.DllImport(\"libc\")] static extern int pause();", Tell + "pause()", "6 * 7"],
        [Crash] = ["var gone = 5; gone", Tell + "Thread.Sleep(500);\nEnvironment.FailFast(\"broken on purpose\");", "gone + 1", "6 * 7"],
    };

    public static IReadOnlyList<(string Name, Func<OpenNotebook, Task> Test)> All { get; } =
    [
        (Loop, async notebook =>
        {
            await notebook.RunAsync(0);
            await notebook.ExpectAsync(0, "5");
            await notebook.RunAsync(1);
            var processes = await ProcessesAsync(notebook, 1);
            await PromptAsync(notebook, 1, "*");
            await notebook.RestartByMenuAsync();
            await PromptAsync(notebook, 1, "");
            await notebook.RunAsync(2);
            await notebook.ExpectAsync(2, "42");
            await PromptAsync(notebook, 2, "1");
            await notebook.RunAsync(3);
            await notebook.ExpectAsync(3, "CS0103");
            await EndedAsync(processes);
        }),
        (Native, async notebook =>
        {
            await notebook.RunAsync(0);
            await notebook.RunAsync(1);
            var processes = await ProcessesAsync(notebook, 1);
            await notebook.RestartByMenuAsync();
            await PromptAsync(notebook, 1, "");
            await notebook.RunAsync(2);
            await notebook.ExpectAsync(2, "42");
            await EndedAsync(processes);
        }),
        (Crash, async notebook =>
        {
            await notebook.RunAllAsync();
            var processes = await ProcessesAsync(notebook, 1);
            await notebook.ExpectAsync(1, "Environment.FailFast ended the process: broken on purpose. Variables are lost.");
            // The server notices within a few seconds, starts another kernel and says so.
            await notebook.Page.Locator(".modal-dialog").Filter(new() { HasText = "It will restart automatically" }).Locator(".btn-primary").ClickAsync();
            await notebook.Page.WaitForSelectorAsync(".modal-dialog", new() { State = Microsoft.Playwright.WaitForSelectorState.Detached });
            await notebook.WaitUntilIdleAsync();
            foreach (var cell in (int[])[1, 2, 3])
            {
                var prompt = await notebook.PromptAsync(cell);
                Require(prompt != "*", $"cell {cell + 1} should not run any more; its prompt is '{prompt}'");
            }
            await notebook.RunAsync(3);
            await notebook.ExpectAsync(3, "42");
            await PromptAsync(notebook, 3, "1");
            await notebook.RunAsync(2);
            await notebook.ExpectAsync(2, "CS0103");
            await EndedAsync(processes);
        }),
    ];

    private static async Task<int[]> ProcessesAsync(OpenNotebook notebook, int cell)
    {
        await notebook.ExpectAsync(cell, "processes ");
        var told = Processes().Match(await notebook.Output(cell).InnerTextAsync()).Groups;
        return [int.Parse(told[1].Value, CultureInfo.InvariantCulture), int.Parse(told[2].Value, CultureInfo.InvariantCulture)];
    }

    private static async Task EndedAsync(int[] processes)
    {
        foreach (var process in processes)
        {
            for (var attempt = 0; Directory.Exists($"/proc/{process}"); attempt++)
            {
                Require(attempt < 100, $"process {process} of the old kernel should have ended");
                await Task.Delay(100);
            }
        }
    }

    private static async Task PromptAsync(OpenNotebook notebook, int cell, string expected)
    {
        for (var attempt = 0; await notebook.PromptAsync(cell) is var prompt && prompt != expected; attempt++)
        {
            Require(attempt < 100, $"the prompt of cell {cell + 1} should be '{expected}'; it is '{prompt}'");
            await Task.Delay(100);
        }
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }

    [GeneratedRegex(@"processes (\d+) (\d+)\.")]
    private static partial Regex Processes();
}
