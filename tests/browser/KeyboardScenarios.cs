using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace XtNotebooks.Browser;

/// <summary>What the pointer tells of a view in the classic Notebook, which has keys of its own, the keyboard tells too.</summary>
internal static partial class KeyboardScenarios
{
    private const string Name = "What a view tells under the pointer it tells under the keys, and its modes can be chosen by both";

    private static readonly ViewKind[] Kinds = [Kind("a strip of logits"), Kind("an attention mask"), Kind("a tensor"), Kind("attention maps"),
        Kind("maps of a context"), Kind("a training run"), Kind("a figure of Plotly.NET"), Kind("a model's tree"),
        Kind("a strip of logits")];

    /// <summary>The cells of the scenario's notebook.</summary>
    public static IReadOnlyDictionary<string, string[]> Cells { get; } =
        new Dictionary<string, string[]> { [Name] = [.. ViewKinds.Before, .. Kinds.Select(kind => kind.Cell)] };

    public static IReadOnlyList<(string Name, Func<OpenNotebook, Task> Test)> All { get; } =
    [
        (Name, async notebook =>
        {
            await notebook.RunAllAsync();
            await notebook.WaitUntilEndedAsync();
            for (var i = 0; i < 3; i++)
                await GridAsync(notebook, View(notebook, i), Kinds[i].Name);
            await ModesAsync(notebook, View(notebook, 0));
            for (var i = 3; i < 5; i++)
                await MapsAsync(notebook, View(notebook, i), Kinds[i].Name);
            for (var i = 5; i < 7; i++)
            {
                await PointsAsync(notebook, View(notebook, i), Kinds[i].Name);
                await ToolsAsync(notebook, View(notebook, i), Kinds[i].Name);
            }
            await TreeAsync(notebook, View(notebook, 7));
            await TwiceAsync(View(notebook, 0), View(notebook, 8));
        }),
    ];

    /// <summary>The first row of a grid, cell by cell, and the cell below the first.</summary>
    private static async Task GridAsync(OpenNotebook notebook, ILocator view, string what)
    {
        var (grid, say, keys) = (view.Locator("table.grid").First, view.Locator(".say"), notebook.Page.Keyboard);
        var rows = grid.Locator("tr:has(td)");
        var row = rows.Nth(0).Locator("td:not(.gap)");
        var pointed = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            await row.Nth(i).HoverAsync();
            pointed.Add(await say.InnerTextAsync());
        }
        await rows.Nth(1).Locator("td:not(.gap)").First.HoverAsync();
        var below = await say.InnerTextAsync();
        Require(pointed.Append(below).Distinct().Count() == 6, $"each cell of {what} should tell of itself; they tell {string.Join(" | ", pointed)}");
        await LeaveAsync(notebook);
        await row.Nth(0).FocusAsync();
        for (var i = 0; i < 5; i++)
        {
            Same(pointed[i], await say.InnerTextAsync(), $"cell {i} of {what}");
            await keys.PressAsync(i < 4 ? "ArrowRight" : "Home");
        }
        for (var i = 0; i < 4; i++)
            await keys.PressAsync("ArrowLeft");
        Same(pointed[0], await say.InnerTextAsync(), $"the first cell of {what}");
        await keys.PressAsync("ArrowDown");
        Same(below, await say.InnerTextAsync(), $"the cell below the first of {what}");
        var selected = await notebook.Page.EvaluateAsync<int>("() => Jupyter.notebook.get_selected_index()");
        await keys.PressAsync("ArrowUp");
        Require(await notebook.Page.EvaluateAsync<int>("() => Jupyter.notebook.get_selected_index()") == selected, "the Notebook should leave these keys to the grid");
    }

    /// <summary>Loss, entropy and surprise: another colour and another key, by a click as by the arrow keys; an ignored token stays pale.</summary>
    private static async Task ModesAsync(OpenNotebook notebook, ILocator view)
    {
        var clicked = new List<string>();
        foreach (var mode in Modes)
        {
            await view.Locator("label").Filter(new() { HasText = mode }).ClickAsync();
            clicked.Add(await LooksAsync(view, mode));
        }
        Require(clicked.Distinct().Count() == 3, $"each mode should have its own colours; they are {string.Join(" | ", clicked)}");
        await view.Locator("input").First.FocusAsync();
        await view.Locator("label").First.ClickAsync();
        for (var i = 0; i < 3; i++)
        {
            Same(clicked[i], await LooksAsync(view, Modes[i]), $"the mode {Modes[i]}");
            await notebook.Page.Keyboard.PressAsync("ArrowRight");
        }
        // Behind the last comes the first again; from the buttons Tab leads to the tokens.
        Same(clicked[0], await LooksAsync(view, Modes[0]), "the first mode");
        await notebook.Page.Keyboard.PressAsync("Tab");
        var focused = await notebook.Page.EvaluateAsync<string>("() => document.activeElement.tagName");
        Require(focused == "TD", $"Tab should lead from the modes to the tokens; it leads to {focused}");
    }

    private static readonly string[] Modes = ["loss", "entropy", "surprise"];

    private static async Task<string> LooksAsync(ILocator view, string mode)
    {
        var key = (await view.Locator(".key").InnerTextAsync()).ToUpperInvariant();
        var named = Modes.Where(name => Regex.IsMatch(key, $@"\b{name.ToUpperInvariant()}, ")).ToList();
        Require(named is [var only] && only == mode, $"in the mode {mode} the key should tell of it alone; it says: {key}");
        var backgrounds = await view.Locator("table.grid td").EvaluateAllAsync<string[]>(
            "cells => cells.map(c => (c.classList.contains('i') ? 'ignored ' : '') + getComputedStyle(c).backgroundColor)");
        var ignored = backgrounds.Where(colour => colour.StartsWith("ignored", StringComparison.Ordinal)).Distinct().ToList();
        Require(ignored is ["ignored rgba(0, 0, 0, 0)"], $"ignored tokens should have no colour; they have {string.Join(", ", ignored)}");
        return string.Join(' ', backgrounds);
    }

    /// <summary>Weights of a map: where the pointer stands, where the frame is drawn, and where the keys lead.</summary>
    private static async Task MapsAsync(OpenNotebook notebook, ILocator view, string what)
    {
        var (figures, say, keys) = (view.Locator("figure"), view.Locator(".say"), notebook.Page.Keyboard);
        var (image, frame) = (figures.First.Locator("img"), figures.First.Locator(".map i"));
        var size = await image.EvaluateAsync<int[]>("i => [i.naturalHeight, i.naturalWidth]");
        var (query, key) = (size[0] - 2, size[1] - 3);
        await view.EvaluateAsync("v => v.scrollIntoView({ block: 'center' })");
        await image.HoverAsync();                                   // the map grows under the pointer
        var box = (await image.BoundingBoxAsync())!;
        await notebook.Page.Mouse.MoveAsync(box.X + (key + 0.5f) * box.Width / size[1], box.Y + (query + 0.5f) * box.Height / size[0]);
        await say.Filter(new() { HasTextRegex = new($@"query {query}\b.*key {key}\b") }).WaitForAsync();
        var pointed = await say.InnerTextAsync();
        var framed = (await frame.BoundingBoxAsync())!;
        Require(Math.Abs(framed.X - box.X - key * box.Width / size[1]) < 2 && Math.Abs(framed.Y - box.Y - query * box.Height / size[0]) < 2,
            $"the frame of {what} should stand around the weight under the pointer");
        await LeaveAsync(notebook);
        await figures.First.FocusAsync();
        for (var i = 0; i < 20; i++)
        {
            await keys.PressAsync("ArrowUp");
            await keys.PressAsync("ArrowLeft");
        }
        Require((await say.InnerTextAsync()).Contains("query 0", StringComparison.Ordinal), $"the keys should lead to the first query of {what}");
        for (var i = 0; i < query; i++)
            await keys.PressAsync("ArrowDown");
        for (var i = 0; i < key; i++)
            await keys.PressAsync("ArrowRight");
        Same(pointed, await say.InnerTextAsync(), $"query {query}, key {key} of {what}");
        await keys.PressAsync("Tab");
        Require((await say.InnerTextAsync()).StartsWith("layer 0, head 1", StringComparison.Ordinal), $"Tab should lead to the next map of {what}");
        await figures.Last.FocusAsync();
        var cut = await figures.Last.EvaluateAsync<bool>(
            """
            figure => {
              const map = figure.querySelector('.map').getBoundingClientRect(), view = figure.closest('.xt').getBoundingClientRect();
              return map.left < view.left || map.right > view.right + 1 || map.bottom > view.bottom + 1;
            }
            """);
        Require(!cut, $"the last map of {what} should grow to where the output does not cut it");
    }

    /// <summary>A step's values under the pointer stand in the table too, which Enter opens and the keys scroll.</summary>
    private static async Task PointsAsync(OpenNotebook notebook, ILocator view, string what)
    {
        await view.Locator(".js-plotly-plot .scatterlayer path.js-line").First.WaitForAsync();
        await view.ScrollIntoViewIfNeededAsync();
        var box = (await view.Locator(".js-plotly-plot .plot").First.BoundingBoxAsync())!;
        await notebook.Page.Mouse.MoveAsync(box.X + box.Width / 2, box.Y + box.Height / 2, new() { Steps = 4 });
        var hover = view.Locator(".hoverlayer");
        await hover.Locator(".legendtext").First.WaitForAsync();
        var step = await hover.Locator(".legendtitletext").First.TextContentAsync();
        var values = (await hover.Locator(".legendtext").AllTextContentsAsync()).Select(text => text.Split(" : ")).ToList();
        Require(values.Count >= 3 && values.TrueForAll(value => value.Length == 2), $"the pointer should tell the values of {what}; it tells {string.Join(", ", values.Select(v => v[0]))}");
        await LeaveAsync(notebook);
        await view.Locator("summary").First.FocusAsync();
        await notebook.Page.Keyboard.PressAsync("Enter");
        await view.Locator("[aria-label='all points']").WaitForAsync();
        await notebook.Page.Keyboard.PressAsync("Tab");
        var focused = await notebook.Page.EvaluateAsync<string>("() => document.activeElement.getAttribute('aria-label')");
        Require(focused == "all points", $"Tab should lead from what opens the table of {what} to the table; it leads to {focused}");
        var table = view.Locator(".points table");
        var heads = await table.Locator("thead th").AllTextContentsAsync();
        var row = await table.Locator("tbody tr").Filter(new() { Has = notebook.Page.Locator($"th:text-is('{step}')") }).First.Locator("th,td").AllTextContentsAsync();
        foreach (var (name, value) in values.Select(v => (v[0], v[1])))
        {
            var column = heads.ToList().FindIndex(head => head == name || head.EndsWith(": " + name, StringComparison.Ordinal));
            Require(column > 0 && Math.Abs(Number(row[column]) - Number(value)) < 0.00006,
                $"{name} of {what} is {value} at step {step} under the pointer; the table says {(column > 0 ? row[column] : "nothing of it")}");
        }
        await notebook.Page.Keyboard.PressAsync("End");
        await notebook.Page.WaitForFunctionAsync("() => document.activeElement.scrollTop > 0");
    }

    /// <summary>The figure's tools: one stop of the Tab key, arrow keys between them, the pointer's words at each, and Enter for a click.</summary>
    private static async Task ToolsAsync(OpenNotebook notebook, ILocator view, string what)
    {
        const string Words = "b => [getComputedStyle(b, '::after').content, getComputedStyle(b, '::after').opacity, getComputedStyle(b.parentElement).opacity].join()";
        await view.Locator("summary").First.FocusAsync();
        await notebook.Page.Keyboard.PressAsync("Shift+Tab");
        var tools = view.Locator(".modebar-btn");
        for (var i = 0; i < await tools.CountAsync(); i++)
        {
            var tool = tools.Nth(i);
            Require(await tool.EvaluateAsync<bool>("b => document.activeElement === b"), $"the keys should lead to tool {i} of {what}");
            await notebook.Page.WaitForFunctionAsync("() => getComputedStyle(document.activeElement.parentElement).opacity === '1'");
            var focused = await tool.EvaluateAsync<string>(Words);
            await tool.HoverAsync();
            Same(await tool.EvaluateAsync<string>(Words), focused, $"tool {i} of {what}");
            await LeaveAsync(notebook);
            await notebook.Page.Keyboard.PressAsync("ArrowRight");
        }
        var range = "() => JSON.stringify(document.activeElement.closest('.js-plotly-plot')._fullLayout.xaxis.range)";
        while (await notebook.Page.EvaluateAsync<string>("() => document.activeElement.dataset.title") != "Zoom in")
            await notebook.Page.Keyboard.PressAsync("ArrowLeft");
        var before = await notebook.Page.EvaluateAsync<string>(range);
        await notebook.Page.Keyboard.PressAsync("Enter");
        Require(await notebook.Page.EvaluateAsync<string>(range) != before, $"Enter on 'Zoom in' should zoom into {what}");
    }

    /// <summary>A module opens and closes by Enter.</summary>
    private static async Task TreeAsync(OpenNotebook notebook, ILocator view)
    {
        var closed = view.Locator("details:not([open]) > summary");
        var (before, first) = (await closed.CountAsync(), closed.First);
        await first.FocusAsync();
        await notebook.Page.Keyboard.PressAsync("Enter");
        Require(await closed.CountAsync() == before - 1, "Enter should open a module");
    }

    /// <summary>The same strip twice in one notebook: what is chosen in one is not chosen in the other.</summary>
    private static async Task TwiceAsync(ILocator one, ILocator other)
    {
        await one.Locator("label").Filter(new() { HasText = "entropy" }).ClickAsync();
        await other.Locator("label").Filter(new() { HasText = "surprise" }).ClickAsync();
        var looks = new[] { await LooksAsync(one, "entropy"), await LooksAsync(other, "surprise") };
        Require(looks[0] != looks[1], "two alike strips should each have the colours of the mode that is chosen there");
    }

    private static Task LeaveAsync(OpenNotebook notebook) => notebook.Page.Mouse.MoveAsync(1, 1);

    private static ViewKind Kind(string name) => ViewKinds.All.Single(kind => kind.Name == name);

    private static ILocator View(OpenNotebook notebook, int kind) => notebook.Cell(ViewKinds.Before.Count + kind).Locator(".output .xt");

    private static double Number(string text) => double.Parse(Digits().Match(text.Replace('−', '-')).Value, CultureInfo.InvariantCulture);

    private static void Same(string pointed, string focused, string what) =>
        Require(pointed == focused, $"{what} should tell the same under the pointer and the keys; it tells '{pointed}' and '{focused}'");

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }

    [GeneratedRegex(@"-?\d+(\.\d+)?(e[-+]?\d+)?", RegexOptions.IgnoreCase)]
    private static partial Regex Digits();
}
