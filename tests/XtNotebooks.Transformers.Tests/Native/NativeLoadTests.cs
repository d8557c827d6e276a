using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Transformers.Tests.Native;

public sealed class NativeLoadTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_real_bridge_loads_here_as_it_is_or_adapted()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the loader acts on Linux alone");
        LibTorch.EnsureLoaded();
        var original = BackendChoice.Make(SearchPlaces.OfThisProcess([])).Bridge;
        var (path, relaxed) = NativeLoad.Bridge(original, new LibraryCache(folder["cache"]));
        Assert.Equal(relaxed.Count == 0, path == original);
        Assert.Equal(relaxed, LibTorch.Loaded!.RelaxedVersions);
        Assert.True(relaxed.Count == 0 || File.Exists(path));
    }

    [Fact]
    public void A_library_that_loads_is_not_copied()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the loader acts on Linux alone");
        var library = Path.Combine(LibTorch.EnsureLoaded().Directory, "libc10.so");
        var (path, relaxed) = NativeLoad.Bridge(library, new LibraryCache(folder["cache"]));
        Assert.Equal(library, path);
        Assert.Empty(relaxed);
        Assert.False(Directory.Exists(folder["cache"]));
    }

    [Fact]
    public void A_file_that_is_no_library_is_one_sentence_with_the_loaders_reason()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the loader acts on Linux alone");
        var text = folder.File("text.so", new byte[5000]);
        var error = Assert.Throws<LibTorchException>(() => NativeLoad.Library(text));
        Assert.StartsWith($"{text} does not load: ", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.DoesNotContain('\n', Assert.Throws<LibTorchException>(() => NativeLoad.Bridge(text, new LibraryCache(folder["cache"]))).Message);
    }
}
