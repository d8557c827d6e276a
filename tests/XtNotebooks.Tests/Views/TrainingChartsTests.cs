using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.Views;

public sealed class TrainingChartsTests
{
    private static readonly Html NoScript = new("");

    [Fact]
    public void Looks_as_expected()
    {
        Snapshot.Matches(LineChartHtml.Write(Samples.Comparison(30).ToChart(), NoScript), "training-comparison.html");
        Snapshot.Matches(Samples.Comparison(30).ToChart().ToText(), "training-comparison.txt");
        Snapshot.Matches(LineChartHtml.Write(Samples.Run("defaults", 30, 0.87, 1.46, 0.13).ToChart(), NoScript), "training-run.html");
    }

    [Fact]
    public void The_sentence_says_that_the_lowest_report_is_not_the_best_model()
    {
        var chart = Samples.Comparison(120).ToChart();
        Assert.Equal("`wrapper's defaults` reports the least, 0.87 nats, yet on held-out real tokens `manual` is better: 1.30 against 1.48.", chart.Sentence);
        Assert.Equal(["What is reported", "Real tokens only"], chart.Panels.Select(p => p.Title));
        Assert.All(chart.Panels, p => Assert.Equal([0, 1, 2], p.Lines.Select(l => l.Style)));
    }

    [Fact]
    public void The_sentence_claims_nothing_where_the_lowest_report_is_the_best_model()
    {
        var chart = new TrainingComparison([Samples.Run("a", 60, 1.0, 1.0, 5), Samples.Run("b", 60, 1.2, 1.2, 5)]).ToChart();
        Assert.StartsWith("`a` reports the least", chart.Sentence, StringComparison.Ordinal);
        Assert.Contains("no other run is better", chart.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Pads_get_a_third_panel_when_asked_for() =>
        Assert.Equal("Pads as targets", Samples.Comparison(30).ToChart(pads: true).Panels[2].Title);

    [Fact]
    public void A_run_without_the_split_shows_what_it_has()
    {
        var run = new TrainingRun
        {
            Name = "plain",
            Steps = [new() { Step = 1, ReportedLoss = 3 }, new() { Step = 2, ReportedLoss = double.NaN }],
            EndReason = "The loss was NaN at step 2.",
        };
        var chart = run.ToChart();
        Assert.Equal(["reported"], chart.Panels[0].Lines.Select(l => l.Name));
        Assert.Contains("The loss was NaN at step 2.", chart.Sentence, StringComparison.Ordinal);
        Assert.Null(chart.Below);
        SafeHtml.Check(LineChartHtml.Write(chart, NoScript));
    }

    [Fact]
    public void A_run_without_a_step_and_a_comparison_without_a_run_are_told_in_a_sentence()
    {
        Assert.Equal("idle: no step was taken.", new TrainingRun { Name = "idle", Steps = [] }.ToChart().Sentence);
        Assert.StartsWith("There is no run to draw", Assert.Throws<ArgumentException>(() => Array.Empty<TrainingRun>().ToChart()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_is_also_a_Plotly_NET_figure_and_an_XPlot_chart()
    {
        var run = Samples.Run("defaults", 10, 0.87, 1.46, 0.13);
        Assert.NotNull(run.ToPlotly());
        Assert.NotNull(run.ToXPlot());
        Assert.NotNull(Samples.Comparison(10).ToPlotly());
        Assert.Contains("x2", Samples.Comparison(10).ToXPlot().GetPlottingJS(), StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_are_shown_by_their_chart_in_every_host()
    {
        foreach (var type in new[] { typeof(TrainingRun), typeof(TrainingComparison) })
        {
            var source = type.GetCustomAttributesData().Single(a => a.AttributeType.Name == nameof(TypeFormatterSourceAttribute));
            Assert.Equal(typeof(TrainingFormatterSource), source.ConstructorArguments[0].Value);
        }
        using var text = new StringWriter();
        var plain = new TrainingFormatterSource().CreateTypeFormatters().Cast<ViewFormatter>().Single(f => f.MimeType == "text/plain");
        Assert.True(plain.Format(Samples.Comparison(10), text));
        Assert.StartsWith("wrapper's defaults reports the least", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_figures_of_both_libraries_hold_rate_gradient_norm_speed_and_memory()
    {
        var run = Samples.Run("run", 40, 1.2, 1.4, 0.2);
        using var figure = System.Text.Json.JsonDocument.Parse(Plotly.NET.GenericChart.toFigureJson(run.ToPlotly()));
        var traces = figure.RootElement.GetProperty("data").EnumerateArray().ToDictionary(t => t.GetProperty("name").GetString()!);
        var script = run.ToXPlot().GetPlottingJS();
        foreach (var (name, axis) in new[] { ("Learning rate", "y2"), ("Gradient norm", "y3"), ("Speed", "y4"), ("Memory", "y5") })
        {
            Assert.Equal(axis, traces[name].GetProperty("yaxis").GetString());
            Assert.Contains(name, script, StringComparison.Ordinal);
        }
        Assert.Equal(40, traces["Memory"].GetProperty("y").GetArrayLength());
        var layout = figure.RootElement.GetProperty("layout");
        double Edge(string axis, int end) => layout.GetProperty(axis).GetProperty("domain")[end].GetDouble();
        Assert.True(Edge("yaxis2", 1) < Edge("yaxis", 0));
        // Front ends that know Plotly's figures get the whole of it; the page draws the second row as a picture of its own.
        using var shown = System.Text.Json.JsonDocument.Parse(run.ToChart().ToMimeBundle().Data[PlotlyMime.Type]);
        Assert.Equal(traces.Keys, shown.RootElement.GetProperty("data").EnumerateArray().Select(t => t.GetProperty("name").GetString()!));
        Assert.DoesNotContain("yaxis5", LineChartHtml.Write(run.ToChart(), NoScript), StringComparison.Ordinal);
    }

    [Fact]
    public void The_figures_of_both_libraries_hold_the_curves_before_smoothing()
    {
        var run = Samples.Run("run", 40, 1.2, 1.4, 0.2);
        using var figure = System.Text.Json.JsonDocument.Parse(run.ToXPlot().ToView().FigureJson);
        var traces = figure.RootElement.GetProperty("data").EnumerateArray().ToDictionary(t => t.GetProperty("name").GetString()!);
        foreach (var (name, value) in new (string, Func<TrainingStep, double?>)[] { ("reported", s => s.ReportedLoss), ("real tokens", s => s.RealLoss), ("pads", s => s.PadLoss) })
        {
            var raw = traces[name + " (raw)"];
            Assert.Equal(run.Steps.Select(value), raw.GetProperty("y").EnumerateArray().Select(y => (double?)y.GetDouble()));
            Assert.Equal(name, raw.GetProperty("legendgroup").GetString());
            Assert.False(raw.GetProperty("showlegend").GetBoolean());
            Assert.NotEqual(raw.GetProperty("y").GetRawText(), traces[name].GetProperty("y").GetRawText());
        }
        using var two = System.Text.Json.JsonDocument.Parse(Samples.Comparison(40).ToXPlot().ToView().FigureJson);
        var names = two.RootElement.GetProperty("data").EnumerateArray().Select(t => t.GetProperty("name").GetString()!).ToList();
        Assert.Equal(6, names.Count(name => name.EndsWith(" (raw)", StringComparison.Ordinal)));
        Assert.Equal(12, names.Count);
    }

    [Fact]
    public void Rate_gradient_norm_speed_and_memory_stand_in_the_table_too()
    {
        var chart = Samples.Run("run", 40, 1.2, 1.4, 0.2).ToChart();
        var html = LineChartHtml.Write(chart, new Html(""));
        SafeHtml.Check(html);
        var table = html[html.IndexOf("<summary>Numbers", StringComparison.Ordinal)..];
        foreach (var heading in new[] { "Learning rate", "Gradient norm, before clipping", "Speed, tokens/s", "Memory, MiB, of the process" })
            Assert.Contains($"<th colspan=\"1\">{heading}", table, StringComparison.Ordinal);
        var first = table[table.IndexOf("<tr><th>4<td>", StringComparison.Ordinal)..].Split("</tr>")[0];
        Assert.Equal(chart.Panels[0].Lines.Count + 4, first.Split("<td>").Length - 1);
        Assert.Contains($"<td>{Words.Value(chart.Below!.Panels[1].Lines[0].Raw![3])}", first, StringComparison.Ordinal);
        // Where scripts run all of their points, unsmoothed.
        Assert.Matches("figure\\.further=\\[\\{\"name\":\"Learning rate\",\"y\":\\[", html);
        Assert.DoesNotContain("figure.further=", LineChartHtml.Write(chart with { Below = null }, new Html("")), StringComparison.Ordinal);
    }
}
