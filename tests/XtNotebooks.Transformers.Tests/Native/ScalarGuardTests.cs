using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;
using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Transformers.Tests.Native;

/// <summary>The guard is src/XtNotebooks.Transformers/Native/Scalars/scalars.c, built by the script beside it.</summary>
public sealed class ScalarGuardTests
{
    private static readonly PropertyInfo Handle = typeof(Scalar).GetProperty("Handle", BindingFlags.Instance | BindingFlags.NonPublic)!;

    public ScalarGuardTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "the loader acts on Linux alone");
        torch.ones(1).Dispose();
    }

    private static nint Freed(Scalar scalar)
    {
        var handle = (nint)Handle.GetValue(scalar)!;
        scalar.Dispose();
        return handle;
    }

    [Fact]
    public void It_stands_before_the_bridge() => Assert.True(LibTorch.Loaded!.GuardsScalars);

    [Fact]
    public void A_freed_scalar_can_still_be_read()
    {
        Scalar scalar = 1234567L;
        var handle = (nint)Handle.GetValue(scalar)!;
        var before = Enumerable.Range(0, 4).Select(i => Marshal.ReadInt64(handle, 8 * i)).ToArray();
        Assert.Contains(1234567L, before);
        scalar.Dispose();
        for (var i = 0; i < 1000; i++)
            Freed(i);
        Assert.Equal(before, Enumerable.Range(0, 4).Select(i => Marshal.ReadInt64(handle, 8 * i)));
    }

    [Fact]
    public void Scalars_are_freed_in_the_end()
    {
        const int Places = 1 << 18;
        var seen = new HashSet<nint>();
        for (var i = 0; i < 4 * Places; i++)
            seen.Add(Freed(i));
        Assert.InRange(seen.Count, Places / 2, 3 * Places / 2);
    }

    [Fact]
    public void Collections_on_another_thread_do_not_disturb_operations_with_numbers()
    {
        // Without the guard about one in 1,500 collections broke an operation here.
        var collections = 0;
        var over = false;
        var collector = new Thread(() =>
        {
            for (; collections < 10_000 && !Volatile.Read(ref over); collections++)
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
        });
        using var noGrad = torch.no_grad();
        using var x = torch.zeros(8);
        collector.Start();
        try
        {
            while (collector.IsAlive)
            {
                using var y = x + 3;
                using var sum = y.sum();
                Assert.Equal(24f, sum.item<float>());
            }
        }
        finally
        {
            Volatile.Write(ref over, true);
            collector.Join();
        }
    }

    [Fact]
    public void Without_a_folder_to_write_to_there_is_no_guard_and_no_error()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "file");
        File.WriteAllText(file, "not a folder");
        Assert.False(ScalarGuard.Install(LibTorch.Loaded!.Bridge, new LibraryCache(Path.Combine(file, "cache"))));
    }
}
