using System.Diagnostics;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Cli;

/// <summary>A run's first cell is compiled while the compiler is still being warmed up by other code.</summary>
public sealed class WarmUpTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Cells_agree_on_the_framework_s_types_from_the_first_one_on()
    {
        var path = folder.File("n.ipynb", Sample.Json(
            Sample.Code("IEnumerable<int> Numbers() { yield return 1; }\nvar list = new List<int> { 1 };"),
            Sample.Code("Numbers().Count() + list.Select(n => n + 1).Sum()")));
        // Whether both read the class library at the same moment is chance, and likely.
        for (var i = 0; i < 3; i++)
        {
            using var run = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "XtNotebooks.Kernel.dll"), "run", path])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var output = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.Equal("", await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
            await output;
            await run.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(ExitCode.Ok, run.ExitCode);
        }
    }
}
