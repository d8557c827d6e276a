using TorchSharp;
using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Transformers.Tests.Native;

public class LibTorchTests
{
    [Fact]
    public void A_project_that_references_the_package_computes_without_a_word()
    {
        using var sum = torch.ones(3).sum();
        Assert.Equal(3f, sum.item<float>());
        Assert.NotNull(LibTorch.Loaded);
    }

    [Fact]
    public void Loading_again_tells_the_same()
    {
        Assert.Same(LibTorch.EnsureLoaded(), LibTorch.EnsureLoaded(["/nowhere"]));
        Assert.Contains("libtorch 2.", LibTorch.Describe());
    }

    [Fact]
    public void Only_one_libtorch_is_mapped_and_nothing_was_copied_beside_TorchSharp()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        torch.ones(1).Dispose();
        var mapped = File.ReadLines("/proc/self/maps").Where(line => line.EndsWith("libtorch_cpu.so", StringComparison.Ordinal))
            .Select(line => line[line.IndexOf('/')..]).Distinct().ToList();
        Assert.Equal([Path.Combine(LibTorch.Loaded!.Directory, "libtorch_cpu.so")], mapped);
        Assert.False(Directory.Exists(Path.Combine(Path.GetDirectoryName(typeof(torch).Assembly.Location)!, "cpu")));
    }

    [Fact]
    public void TorchSharp_gets_the_handle_of_what_is_loaded_and_nobody_else_gets_any()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the loader acts on Linux alone");
        Assert.NotEqual(0, LibTorch.Resolve("LibTorchSharp", () => []));
        Assert.NotEqual(0, LibTorch.Resolve("torch_cpu", () => []));
        Assert.Equal(0, LibTorch.Resolve("sqlite3", () => throw new InvalidOperationException("asked for somebody else's library")));
    }
}
