using TorchSharp;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <summary>The deviation of whole numbers, of every width, size and distance from zero.</summary>
public sealed class WholeNumberTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static TensorSummary Read(Tensor x) => TensorView.From(x).Summary;

    private static TensorSummary OnDevice(Tensor x) => DevicePass.Wholes(Read(x) with { Mean = null, Deviation = null }, x, slice: 5000);

    [Fact]
    public void The_line_tells_their_mean_and_deviation_as_that_of_floats_does()
    {
        Assert.Equal("tensor[3] i64 n=3 x∈[1, 9] μ=4 σ=4.359", Read(tensor(new[] { 1L, 2, 9 })).Line);
        Assert.Equal("tensor[4] u8 n=4 x∈[7, 7] μ=7 σ=0", Read(full([4], 7, dtype: uint8)).Line);
        Assert.Equal("tensor[] i64 x∈[5, 5]", Read(tensor(5L)).Line);
        Assert.Equal("tensor[1] i32 n=1 x∈[5, 5]", Read(tensor(new[] { 5 })).Line);
        Assert.Null(Read(tensor(new[] { true, false })).Deviation);
        Assert.Null(OnDevice(tensor(new[] { true, false })).Deviation);
    }

    [Theory]
    [InlineData(ScalarType.Int64, long.MinValue, long.MaxValue)]
    [InlineData(ScalarType.Int64, -3, 1L << 40)]
    [InlineData(ScalarType.Int32, int.MinValue, int.MaxValue)]
    [InlineData(ScalarType.Int32, 0, 50_000)]
    [InlineData(ScalarType.Int16, short.MinValue, short.MaxValue)]
    [InlineData(ScalarType.Int8, sbyte.MinValue, sbyte.MaxValue)]
    [InlineData(ScalarType.Byte, byte.MinValue, byte.MaxValue)]
    public void Numbers_of_the_whole_range_deviate_as_torch_says_in_double_precision(ScalarType type, long low, long high)
    {
        using var generator = new Generator(3);
        // 1,130,000 of them: more than a piece, and no multiple of a vector.
        var x = rand([1130, 1001], dtype: float64, generator: generator).mul((double)high - low).mul(0.999).add(low).to(int64).to(type);
        (x[0, 0], x[0, 1]) = (tensor(low).to(type), tensor(high).to(type));
        foreach (var part in new[] { x, x.t(), x.slice(1, 0, 1001, 3), x[.., 5], x[0, ..3], x[0, 0].expand(9) })
        {
            var wide = part.to(float64);
            var (expected, mean) = (wide.std().item<double>(), wide.mean().item<double>());
            foreach (var s in new[] { Read(part), OnDevice(part) })
            {
                Assert.Equal((part.min().to(int64).item<long>(), part.max().to(int64).item<long>()), (s.WholeMin!.Value, s.WholeMax!.Value));
                Assert.Equal(expected, s.Deviation!.Value, 1e-9 * Math.Max(1, expected));
                Assert.Equal(mean, s.Mean!.Value, 1e-9 * Math.Max(1, expected));
            }
        }
    }

    [Theory]
    [InlineData(1L << 62)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue - 9)]
    public void Numbers_of_more_digits_than_a_double_has_keep_their_small_deviation(long far)
    {
        using var generator = new Generator(4);
        var small = randint(0, 10, [1100, 1000], int64, generator: generator);
        var expected = small.to(float64).std().item<double>();
        var x = small + far;
        Assert.Equal(expected, Read(x).Deviation!.Value, 1e-9);
        Assert.Equal(expected, OnDevice(x).Deviation!.Value, 1e-9);
    }

    [Fact]
    public void One_far_number_among_near_ones_is_found_wherever_it_stands()
    {
        foreach (var far in new[] { 1L << 41, -(1L << 42), long.MaxValue, long.MinValue })
        {
            foreach (var place in new[] { 0, 4, 4095, 6000, 6002 })
            {
                var x = arange(0, 6003, int64);
                x[place] = tensor(far);
                var (s, wide) = (Read(x), x.to(float64));
                Assert.Equal((x.min().item<long>(), x.max().item<long>()), (s.WholeMin!.Value, s.WholeMax!.Value));
                Assert.Equal(1, s.Deviation!.Value / wide.std().item<double>(), 1e-9);
                Assert.Equal(1, s.Mean!.Value / wide.mean().item<double>(), 1e-9);
            }
        }
    }

    [Fact]
    public void The_two_ends_of_the_range_do_not_overflow()
    {
        var ends = tensor(new[] { long.MinValue, long.MaxValue });
        Assert.Equal("tensor[2] i64 n=2 x∈[-9223372036854775808, 9223372036854775807] μ=-0.5 σ=1.304e19", Read(ends).Line);
        Assert.Equal(Math.Sqrt(2) * Math.Pow(2, 63), OnDevice(ends).Deviation!.Value, 1e8);
    }

    [Fact]
    public void No_id_is_marked_as_an_outlier_and_the_largest_has_the_fullest_colour()
    {
        var x = zeros(10, 10, dtype: int64);
        (x[4, 4], x[9, 9]) = (50, 20);
        var view = TensorView.From(x);
        Assert.Equal(50, view.Scale);
        Assert.DoesNotContain("▴", view.ToHtml(), StringComparison.Ordinal);
        Assert.DoesNotContain("3σ", view.ToHtml(), StringComparison.Ordinal);
    }
}
