using System.CommandLine;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Cli.Checks;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Cli;

public class CheckCommandTests
{
    private string? backend;

    [Fact]
    public async Task Extensions_are_asked_once_their_packages_are_referenced()
    {
        var session = new FakeSession();
        var text = await Check(session, [new("libtorch", ReportKind.Check, () => "2.10.0, from the package folder"), new("tensors", ReportKind.Memory, () => "12")], "--with", "libtorch-cpu-linux-x64, 2.10.0");
        Assert.Equal(["#r \"nuget: libtorch-cpu-linux-x64, 2.10.0\"", "#r \"nuget: XtNotebooks\""], session.Ran);
        Assert.Contains("libtorch      2.10.0, from the package folder", text);
        Assert.Contains("package       XtNotebooks: loaded", text);
        Assert.DoesNotContain("tensors", text);
        Assert.Contains($".NET          {Environment.Version}", text);
        Assert.Contains("Jupyter  ", text);
        Assert.True(session.IsDisposed);
    }

    [Fact]
    public async Task A_package_that_cannot_be_had_is_told_with_its_reason()
    {
        var session = new FakeSession().On("#r \"nuget: XtNotebooks\"", FakeSession.Failed("PackageError", "no such package in two feeds."));
        Assert.Contains("package       XtNotebooks: not available here: no such package in two feeds.", await Check(session, []));
    }

    [Fact]
    public async Task A_report_that_fails_is_told_and_the_others_still_come()
    {
        var text = await Check(new FakeSession(), [new("one", ReportKind.Check, () => throw new InvalidOperationException("broken")), new("two", ReportKind.Check, () => "fine")]);
        Assert.Contains("one           could not be asked: broken", text);
        Assert.Contains("two           fine", text);
    }

    [Fact]
    public void Kernelspecs_of_all_folders_are_listed_and_a_dead_one_of_ours_is_told()
    {
        using var folder = new TemporaryFolder();
        Kernel(folder, "a", "python3", """{"argv":["python3"],"display_name":"Python 3"}""");
        Kernel(folder, "b", "xt-csharp", """{"argv":["/no/such/xt-notebooks"],"display_name":"C# (XtNotebooks)"}""");
        Kernel(folder, "b", "broken", "{");
        var lines = JupyterCheck.Kernelspecs([.. new[] { "a", "missing", "b" }.Select(name => Path.Combine(folder.Path, name))]).Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("python3: Python 3 (", lines[0]);
        Assert.StartsWith("broken: its kernel.json cannot be read", lines[1]);
        Assert.EndsWith("/no/such/xt-notebooks is gone: run 'xt-notebooks install' again", lines[2]);
    }

    [Fact]
    public void Without_our_kernelspec_the_command_that_installs_it_is_told() =>
        Assert.Equal("xt-csharp is not installed: 'xt-notebooks install' makes it known to Jupyter", JupyterCheck.Kernelspecs([]));

    [Fact]
    public void Jupyters_own_list_of_folders_is_taken() =>
        Assert.Equal(["/one", "/two"], JupyterCheck.DataFolders("""{"config":[],"data":["/one","/two","/one"]}"""));

    [Theory]
    [InlineData("not json")]
    [InlineData(null)]
    public void Else_the_folders_are_those_of_Jupyters_rules(string? answer) =>
        Assert.Contains("/usr/share/jupyter", JupyterCheck.DataFolders(answer));

    [Fact]
    public void Of_Jupyters_versions_those_that_matter_are_told() =>
        Assert.Equal("jupyter_core 5.1.2, notebook 6.4.12", JupyterCheck.Versions("Selected Jupyter core packages...\nIPython          : 8.5.0\njupyter_core     : 5.1.2\njupyterlab       : not installed\nnotebook         : 6.4.12\n"));

    [Fact]
    public void The_newest_SDK_is_told_if_there_is_one()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no SDK", SystemCheck.Sdk(folder.Path));
        foreach (var version in (string[])["9.0.300", "10.0.100", "10.0.401"])
            Directory.CreateDirectory(Path.Combine(folder.Path, "sdk", version));
        Assert.Equal("SDK 10.0.401", SystemCheck.Sdk(folder.Path));
    }

    [Fact]
    public async Task Without_a_named_package_the_backend_that_is_there_is_tried()
    {
        backend = "some-backend, 1.0.0";
        var session = new FakeSession();
        await Check(session, []);
        Assert.Equal(["#r \"nuget: some-backend, 1.0.0\"", "#r \"nuget: XtNotebooks\""], session.Ran);
    }

    [Fact]
    public void The_newest_backend_among_the_packages_is_found_and_CUDA_only_with_a_driver()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The packages' names are those of Linux.");
        using var folder = new TemporaryFolder();
        Assert.Null(CachedBackend.Find(folder.Path, hasNvidiaDriver: true));
        foreach (var package in (string[])["libtorch-cpu-linux-x64/2.9.0", "libtorch-cpu-linux-x64/2.10.0", "libtorch-cpu-win-x64/2.10.0", "torchsharp-cuda-linux/0.107.0"])
            Directory.CreateDirectory(Path.Combine(folder.Path, package));
        Assert.Equal("libtorch-cpu-linux-x64, 2.10.0", CachedBackend.Find(folder.Path, hasNvidiaDriver: false));
        Assert.Equal("TorchSharp-cuda-linux, 0.107.0", CachedBackend.Find(folder.Path, hasNvidiaDriver: true));
    }

    private static void Kernel(TemporaryFolder folder, string data, string name, string json)
    {
        var kernel = Directory.CreateDirectory(Path.Combine(folder.Path, data, "kernels", name));
        File.WriteAllText(Path.Combine(kernel.FullName, "kernel.json"), json);
    }

    private async Task<string> Check(FakeSession session, IReadOnlyList<NotebookReport> reports, params string[] args)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var root = new RootCommand { CheckCommand.Create(_ => new CheckedSession(session, () => reports), () => backend) };
        var code = await Tool.InvokeAsync(root, ["check", .. args], output, error, TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.Ok, code);
        Assert.Empty(error.ToString());
        return output.ToString();
    }
}
