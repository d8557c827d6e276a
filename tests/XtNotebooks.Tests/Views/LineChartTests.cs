using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;
using Plotly.NET;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.Views;

public sealed class LineChartTests
{
    private static readonly Html NoScript = new("<script type=\"text/plain\" data-xt-script=\"plotly.js/2.28.0\"></script>\n");

    private static string Light(LineChart chart) => LineChartHtml.Write(chart, NoScript);

    private static LineChart Small(string name, params double[] y) => new()
    {
        Sentence = name,
        XLabel = name,
        Panels = [new(name, name, [new ChartLine(name, [.. Enumerable.Range(0, y.Length).Select(i => (double)i)], y, 0)])],
    };

    [Fact]
    public void Looks_as_expected()
    {
        Snapshot.Matches(Light(Samples.Chart(24)), "chart-compare.html");
        Snapshot.Matches(Samples.Chart(24).ToSvg(), "chart-compare.svg");
        Snapshot.Matches(Samples.Chart(24).ToText(), "chart-compare.txt");
    }

    [Fact]
    public void Its_name_for_those_who_hear_it_has_no_signs_of_code() =>
        Assert.Contains("aria-label=\"Chart: The defaults report 0.87 nats where ignoreIndex: 0 reports", Light(Samples.Chart(24)), StringComparison.Ordinal);

    [Fact]
    public void All_points_can_be_had_as_a_table_without_a_pointer()
    {
        var html = Light(Samples.Chart(40));
        Assert.Contains("<details class=\"points\"><summary>Numbers", html, StringComparison.Ordinal);
        Assert.Contains("addEventListener('toggle'", html, StringComparison.Ordinal);
        Assert.Contains("11 of 40 rows; where scripts run all of them", html, StringComparison.Ordinal);
        Assert.Contains("<details class=\"points\">", new FigureView("{\"data\":[{\"y\":[1,2]}]}").ToHtml(NoScript), StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_too_small_for_three_decimals_is_not_written_as_nothing_in_the_table()
    {
        var html = Light(Small("difference", 2.384e-7, 0, 2.5));
        Assert.Contains("<td>2.384e-7", html, StringComparison.Ordinal);
        Assert.Contains("<td>0.000", html, StringComparison.Ordinal);
        Assert.Contains("<td>2.500", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Carries_the_whole_script_that_Plotly_NET_embeds()
    {
        var html = Samples.Chart(5).ToHtml();
        var element = Assert.Single(Regex.Matches(html, "<script type=\"text/plain\" data-xt-script=\"([^\"]+)\">([^<]*)</script>"));
        Assert.Equal("plotly.js/2.28.0", element.Groups[1].Value);
        using var gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(element.Groups[2].Value)), CompressionMode.Decompress);
        using var text = new StreamReader(gzip);
        Assert.Contains("plotly.js v2.28.0", text.ReadToEnd()[..200], StringComparison.Ordinal);
        Assert.InRange(html.Length, 1_000_000, 1_600_000);
    }

    [Fact]
    public void Without_its_script_a_chart_of_four_runs_over_300_steps_stays_under_200_kB() =>
        SafeHtml.Check(Light(Samples.Chart(300)));

    [Fact]
    public void Names_cannot_break_out_of_the_page_the_picture_or_Plotlys_texts()
    {
        var chart = Small(SafeHtml.Attack, 3, 2, 1);
        SafeHtml.Check(Light(chart));
        Assert.DoesNotContain("<img", chart.ToSvg(), StringComparison.Ordinal);
        using var figure = JsonDocument.Parse(chart.ToFigureJson());
        Assert.DoesNotContain("<img", figure.RootElement.GetProperty("data")[0].GetProperty("name").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("</script>", chart.ToFigureJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_figure_and_Plotly_NETs_object_hold_the_same_data_and_layout()
    {
        var chart = Samples.Chart(10);
        using var own = JsonDocument.Parse(chart.ToFigureJson());
        using var theirs = JsonDocument.Parse(GenericChart.toFigureJson(chart.ToPlotly()));
        foreach (var part in new[] { "data", "layout" })
            Assert.True(JsonElement.DeepEquals(Plain(own, part), Plain(theirs, part)), part);

        // Newtonsoft writes 1.0 where System.Text.Json writes 1.
        static JsonElement Plain(JsonDocument document, string part) =>
            JsonDocument.Parse(Regex.Replace(document.RootElement.GetProperty(part).GetRawText(), @"(?<=\d)\.0(?=[,\]}])", "")).RootElement;
    }

    [Fact]
    public void XPlot_gets_both_panels_and_refuses_a_third()
    {
        var chart = Samples.Chart(10);
        var script = chart.ToXPlot().GetPlottingJS();
        Assert.Contains("\"xaxis\":\"x2\"", script, StringComparison.Ordinal);
        // Each line and what it was before smoothing.
        Assert.Equal(2 * 6, Regex.Count(script, "\"type\":\"scatter\""));
        Assert.Throws<NotSupportedException>(() => (chart with { Panels = [.. chart.Panels, chart.Panels[0]] }).ToXPlot());
    }

    [Fact]
    public void Values_that_are_no_numbers_are_gaps_and_one_value_is_enough()
    {
        var chart = Small("loss", 2, double.NaN, double.PositiveInfinity, 1);
        Assert.Contains("[2,null,null,1]", chart.ToFigureJson(), StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", chart.ToSvg(), StringComparison.Ordinal);
        SafeHtml.Check(Light(Small("loss", 2)));
        SafeHtml.Check(Light(Small("loss", double.NaN)));
        SafeHtml.Check(Light(Small("loss")));
    }

    [Fact]
    public void Labels_that_would_overlap_move_apart_in_their_order_and_stay_inside()
    {
        var places = ChartLabels.Spread([50, 51, 49, 10, 99], gap: 15, low: 0, high: 100);
        Assert.All(places, p => Assert.InRange(p, 7.4, 92.6));
        var sorted = places.Order().ToArray();
        Assert.All(sorted.Zip(sorted.Skip(1)), pair => Assert.True(pair.Second - pair.First >= 15 - 1e-9));
        Assert.True(places[3] < places[2] && places[2] < places[0] && places[0] < places[1] && places[1] < places[4]);
    }

    [Fact]
    public void A_label_that_the_bound_moves_moves_its_neighbour_too()
    {
        var places = ChartLabels.Spread([80, 99], gap: 15, low: 0, high: 90);
        Assert.Equal([67.5, 82.5], places);
    }

    [Theory]
    [InlineData(0, 3.7, "0 1 2 3 4")]
    [InlineData(0.81, 0.94, "0.8 0.85 0.9 0.95")]
    [InlineData(2, 2, "1.4 1.6 1.8 2 2.2 2.4 2.6")]
    [InlineData(0, 0, "-0.6 -0.4 -0.2 0 0.2 0.4 0.6")]
    [InlineData(0.001, 0.001, "0.0004 0.0006 0.0008 0.001 0.0012 0.0014 0.0016")]
    [InlineData(-0.001, -0.001, "-0.0016 -0.0014 -0.0012 -0.001 -0.0008 -0.0006 -0.0004")]
    [InlineData(4e-5, 4e-5, "2e-5 3e-5 4e-5 5e-5 6e-5")]
    [InlineData(4_000, 10_500, "4000 6000 8000 10,000 12,000")]
    [InlineData(0, 3e6, "0 1,000,000 2,000,000 3,000,000")]
    [InlineData(0, 3e9, "0 1e9 2e9 3e9")]
    [InlineData(123456, 123456, "123,300 123,350 123,400 123,450 123,500 123,550 123,600")]
    public void Ticks_are_round_and_hold_the_values(double low, double high, string ticks)
    {
        var scale = ChartScale.Around([low, high]);
        Assert.True(scale.Low <= low && scale.High >= high);
        Assert.Equal(ticks, string.Join(' ', scale.Ticks.Select(ChartScale.Label)));
    }

    [Fact]
    public void A_bundle_holds_the_figure_the_page_and_the_text()
    {
        var bundle = Samples.Chart(5).ToMimeBundle();
        Assert.Equal(["application/vnd.plotly.v1+json", "text/html", "text/plain"], bundle.Data.Keys.Order());
    }
}
