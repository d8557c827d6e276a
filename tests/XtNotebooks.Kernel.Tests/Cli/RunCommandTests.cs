using System.CommandLine;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Cli;

/// <remarks>Nothing runs beside these tests: a run changes the process's current directory, to a folder that is gone when the test has ended.</remarks>
[Collection(nameof(CurrentDirectory))]
public sealed partial class RunCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FakeSession session = new();
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();
    private readonly string here = Environment.CurrentDirectory;

    public void Dispose()
    {
        Environment.CurrentDirectory = here;
        folder.Dispose();
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public async Task The_executed_notebook_lies_beside_the_notebook_which_is_not_touched()
    {
        session.On("1+1", FakeSession.Value("2"));
        var json = Sample.Json(Sample.Markdown("# Sums"), Sample.Code("1+1"));
        var path = folder.File("sums.ipynb", json);
        Assert.Equal(ExitCode.Ok, await Run(path));
        Assert.Equal(json, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        var executed = NotebookDocument.Read(Path.Combine(folder.Path, "sums.executed.ipynb"));
        Assert.Equal("2", MultilineText.Join(executed.Cells[1].Outputs[0]!["data"]!["text/plain"]));
        Assert.Matches(@"(?m)^\[1/1\] Sums +\d+\.\d s\r?$", output.ToString());
        Assert.Contains("All cells ran", output.ToString());
        Assert.Equal(["sums.executed.ipynb", "sums.ipynb"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
        Assert.True(session.IsDisposed);
        Assert.Empty(error.ToString());
    }

    [Fact]
    public async Task Output_may_name_the_notebook_itself_and_relative_paths_start_where_the_command_was_called()
    {
        Environment.CurrentDirectory = folder.Path;
        Directory.CreateDirectory("sub");
        folder.File("sub/a.ipynb", Sample.Json(Sample.Code("x")));
        string? during = null;
        session.On("x", output =>
        {
            during = Environment.CurrentDirectory;
            output.Stream(StreamName.Stdout, "new");
        });
        Assert.Equal(ExitCode.Ok, await Run("sub/a.ipynb", "--output", "sub/a.ipynb", "--html", "page.html"));
        Assert.Equal("sub", Path.GetFileName(during));
        Assert.Contains("new", await File.ReadAllTextAsync(Path.Combine(folder.Path, "sub", "a.ipynb"), TestContext.Current.CancellationToken));
        Assert.StartsWith("<!DOCTYPE html>", await File.ReadAllTextAsync(Path.Combine(folder.Path, "page.html"), TestContext.Current.CancellationToken));
        Assert.Contains($"Page: page.html{Environment.NewLine}", output.ToString());
    }

    [Fact]
    public async Task A_failing_cell_gives_exit_code_1_its_number_its_error_and_the_line_and_all_is_written()
    {
        session.On("a\nint.Parse(s)\nb", FakeSession.Failed("FormatException", "Not a number.", line: 2));
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code("ok"), Sample.Code("a\nint.Parse(s)\nb"), Sample.Code("never")));
        var page = Path.Combine(folder.Path, "n.html");
        Assert.Equal(ExitCode.CellFailed, await Run(path, "--html", page));
        Assert.Equal(["Cell 2, line 2: FormatException: Not a number.", "  2 | int.Parse(s)", "The last cell was not run."], Lines(error));
        Assert.Contains("FormatException", await File.ReadAllTextAsync(Path.Combine(folder.Path, "n.executed.ipynb"), TestContext.Current.CancellationToken));
        Assert.Contains("Not a number.", await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken));
        Assert.DoesNotContain('\e', error.ToString());
    }

    [Fact]
    public async Task A_cell_that_never_ends_is_stopped_after_the_given_seconds()
    {
        session.On("while(true);", (_, _, stop) => FakeSession.Endless(stop));
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code("while(true);")));
        Assert.Equal(ExitCode.CellFailed, await Run(path, "--cell-timeout", "0.05"));
        Assert.StartsWith("Cell 1: CellTimeout: The cell ran longer than 0.05 s", error.ToString());
        Assert.True(File.Exists(Path.Combine(folder.Path, "n.executed.ipynb")));
    }

    [Fact]
    public async Task Parameters_reach_the_session_in_a_cell_of_their_own()
    {
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code("int steps = 300; var name = \"a\";", "parameters"), Sample.Code("use")));
        Assert.Equal(ExitCode.Ok, await Run(path, "-p", "steps=5", "-p", "name=x = y"));
        Assert.Equal("// Values given on the command line\nsteps = 5;\nname = \"x = y\";", session.Ran[1]);
    }

    [Fact]
    public async Task Stopping_from_outside_writes_what_there_is()
    {
        using var stop = new CancellationTokenSource();
        session.On("slow", async (_, output, token) =>
        {
            output.Stream(StreamName.Stdout, "halfway");
            await stop.CancelAsync();
            return await FakeSession.Endless(token);
        });
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code("slow"), Sample.Code("next")));
        Assert.Equal(ExitCode.CellFailed, await RunAsync([path], TimeProvider.System, stop.Token));
        Assert.Contains("halfway", await File.ReadAllTextAsync(Path.Combine(folder.Path, "n.executed.ipynb"), TestContext.Current.CancellationToken));
        Assert.StartsWith("Cell 1: Interrupted:", error.ToString());
    }

    [Theory]
    [InlineData("There is no notebook 'missing.ipynb'", "missing.ipynb")]
    [InlineData("There is no notebook 'no/such/folder.ipynb'", "no/such/folder.ipynb")]
    [InlineData("'.' is a folder", ".")]
    [InlineData("'text.ipynb' is not a notebook: it is not JSON, line 1", "text.ipynb")]
    [InlineData("'python.ipynb' is a notebook in python", "python.ipynb")]
    [InlineData("The folder of --output 'nowhere/out.ipynb' does not exist", "good.ipynb", "--output", "nowhere/out.ipynb")]
    [InlineData("--output '.' is a folder", "good.ipynb", "--output", ".")]
    [InlineData("The folder of --html 'nowhere/out.html' does not exist", "good.ipynb", "--html", "nowhere/out.html")]
    [InlineData("use --html for a page", "good.ipynb", "--output", "out.html")]
    [InlineData("use --output for the notebook", "good.ipynb", "--html", "out.ipynb")]
    [InlineData("both name", "good.ipynb", "--html", "out", "--output", "out")]
    [InlineData("takes no -p", "good.ipynb", "-p", "steps=1")]
    [InlineData("write -p name=value", "good.ipynb", "-p", "steps")]
    [InlineData("--cell-timeout cannot be 'soon'; give seconds", "good.ipynb", "--cell-timeout", "soon")]
    [InlineData("--cell-timeout cannot be '0'; give seconds", "good.ipynb", "--cell-timeout", "0")]
    [InlineData("'--outptu' is no command or option here. See 'xt-notebooks run --help'", "good.ipynb", "--outptu", "x")]
    [InlineData("Required argument 'NOTEBOOK' missing", "")]
    public async Task What_cannot_be_used_gives_exit_code_2_a_sentence_and_no_file(string sentence, params string[] args)
    {
        Environment.CurrentDirectory = folder.Path;
        folder.File("text.ipynb", "no json");
        folder.File("python.ipynb", """{"cells":[],"metadata":{"kernelspec":{"language":"python","name":"python3"}},"nbformat":4,"nbformat_minor":5}""");
        folder.File("good.ipynb", Sample.Json(Sample.Code("x")));
        Assert.Equal(ExitCode.Usage, await Run([.. args.Where(arg => arg.Length > 0)]));
        Assert.Contains(sentence, error.ToString() + output);
        Assert.DoesNotContain("   at ", error.ToString());
        Assert.Empty(session.Ran);
        Assert.Equal(3, Directory.GetFileSystemEntries(folder.Path).Length);
    }

    [Fact]
    public async Task A_file_system_that_takes_no_files_is_told_before_anything_runs()
    {
        Assert.SkipUnless(Directory.Exists("/proc/self"), "There is no such file system here.");
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code("x")));
        Assert.Equal(ExitCode.Usage, await Run(path, "--output", "/proc/self/out.ipynb"));
        Assert.Contains("--output '/proc/self/out.ipynb'", error.ToString());
        Assert.Empty(session.Ran);
    }

    [Fact]
    public async Task A_long_run_is_saved_on_the_way_so_that_a_crash_costs_little()
    {
        var clock = new ManualClock();
        var executed = Path.Combine(folder.Path, "n.executed.ipynb");
        string? found = null;
        session.On("long", output =>
        {
            output.Stream(StreamName.Stdout, "result of hours");
            clock.Advance(TimeSpan.FromHours(1));
        });
        session.On("next", _ => found = File.ReadAllText(executed));
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code("long"), Sample.Code("next")));
        Assert.Equal(ExitCode.Ok, await RunAsync([path], clock, TestContext.Current.CancellationToken));
        Assert.Contains("result of hours", found);
    }

    private Task<int> Run(params string[] args) => RunAsync(args, TimeProvider.System, TestContext.Current.CancellationToken);

    private Task<int> RunAsync(string[] args, TimeProvider clock, CancellationToken cancellationToken)
    {
        var root = new RootCommand { RunCommand.Create((_, _) => session, clock) };
        return Tool.InvokeAsync(root, ["run", .. args], output, error, cancellationToken);
    }

    private static string[] Lines(StringWriter text) => text.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}

[CollectionDefinition(nameof(CurrentDirectory), DisableParallelization = true)]
public sealed class CurrentDirectory;
