using System.Diagnostics;
using System.Globalization;
using System.Text;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Display;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Magics;

/// <summary>The magics that every notebook has.</summary>
internal static class KernelMagics
{
    private const int LongestValue = 80;

    public static void AddTo(CodeSession session)
    {
        var magics = session.Magics;
        magics.Add(new MagicCommand
        {
            Name = "#!time",
            Summary = "Runs the code below it and tells how long that took.",
            Examples = ["#!time", "var sum = Enumerable.Range(0, 1_000_000).Sum(i => (long)i);"],
            TakesBody = true,
            Run = (call, _) => TimeAsync(session, call),
        });
        magics.Add(new MagicCommand
        {
            Name = "#!who",
            Summary = "Lists the names of the notebook's variables.",
            Run = (call, _) => Write(call, call.Notebook.Variables is { Count: > 0 } variables
                ? string.Join("  ", variables.Select(variable => variable.Name))
                : "No cell has declared a variable yet."),
        });
        magics.Add(new MagicCommand
        {
            Name = "#!whos",
            Summary = "Lists the notebook's variables with their types and values.",
            Run = (call, _) => Show(call, Whos(call.Notebook.Variables)),
        });
        magics.Add(new MagicCommand
        {
            Name = "#!lsmagic",
            Summary = "Lists the magics of this notebook.",
            Run = (call, _) => Show(
                call, Table(["magic", "what it does"], magics.All.Select(magic => new[] { magic.Name, magic.Summary }))),
        });
        magics.Add(new MagicCommand
        {
            Name = "#!help",
            Summary = "Tells what a cell can do, or how one magic is called.",
            Options = [new MagicOption { Name = "--magic", Summary = "The magic to explain, with or without its #!.", Positional = true,
                Complete = _ => magics.All.Select(magic => magic.Name) }],
            Examples = ["#!help", "#!help #!time"],
            Run = (call, _) => Write(call, Help(magics, call.Get<string>("--magic"))),
        });
        magics.Add(new MagicCommand
        {
            Name = "#!memory",
            Summary = "Tells how much memory this process holds.",
            Options = [new MagicOption { Name = "--collect",
                Summary = "Collect garbage first, so that only what is still referenced counts.", Type = typeof(bool) }],
            Run = (call, _) => Show(call, Memory(session, call.Get<bool>("--collect"))),
        });
        magics.Add(new MagicCommand
        {
            Name = "#!html",
            Summary = "Shows the lines below it as HTML.",
            TakesBody = true,
            Run = (call, _) => Show(call, MimeBundle.Html(call.Body, call.Body)),
        });
        magics.Add(new MagicCommand
        {
            Name = "#!markdown",
            Summary = "Shows the lines below it as Markdown.",
            TakesBody = true,
            Run = (call, _) => Show(
                call, new MimeBundle(new Dictionary<string, string> { ["text/plain"] = call.Body, ["text/markdown"] = call.Body })),
        });
        magics.Add(new MagicCommand
        {
            Name = "#!csharp",
            Summary = "Says that the lines below it are C#, as all lines are that belong to no other magic.",
            Run = (_, _) => Task.CompletedTask,
        });
        magics.Add(ShellMagic.Create(session.Options));
    }

    private static async Task TimeAsync(CodeSession session, MagicCall call)
    {
        var cell = CellContext.Current!;
        var time = session.Options.TimeProvider;
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var started = time.GetTimestamp();
        var value = await session.RunNestedAsync(cell, call.Body, cell.MagicLine);
        var wall = time.GetElapsedTime(started);
        process.Refresh();
        cpu = process.TotalProcessorTime - cpu;
        if (value is not null)
            call.Notebook.Display(value);
        call.Notebook.Write($"Wall time {Duration(wall)}, processor time {Duration(cpu)}\n");
    }

    private static MimeBundle Whos(IReadOnlyList<NotebookVariable> variables) => Table(
        ["name", "type", "value"],
        variables.Select(variable => new[] { variable.Name, TypeNames.Short(variable.Type), Brief(variable.Value) }));

    private static MimeBundle Memory(CodeSession session, bool collect)
    {
        if (collect)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
        }
        using var process = Process.GetCurrentProcess();
        var rows = new List<string[]>
        {
            new[] { "process memory", Size(process.WorkingSet64) },
            new[] { "process memory at its peak", Size(process.PeakWorkingSet64) },
            new[] { ".NET heap", Size(GC.GetTotalMemory(forceFullCollection: false)) },
        };
        foreach (var report in ((NotebookSession)session.Notebook).Reports.Where(report => report.Kind == ReportKind.Memory))
        {
            try
            {
                rows.Add([report.Title, report.Read()]);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                rows.Add([report.Title, $"cannot be told: {CellErrors.FirstLine(exception.Message)}"]);
            }
        }
        return Table(["what", "size"], rows);
    }

    private static string Help(MagicTable magics, string? name)
    {
        if (name is not null)
            return MagicHelp.Of(magics.Require(name.StartsWith("#!", StringComparison.Ordinal) ? name : "#!" + name));
        var text = new StringBuilder("""
            A cell is C#; what it declares stays for the cells that follow, and its last expression is its result.
              display(value)              shows a value; the returned handle's Update(value) replaces it
              value.Display()             the same
              HTML(text)                  HTML as a value to show
              input(prompt)               asks for a line; password(prompt) without showing it
              interrupt                   the token of the stop button, for calls that take one
              clear_output()              removes what the cell has shown
              Notebook                    the notebook itself: variables, magics, formatters
              #r "nuget: Name, Version"   references a package; #r "path.dll" an assembly; #i "nuget: FEED" adds a feed
              #load "file.csx"            runs a script as if it stood in the cell

            Magics (each answers --help):

            """);
        var width = magics.All.Max(magic => magic.Name.Length);
        foreach (var magic in magics.All)
            text.Append(CultureInfo.InvariantCulture, $"  {magic.Name.PadRight(width)}  {magic.Summary}\n");
        return text.ToString().TrimEnd();
    }

    private static string Brief(object? value)
    {
        var text = PlainText.Of(value).ReplaceLineEndings(" ");
        return text.Length <= LongestValue ? text : text[..LongestValue] + "…";
    }

    private static MimeBundle Table(string[] head, IEnumerable<string[]> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0)
            return MimeBundle.Text("Nothing yet.");
        var widths = head.Select((title, i) => Math.Max(title.Length, all.Max(row => row[i].Length))).ToArray();
        var text = new StringBuilder();
        foreach (var row in all.Prepend(head))
            text.AppendJoin("  ", row.Select((cell, i) => cell.PadRight(widths[i]))).Append('\n');
        var html = new StringBuilder("<table><thead><tr>");
        foreach (var title in head)
            html.Append("<th style=\"text-align:left\">").Append(Encode(title)).Append("</th>");
        html.Append("</tr></thead><tbody>");
        foreach (var row in all)
            html.Append("<tr>").AppendJoin("", row.Select(cell => $"<td style=\"text-align:left\">{Encode(cell)}</td>")).Append("</tr>");
        return MimeBundle.Html(html.Append("</tbody></table>").ToString(), text.ToString().TrimEnd('\n'));
    }

    private static string Encode(string text) => System.Net.WebUtility.HtmlEncode(text);

    private static Task Show(MagicCall call, MimeBundle bundle)
    {
        call.Notebook.Display(bundle);
        return Task.CompletedTask;
    }

    private static Task Write(MagicCall call, string text)
    {
        call.Notebook.Write(text + "\n");
        return Task.CompletedTask;
    }

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:N1} MiB");

    private static string Duration(TimeSpan time) => time.TotalSeconds < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.#} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.##} s");
}
