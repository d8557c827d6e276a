using System.CommandLine;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Cli;

/// <summary>The same command with the session that the tool opens.</summary>
public sealed partial class RunCommandTests
{
    [Fact]
    public async Task Cells_compile_share_their_state_and_take_parameters()
    {
        var path = folder.File("n.ipynb", Sample.Json(
            Sample.Code("int steps = 300; var name = \"nobody\";", "parameters"),
            Sample.Code("int Twice(int x) => 2 * x;\nConsole.WriteLine($\"{name}: {Twice(steps)}\");\nConsole.Error.Write(\"careful\");"),
            Sample.Code("await Task.Delay(1);\nnew[] { Twice(1), steps }")));
        Assert.Equal(ExitCode.Ok, await RunReally(path, "-p", "steps=21", "-p", "name=Ahab"));
        var executed = NotebookDocument.Read(Path.Combine(folder.Path, "n.executed.ipynb"));
        var outputs = executed.CodeCells.SelectMany(cell => cell.Outputs).ToList();
        Assert.Equal(["stdout", "stderr", "execute_result"], outputs.Select(output => (string?)output!["name"] ?? (string?)output["output_type"]));
        Assert.Equal("Ahab: 42\n", MultilineText.Join(outputs[0]!["text"]));
        Assert.Contains("21", MultilineText.Join(outputs[2]!["data"]!["text/plain"]));
    }

    [Fact]
    public async Task A_cell_that_throws_is_told_with_cell_line_and_the_readers_frames()
    {
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code("int Half(int x)\n{\n    if (x == 0) throw new InvalidOperationException(\"No half of zero.\");\n    return x / 2;\n}"), Sample.Code("var one = 1;\nHalf(0)")));
        Assert.Equal(ExitCode.CellFailed, await RunReally(path));
        var text = error.ToString();
        Assert.StartsWith("Cell 2", text);
        Assert.Contains("InvalidOperationException: No half of zero.", text);
        Assert.Contains("Cell 1, line 3", text);
        Assert.Contains("Cell 2, line 2", text);
        Assert.DoesNotContain("XtNotebooks.Kernel", text);
    }

    [Fact]
    public async Task A_cell_that_does_not_compile_is_told_with_the_line_and_a_caret()
    {
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code("var a = 1;\nvar b = undefined;")));
        Assert.Equal(ExitCode.CellFailed, await RunReally(path));
        Assert.StartsWith("Cell 1, line 2: error CS0103", error.ToString());
        Assert.Matches(@"(?m)^ +\^+\r?$", error.ToString());
    }

    [Fact]
    public async Task A_loop_that_never_ends_is_stopped_and_what_it_wrote_is_kept()
    {
        var path = folder.File("n.ipynb", Sample.Json(
            Sample.Code("1"), Sample.Code("Console.WriteLine(\"before\");\nSystem.IO.File.WriteAllText(\"begun\", \"\");\nwhile (true) { }"), Sample.Code("2")));
        var clock = new ManualClock();
        var running = RunReally(clock, path, "--cell-timeout", "10");
        while (!File.Exists(Path.Combine(folder.Path, "begun")) && !running.IsCompleted)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(ExitCode.CellFailed, await running);
        Assert.StartsWith("Cell 2: CellTimeout: The cell ran longer than 10 s", error.ToString());
        Assert.Equal("before\n", MultilineText.Join(NotebookDocument.Read(Path.Combine(folder.Path, "n.executed.ipynb")).Cells[1].Outputs[0]!["text"]));
    }

    [Theory]
    [InlineData("#!no-such-magic", "Cell 1: MagicError: There is no magic #!no-such-magic")]
    [InlineData("#r \"nuget: XtNotebooks.NoSuchPackage, 1.2.3\"", "Cell 1: PackageError: ")]
    public async Task An_unknown_magic_or_package_is_one_line(string code, string sentence)
    {
        folder.File("NuGet.config", $"<configuration><packageSources><clear/><add key=\"empty\" value=\"{folder.Path}\"/></packageSources></configuration>");
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code(code)));
        Assert.Equal(ExitCode.CellFailed, await RunReally(path));
        Assert.StartsWith(sentence, error.ToString());
        Assert.Single(Lines(error));
    }

    [Fact]
    public async Task A_shell_command_runs_only_where_it_is_allowed()
    {
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code("#!sh \"echo from the shell\"")));
        Assert.Equal(ExitCode.CellFailed, await RunReally(path));
        Assert.Contains("#!sh is off", error.ToString());
        Assert.Equal(ExitCode.Ok, await RunReally(path, "--allow-shell"));
        Assert.Equal("from the shell\n", MultilineText.Join(NotebookDocument.Read(Path.Combine(folder.Path, "n.executed.ipynb")).Cells[0].Outputs[0]!["text"]));
    }

    private Task<int> RunReally(params string[] args) => RunReally(TimeProvider.System, args);

    private Task<int> RunReally(TimeProvider clock, params string[] args)
    {
        var root = new RootCommand
        {
            RunCommand.Create(
                (open, allowShell) => CodeSession.Create(new CodeSessionOptions { WorkingDirectory = open, CanUpdateAfterCell = false, AllowShell = allowShell }), clock),
        };
        return Tool.InvokeAsync(root, ["run", .. args], output, error, TestContext.Current.CancellationToken);
    }
}
