using System.Text.Json;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Jupyter;

namespace XtNotebooks.Kernel.Tests.Jupyter;

public sealed class KernelSpecTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_kernelspec_says_how_to_start_and_to_interrupt()
    {
        var installed = KernelSpec.Install(folder, ["/opt/it's \"here\"/dotnet", "/x/XtNotebooks.Kernel.dll"], "/opt/dotnet");
        Assert.Equal(Path.Combine(folder, "kernels", "xt-csharp"), installed);
        using var spec = JsonDocument.Parse(File.ReadAllText(Path.Combine(installed, "kernel.json")));
        var root = spec.RootElement;
        Assert.Equal(
            ["/opt/it's \"here\"/dotnet", "/x/XtNotebooks.Kernel.dll", "kernel", "--connection-file", "{connection_file}"],
            root.GetProperty("argv").EnumerateArray().Select(word => word.GetString()));
        Assert.Equal("C# (XtNotebooks)", root.GetProperty("display_name").GetString());
        Assert.Equal("C#", root.GetProperty("language").GetString());
        Assert.Equal("message", root.GetProperty("interrupt_mode").GetString());
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(Path.Combine(installed, "logo-64x64.png")).Take(4));
        Assert.True(File.Exists(Path.Combine(installed, "logo-32x32.png")) && File.Exists(Path.Combine(installed, "logo-svg.svg")));
        Assert.Equal("/opt/dotnet", root.GetProperty("env").GetProperty("DOTNET_ROOT").GetString());
    }

    [Fact]
    public void Installing_again_replaces_what_was_there()
    {
        KernelSpec.Install(folder, ["old"], null);
        var installed = KernelSpec.Install(folder, ["new"], null);
        var text = File.ReadAllText(Path.Combine(installed, "kernel.json"));
        Assert.Contains("\"new\"", text);
        Assert.DoesNotContain("old", text);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_named()
    {
        var file = Path.Combine(folder, "file");
        File.WriteAllText(file, "");
        var error = Assert.Throws<CommandException>(() => KernelSpec.Install(file, ["tool"], null));
        Assert.Contains(file, error.Message);
    }
}
