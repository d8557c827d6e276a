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
    public void Places_given_back_are_used_again()
    {
        var seen = new HashSet<nint>();
        for (var i = 0; i < 1 << 20; i++)
            seen.Add(Freed(i));
        // At most as many as there are places, however many numbers came and went.
        Assert.InRange(seen.Count, 1 << 14, 300_000);
    }

    [Fact]
    public void When_every_place_is_taken_the_heap_serves()
    {
        var many = Enumerable.Range(0, 300_000).Select(i => (Scalar)i).ToList();
        Assert.Equal(many.Count, many.Select(s => (nint)Handle.GetValue(s)!).Distinct().Count());
        Assert.True(many.Select((s, i) => s.ToInt32() == i).All(same => same));
        many.ForEach(s => s.Dispose());
        using var sum = torch.ones(2) + 3;
        Assert.Equal(4f, sum[0].item<float>());
    }

    [Fact]
    public void Each_kind_of_number_keeps_its_kind_and_value()
    {
        Assert.Equal((-3, ScalarTypeOf((sbyte)-3)), (((Scalar)(sbyte)-3).ToInt32(), torch.ScalarType.Int64));
        Assert.Equal(200, ((Scalar)(byte)200).ToInt32());
        Assert.Equal(-300, ((Scalar)(short)-300).ToInt32());
        Assert.Equal(int.MinValue, ((Scalar)int.MinValue).ToInt32());
        Assert.Equal(long.MinValue, ((Scalar)long.MinValue).ToInt64());
        Assert.Equal(1.5f, ((Scalar)1.5f).ToSingle());
        Assert.Equal(Math.PI, ((Scalar)Math.PI).ToDouble());
        Assert.Equal(0.5f, ((Scalar)(Half)0.5f).ToSingle());
        Assert.Equal(0.25f, ((Scalar)(BFloat16)0.25f).ToSingle());
        Assert.True(((Scalar)true).ToBoolean());
        Assert.Equal((1f, -2f), ((Scalar)(1f, -2f)).ToComplexFloat32());
        Assert.Equal(new System.Numerics.Complex(Math.E, -Math.PI), ((Scalar)new System.Numerics.Complex(Math.E, -Math.PI)).ToComplexFloat64());

        static torch.ScalarType ScalarTypeOf(Scalar scalar) => scalar.Type;
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
