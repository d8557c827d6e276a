using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Cli;

public sealed class ConvertCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_notebook_for_the_other_host_has_its_kernel_names_and_the_same_cells_and_comes_back_unchanged()
    {
        var source = folder.File("a.ipynb", NotebookDocument.Parse(Sample.Json(Sample.Markdown("# T"), Sample.Code("1 + 1", "quiet")), "a").ToJson());
        var (there, back) = (Path.Combine(folder.Path, "there.ipynb"), Path.Combine(folder.Path, "back.ipynb"));
        Assert.Equal(ExitCode.Ok, (await Invoke("convert", source, "--to", "dotnet-interactive", "-o", there)).Code);
        Assert.Equal(ExitCode.Ok, (await Invoke("convert", there, "--to", "xt-notebooks", "-o", back)).Code);
        var (given, converted, returned) = (NotebookDocument.Read(source), NotebookDocument.Read(there), NotebookDocument.Read(back));
        Assert.Equal(".net-csharp", converted.Metadata["kernelspec"]!["name"]!.ToString());
        Assert.Equal("csharp", converted.Metadata["polyglot_notebook"]!["kernelInfo"]!["defaultKernelName"]!.ToString());
        Assert.Equal(NotebookSource.Fingerprint(given), NotebookSource.Fingerprint(converted));
        Assert.Equal("xt-csharp", returned.Metadata["kernelspec"]!["name"]!.ToString());
        Assert.Null(returned.Metadata["polyglot_notebook"]);
        Assert.Equal(given.Cells.Select(cell => cell.Outputs.ToJsonString()), returned.Cells.Select(cell => cell.Outputs.ToJsonString()));
    }

    [Theory]
    [MemberData(nameof(GuidedNotebooksTests.Names), MemberType = typeof(GuidedNotebooksTests))]
    public async Task A_guided_notebook_goes_to_the_other_host_with_all_its_cells_and_comes_back_as_the_same_file(string name)
    {
        var source = GuidedNotebooksTests.File(name);
        var (there, back) = (Path.Combine(folder.Path, "there.ipynb"), Path.Combine(folder.Path, "back.ipynb"));
        Assert.Equal(ExitCode.Ok, (await Invoke("convert", source, "--to", "dotnet-interactive", "-o", there)).Code);
        Assert.Equal(ExitCode.Ok, (await Invoke("convert", there, "--to", "xt-notebooks", "-o", back)).Code);
        var (given, converted) = (JsonNode.Parse(await Text(source))!, JsonNode.Parse(await Text(there))!);
        Assert.True(JsonNode.DeepEquals(given["cells"], converted["cells"]));
        var (host, metadata) = (NotebookHost.DotnetInteractive, converted["metadata"]!);
        Assert.True(JsonNode.DeepEquals(host.Kernelspec, metadata["kernelspec"]));
        Assert.True(JsonNode.DeepEquals(host.LanguageInfo, metadata["language_info"]));
        Assert.True(JsonNode.DeepEquals(host.Polyglot, metadata["polyglot_notebook"]));
        Assert.Equal(await Text(source), await Text(back));
    }

    [Fact]
    public async Task Unless_told_otherwise_it_lies_beside_the_notebook_under_the_hosts_name()
    {
        var source = folder.File("a.ipynb", Sample.Json(Sample.Code("1")));
        var (code, output, _) = await Invoke("convert", source, "--to", "dotnet-interactive");
        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains("a.dotnet-interactive.ipynb", output);
        Assert.True(File.Exists(Path.Combine(folder.Path, "a.dotnet-interactive.ipynb")));
    }

    [Theory]
    [InlineData("There is no notebook", "none.ipynb", "--to", "dotnet-interactive")]
    [InlineData("--to cannot be 'nobody'; it is xt-notebooks or dotnet-interactive.", "a.ipynb", "--to", "nobody")]
    [InlineData("--to", "a.ipynb")]
    public async Task What_cannot_be_converted_is_one_line_and_exit_code_2(string sentence, string notebook, params string[] options)
    {
        folder.File("a.ipynb", Sample.Json(Sample.Code("1")));
        var (code, _, error) = await Invoke(["convert", Path.Combine(folder.Path, notebook), .. options]);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains(sentence, error);
        Assert.Single(error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    private static Task<string> Text(string path) => File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);

    private static async Task<(int Code, string Output, string Error)> Invoke(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Tool.InvokeAsync(Tool.CreateRoot(), args, output, error, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
