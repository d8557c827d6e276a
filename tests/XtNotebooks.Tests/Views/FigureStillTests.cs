using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.Views;

public sealed class FigureStillTests
{
    private static readonly XNamespace svg = "http://www.w3.org/2000/svg";

    private static (List<XElement> Pictures, string Text) Read(string json)
    {
        var html = new FigureView(json).ToHtml(new Html(""));
        SafeHtml.Check(html);
        return ([.. Regex.Matches(html, "src=\"data:image/svg\\+xml;base64,([^\"]+)\"").Select(match => XElement.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(match.Groups[1].Value))))],
            SafeHtml.WithoutScripts(html));
    }

    private static List<string> Texts(XElement picture, string kind, string? anchor = null) =>
        [.. picture.Elements(svg + "text").Where(text => (string?)text.Attribute("class") == kind && (anchor is null || (string?)text.Attribute("text-anchor") == anchor)).Select(text => text.Value)];

    private static List<string> Paths(XElement picture, string kind) =>
        [.. picture.Descendants(svg + "path").Where(path => ((string?)path.Attribute("class") ?? "").StartsWith(kind, StringComparison.Ordinal)).Select(path => (string)path.Attribute("d")!)];

    private static double[] Scale(XElement picture) => [.. Texts(picture, "tick", "end").Select(text => double.Parse(text, CultureInfo.InvariantCulture))];

    [Fact]
    public void The_losses_of_a_run_have_a_scale_of_their_own_in_both_libraries()
    {
        var run = Samples.Run("run", 60, 1.29, 1.46, 0.13);
        var (plotly, _) = Read(run.ToPlotly().ToView().FigureJson);
        Assert.Equal(2, plotly.Count);
        Assert.All(Scale(plotly[0]), tick => Assert.InRange(tick, 0, 5));
        Assert.Equal(["nats", "before clipping", "tokens/s", "MiB, of the process"], Texts(plotly[0], "tick").Concat(Texts(plotly[1], "tick")).Where(text => text is not ("" or "step") && char.IsAsciiLetter(text[0])));
        Assert.Equal(3, Paths(plotly[0], "raw").Count);
        Assert.Equal(4, Paths(plotly[0], "l s").Count);
        Assert.StartsWith("0.001", Assert.Single(Texts(plotly[1], "label"), label => label.StartsWith("0.0", StringComparison.Ordinal)), StringComparison.Ordinal);

        var (xplot, text) = Read(run.ToXPlot().ToView().FigureJson);
        Assert.All(Scale(Assert.Single(xplot)), tick => Assert.InRange(tick, 0, 5));
        Assert.Equal(4, Paths(xplot[0], "l s").Count);
        Assert.Contains("Not in the picture: Learning rate, Gradient norm, before clipping, Speed, tokens/s, Memory, MiB, of the process (to be shown by a click in the legend).", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_runs_report_and_what_real_tokens_cost_stand_in_two_panels_of_one_scale()
    {
        foreach (var json in new[] { Samples.Comparison(60).ToPlotly().ToView().FigureJson, Samples.Comparison(60).ToXPlot().ToView().FigureJson })
        {
            var picture = Assert.Single(Read(json).Pictures);
            Assert.Equal(2, picture.Elements(svg + "clipPath").Count());
            Assert.Contains(picture.Elements(svg + "text"), text => text.Value.StartsWith("What is reported", StringComparison.Ordinal));
            Assert.Contains(picture.Elements(svg + "text"), text => text.Value.StartsWith("Real tokens only", StringComparison.Ordinal));
            var ticks = Scale(picture);
            Assert.Equal(ticks[..(ticks.Length / 2)], ticks[(ticks.Length / 2)..]);
            Assert.Equal(6, Paths(picture, "l s").Count);
            Assert.Equal(2, Texts(picture, "label").Count(label => Regex.IsMatch(label, @"^manual \d\.\d\d$")));
        }
    }

    [Fact]
    public void Every_vertical_axis_has_a_panel_even_where_one_lies_over_another()
    {
        var (pictures, text) = Read("""
            {"data":[{"name":"loss","y":[1,2,3]},{"name":"rate","y":[1000,2000,3000],"yaxis":"y2"},{"name":"hidden","y":[9e9],"visible":false}],
             "layout":{"title":{"text":"Both"},"yaxis":{"title":"nats"},"yaxis2":{"title":{"text":"tokens"},"overlaying":"y","side":"right"}}}
            """);
        var picture = Assert.Single(pictures);
        Assert.Equal(["Both"], Texts(picture, "title").Where(title => title.Length > 0));
        Assert.Contains("nats", Texts(picture, "tick"));
        Assert.Contains("tokens", Texts(picture, "tick"));
        Assert.Equal([1, 1.5, 2, 2.5, 3, 1000, 1500, 2000, 2500, 3000], Scale(picture));
        Assert.Contains("Not in the picture: hidden (switched off).", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("markers", 0, 1)]
    [InlineData("lines", 1, 0)]
    [InlineData("lines+markers", 1, 1)]
    public void Markers_stay_markers(string mode, int lines, int markers)
    {
        var picture = Assert.Single(Read($$"""{"data":[{"mode":"{{mode}}","x":[3,1,2],"y":[1,null,3]}]}""").Pictures);
        Assert.Equal(lines, Paths(picture, "l s").Count);
        var dots = Paths(picture, "m s").Where(path => path.Contains('M', StringComparison.Ordinal) && path.Count(c => c == 'M') > 1).ToList();
        Assert.Equal(markers, dots.Count);
        Assert.All(dots, path => Assert.Equal(2, path.Count(c => c == 'M')));
    }

    [Fact]
    public void Lines_beyond_twelve_are_told()
    {
        var (pictures, text) = Read($$"""{"data":[{{string.Join(',', Enumerable.Range(1, 15).Select(i => $$"""{"name":"n{{i}}","mode":"lines","y":[{{i}},2]}"""))}}]}""");
        Assert.Equal(12, Paths(Assert.Single(pictures), "l s").Count);
        Assert.Contains("Not in the picture: n13, n14, n15 (beyond 12 in a panel).", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Bars_rise_from_zero_side_by_side_or_on_each_other()
    {
        const string Data = """{"data":[{"type":"bar","name":"a","x":["one","two"],"y":[1,2]},{"type":"bar","name":"b","x":["one","two"],"y":[10,-3]},{"type":"pie","name":"c"}],"layout":{"barmode":"MODE"}}""";
        var (group, text) = Read(Data.Replace("MODE", "group", StringComparison.Ordinal));
        Assert.Equal([-5, 0, 5, 10], Scale(group[0]));
        Assert.Equal(2, Paths(group[0], "b f").Count);
        Assert.All(Paths(group[0], "b f"), path => Assert.Equal(2, path.Count(c => c == 'z')));
        Assert.Equal(["one", "two"], Texts(group[0], "tick", "middle").Where(tick => tick.Length > 0));
        Assert.Equal(["a", "b"], Texts(group[0], "label"));
        Assert.Contains("Not in the picture: c (pie).", text, StringComparison.Ordinal);
        Assert.Equal(15, Scale(Read(Data.Replace("MODE", "stack", StringComparison.Ordinal)).Pictures[0]).Max());
        var lying = Read("""{"data":[{"type":"bar","orientation":"h","x":[5,7],"y":["one","two"]}]}""").Pictures[0];
        Assert.Equal(["one", "two"], Texts(lying, "tick", "end"));
        Assert.Contains("0", Texts(lying, "tick", "middle"));
    }

    [Fact]
    public void Histograms_count_their_values()
    {
        var numbers = Read("""{"data":[{"type":"histogram","x":[0.5,1.5,1.6,1.7,3.5],"xbins":{"start":0,"end":4,"size":1}}]}""").Pictures[0];
        Assert.Equal(3, Assert.Single(Paths(numbers, "b f")).Count(c => c == 'z'));
        Assert.Equal(3, Scale(numbers).Max());
        var words = Read("""{"data":[{"type":"histogram","x":["a","b","a"],"histnorm":"percent"}]}""").Pictures[0];
        Assert.Equal(["a", "b"], Texts(words, "tick", "middle").Where(tick => tick.Length > 0));
        Assert.InRange(Scale(words).Max(), 66, 80);
        Assert.Contains("(histogram of a sum)", Read("""{"data":[{"type":"histogram","x":["a"],"y":[1],"histfunc":"sum"},{"y":[1,2]}]}""").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Heatmaps_keep_their_cells_and_say_what_their_colours_mean()
    {
        var small = Read("""{"data":[{"type":"heatmap","x":["a","b"],"y":["p","q"],"z":[[0,1],[null,4]]}],"layout":{"yaxis":{"autorange":"reversed"}}}""").Pictures[0];
        var cells = small.Descendants(svg + "path").Where(path => (string?)path.Attribute("shape-rendering") == "crispEdges").ToList();
        Assert.Equal(3, cells.Select(path => (string)path.Attribute("fill")!).Distinct().Count());
        Assert.Contains("4.00", Texts(small, "tick"));
        Assert.Equal(["p", "q"], small.Elements(svg + "text").Where(text => text.Value is "p" or "q").OrderBy(text => (double)text.Attribute("y")!).Select(text => text.Value));
        var (large, told) = Read($$"""{"data":[{"type":"heatmap","name":"map","z":[{{string.Join(',', Enumerable.Range(0, 100).Select(i => $"[{string.Join(',', Enumerable.Range(0, 60).Select(j => i * j))}]"))}}]}]}""");
        Assert.Contains("map: each of the picture’s 34 × 30 cells is the mean of 3 × 2.", told, StringComparison.Ordinal);
        Assert.Equal(34 * 30, Assert.Single(large).Descendants(svg + "path").Where(path => path.Attribute("shape-rendering") is not null).Sum(path => ((string)path.Attribute("d")!).Count(c => c == 'z')));
    }

    [Fact]
    public void Axes_of_dates_and_logarithms_keep_their_distances()
    {
        var dates = Read("""{"data":[{"mode":"markers","x":["2026-01-01","2026-01-02","2026-01-11"],"y":[1,10,100]}],"layout":{"yaxis":{"type":"log"}}}""").Pictures[0];
        var at = Regex.Matches(Paths(dates, "m s").Single(path => path.Count(c => c == 'M') == 3), @"M([\d.]+) ([\d.]+)").Select(match => (X: Number(match, 1), Y: Number(match, 2))).ToList();
        Assert.Equal(9, (at[2].X - at[1].X) / (at[1].X - at[0].X), 0.1);
        Assert.Equal(1, (at[2].Y - at[1].Y) / (at[1].Y - at[0].Y), 0.1);
        Assert.Equal(["1", "10", "100"], Texts(dates, "tick", "end"));
        Assert.Contains("2026-01-", Texts(dates, "tick", "middle")[0], StringComparison.Ordinal);

        static double Number(Match match, int group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void A_line_of_many_points_keeps_its_highest_and_its_lowest()
    {
        var y = Enumerable.Range(0, 5000).Select(i => i == 3333 ? 100 : i == 1234 ? -100 : 0);
        var path = Assert.Single(Paths(Read($$"""{"data":[{"y":[{{string.Join(',', y)}}]}]}""").Pictures[0], "l s"));
        Assert.InRange(path.Count(c => c is 'M' or 'L'), 100, 500);
        Assert.Equal(3, Regex.Matches(path, @"[ML][\d.]+ ([\d.]+)").Select(match => match.Groups[1].Value).Distinct().Count());
    }

    [Theory]
    [InlineData("""{"data":[{"y":[1e308,-1e308,5]}]}""")]
    [InlineData("""{"data":[{"y":["NaN",1,"Infinity"],"x":[0,1]}]}""")]
    [InlineData("""{"data":[{"type":"bar","x":[1],"y":[0]}],"layout":{"yaxis":{"range":[1,1]}}}""")]
    [InlineData("""{"data":[{"type":"bar","y":[1,2]}],"layout":{"yaxis":{"range":[5,1]},"xaxis":{"range":[1e300,2]}}}""")]
    [InlineData("""{"data":[{"type":"heatmap","z":[[1,2],[3]],"x":[1],"y":["a",2,3]},{"y":[1,2]}]}""")]
    [InlineData("""{"data":[{"type":"heatmap","z":[[null]]},{"type":"heatmap","z":[1,[]]},{"type":"heatmap"}]}""")]
    [InlineData("""{"data":[{"type":"histogram","x":[]},{"type":"histogram","y":[1,1]},{"type":"histogram","x":[1e-300,3],"xbins":{"size":1e-9}}]}""")]
    [InlineData("""{"data":[{"type":"bar","x":[1],"y":[5],"base":[null]},{"y":[-1,0],"x":[1,2]}],"layout":{"yaxis":{"type":"log"}}}""")]
    [InlineData("""{"data":[{"name":"</text><script>&amp;\u0001","x":["<b>","2026-99-99"],"y":[1,2]}],"layout":{"title":"</svg>"}}""")]
    [InlineData("""{"data":[{"name":5,"x":5,"y":[2],"mode":7,"xaxis":"weird","yaxis":"y77","line":"red"}]}""")]
    public void Odd_figures_have_pictures_that_a_browser_reads(string json)
    {
        foreach (var picture in Read(json).Pictures)
            Assert.DoesNotContain("NaN", Regex.Replace(picture.ToString(), ">[^<]*<", "><"), StringComparison.Ordinal);
    }
}
