using System.Text.Json;
using AngleSharp.Html.Parser;
using Microsoft.FSharp.Collections;
using Plotly.NET;
using XtNotebooks.Kernel.Display;

namespace XtNotebooks.Kernel.Tests.Display;

public sealed class PlotlyFiguresTests
{
    private const string Evil = "</script><script>alert(1)</script>";

    private static GenericChart Figure()
    {
        var trace = new Trace2D("scatter");
        trace.SetProperty("name", Evil);
        trace.SetProperty("x", new[] { 1, 2, 3 });
        trace.SetProperty("y", new[] { 2, 1, 3 });
        return GenericChart.ofTraceObjects(false, ListModule.OfSeq<Trace>([trace]));
    }

    [Fact]
    public void A_figure_is_drawn_from_the_script_that_Plotly_NET_embeds_and_from_no_other_place()
    {
        var data = new ValueFormatters().Format(Figure()).Data;
        Assert.Equal(["application/vnd.plotly.v1+json", "text/html", "text/plain"], data.Keys.Order(StringComparer.Ordinal));
        var page = new HtmlParser().ParseDocument(data["text/html"]);
        Assert.Equal(2, page.QuerySelectorAll("script").Length);
        Assert.Empty(page.QuerySelectorAll("script[src], link, iframe"));
        Assert.DoesNotContain("require", page.QuerySelectorAll("script")[^1].TextContent, StringComparison.Ordinal);
        var payload = Convert.FromBase64String(page.QuerySelector("script[data-xt-script]")!.TextContent);
        using var unpacked = new StreamReader(new System.IO.Compression.GZipStream(new MemoryStream(payload), System.IO.Compression.CompressionMode.Decompress));
        Assert.Contains("plotly.js v2", unpacked.ReadToEnd()[..300], StringComparison.Ordinal);
    }

    [Fact]
    public void What_waits_in_a_figures_legend_can_be_read()
    {
        var page = new HtmlParser().ParseDocument(new ValueFormatters().Format(Figure()).Data["text/html"]
            // As Plotly 2.28 draws a legend with one trace switched off.
            .Replace("<div class=\"still\">", "<div class=\"js-plotly-plot\"><svg><g class=\"legend\"><g class=\"traces\" style=\"opacity: 1;\"></g><g id=\"off\" class=\"traces\" style=\"opacity: 0.5;\"></g></g></svg></div><div class=\"still\">", StringComparison.Ordinal)
            + "<div class=\"legend\"><p class=\"traces\" style=\"opacity: 0.5\"></p></div>");
        var rule = page.QuerySelector("style")!.TextContent.Split('{');
        Assert.Equal("off", Assert.Single(page.QuerySelectorAll(rule[0])).Id);
        // Plotly's #444 on white: at half its opacity 2.6 : 1.
        var opacity = double.Parse(System.Text.RegularExpressions.Regex.Match(rule[1], @"^opacity:(0?\.\d+)!important\}$").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        var shade = (255 - (255 - 0x44) * opacity) / 255;
        Assert.InRange(1.05 / (Math.Pow((shade + 0.055) / 1.055, 2.4) + 0.05), 4.5, 8);
    }

    [Fact]
    public void A_name_that_would_end_the_script_stays_a_name()
    {
        var data = new ValueFormatters().Format(Figure()).Data;
        using var json = JsonDocument.Parse(data["application/vnd.plotly.v1+json"]);
        Assert.Equal(Evil, json.RootElement.GetProperty("data")[0].GetProperty("name").GetString());
        Assert.DoesNotContain("alert(1)</script>", data["text/html"], StringComparison.OrdinalIgnoreCase);
        Assert.Contains("(scatter, 3 points)", data["text/plain"], StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_stand_in_for_figures_where_scripts_are_stripped()
    {
        var bars = XPlot.Plotly.Chart.Plot(new XPlot.Plotly.Trace[]
        {
            new XPlot.Plotly.Bar { x = new[] { "a", "b" }, y = new[] { 2, 40 }, name = "many" },
            new XPlot.Plotly.Pie { values = new[] { 1, 2 }, name = "round" },
        });
        foreach (var (value, said) in new (object, string)[] { (Figure(), "alert(1) 2.00 → 3.00."), (bars, "many 2 bars.") })
        {
            var still = new HtmlParser().ParseDocument(new ValueFormatters().Format(value).Data["text/html"]).QuerySelector(".still")!;
            var picture = still.QuerySelector("img")!;
            Assert.Equal(said, picture.GetAttribute("alt"));
            var svg = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(picture.GetAttribute("src")!["data:image/svg+xml;base64,".Length..]));
            Assert.Equal("svg", System.Xml.Linq.XDocument.Parse(svg).Root!.Name.LocalName);
            Assert.Equal(value == (object)bars, still.TextContent.Contains("Not in the picture: round (pie).", StringComparison.Ordinal));
        }
        var pie = XPlot.Plotly.Chart.Plot(new XPlot.Plotly.Pie { values = new[] { 1, 2 }, name = "round" });
        Assert.Null(new HtmlParser().ParseDocument(new ValueFormatters().Format(pie).Data["text/html"]).QuerySelector("img"));
    }

    [Fact]
    public void An_XPlot_figure_is_drawn_by_the_script_that_travels_with_the_tool()
    {
        var script = PlotlyScript.OfTheTool();
        Assert.Equal(PlotlyScript.For(typeof(GenericChart).Assembly), script);
        using var unpacked = new StreamReader(new System.IO.Compression.GZipStream(
            new MemoryStream(Convert.FromBase64String(script.Payload)), System.IO.Compression.CompressionMode.Decompress));
        Assert.Contains("plotly.js v2", unpacked.ReadToEnd()[..300], StringComparison.Ordinal);
        var chart = XPlot.Plotly.Chart.Plot(new XPlot.Plotly.Scatter { x = new[] { 1, 2, 3 }, y = new[] { 2, 1, 3 }, name = "line" });
        var data = new ValueFormatters().Format(chart).Data;
        using var json = JsonDocument.Parse(data["application/vnd.plotly.v1+json"]);
        Assert.Equal("line", json.RootElement.GetProperty("data")[0].GetProperty("name").GetString());
        Assert.NotNull(new HtmlParser().ParseDocument(data["text/html"]).QuerySelector("script[data-xt-script]"));
        Assert.DoesNotContain("http", data["text/html"], StringComparison.Ordinal);
    }
}
