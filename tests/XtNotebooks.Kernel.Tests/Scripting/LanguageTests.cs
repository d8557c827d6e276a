using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Tests.Packages;

namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class LanguageTests
{
    private static async Task<CompletionReply> Complete(Notebook notebook, string codeWithCaret)
    {
        var position = codeWithCaret.IndexOf('|', StringComparison.Ordinal);
        return await notebook.Session.CompleteAsync(codeWithCaret.Remove(position, 1), position, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("awa|", "await")]
    [InlineData("forea|", "foreach")]
    [InlineData("new List<int> { Cap|", "Capacity")]
    [InlineData("int.Parse(sty|", "style")]
    [InlineData("DayOfWeek day = DayOfWeek.Fri|", "Friday")]
    [InlineData("\"abc\" is { Len|", "Length")]
    [InlineData("#if DEB\n#end|", "endif")]
    [InlineData("foreach (var c in \"abc\") c.CompareT|", "CompareTo")]
    public async Task Completion_knows_the_language(string code, string expected)
    {
        await using var notebook = new Notebook();
        await notebook.Value("1");
        Assert.Contains((await Complete(notebook, code)).Matches, match => match.Text == expected);
    }

    [Theory]
    [InlineData("#r \"nuget: Fir|", "First.Package", "Package")]
    [InlineData("#r \"nuget:first.p|", "First.Package", "Package")]
    [InlineData("1\n  #r \"nuget: First.Package, 1|", "1.10.0 1.2.3", "Version")]
    [InlineData("#r \"nuget: First.Package, 1.|2.3\"", "1.10.0 1.2.3", "Version", "1.2.3")]
    [InlineData("#r \"nuget: First.Package, |1.2.3\"", "1.10.0 1.2.3", "Version", "")]
    [InlineData("#r \"nuget: First.P|ack, 1.2.3\"", "First.Package", "Package", "First.Pack")]
    [InlineData("#r \"nuget: First.Package, 2|", "", "Version")]
    [InlineData("#r \"nuget: Nothing.There, |", "", "Version")]
    [InlineData("#i \"nuget: Fir|\"", "", "Package")]
    public async Task Completion_knows_the_packages_that_the_machine_has(string code, string expected, string kind, string? replaced = null)
    {
        using var feed = new TestFeed();
        foreach (var (id, version) in new[] { ("First.Package", "1.2.3"), ("First.Package", "1.10.0"), ("Second", "2.0.0") })
        {
            var folder = Directory.CreateDirectory(Path.Combine(feed.Root, "packages", id.ToLowerInvariant(), version)).FullName;
            await File.WriteAllTextAsync(Path.Combine(folder, id.ToLowerInvariant() + ".nuspec"), $"<package><metadata><id>{id}</id></metadata></package>", TestContext.Current.CancellationToken);
        }
        await using var notebook = new Notebook(feed.Options);
        var reply = await Complete(notebook, code);
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), reply.Matches.Select(match => match.Text));
        if (replaced is not null)
            Assert.Equal(replaced, code.Replace("|", "", StringComparison.Ordinal)[reply.Start..reply.End]);
        Assert.All(reply.Matches, match => Assert.Equal(kind, match.Kind, ignoreCase: true));
    }

    [Fact]
    public async Task Completion_follows_what_cells_declare_between_two_questions()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var thing = 1;");
        Assert.DoesNotContain((await Complete(notebook, "thing.|")).Matches, match => match.Text == "Length");
        await notebook.Value("thing + 1");
        Assert.Contains((await Complete(notebook, "thing.CompareT|")).Matches, match => match.Text == "CompareTo");
        await notebook.Value("var thing = \"text\";");
        Assert.Contains((await Complete(notebook, "thing.Len|")).Matches, match => match.Text == "Length");
        Assert.Contains((await Complete(notebook, "var other = thing;\nother.Len|")).Matches, match => match.Text == "Length");
        await notebook.Value("using System.Numerics;");
        Assert.Contains((await Complete(notebook, "BigInt|")).Matches, match => match.Text == "BigInteger");
    }

    [Fact]
    public async Task Completion_knows_what_earlier_cells_declared()
    {
        await using var notebook = new Notebook();
        await notebook.Value("using System.Globalization;\nvar wordCount = 3; string Shout(string text) => text.ToUpper();");
        await notebook.Value("record Point(int Left, int Top); var corner = new Point(1, 2); var both = new { Alpha = 1, Beta = \"b\" };");
        var names = await Complete(notebook, "1 + wordC|");
        Assert.Contains(names.Matches, match => match.Text == "wordCount" && match.Kind == "instance");
        Assert.Equal((4, 9), (names.Start, names.End));
        Assert.Contains((await Complete(notebook, "corner.L|")).Matches, match => match.Text == "Left");
        Assert.Contains((await Complete(notebook, "both.|")).Matches, match => match.Text == "Beta");
        Assert.Contains((await Complete(notebook, "Shout(\"a\").ToUpp|")).Matches, match => match.Text == "ToUpper" && match.Kind == "function");
        Assert.Contains((await Complete(notebook, "CultureInf|")).Matches, match => match.Text == "CultureInfo");
        Assert.Contains((await Complete(notebook, "displ|")).Matches, match => match.Text == "display");
        Assert.Contains((await Complete(notebook, "#!time\ncorner.T|")).Matches, match => match.Text == "Top");
    }

    [Fact]
    public async Task Completion_of_magics_offers_names_options_and_values()
    {
        await using var notebook = new Notebook();
        Assert.Contains((await Complete(notebook, "#!ti|")).Matches, match => match.Text == "#!time");
        Assert.Contains((await Complete(notebook, "#!memory --c|")).Matches, match => match.Text == "--collect");
        var help = await Complete(notebook, "var a = 1;\n#!help #!wh|");
        Assert.Equal(["#!who", "#!whos"], help.Matches.Select(match => match.Text));
        Assert.Equal(18, help.Start);
    }

    [Fact]
    public async Task Completion_of_references_offers_files()
    {
        using var feed = new Packages.TestFeed();
        await File.WriteAllTextAsync(Path.Combine(feed.Folder, "tools.csx"), "", TestContext.Current.CancellationToken);
        await using var notebook = new Notebook(feed.Options);
        var reply = await Complete(notebook, "#load \"to|");
        Assert.Equal(["tools.csx"], reply.Matches.Select(match => match.Text));
        Assert.Equal(7, reply.Start);
    }

    [Fact]
    public async Task Completion_in_a_string_that_looks_like_a_path_offers_folders_and_files()
    {
        using var feed = new Packages.TestFeed();
        Directory.CreateDirectory(Path.Combine(feed.Folder, "data", "raw"));
        await File.WriteAllTextAsync(Path.Combine(feed.Folder, "data", "names.txt"), "", TestContext.Current.CancellationToken);
        await using var notebook = new Notebook(feed.Options);
        var reply = await Complete(notebook, "var n = 1;\nvar text = File.ReadAllText(\"./data/|");
        Assert.Equal(["names.txt", "raw/"], reply.Matches.Select(match => match.Text));
        reply = await Complete(notebook, "File.ReadAllText(@\"./data/na|\")");
        Assert.Equal(("names.txt", 26, 28), (Assert.Single(reply.Matches).Text, reply.Start, reply.End));
        // Neither after a string, nor in a comment, nor in an address.
        Assert.DoesNotContain((await Complete(notebook, "\"a\" + 4/|")).Matches, match => match.Kind is "file" or "folder");
        Assert.Empty((await Complete(notebook, "// \"./data/|")).Matches);
        Assert.Empty((await Complete(notebook, "\"https://./data/|")).Matches);
    }

    [Theory]
    [InlineData("class Odd { public int Value { get { begun.SetResult(); while (true) { } } } }")]
    [InlineData("class Odd { public override string ToString() { begun.SetResult(); Thread.Sleep(Timeout.Infinite); return \"\"; } }")]
    [InlineData("class Odd : System.Collections.IEnumerable { public System.Collections.IEnumerator GetEnumerator() { begun.SetResult(); while (true) { } } }")]
    public async Task An_interrupt_ends_the_inspection_of_a_value_that_never_tells_itself(string type)
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromSeconds(20) });
        await notebook.Value($"static TaskCompletionSource begun = new(); {type} var odd = new Odd();");
        using var interrupt = new CancellationTokenSource();
        var inspecting = notebook.Session.InspectAsync("odd", 3, detailed: true, interrupt.Token);
        await notebook.Value("await begun.Task;");
        await Task.Delay(30, TestContext.Current.CancellationToken);
        await interrupt.CancelAsync();
        var found = await inspecting;
        Assert.Contains("Odd odd", found!.Data["text/plain"], StringComparison.Ordinal);
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Fact]
    public async Task Inspection_tells_signature_documentation_and_value()
    {
        await using var notebook = new Notebook();
        await notebook.Value("/// <summary>Doubles.</summary>\nint Twice(int n) => 2 * n; var answer = 42;");
        var method = await notebook.Session.InspectAsync("Console.WriteLine", 12, detailed: false, TestContext.Current.CancellationToken);
        Assert.Contains("Console.WriteLine", method!.Data["text/plain"], StringComparison.Ordinal);
        Assert.Contains("Writes", method.Data["text/plain"], StringComparison.Ordinal);
        var twice = await notebook.Session.InspectAsync("Twice(1", 7, detailed: false, TestContext.Current.CancellationToken);
        Assert.Contains("int Twice(int n)", twice!.Data["text/plain"], StringComparison.Ordinal);
        var answer = await notebook.Session.InspectAsync("answer", 6, detailed: true, TestContext.Current.CancellationToken);
        Assert.Contains("Value: 42", answer!.Data["text/plain"], StringComparison.Ordinal);
        var magic = await notebook.Session.InspectAsync("#!time", 3, detailed: false, TestContext.Current.CancellationToken);
        Assert.Contains("how long", magic!.Data["text/plain"], StringComparison.Ordinal);
        Assert.Null(await notebook.Session.InspectAsync("", 0, detailed: false, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("var a = 1;", "Complete", "")]
    [InlineData("1 + 1", "Complete", "")]
    [InlineData("for (var i = 0; i < 3; i++)\n{", "Incomplete", "    ")]
    [InlineData("int F(int n) {\n    if (n > 0) {", "Incomplete", "        ")]
    [InlineData("\"\"\"\nopen", "Incomplete", "")]
    [InlineData("var 1a = ;", "Invalid", "")]
    [InlineData("using var reader = new StringReader(\"x\");", "Complete", "")]
    [InlineData("#!time\n1 + 1", "Complete", "")]
    [InlineData("#!html\n<p>{</p>", "Complete", "")]
    [InlineData("#r \"nuget: Some.Package\"\n1", "Complete", "")]
    public async Task Whether_a_cell_is_complete(string code, string expected, string expectedIndent)
    {
        await using var notebook = new Notebook();
        Assert.Equal(expected, notebook.Session.IsComplete(code, out var indent).ToString());
        Assert.Equal(expectedIndent, indent);
    }

    [Fact]
    public async Task Expressions_of_one_shell_do_not_wait_for_another_s_and_may_ask_the_reader()
    {
        await using var notebook = new Notebook();
        using var interrupt = new CancellationTokenSource();
        var endless = notebook.Session.EvaluateAsync(
            new Dictionary<string, string> { ["never"] = "new Func<int>(() => { Thread.Sleep(-1); return 7; })()" },
            new CellRequest("", 1, Subshell: "beside"), new RecordedOutput(), interrupt.Token);
        var output = new RecordedOutput();
        output.Answers.Enqueue("21");
        var results = await notebook.Session.EvaluateAsync(
            new Dictionary<string, string> { ["asked"] = "2 * int.Parse(Console.ReadLine()!)" }, new CellRequest("", 1, AllowStdin: true), output,
            TestContext.Current.CancellationToken);
        Assert.Equal("42", results["asked"].Value!.Data["text/plain"]);
        Assert.False(endless.IsCompleted);
        await interrupt.CancelAsync();
        Assert.Equal("Interrupted", (await endless)["never"].Error!.Name);
    }

    [Fact]
    public async Task Expressions_are_evaluated_each_for_itself()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var a = 20;");
        var results = await notebook.Session.EvaluateAsync(
            new Dictionary<string, string> { ["sum"] = "a + 1", ["bad"] = "missing" }, new CellRequest("", 1), new RecordedOutput(), TestContext.Current.CancellationToken);
        Assert.Equal("21", results["sum"].Value!.Data["text/plain"]);
        Assert.Equal("CompilationError", results["bad"].Error!.Name);
    }
}
