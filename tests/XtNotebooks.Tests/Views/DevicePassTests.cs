using TorchSharp;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <summary>How tensors of other devices are read, tried in main memory. It measures what the whole process needs, and so runs alone.</summary>
[CollectionDefinition(nameof(WholeProcess), DisableParallelization = true)]
public sealed class WholeProcess;

[Collection(nameof(WholeProcess))]
public sealed class DevicePassTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static TensorSummary Bare(Tensor x) => new()
    {
        Shape = x.shape, DType = "", Kind = TensorReading.Kind(x), Device = "cpu", Count = x.numel(), Bytes = x.numel() * x.element_size(),
    };

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.ComplexFloat32)]
    public void Read_in_slices_a_tensor_gives_what_one_pass_gives(ScalarType type)
    {
        manual_seed(3);
        var x = (randn(40, 25) * 3 + 1).to(type);
        var before = x.clone();
        x[3, 4] = float.NaN;
        x[39, 24] = float.PositiveInfinity;
        x[0, 0] = float.NegativeInfinity;
        foreach (var each in new[] { x, x.t(), x[.., 1..5], x[..1, ..1], x[0, 0].expand(5), x[7, 7].expand(5), before, zeros(7, dtype: type), full(3, float.NaN).to(type) })
        {
            var expected = TensorReading.Summarize(each);
            var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            var actual = DevicePass.Floats(Bare(each), each, slice: 30);
            Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            Assert.Equal((expected.Min, expected.Max, expected.NaNs, expected.PositiveInfinities, expected.NegativeInfinities),
                (actual.Min, actual.Max, actual.NaNs, actual.PositiveInfinities, actual.NegativeInfinities));
            Assert.Equal((expected.Mean is null, expected.Deviation is null), (actual.Mean is null, actual.Deviation is null));
            Assert.Equal(expected.Mean ?? 0, actual.Mean ?? 0, 1e-5);
            Assert.Equal(expected.Deviation ?? 0, actual.Deviation ?? 0, 1e-5);
            Assert.Equal(expected.Histogram, actual.Histogram);
        }
        // It works on copies.
        Assert.Equal((1, 1), (x.isnan().sum().item<long>(), TensorView.From(x).Summary.NaNs));
        Assert.True(before[7, 7].eq(x[7, 7]).item<bool>());
    }

    [Theory]
    [InlineData(1e4, 1)]
    [InlineData(0, 1e25)]
    public void A_mean_far_from_zero_and_squares_beyond_float32_do_not_harm_the_deviation(double mean, double deviation)
    {
        using var generator = new Generator(1);
        var x = randn([100, 100], dtype: float64, generator: generator).mul(deviation).add(mean).to(float32);
        Assert.Equal(1, DevicePass.Floats(Bare(x), x, slice: 999).Deviation!.Value / x.to(float64).std().item<double>(), 4);
    }

    [Theory]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void Whole_numbers_and_booleans_in_slices_too(ScalarType type)
    {
        using var generator = new Generator(3);
        var x = type == ScalarType.Int64 ? randint(long.MinValue / 2, long.MaxValue, [40, 25], int64, generator: generator).add(long.MaxValue / 4)
            : randint(type == ScalarType.Int16 ? -100 : 0, type == ScalarType.Bool ? 2 : 101, [40, 25], int64, generator: generator).to(type);
        foreach (var each in new[] { x, x.t(), x[3, 4].expand(7) })
        {
            var (expected, actual) = (TensorReading.Summarize(each), DevicePass.Wholes(Bare(each), each, slice: 30));
            Assert.Equal((expected.WholeMin, expected.WholeMax, expected.Mean), (actual.WholeMin, actual.WholeMax, actual.Mean));
            Assert.Equal(type == ScalarType.Bool, expected.Deviation is null && actual.Deviation is null);
            Assert.Equal(expected.Deviation ?? 0, actual.Deviation ?? 0, 1e-9 * (1 + expected.Deviation ?? 0));
        }
    }

    [Fact]
    public void A_histogram_is_counted_where_the_tensor_lies_and_its_elements_are_not_copied()
    {
        var x = linspace(-1, 1, 1 << 20);
        DevicePass.Floats(Bare(x), x);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var summary = DevicePass.Floats(Bare(x), x);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 17);
        Assert.Equal(1 << 20, summary.Histogram.Sum());
    }

    /// <summary>The peak of the process's memory, which Linux starts anew when 5 is written to clear_refs.</summary>
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Bool)]
    [InlineData(ScalarType.Int64)]
    public void A_large_tensor_with_NaN_in_it_is_read_without_temporaries_of_its_size(ScalarType type)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/proc/self/clear_refs"), "Linux alone tells a peak that can be started anew.");
        var whole = type is ScalarType.Bool or ScalarType.Int64;
        var x = ones((128 << 20) / zeros(1, dtype: type).element_size(), dtype: type);   // 128 MiB
        if (!whole)
            x[7] = float.NaN;
        void Read() => _ = whole ? DevicePass.Wholes(Bare(x), x) : DevicePass.Floats(Bare(x), x);
        Read();
        // What else the process does can only add to one of the peaks; its own temporaries are in each.
        Assert.InRange(Enumerable.Range(0, 3).Min(_ => Peak(Read)), -(64 << 10), 80 << 10);
    }

    private static long Peak(Action read)
    {
        File.WriteAllText("/proc/self/clear_refs", "5");
        var before = Kilobytes("VmRSS");
        read();
        return Kilobytes("VmHWM") - before;
    }

    private static long Kilobytes(string field) => long.Parse(File.ReadLines("/proc/self/status").Single(line => line.StartsWith(field + ":", StringComparison.Ordinal))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], System.Globalization.CultureInfo.InvariantCulture);
}
