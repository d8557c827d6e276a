using System.Security.Cryptography;
using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Transformers.Tests.Native;

public sealed class CudaFragmentsTests : IDisposable
{
    private const string Part = "libtorch-cuda-12.8-linux-x64-part3";
    private readonly TemporaryFolder folder = new();
    private readonly byte[] whole = [.. Enumerable.Range(0, 3_000_000).Select(i => (byte)(i * 31 >> 3))];

    public void Dispose() => folder.Dispose();

    /// <summary>A primary file and two fragments, laid out as NuGet unpacks them.</summary>
    private string Pieces(string? hash = null)
    {
        var primary = folder.File($"{Part}-primary/2.10.0/runtimes/linux-x64/native/libtorch_cuda.so", whole[..1_000_000]);
        File.WriteAllText(primary + ".sha", hash ?? Convert.ToHexStringLower(SHA256.HashData(whole)));
        folder.File($"{Part}-fragment1/2.10.0/fragments/linux-x64/native/libtorch_cuda.so.fragment1", whole[1_000_000..2_500_000]);
        folder.File($"{Part}-fragment2/2.10.0/fragments/linux-x64/native/libtorch_cuda.so.fragment2", whole[2_500_000..]);
        return primary;
    }

    private string[] Directories(string primary) => [Path.GetDirectoryName(primary)!, folder["elsewhere"]];

    [Fact]
    public void Pieces_are_put_together_once_and_their_fragments_go()
    {
        var primary = Pieces();
        Assert.Equal([primary], CudaFragments.Unstitched(Directories(primary)));
        CudaFragments.Stitch(primary);
        Assert.Equal(whole, File.ReadAllBytes(primary));
        Assert.Empty(CudaFragments.Unstitched(Directories(primary)));
        CudaFragments.Stitch(primary);
        Assert.Equal(whole, File.ReadAllBytes(primary));
        Assert.Equal(["libtorch_cuda.so", "libtorch_cuda.so.sha"], Directory.GetFiles(Path.GetDirectoryName(primary)!).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Several_processes_at_once_make_one_whole()
    {
        var primary = Pieces();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => CudaFragments.Stitch(primary))));
        Assert.Equal(whole, File.ReadAllBytes(primary));
    }

    [Fact]
    public void An_attempt_that_was_ended_before_the_fragments_went_is_finished()
    {
        var primary = Pieces();
        File.WriteAllBytes(primary, whole);
        CudaFragments.Stitch(primary);
        Assert.Equal(whole, File.ReadAllBytes(primary));
        Assert.Empty(CudaFragments.Unstitched(Directories(primary)));
    }

    [Fact]
    public void Pieces_that_do_not_make_the_right_whole_are_left_as_they_are_and_told()
    {
        var primary = Pieces(hash: new string('0', 64));
        var error = Assert.Throws<LibTorchException>(() => CudaFragments.Stitch(primary));
        Assert.Contains("and its 2 fragments do not make the library they should", error.Message);
        Assert.Equal(1_000_000, new FileInfo(primary).Length);
        Assert.Equal([primary], CudaFragments.Unstitched(Directories(primary)));
    }

    [Fact]
    public void A_primary_file_without_its_hash_is_told_in_a_sentence()
    {
        var primary = Pieces();
        File.Delete(primary + ".sha");
        Assert.Contains("came in pieces, and putting them together failed", Assert.Throws<LibTorchException>(() => CudaFragments.Stitch(primary)).Message);
    }

    [Fact]
    public void Whole_libraries_and_other_packages_are_left_alone()
    {
        var primary = folder.File($"{Part}-primary/2.10.0/runtimes/linux-x64/native/libtorch_cuda.so", whole);
        Assert.Empty(CudaFragments.Unstitched(Directories(primary)));
    }
}
