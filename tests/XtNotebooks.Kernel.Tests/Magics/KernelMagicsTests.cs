using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Tests.Scripting;

namespace XtNotebooks.Kernel.Tests.Magics;

public sealed class KernelMagicsTests
{
    [Fact]
    public async Task Time_runs_the_code_below_it_and_shows_its_value()
    {
        await using var notebook = new Notebook();
        await notebook.Value("#!time\nvar a = 20;\na + 1");
        Assert.Equal("Display:21", notebook.Output.Order[0]);
        Assert.Matches(@"^Wall time [\d.]+ m?s, processor time [\d.]+ m?s", notebook.Output.Stdout);
        Assert.Equal("20", await notebook.Value("a"));
        var error = await notebook.Error("var b = 1;\n#!time\nmissing");
        Assert.Equal(3, error.Line);
    }

    [Fact]
    public async Task Who_and_whos_list_the_variables()
    {
        await using var notebook = new Notebook();
        await notebook.Value("#!who");
        Assert.Equal("No cell has declared a variable yet.\n", notebook.Output.Stdout);
        await notebook.Value("var count = 3; var names = new[] { \"<a>\" };");
        await notebook.Value("#!who");
        Assert.Equal("count  names\n", notebook.Output.Stdout);
        await notebook.Value("#!whos");
        var shown = notebook.Output.Displays.Single().Bundle;
        Assert.Contains("string[]  string[] (1) [ \"<a>\" ]", shown.Data["text/plain"], StringComparison.Ordinal);
        Assert.Contains("&lt;a&gt;", shown.Data["text/html"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Html_and_markdown_show_their_lines_and_later_code_still_runs()
    {
        await using var notebook = new Notebook();
        Assert.Equal("2", await notebook.Value("#!html\n<b>it's \"bold</b>\n#!markdown\n# Title\n\ntext\n#!csharp\n1 + 1"));
        Assert.Equal("<b>it's \"bold</b>", notebook.Output.Displays[0].Bundle.Data["text/html"]);
        Assert.Equal("# Title\n\ntext", notebook.Output.Displays[1].Bundle.Data["text/markdown"]);
    }

    [Fact]
    public async Task Help_lsmagic_and_memory_answer()
    {
        await using var notebook = new Notebook();
        await notebook.Value("#!help");
        Assert.Contains("#!time", notebook.Output.Stdout, StringComparison.Ordinal);
        await notebook.Value("#!help time");
        Assert.Contains("Usage: #!time", notebook.Output.Stdout, StringComparison.Ordinal);
        await notebook.Value("#!lsmagic");
        Assert.Contains("#!whos", notebook.Output.Displays.Single().Bundle.Data["text/plain"], StringComparison.Ordinal);
        notebook.Session.Notebook.AddReport(new NotebookReport("live tensors", ReportKind.Memory, () => "7 (1 MiB)"));
        notebook.Session.Notebook.AddReport(new NotebookReport("broken", ReportKind.Memory, () => throw new InvalidOperationException("no")));
        await notebook.Value("#!memory --collect");
        var memory = notebook.Output.Displays.Single().Bundle.Data["text/plain"];
        Assert.Matches(@"process memory +[\d,]+\.\d MiB", memory);
        Assert.Contains("7 (1 MiB)", memory, StringComparison.Ordinal);
        Assert.Contains("cannot be told: no", memory, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_magic_inside_a_string_or_comment_is_text()
    {
        await using var notebook = new Notebook();
        Assert.Equal("#!time", await notebook.Value("\"\"\"\n#!time\n\"\"\""));
        Assert.Equal("1", await notebook.Value("/*\n#!nothing\n*/ 1"));
    }

    [Fact]
    public async Task The_shell_is_off_unless_allowed()
    {
        await using var closed = new Notebook();
        Assert.Contains("#!sh is off", (await closed.Error("#!sh \"echo hello\"")).Message, StringComparison.Ordinal);
        await using var open = new Notebook(new CodeSessionOptions { AllowShell = true });
        await open.Value("#!sh\necho hello\necho oops >&2");
        Assert.Equal("hello\n", open.Output.Stdout);
        Assert.Equal("oops\n", open.Output.Stderr);
        Assert.Contains("exit code 3", (await open.Error("#!sh \"exit 3\"")).Message, StringComparison.Ordinal);
    }
}
