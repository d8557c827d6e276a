using TorchSharp;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <summary>What a tensor's view marks and warns of, and what it says that it shows.</summary>
public sealed class TensorMarksTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private const string Legend = "▴ ▾ more than three deviations above or below the mean, or beyond where colours are full";

    [Fact]
    public void A_written_cell_beyond_three_deviations_bears_the_sign_beside_its_number()
    {
        var x = zeros(10, 10);
        x[4, 4] = 50;
        var html = TensorView.From(x).ToHtml();
        Assert.Contains(">50 ▴", html, StringComparison.Ordinal);
        Assert.Contains(Legend, html, StringComparison.Ordinal);
        Assert.Contains(">-50 ▾", TensorView.From(-x).ToHtml(), StringComparison.Ordinal);
        Assert.Contains("beyond 3σ\">50+0i ▴", TensorView.From(complex(x, zeros(10, 10))).ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Values_are_marked_by_their_distance_from_the_mean_also_where_that_is_far_from_zero()
    {
        using var generator = new Generator(4);
        var x = randn([10, 10], generator: generator).clamp(-2, 2).mul(1.1).add(10);
        Assert.DoesNotContain("▴", TensorView.From(x).ToHtml(), StringComparison.Ordinal);
        (x[0, 0], x[0, 1]) = (25, 2);
        var view = TensorView.From(x);
        Assert.True(view.Scale > 25 - 1e-3, "Full colour is beyond both.");
        Assert.Contains(">25 ▴", view.ToHtml(), StringComparison.Ordinal);
        Assert.Contains(">2 ▾", view.ToHtml(), StringComparison.Ordinal);
        // In cells too small for numbers alike.
        var large = x.repeat(4, 4);
        Assert.Contains("data-d=25>▴", TensorView.From(large).ToHtml(), StringComparison.Ordinal);
        Assert.Contains("data-d=2>▾", TensorView.From(large).ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Signs_are_explained_where_there_are_any_and_equal_numbers_bear_none()
    {
        foreach (var plain in new[] { full(10, 10, 0.1f), linspace(-1, 1, 100).reshape(10, 10), ones(1, 1) })
            Assert.DoesNotContain("▴", TensorView.From(plain).ToHtml(), StringComparison.Ordinal);
        var hidden = zeros(60, 100);
        hidden[30, 50] = 9;
        Assert.DoesNotContain("▴", TensorView.From(hidden).ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void All_zero_is_a_warning()
    {
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Int64, ScalarType.ComplexFloat32 })
        {
            var summary = TensorView.From(zeros(2, 3, dtype: type)).Summary;
            Assert.Equal(["all zero"], summary.Warnings);
            Assert.EndsWith(" ⚠ all zero", summary.Line, StringComparison.Ordinal);
        }
        var scalar = TensorView.From(tensor(0f)).Summary;
        Assert.Equal(("tensor[] f32 x∈[0, 0]", 0), (scalar.Line, scalar.Warnings.Count));
        Assert.Empty(TensorView.From(zeros(0, 3)).Summary.Warnings);
    }

    [Fact]
    public void Deep_nesting_keeps_first_and_last_and_names_the_axes_of_which_only_the_first_index_is_shown()
    {
        var five = TensorView.From(arange(0, 243, ScalarType.Float32).reshape(3, 3, 3, 3, 3));
        Assert.All(five.Axes, axis => Assert.Equal((0, 2), (axis.Shown[0], axis.Shown[^1])));
        Assert.Contains("elements are shown, the corners of each axis;", five.ToHtml(), StringComparison.Ordinal);
        Assert.Contains(242, five.Values);

        var eight = TensorView.From(randn([3, 3, 3, 3, 3, 3, 3, 3]));
        Assert.Equal([0, null], eight.Axes[0].Shown);
        Assert.Contains("elements are shown, the first index of dim 0 and the corners of the other axes;", eight.ToHtml(), StringComparison.Ordinal);
        Assert.All(eight.Axes.Skip(1), axis => Assert.Equal((0, 2), (axis.Shown[0], axis.Shown[^1])));
    }
}
