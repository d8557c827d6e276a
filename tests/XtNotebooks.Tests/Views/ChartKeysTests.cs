using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.Views;

public sealed class ChartKeysTests
{
    private static readonly XNamespace svg = "http://www.w3.org/2000/svg";

    /// <summary>A line that ends half-way, one that goes on to the end, and one that ends where that does.</summary>
    private static LineChart Chart(int lines = 3, double size = 1) => new()
    {
        Sentence = "losses",
        XLabel = "position",
        Panels =
        [
            new("Loss by position", "nats", [.. new ChartLine[]
            {
                new("real tokens", [0, 1, 2, 3, 4], [3 * size, 2 * size, size, double.NaN, double.NaN], 0),
                new("pads", [0, 1, 2, 3, 4], [size, 0.8 * size, 0.5 * size, 0.2 * size, 0.1 * size], 1),
                new("all", [0, 1, 2, 3, 4], [2 * size, 1.5 * size, 0.7 * size, 0.2 * size, 0.1 * size], 2),
            }.Take(lines)]),
        ],
    };

    private static List<XElement> Paths(string picture, string kind) =>
        [.. XElement.Parse(picture).Descendants(svg + "path").Where(path => ((string?)path.Attribute("class") ?? "").Split(' ')[0] == kind)];

    private static string Still(LineChart chart)
    {
        var html = chart.ToPlotly().ToView().ToHtml(new Html(""));
        return System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(Regex.Match(html, "src=\"data:image/svg\\+xml;base64,([^\"]+)\"").Groups[1].Value));
    }

    [Fact]
    public void What_leads_to_a_name_is_dotted_and_has_no_lines_colour_in_either_theme()
    {
        foreach (var picture in new[] { Chart().ToSvg(), Still(Chart()) })
        {
            // To the line that ends early, and to at least one of those whose names are moved apart.
            Assert.InRange(Paths(picture, "lead").Count, 2, 3);
            Assert.All(Paths(picture, "lead"), lead => Assert.Equal("lead", (string?)lead.Attribute("class")));
            var rules = Regex.Matches(picture, @"\.lead\{([^}]*)\}").Select(rule => rule.Groups[1].Value).ToList();
            Assert.Contains("stroke-dasharray:0 4", rules[0], StringComparison.Ordinal);
            Assert.Equal([Palette.Light["muted"], Palette.Dark["muted"]], rules.Select(rule => Regex.Match(rule, "stroke:(#[0-9a-f]+)").Groups[1].Value));
        }
    }

    [Fact]
    public void A_long_name_is_cut_so_that_its_value_has_room_too()
    {
        var line = new ChartLine("</script><img src=x onerror=alert(1)>", [1, 2], [3.4e25, 3.494e25], 0);
        var chart = Chart() with { Panels = [new("Loss", "nats", [line, line with { Name = "b", Style = 1 }])] };
        var picture = XElement.Parse(chart.ToSvg());
        var name = picture.Descendants(svg + "text").Single(text => text.Value.StartsWith("</script>", StringComparison.Ordinal));
        Assert.EndsWith("… 3.494e25", name.Value, StringComparison.Ordinal);
        Assert.InRange((double)name.Attribute("x")! + 6.6 * name.Value.Length, 0, double.Parse(((string)picture.Attribute("viewBox")!).Split(' ')[2], CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_line_that_ends_at_the_edge_beside_its_name_has_no_leader()
    {
        var chart = Chart() with { Panels = [Chart().Panels[0] with { Lines = [Chart().Panels[0].Lines[1]] }] };
        Assert.Empty(Paths(chart.ToSvg(), "lead"));
        Assert.Empty(Paths(Still(chart), "lead"));
    }

    [Fact]
    public void Each_of_several_names_has_a_sample_of_its_lines_colour_and_dash_in_picture_and_figure()
    {
        foreach (var picture in new[] { Chart().ToSvg(), Still(Chart()) })
        {
            Assert.Equal(["key s0", "key s1", "key s2"], Paths(picture, "key").Select(key => (string)key.Attribute("class")!).Order(StringComparer.Ordinal));
            Assert.Contains($".l.s1,.key.s1{{stroke-dasharray:{Palette.SvgDashes[1]}}}", picture, StringComparison.Ordinal);
        }
        using var figure = JsonDocument.Parse(Chart().ToFigureJson());
        var samples = figure.RootElement.GetProperty("layout").GetProperty("shapes").EnumerateArray().ToList();
        var lines = figure.RootElement.GetProperty("data").EnumerateArray().Select(trace => trace.GetProperty("line")).ToList();
        Assert.Equal(lines.Select(Looks), samples.Select(sample => Looks(sample.GetProperty("line"))));
        // Beside the text of the same name.
        foreach (var (sample, name) in samples.Zip(["real tokens", "pads", "all"]))
        {
            var text = figure.RootElement.GetProperty("layout").GetProperty("annotations").EnumerateArray().Single(note => note.GetProperty("text").GetString()!.StartsWith(name + " ", StringComparison.Ordinal));
            Assert.Equal(text.GetProperty("y").GetDouble(), sample.GetProperty("y0").GetDouble());
            Assert.True(sample.GetProperty("x1").GetDouble() < text.GetProperty("x").GetDouble());
        }

        static string Looks(JsonElement line) => $"{line.GetProperty("color")} {line.GetProperty("dash")}";
    }

    [Fact]
    public void A_line_alone_in_its_panel_is_solid_and_needs_no_sample()
    {
        var below = Samples.Run("run", 30, 1, 1, 1).ToChart().Below!;
        foreach (var picture in new[] { below.ToSvg(), Still(below) })
        {
            Assert.Equal(below.Panels.Count, Paths(picture, "l").Count);
            Assert.All(Paths(picture, "l"), line => Assert.Equal("l s5 only", (string?)line.Attribute("class")));
            Assert.True(picture.IndexOf(".l.only{stroke-dasharray:none}", StringComparison.Ordinal) > picture.IndexOf(".l.s5,", StringComparison.Ordinal));
            Assert.Empty(Paths(picture, "key"));
        }
        using var figure = JsonDocument.Parse(below.ToFigureJson());
        Assert.All(figure.RootElement.GetProperty("data").EnumerateArray(), trace => Assert.Equal("solid", trace.GetProperty("line").GetProperty("dash").GetString()));
        Assert.Empty(figure.RootElement.GetProperty("layout").GetProperty("shapes").EnumerateArray());
    }

    [Theory]
    [InlineData(0.65, 0.5, 1.5, "0.65")]
    [InlineData(287.25, 286, 287.25, "287.25")]
    [InlineData(48_073, 45_000, 51_000, "48,073")]
    [InlineData(2.3031, 2.3, 2.31, "2.303")]
    [InlineData(0.001, 0, 0.001, "0.001")]
    public void A_value_beside_a_line_is_no_less_exact_than_the_ticks(double value, double low, double high, string text) =>
        Assert.Equal(text, ChartScale.Around([low, high]).Value(value));

    [Fact]
    public void Long_numbers_have_room_at_the_axis_and_do_not_run_into_each_other()
    {
        var picture = XElement.Parse(Chart(size: 1e6).ToSvg());
        var ticks = picture.Elements(svg + "text").Where(text => (string?)text.Attribute("class") == "tick").ToList();
        var million = ticks.Single(text => text.Value == "1,000,000");
        Assert.True(Number(million, "x") > 6 * million.Value.Length);

        var run = Samples.Run("run", 20_000, 1, 1, 1).ToChart().Below!;
        foreach (var row in XElement.Parse(run.ToSvg()).Elements(svg + "text").Where(text => (string?)text.Attribute("text-anchor") == "middle").GroupBy(text => (string)text.Attribute("y")!))
        {
            var texts = row.Select(text => (At: Number(text, "x"), Half: 3.0 * text.Value.Length)).OrderBy(text => text.At).ToList();
            Assert.All(texts.Zip(texts.Skip(1)), pair => Assert.True(pair.First.At + pair.First.Half < pair.Second.At - pair.Second.Half));
        }

        static double Number(XElement element, string name) => double.Parse((string)element.Attribute(name)!, CultureInfo.InvariantCulture);
    }
}
