using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace XtNotebooks.Docs.Tests.Snippets;

/// <summary>Cells that our own runner executes in a folder of their own, with the packages that this repository has just built.</summary>
internal static class TriedNotebook
{
    private const string Packages = "#r \"nuget: libtorch-cpu-linux-x64, 2.10.0\"\n#r \"nuget: XtNotebooks\"";

    /// <summary>The tool as it was built in the configuration of these tests: bin/CONFIGURATION/FRAMEWORK/.</summary>
    private static readonly string Tool = Path.Combine(Repository.Root, "src", "XtNotebooks.Kernel",
        Path.GetRelativePath(Path.Combine(Repository.Root, "tests", "XtNotebooks.Docs.Tests"), AppContext.BaseDirectory), "XtNotebooks.Kernel.dll");

    /// <summary>Runs the cells one after the other and fails with what the first bad one says.</summary>
    public static async Task RunAsync(string name, IEnumerable<string> cells, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("xt-docs-");
        try
        {
            var notebook = Path.Combine(folder.FullName, "page.ipynb");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "NuGet.config"),
                $"<configuration><packageSources><add key=\"built here\" value=\"{Path.Combine(Repository.Root, "artifacts", "packages")}\" /></packageSources></configuration>",
                cancellationToken);
            await File.WriteAllTextAsync(notebook, Json(cells), cancellationToken);
            using var run = Process.Start(new ProcessStartInfo("dotnet", [Tool, "run", notebook]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var said = run.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = await run.StandardError.ReadToEndAsync(cancellationToken);
            await run.WaitForExitAsync(cancellationToken);
            Assert.True(run.ExitCode == 0, $"{name}:\n{errors}\n{await said}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Json(IEnumerable<string> cells) => new JsonObject
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
