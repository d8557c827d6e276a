using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace XtNotebooks.Docs.Tests.Snippets;

/// <summary>A page's C# is a notebook: its blocks run one after the other, as a reader would type them.</summary>
public sealed class CSharpSnippetTests
{
    private const string Packages = "#r \"nuget: libtorch-cpu-linux-x64, 2.10.0\"\n#r \"nuget: XtNotebooks\"";

    /// <summary>The tool as it was built in the configuration of these tests: bin/CONFIGURATION/FRAMEWORK/.</summary>
    private static readonly string Tool = Path.Combine(Repository.Root, "src", "XtNotebooks.Kernel",
        Path.GetRelativePath(Path.Combine(Repository.Root, "tests", "XtNotebooks.Docs.Tests"), AppContext.BaseDirectory), "XtNotebooks.Kernel.dll");

    public static TheoryData<string> PagesWithCode => [.. Snippet.All("csharp").Select(snippet => snippet.Page).Distinct()];

    [Theory]
    [MemberData(nameof(PagesWithCode))]
    public async Task The_code_of_a_page_runs_from_top_to_bottom(string page)
    {
        var folder = Directory.CreateTempSubdirectory("xt-docs-");
        try
        {
            var notebook = Path.Combine(folder.FullName, "page.ipynb");
            // The packages are those that this repository has just built.
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "NuGet.config"),
                $"<configuration><packageSources><add key=\"built here\" value=\"{Path.Combine(Repository.Root, "artifacts", "packages")}\" /></packageSources></configuration>",
                TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(notebook, Notebook([.. Snippet.Of(page).Where(snippet => snippet.Language == "csharp")]), TestContext.Current.CancellationToken);
            using var run = Process.Start(new ProcessStartInfo("dotnet", [Tool, "run", notebook]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var said = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await run.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(run.ExitCode == 0, $"{page}:\n{errors}\n{await said}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Notebook(IReadOnlyList<Snippet> snippets)
    {
        var cells = snippets.SelectMany(snippet => new[] { snippet.Before, snippet.Code }).Where(code => code.Length > 0);
        return new JsonObject
        {
            ["nbformat"] = 4,
            ["nbformat_minor"] = 4,
            ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = "xt-csharp", ["display_name"] = "C#", ["language"] = "C#" } },
            ["cells"] = new JsonArray([.. cells.Prepend(Packages).Select(code => (JsonNode)new JsonObject
            {
                ["cell_type"] = "code",
                ["metadata"] = new JsonObject(),
                ["execution_count"] = null,
                ["outputs"] = new JsonArray(),
                ["source"] = code,
            })]),
        }.ToJsonString(JsonSerializerOptions.Default);
    }
}
