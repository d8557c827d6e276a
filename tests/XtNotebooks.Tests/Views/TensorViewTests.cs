using TorchSharp;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

public sealed class TensorViewTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void One_line_tells_shape_type_range_mean_and_deviation()
    {
        var line = TensorView.From(tensor(new[] { 1f, 2f, 3f, 4f })).Summary.Line;
        Assert.Equal("tensor[4] f32 n=4 x∈[1, 4] μ=2.5 σ=1.291", line);
    }

    [Fact]
    public void The_text_of_a_small_tensor_holds_its_elements()
    {
        Assert.Equal("[[1, NaN], [-∞, 0.5]]", Values(tensor(new[,] { { 1f, float.NaN }, { float.NegativeInfinity, 0.5f } })));
        Assert.Equal("[9223372036854775807, -3]", Values(tensor(new[] { long.MaxValue, -3 })));
        Assert.Equal("[true, false]", Values(tensor(new[] { true, false })));
        Assert.Equal("[1-2i]", Values(tensor(new[] { new System.Numerics.Complex(1, -2) })));
        Assert.Equal("0.25", Values(tensor(0.25f)));
        Assert.Equal("[[[[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]]]]", Values(arange(10).view(1, 1, 1, 1, 10)));
        Assert.Null(Values(arange(11)));
        Assert.Null(Values(zeros(0, 3)));
        Assert.Null(Values(zeros(3, device: META)));

        static string? Values(Tensor x) => TensorView.From(x).ToText().Split('\n') is [_, var values, ""] ? values : null;
    }

    [Fact]
    public void Many_elements_get_a_spark_histogram_that_counts_every_one()
    {
        var summary = TensorView.From(linspace(-1, 1, 1200)).Summary;
        Assert.Equal(1200, summary.Histogram.Sum());
        Assert.All(summary.Histogram, n => Assert.InRange(n, 99, 101));
        Assert.Equal(12, summary.Spark.Length);
    }

    [Fact]
    public void The_key_of_colours_begins_at_zero_where_nothing_is_below_it()
    {
        Assert.Contains(">0 <span class=\"swatch z\">", TensorView.From(tensor(new[] { 0.25f, 0.75f })).ToHtml(), StringComparison.Ordinal);
        Assert.DoesNotContain("<span class=\"swatch n10\">", TensorView.From(tensor(new[] { 0.25f, 0.75f })).ToHtml(), StringComparison.Ordinal);
        Assert.Contains("<span class=\"swatch n10\">", TensorView.From(tensor(new[] { -0.25f, 0.75f })).ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Complex_tensors_are_coloured_by_magnitude_and_tell_both_parts()
    {
        var x = complex(tensor(new[] { 3f, 0f, -1f, 0f }, [2, 2]), tensor(new[] { 4f, -2f, 0f, 0f }, [2, 2]));
        var view = TensorView.From(x);
        Assert.Equal("tensor[2, 2] c64 n=4 |x|∈[0, 5] μ=2 σ=2.16", view.Summary.Line);
        Assert.Equal([3.0, 0, -1, 0], view.Values);
        Assert.Equal([4.0, -2, 0, 0], view.Imaginary);
        var html = view.ToHtml();
        SafeHtml.Check(html);
        Assert.Contains("data-d=\"magnitude 5\">3+4i", html, StringComparison.Ordinal);
        Assert.Contains(">0-2i", html, StringComparison.Ordinal);
        Assert.Equal(view.Imaginary.Select(v => -v), TensorView.From(x.conj()).Imaginary);
        var double_ = TensorView.From(x.to(ScalarType.ComplexFloat64).conj());
        Assert.Equal([-4.0, 2, 0, 0], double_.Imaginary);
        var large = TensorView.From(polar(ones(40, 60), rand(40, 60)));
        SafeHtml.Check(large.ToHtml());
        Assert.Contains("i, magnitude 1\"", large.ToHtml(), StringComparison.Ordinal);
        x[0, 0] = new System.Numerics.Complex(double.NaN, 1);
        Assert.EndsWith("⚠ 1 NaN", TensorView.From(x).Summary.Line, StringComparison.Ordinal);
        Assert.Contains("<td class=odd data-d=\"NaN+1i\">N", TensorView.From(x).ToHtml(), StringComparison.Ordinal);
        Assert.Empty(TensorView.From(zeros(2, 3, dtype: ScalarType.ComplexFloat32, device: META)).Values);
    }

    [Fact]
    public void NaN_and_infinities_are_counted_named_and_left_out_of_the_moments()
    {
        var view = Samples.Odd();
        Assert.Equal((1, 1, 1), (view.Summary.NaNs, view.Summary.PositiveInfinities, view.Summary.NegativeInfinities));
        Assert.Equal((-2, 1), (view.Summary.Min!.Value, view.Summary.Max!.Value));
        Assert.Equal(-1 / 6.0, view.Summary.Mean!.Value, 6);
        Assert.Contains("⚠ 1 NaN ⚠ 1 +∞ ⚠ 1 -∞", view.ToText(), StringComparison.Ordinal);
        Assert.Equal("tensor[3] f32 n=3 ⚠ 3 NaN", TensorView.From(full(3, float.NaN)).Summary.Line);
    }

    [Fact]
    public void All_zero_booleans_whole_numbers_empty_and_scalar_tensors_are_kinds_of_their_own()
    {
        Assert.Equal("tensor[2, 3] f32 n=6 ⚠ all zero", TensorView.From(zeros(2, 3)).Summary.Line);
        Assert.Equal("tensor[4] bool n=4 25 % true", TensorView.From(tensor(new[] { true, false, false, false })).Summary.Line);
        Assert.Equal("tensor[3] i64 n=3 x∈[1, 9] μ=4 σ=4.359", TensorView.From(tensor(new[] { 1L, 2, 9 })).Summary.Line);
        Assert.Equal("tensor[0, 4] f32 n=0", TensorView.From(zeros(0, 4)).Summary.Line);
        Assert.Equal("tensor[] f32 x∈[2, 2]", TensorView.From(tensor(2f)).Summary.Line);
        Assert.StartsWith("tensor[2] c64", TensorView.From(zeros(2, ScalarType.ComplexFloat32)).Summary.Line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Float64, "f64")]
    [InlineData(ScalarType.BFloat16, "bf16")]
    [InlineData(ScalarType.Float16, "f16")]
    public void Every_floating_type_is_read(ScalarType type, string name)
    {
        var summary = TensorView.From(tensor(new[] { 1f, 2f, 3f }).to(type)).Summary;
        Assert.Equal((name, 2.0, 1.0), (summary.DType, summary.Mean!.Value, summary.Deviation!.Value));
    }

    [Theory]
    [InlineData(0.5, 1)]
    [InlineData(1000, 1)]
    [InlineData(0, 1e25)]
    public void Moments_of_a_large_tensor_are_right_also_where_squares_would_round_or_overflow(double mean, double deviation)
    {
        using var generator = new Generator(1);
        var x = randn([1200, 1200], dtype: float64, generator: generator).mul(deviation).add(mean);
        var summary = TensorView.From(x.to(float32)).Summary;
        Assert.Equal(1, summary.Deviation!.Value / x.std().item<double>(), 4);
        Assert.Equal(0, (summary.Mean!.Value - x.mean().item<double>()) / deviation, 4);
    }

    [Fact]
    public void Gradients_and_permuted_dimensions_are_told()
    {
        var x = ones(2, 3, requires_grad: true);
        Assert.EndsWith("requires_grad", TensorView.From(x).Summary.Line, StringComparison.Ordinal);
        x.sum().backward();
        Assert.Contains("grad✓", TensorView.From(x).Summary.Line, StringComparison.Ordinal);
        Assert.Contains("strided", TensorView.From(ones(2, 3).t()).Summary.Line, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cells_hold_the_tensors_own_values_at_their_indices()
    {
        var x = arange(0, 2 * 3 * 4, ScalarType.Float32).reshape(2, 3, 4);
        Assert.Equal(Enumerable.Range(0, 24).Select(i => (double)i), TensorView.From(x).Values);

        var wide = arange(0, 100 * 200, ScalarType.Float32).reshape(100, 200);
        var view = TensorView.From(wide);
        var rows = view.Axes[0].Shown.OfType<int>().ToList();
        var columns = view.Axes[1].Shown.OfType<int>().ToList();
        Assert.Equal((24, 48), (rows.Count, columns.Count));
        Assert.Equal(rows.SelectMany(r => columns.Select(c => r * 200.0 + c)), view.Values);
        Assert.Equal((0, 99, 0, 199), (rows[0], rows[^1], columns[0], columns[^1]));
        Assert.Contains("1,152 of 20,000 elements are shown", view.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Values_beyond_three_deviations_are_marked_and_not_the_scale()
    {
        var x = zeros(40, 40);
        x[0, 0] = 100;
        x[0, 1] = -100;
        var view = TensorView.From(x);
        Assert.InRange(view.Scale, 3.5 * 3 * 0.9, 100 * 0.9);
        Assert.Contains("▴", view.ToHtml(), StringComparison.Ordinal);
        Assert.Contains("▾", view.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_view_keeps_its_numbers_when_the_tensor_is_gone()
    {
        TensorView view;
        using (var x = ones(3, 3))
            view = TensorView.From(x);
        Assert.Contains("tensor[3, 3]", view.ToHtml(), StringComparison.Ordinal);
        var gone = ones(1);
        gone.Dispose();
        Assert.StartsWith("This tensor was disposed of", Assert.Throws<ArgumentException>(() => TensorView.From(gone)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_of_any_rank_and_size_stay_under_200_kB_and_leak_nothing()
    {
        foreach (var shape in new long[][] { [], [1], [5000], [300, 300], [8, 40, 40], [8, 8, 64, 64], [4, 4, 4, 4, 4], [2, 2, 2, 2, 2, 2, 2], [2, 2, 2, 2, 2, 2, 2, 2, 2, 20, 30], [9, 9, 40, 40] })
        {
            var x = randn(shape);
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            SafeHtml.Check(TensorView.From(x).ToHtml());
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    [Fact]
    public void Labels_cannot_break_out_of_the_page()
    {
        var view = TensorView.From(ones(1, 2), new()
        {
            Title = SafeHtml.Attack,
            AxisNames = [SafeHtml.Attack, SafeHtml.Attack],
            AxisLabels = new Dictionary<int, IReadOnlyList<string>> { [1] = [SafeHtml.Attack, SafeHtml.Attack] },
        });
        SafeHtml.Check(view.ToHtml());
        Assert.Throws<ArgumentException>(() => TensorView.From(ones(1, 2), new() { AxisNames = ["a"] }));
        Assert.Throws<ArgumentException>(() => TensorView.From(ones(1, 2), new() { AxisLabels = new Dictionary<int, IReadOnlyList<string>> { [1] = ["a"] } }));
    }

    [Fact]
    public void Looks_as_expected()
    {
        Snapshot.Matches(Samples.Odd().ToHtml(), "tensor-odd.html");
        Snapshot.Matches(Samples.Numbers(2, 3, 4, 5).ToHtml(), "tensor-facets.html");
    }

    [Fact]
    public void The_notebook_shows_tensors_and_disposed_ones_in_words()
    {
        var notebook = new RecordingNotebook();
        TensorView.Register(notebook);
        Assert.Contains("tensor[2]", notebook.Formatters[(typeof(Tensor), "text/html")](ones(2)), StringComparison.Ordinal);
        var gone = ones(1);
        gone.Dispose();
        Assert.Equal("a tensor that was disposed of", notebook.Formatters[(typeof(Tensor), "text/plain")](gone));
        Assert.Null(notebook.Formatters[(typeof(Tensor), "text/html")](gone));
    }

    [Fact]
    public void Text_and_page_of_one_output_share_one_reading_and_the_next_output_reads_anew()
    {
        var notebook = new RecordingNotebook();
        TensorView.Register(notebook);
        var (html, text) = (notebook.Formatters[(typeof(Tensor), "text/html")], notebook.Formatters[(typeof(Tensor), "text/plain")]);
        var x = ones(4);
        html(x);
        x.fill_(2);
        Assert.Contains("x∈[1, 1]", text(x), StringComparison.Ordinal);
        Assert.Contains("x∈[2, 2]", text(x), StringComparison.Ordinal);
        html(x);
        Assert.EndsWith("x∈[1, 3] μ=2 σ=1.414\n[1, 3]", text(tensor(new[] { 1f, 3f })), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void A_large_tensor_of_odd_strides_with_NaN_and_infinities_is_read_as_torch_reads_its_finite_elements(ScalarType type)
    {
        using var generator = new Generator(2);
        var whole = randn([1300, 2, 1001], generator: generator).mul(3).add(5).to(type);
        whole[7, 1, 4] = float.NaN;
        whole[8, 1, 1000] = float.PositiveInfinity;
        whole[9, 1, 0] = float.NegativeInfinity;
        foreach (var x in new[] { whole, whole.permute(2, 0, 1), whole.select(1, 1).t(), whole.slice(2, 0, 1001, 3), whole.unsqueeze(0).expand(3, -1, -1, -1) })
        {
            var s = TensorView.From(x).Summary;
            var finite = x.to(float64).masked_select(x.isfinite());
            Assert.Equal((x.isnan().sum().item<long>(), x.numel() - finite.numel()), (s.NaNs, s.NaNs + s.PositiveInfinities + s.NegativeInfinities));
            Assert.Equal((finite.min().item<double>(), finite.max().item<double>()), (s.Min!.Value, s.Max!.Value));
            Assert.Equal(finite.mean().item<double>(), s.Mean!.Value, 9);
            Assert.Equal(finite.std().item<double>(), s.Deviation!.Value, 9);
            Assert.Equal(s.HistogramOver, s.Histogram.Sum());
            Assert.InRange(s.HistogramOver, 400_000, 1 << 20);
        }
    }

    [Theory]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Byte)]
    public void Whole_numbers_of_every_width_are_read_as_torch_reads_them(ScalarType type)
    {
        using var generator = new Generator(3);
        var x = randint(type == ScalarType.Byte ? 0 : -100, 101, [1111, 1009], int64, generator: generator).to(type);
        foreach (var part in new[] { x, x.t(), x.slice(1, 0, 1009, 2), x[0, 0] })
        {
            var s = TensorView.From(part).Summary;
            Assert.Equal((part.min().to(int64).item<long>(), part.max().to(int64).item<long>()), (s.Min!.Value, s.Max!.Value));
            Assert.Equal(part.to(float64).mean().item<double>(), s.Mean!.Value, 9);
        }
        var yes = x.gt(0);
        Assert.Equal(yes.to(float64).mean().item<double>(), TensorView.From(yes.t()).Summary.Mean!.Value, 9);
    }

    [Fact]
    public void Every_half_precision_number_is_read_exactly()
    {
        ushort[] bits = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        foreach (var type in new[] { ScalarType.Float16, ScalarType.BFloat16 })
        {
            var x = empty(65536, dtype: type);
            x.bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(bits.AsSpan());
            foreach (var part in new[] { x, x.slice(0, 0, 1024, 1), x.slice(0, 1, 30, 1) })
            {
                var s = TensorView.From(part).Summary;
                var finite = part.to(float64).masked_select(part.isfinite());
                Assert.Equal((finite.min().item<double>(), finite.max().item<double>()), (s.Min!.Value, s.Max!.Value));
                Assert.Equal(part.isnan().sum().item<long>(), s.NaNs);
                Assert.Equal(1, (s.Deviation!.Value) / finite.std().item<double>(), 9);
            }
        }
    }

    [Fact]
    public void The_sampled_histogram_of_a_large_matrix_does_not_read_a_single_column()
    {
        var x = arange(0, 256, ScalarType.Float32).repeat(16_384, 1);
        var s = TensorView.From(x).Summary;
        Assert.Equal(12, s.Histogram.Count);
        Assert.All(s.Histogram, n => Assert.InRange(n, s.HistogramOver / 14.0, s.HistogramOver / 10.0));
    }

    [Fact]
    public void Large_whole_numbers_are_told_to_the_last_digit_and_their_mean_does_not_overflow()
    {
        Assert.Equal("tensor[2] i64 n=2 x∈[9223372036854775807, 9223372036854775807] μ=9.223e18 σ=0",
            TensorView.From(tensor(new[] { long.MaxValue, long.MaxValue })).Summary.Line);
        Assert.Contains("x∈[-12345, 9007199254740993]", TensorView.From(tensor(new[] { -12345, 9007199254740993 })).Summary.Line, StringComparison.Ordinal);
    }

    [Fact]
    public void Whole_numbers_of_more_digits_than_a_double_has_stand_in_the_cells_as_they_are()
    {
        var html = TensorView.From(tensor(new[] { 9007199254740993, -1234567890123456789 })).ToHtml();
        Assert.Contains(">9007199254740993", html, StringComparison.Ordinal);
        Assert.Contains(">-1234567890123456789", html, StringComparison.Ordinal);
        Assert.Contains("data-d=9007199254740993>", TensorView.From(tensor(Enumerable.Repeat(9007199254740993, 400).ToArray(), [20, 20])).ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Sparse_tensors_and_those_of_the_meta_device_are_told_in_the_line_alone()
    {
        Assert.Equal("tensor[2, 3] f32 n=6 meta", TensorView.From(zeros(2, 3, device: META)).Summary.Line);
        var sparse = TensorView.From(sparse_coo_tensor(tensor(new long[,] { { 0, 1 }, { 2, 0 } }), ones(2), [2, 3]));
        Assert.Equal("tensor[2, 3] f32 n=6 sparse", sparse.Summary.Line);
        Assert.Empty(sparse.Values);
        SafeHtml.Check(sparse.ToHtml());
    }
}
