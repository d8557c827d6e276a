using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Transformers.Tests.Native;

public sealed class BackendChoiceTests : IDisposable
{
    private const string Natives = "runtimes/linux-x64/native";
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private SearchPlaces Packages => new() { PackageRoots = [folder["packages"]] };

    private string Package(string name, string version, params string[] files)
    {
        foreach (var file in files)
            folder.File($"packages/{name}/{version}/{Natives}/{file}");
        return folder[$"packages/{name}/{version}/{Natives}"];
    }

    private string TorchSharp() => Package("torchsharp", "0.107.0", "libLibTorchSharp.so");

    private string Cpu(string version = "2.10.0") => Package("libtorch-cpu-linux-x64", version, "libtorch_cpu.so", "libc10.so");

    private string[] Cuda() =>
    [
        Package("libtorch-cuda-12.8-linux-x64-part1", "2.10.0", "libc10.so", "libtorch.so"),
        Package("libtorch-cuda-12.8-linux-x64-part2-primary", "2.10.0", "libtorch_cpu.so"),
        Package("libtorch-cuda-12.8-linux-x64-part3-primary", "2.10.0", "libtorch_cuda.so"),
    ];

    [Fact]
    public void A_package_folder_gives_the_processors_libtorch()
    {
        var bridge = TorchSharp();
        var cpu = Cpu();
        var choice = BackendChoice.Make(Packages);
        Assert.Equal(LibTorchBackend.Cpu, choice.Backend);
        Assert.Equal([cpu], choice.Directories);
        Assert.Equal(Path.Combine(bridge, "libLibTorchSharp.so"), choice.Bridge);
    }

    [Fact]
    public void The_output_folder_wins_over_the_package_folder()
    {
        TorchSharp();
        Cpu();
        folder.File("output/libtorch_cpu.so");
        folder.File("output/libLibTorchSharp.so");
        var choice = BackendChoice.Make(Packages with { Output = [folder["elsewhere"], folder["output"]] });
        Assert.Equal(folder["output/libtorch_cpu.so"], choice.TorchCpu);
        Assert.Equal(folder["output/libLibTorchSharp.so"], choice.Bridge);
    }

    [Fact]
    public void A_libtorch_that_the_process_has_already_loaded_wins_over_all()
    {
        TorchSharp();
        Cpu();
        folder.File("output/libtorch_cpu.so");
        var loaded = folder.File("python/libtorch_cpu.so");
        Assert.Equal(loaded, BackendChoice.Make(Packages with { AlreadyLoaded = loaded, Output = [folder["output"]] }).TorchCpu);
    }

    [Fact]
    public void Cuda_is_taken_from_all_its_packages_when_the_program_references_it_though_the_cache_holds_the_processors_too()
    {
        TorchSharp();
        Cpu();
        var cuda = Cuda();
        var choice = BackendChoice.Make(Packages with { Referenced = "cuda" });
        Assert.Equal(LibTorchBackend.Cuda, choice.Backend);
        Assert.Equal(cuda, choice.Directories);
        Assert.Equal(Path.Combine(cuda[1], "libtorch_cpu.so"), choice.TorchCpu);
    }

    [Theory]
    [InlineData("cpu", true, LibTorchBackend.Cpu)]
    [InlineData("cuda", false, LibTorchBackend.Cuda)]
    [InlineData(null, true, LibTorchBackend.Cuda)]
    [InlineData(null, false, LibTorchBackend.Cpu)]
    public void What_is_referenced_decides_and_the_machine_only_where_nothing_tells(string? referenced, bool driver, LibTorchBackend expected)
    {
        TorchSharp();
        Cpu();
        Cuda();
        Assert.Equal(expected, BackendChoice.Make(Packages with { Referenced = referenced, NvidiaDriver = driver }).Backend);
    }

    [Fact]
    public void Cuda_named_by_the_host_wins_over_a_processors_libtorch_named_before_it()
    {
        var bridge = TorchSharp();
        var choice = BackendChoice.Make(new SearchPlaces { Host = [bridge, Cpu(), .. Cuda()], Notebook = true });
        Assert.Equal(LibTorchBackend.Cuda, choice.Backend);
        Assert.DoesNotContain(choice.Directories, d => d.Contains("libtorch-cpu"));
    }

    [Fact]
    public void Another_version_in_the_cache_is_not_taken()
    {
        TorchSharp();
        Cpu("2.7.1");
        Assert.Throws<LibTorchException>(() => BackendChoice.Make(Packages));
    }

    [Fact]
    public void A_program_that_references_none_does_not_get_what_happens_to_be_in_the_cache()
    {
        TorchSharp();
        Cpu();
        Assert.Throws<LibTorchException>(() => BackendChoice.Make(Packages with { Referenced = "none" }));
    }

    [Fact]
    public void A_project_without_a_backend_is_told_the_one_line_for_each()
    {
        TorchSharp();
        var error = Assert.Throws<LibTorchException>(() => BackendChoice.Make(Packages));
        Assert.Equal(
            "No libtorch is referenced: add <PackageReference Include=\"libtorch-cpu-linux-x64\" Version=\"2.10.0\" /> to compute on the CPU, or "
            + "<PackageReference Include=\"TorchSharp-cuda-linux\" Version=\"0.107.0\" /> for NVIDIA GPUs.", error.Message);
    }

    [Fact]
    public void A_notebook_without_a_backend_is_told_the_one_line_for_each()
    {
        var error = Assert.Throws<LibTorchException>(() => BackendChoice.Make(new SearchPlaces { Host = [TorchSharp()], Notebook = true }));
        Assert.Contains("add #r \"nuget: libtorch-cpu-linux-x64, 2.10.0\" to compute on the CPU", error.Message);
        Assert.Contains("#r \"nuget: TorchSharp-cuda-linux, 0.107.0\" for NVIDIA GPUs", error.Message);
    }

    [Theory]
    [InlineData("torch_cpu.dll", "#r \"nuget: TorchSharp-cpu, 0.107.0\" to compute on the CPU, or #r \"nuget: TorchSharp-cuda-windows, 0.107.0\"")]
    [InlineData("libtorch_cpu.dylib", "#r \"nuget: TorchSharp-cpu, 0.107.0\" to compute on the CPU.")]
    public void Where_TorchSharp_loads_libtorch_itself_a_notebook_without_one_is_told_too(string library, string said)
    {
        var natives = Directory.CreateDirectory(folder["torchsharp"]).FullName;
        var places = new SearchPlaces { Host = [natives], Notebook = true };
        Assert.Contains(said, Assert.Throws<LibTorchException>(() => MissingBackend.Check(places, library)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(natives, library), "");
        MissingBackend.Check(places, library);
        MissingBackend.Check(new SearchPlaces(), library);   // an application
    }

    [Fact]
    public void A_missing_bridge_is_told()
    {
        Cpu();
        Assert.Contains("came without libLibTorchSharp.so", Assert.Throws<LibTorchException>(() => BackendChoice.Make(Packages)).Message);
    }

    [Fact]
    public void Each_library_of_the_real_libtorch_comes_after_those_it_needs()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads ELF libraries");
        var order = LoadOrder.Of([LibTorch.EnsureLoaded().Directory], LibTorchBackend.Cpu).Select(Path.GetFileName).ToList();
        Assert.Equal("libtorch.so", order[^1]);
        Assert.True(order.IndexOf("libc10.so") is var c10 and >= 0 && c10 < order.IndexOf("libtorch_cpu.so"), string.Join(' ', order));
        Assert.DoesNotContain("libtorch_python.so", order);
    }

    [Theory]
    [InlineData("/home/a/.nuget/packages/torchsharp/0.107.0/lib/net8.0/TorchSharp.dll", "/home/a/.nuget/packages")]
    [InlineData("/app/bin/TorchSharp.dll", null)]
    [InlineData("", null)]
    public void The_package_folder_is_read_off_TorchSharps_own_path(string assembly, string? root) =>
        Assert.Equal(root, SearchPlaces.TorchSharpPackageRoot(assembly));
}
