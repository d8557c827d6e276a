using System.Text.Json;
using System.Text.RegularExpressions;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.Views;

public sealed class ChartSmoothingTests
{
    private static double[] Steps(int count) => [.. Enumerable.Range(1, count).Select(i => (double)i)];

    /// <summary>A loss that falls all the time, and every second batch is harder.</summary>
    private static double[] Falling(int count, double noise = 0.1) => [.. Steps(count).Select(i => Trend(i) + noise * (i % 2 == 0 ? 1 : -1))];

    private static double Trend(double step) => 1 + 2.5 * Math.Exp(-step / 45);

    private static double[] Smooth(double[] y, int window = 20) => [.. ChartLine.Smoothed("a", Steps(y.Length), y, 0, window).Y];

    [Fact]
    public void The_raw_values_the_first_value_and_gaps_stay()
    {
        var line = ChartLine.Smoothed("a", [0, 1, 2, 3, 4, 5], [4, 2, double.NaN, 6, 1, 3], 0, window: 3);
        Assert.Equal([4, 2, double.NaN, 6, 1, 3], line.Raw!);
        Assert.Equal(new[] { 4, 2, double.NaN, 6, 3.333333, 1.833333 }, line.Y.Select(y => Math.Round(y, 6)));
        Assert.Null(ChartLine.Smoothed("a", [0], [1], 0, window: 1).Raw);
        Assert.Throws<ArgumentException>(() => ChartLine.Smoothed("a", [0, 1], [1], 0, 5));
    }

    [Fact]
    public void Inside_it_is_the_mean_of_the_points_around()
    {
        var y = Falling(60);
        var smooth = Smooth(y);
        for (var i = 20; i < 50; i++)
            Assert.Equal(y[(i - 10)..(i + 11)].Average(), smooth[i], 9);
    }

    [Fact]
    public void What_falls_evenly_stays_as_it_is_up_to_both_ends()
    {
        double[] y = [.. Steps(50).Select(i => 4 - 0.03 * i)];
        Assert.All(y.Zip(Smooth(y)), pair => Assert.Equal(pair.First, pair.Second, 9));
    }

    [Theory]
    [InlineData(30)]
    [InlineData(60)]
    [InlineData(120)]
    public void A_loss_that_falls_to_the_end_falls_to_the_end_when_smoothed_and_ends_where_it_does(int steps)
    {
        var smooth = Smooth(Falling(steps, noise: 0.05));
        // From one easy batch to the next.
        for (var i = steps - 8; i < steps; i++)
            Assert.True(smooth[i] < smooth[i - 2], $"{smooth[i]} after {smooth[i - 2]} at {i}");
        Assert.InRange(smooth[^1] - Trend(steps), -0.05, 0.05);
    }

    [Fact]
    public void It_is_not_behind_where_the_loss_falls_steeply()
    {
        double[] y = [.. Steps(60).Select(i => 0.1 + 3.4 * Math.Exp(-i / 8))];
        Assert.All(y.Zip(Smooth(y)).Skip(20), pair => Assert.InRange(pair.Second - pair.First, -0.01, 0.1));
    }

    [Fact]
    public void Later_points_change_what_lies_within_half_a_window_of_the_end_and_that_by_less_than_the_noise()
    {
        var all = Falling(200);
        for (var count = 60; count < 200; count++)
        {
            var (before, after) = (Smooth(all[..count]), Smooth(all));
            Assert.Equal(before[..(count - 10)], after[..(count - 10)]);
            Assert.All(before.Zip(after), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.1));
        }
    }

    [Fact]
    public void A_short_line_is_smoothed_over_a_third_of_it_at_most()
    {
        double[] y = [.. Steps(12).Select(i => 3.4 * Math.Exp(-i / 4))];
        Assert.All(y.Zip(Smooth(y)), pair => Assert.InRange(pair.Second - pair.First, -0.06, 0.25));
        Assert.Equal(y[..5], Smooth(y[..5]));
    }

    [Fact]
    public void A_spike_near_the_end_does_not_push_the_line_below_everything_measured()
    {
        double[] y = [.. Enumerable.Repeat(0.2, 40)];
        y[29] = 10;
        Assert.All(Smooth(y), value => Assert.InRange(value, 0.2 - 1e-12, 10));
    }

    [Fact]
    public void The_figures_of_both_libraries_and_the_picture_draw_the_same_smoothed_values()
    {
        var chart = Samples.Run("run", 60, 0.87, 1.46, 0.13).ToChart();
        var (plotly, xplot) = (Curve(chart.ToPlotly().ToView().FigureJson), Curve(chart.ToXPlot().ToView().FigureJson));
        var line = chart.Panels[0].Lines[1];
        Assert.Equal(("real tokens", 60), (line.Name, plotly.Count));
        Assert.All(line.Y.Zip(plotly, xplot), y => Assert.True(Math.Abs(y.First - y.Second) < 1e-5 && Math.Abs(y.First - y.Third) < 1e-5));
        // Heights in the picture: from the first to the last point as far as from the first to the last value.
        var path = Regex.Match(chart.ToSvg(), "class=\"l s0[^\"]*\" d=\"([^\"]+)\"").Groups[1].Value;
        var heights = Regex.Matches(path, @"[ML][\d.]+ ([\d.]+)").Select(m => double.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        var scale = (heights[^1] - heights[0]) / (line.Y[0] - line.Y[^1]);
        Assert.All(line.Y.Zip(heights), y => Assert.InRange(heights[0] + (line.Y[0] - y.First) * scale - y.Second, -0.15, 0.15));

        static List<double> Curve(string json)
        {
            using var figure = JsonDocument.Parse(json);
            return [.. figure.RootElement.GetProperty("data").EnumerateArray().First(trace => trace.GetProperty("name").GetString() == "real tokens")
                .GetProperty("y").EnumerateArray().Select(y => y.GetDouble())];
        }
    }
}
