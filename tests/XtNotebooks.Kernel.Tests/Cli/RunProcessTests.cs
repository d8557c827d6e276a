using System.Diagnostics;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Cli;

/// <summary>Ends that only a process of its own can come to.</summary>
public sealed class RunProcessTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_stops_the_cell_and_what_there_is_is_written(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such signals.");
        using var run = Start("Console.WriteLine(\"before\");\nSystem.IO.File.WriteAllText(\"begun\", \"\");\nwhile (true) { }");
        while (!File.Exists(Path.Combine(folder.Path, "begun")) && !run.HasExited)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        using (var kill = Process.Start("kill", [$"-{signal}", $"{run.Id}"]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        var errors = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.CellFailed, run.ExitCode);
        Assert.StartsWith("Cell 1, line 3: Interrupted:", errors);
        Assert.Equal(["before\n", "Interrupted"], Outputs());
    }

    [Fact]
    public async Task The_runtime_of_cells_has_its_settings_and_what_cells_start_has_the_reader_s()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux tells what a process was started with.");
        using var run = Start("""
            bool Is(string variable) => variable.StartsWith("DOTNET_TieredPGO", StringComparison.Ordinal);
            foreach (var at in System.IO.File.ReadAllText("/proc/self/environ").Split('\0').Where(Is)) Console.WriteLine(at);
            foreach (string name in Environment.GetEnvironmentVariables().Keys) if (Is(name)) Console.WriteLine("left: " + name);
            """);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["DOTNET_TieredPGO_InstrumentOnlyHotCode=0\n"], Outputs());
    }

    [Fact]
    public async Task A_cell_that_ends_the_process_does_not_lose_the_notebook()
    {
        using var run = Start("Console.WriteLine(\"before\");\nEnvironment.Exit(3);");
        var errors = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.CellFailed, run.ExitCode);
        Assert.StartsWith("Cell 1: ProcessExited: The cell ended the process with exit code 3", errors, StringComparison.Ordinal);
        Assert.Equal(["before\n", "ProcessExited"], Outputs());
    }

    [Theory]
    [InlineData("IEnumerable<int> all = [1];\nfor (var i = 0; i < 300_000; i++) all = all.Select(x => x).Concat([2]);\nall.Count()", "StackOverflow")]
    [InlineData("Environment.FailFast(\"enough\");", "ProcessTerminated")]
    [InlineData("System.Diagnostics.Process.GetCurrentProcess().Kill();", "Killed")]
    public async Task A_cell_that_kills_the_process_is_named_and_what_ran_before_is_kept(string code, string error)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Its exit codes are others.");
        using var run = Start("Console.WriteLine(\"before\");", "Console.WriteLine(\"last words\");\n" + code, "3");
        var errors = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.CellFailed, run.ExitCode);
        Assert.Contains($"Cell 2: {error}: ", errors, StringComparison.Ordinal);
        Assert.Contains("The last cell was not run.", errors, StringComparison.Ordinal);
        Assert.Equal(["before\n"], Outputs());
        Assert.Equal(["last words\n", error], Outputs(1));
        Assert.Empty(Outputs(2));
    }

    [Theory]
    [InlineData("Environment.FailFast(\"enough\");", "ProcessTerminated")]
    [InlineData("IEnumerable<int> all = [1];\nfor (var i = 0; i < 300_000; i++) all = all.Select(x => x).Concat([2]);\nall.Count()", "StackOverflow")]
    public async Task A_view_that_was_live_when_the_process_died_is_written_as_it_was_last(string code, string error)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Its exit codes are others.");
        using var run = Start(
            "var earlier = display(\"not updated\");",
            "var live = display(\"not updated\");\nfor (var i = 1; i <= 1_000; i++) { live.Update($\"live {i}\"); earlier.Update($\"earlier {i}\"); }\n" + code);
        await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.CellFailed, run.ExitCode);
        Assert.Equal(["earlier 1000"], Outputs());
        Assert.Equal(["live 1000", error], Outputs(1));
    }

    [Fact]
    public async Task Without_a_folder_for_temporary_files_it_runs_all_the_same()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The folder has another variable there.");
        using var run = Start(new Dictionary<string, string> { ["TMPDIR"] = Path.Combine(folder.Path, "none") }, "1 + 1");
        var errors = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("xt-notebooks: should a cell end the process, nobody will be left to say why: ", errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
    }

    [Fact]
    public async Task Where_the_process_that_was_started_is_killed_the_one_that_runs_the_cells_ends_and_no_file_is_left()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Processes are looked for in /proc.");
        var temporary = Directory.CreateDirectory(Path.Combine(folder.Path, "temporary")).FullName;
        using var run = Start(new Dictionary<string, string> { ["TMPDIR"] = temporary },
            "System.IO.File.WriteAllText(\"begun.tmp\", $\"{Environment.ProcessId}\"); System.IO.File.Move(\"begun.tmp\", \"begun\");\nwhile (true) { }");
        var begun = Path.Combine(folder.Path, "begun");
        while (!File.Exists(begun) && !run.HasExited)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        var cells = $"/proc/{await File.ReadAllTextAsync(begun, TestContext.Current.CancellationToken)}";
        Assert.True(Directory.Exists(cells));
        Assert.NotEqual($"/proc/{run.Id}", cells);
        run.Kill();
        while (Directory.Exists(cells))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(temporary), path => Path.GetFileName(path).StartsWith("xt-notebooks-", StringComparison.Ordinal));
        // What there was is written.
        Assert.Empty(Outputs());
    }

    [Fact]
    public async Task A_thread_that_a_cell_leaves_running_does_not_keep_the_process()
    {
        using var run = Start("new Thread(() => Thread.Sleep(Timeout.Infinite)).Start();");
        await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
    }

    [Fact]
    public async Task A_run_that_is_started_in_a_folder_that_is_gone_begins_at_home()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A folder in use cannot be removed there.");
        var path = folder.File("n.ipynb", Sample.Json(Sample.Code("1 + 1")));
        var gone = Directory.CreateDirectory(Path.Combine(folder.Path, "gone")).FullName;
        using var run = Process.Start(new ProcessStartInfo("sh",
            ["-c", "cd \"$1\" && rmdir \"$1\" && exec dotnet \"$2\" run \"$3\"", "sh", gone, Path.Combine(AppContext.BaseDirectory, "XtNotebooks.Kernel.dll"), path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("xt-notebooks: the folder that this was started in no longer exists; relative paths begin at ", errors);
        Assert.Equal(ExitCode.Ok, run.ExitCode);
    }

    private Process Start(params string[] cells) => Start(new Dictionary<string, string>(), cells);

    private Process Start(Dictionary<string, string> environment, params string[] cells)
    {
        var path = folder.File("n.ipynb", Sample.Json([.. cells.Select(code => Sample.Code(code))]));
        // A shell starts background jobs with interrupts ignored, and a process that inherits that must go on ignoring them: not this one.
        var (program, prefix) = OperatingSystem.IsLinux() ? ("env", new[] { "--default-signal=INT", "dotnet" }) : ("dotnet", []);
        var start = new ProcessStartInfo(program, [.. prefix, Path.Combine(AppContext.BaseDirectory, "XtNotebooks.Kernel.dll"), "run", path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private IEnumerable<string> Outputs(int cell = 0) => NotebookDocument.Read(Path.Combine(folder.Path, "n.executed.ipynb")).Cells[cell].Outputs
        .Select(output => (string?)output!["ename"] ?? MultilineText.Join(output["text"] ?? output["data"]!["text/plain"]));
}
