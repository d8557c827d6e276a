using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Transformers.Tests.Native;

public sealed class LibraryCacheTests : IDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(i => (byte)i)];
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_stored_library_is_whole_and_alone_in_its_folder()
    {
        var path = new LibraryCache(folder["cache"]).Store("a.so", Content);
        Assert.Equal(Content, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_library_that_is_there_is_not_written_again()
    {
        var cache = new LibraryCache(folder["cache"]);
        var path = cache.Store("a.so", Content);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Assert.Equal(path, cache.Store("a.so", Content));
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(path));
    }

    [Fact]
    public void A_damaged_copy_is_replaced()
    {
        var cache = new LibraryCache(folder["cache"]);
        var path = cache.Store("a.so", Content);
        File.WriteAllBytes(path, Content[..1000]);
        Assert.Equal(Content, File.ReadAllBytes(cache.Store("a.so", Content)));
    }

    [Fact]
    public void Another_content_has_another_path() =>
        Assert.NotEqual(new LibraryCache(folder["cache"]).Store("a.so", Content), new LibraryCache(folder["cache"]).Store("a.so", Content[1..]));

    [Fact]
    public async Task Many_writers_at_once_never_show_half_a_library()
    {
        var cache = new LibraryCache(folder["cache"]);
        var path = cache.Store("a.so", Content);
        File.Delete(path);
        using var stop = new CancellationTokenSource();
        var reader = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                if (File.Exists(path))
                    Assert.Equal(Content.Length, File.ReadAllBytes(path).Length);
            }
        }, TestContext.Current.CancellationToken);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => cache.Store("a.so", Content))));
        await stop.CancelAsync();
        await reader;
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_one_sentence_that_says_what_to_set()
    {
        var blocked = folder.File("not-a-folder");
        var error = Assert.Throws<LibTorchException>(() => new LibraryCache(Path.Combine(blocked, "cache")).Store("a.so", Content));
        Assert.Contains($"The cache folder {blocked}", error.Message);
        Assert.Contains("set XDG_CACHE_HOME to a folder that can be written", error.Message);
    }

    [Fact]
    public void A_read_only_file_system_is_one_sentence()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "writes to /proc, which nobody can");
        var error = Assert.Throws<LibTorchException>(() => new LibraryCache("/proc/xt-notebooks").Store("a.so", Content));
        Assert.Contains("The cache folder /proc/xt-notebooks cannot be written", error.Message);
    }

    [Fact]
    public void A_full_disk_is_one_sentence_and_leaves_nothing_behind()
    {
        var cache = new LibraryCache(folder["cache"], path => new FullDisk(path));
        var error = Assert.Throws<LibTorchException>(() => cache.Store("a.so", Content));
        Assert.Contains("(No space left on device)", error.Message);
        Assert.Empty(Directory.GetFiles(folder["cache"], "*", SearchOption.AllDirectories));
    }

    /// <summary>A file on a disk that fills up half-way.</summary>
    private sealed class FullDisk(string path) : FileStream(path, FileMode.CreateNew)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            base.Write(buffer[..(buffer.Length / 2)]);
            throw new IOException("No space left on device");
        }
    }
}
