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
    public void Runs_of_one_setting_are_numbered_and_compared()
    {
        var chart = new[] { Samples.Run("same", 60, 1.0, 2.0, 5), Samples.Run("other", 60, 1.5, 1.8, 5), Samples.Run("same", 60, 1.2, 1.2, 5) }.ToChart();
        Assert.Equal(["same (1)", "other", "same (2)"], chart.Panels[0].Lines.Select(line => line.Name));
        Assert.Equal(["same (1)", "other", "same (2)"], chart.Summary!.Rows.Select(row => row[0]));
        Assert.Contains("`same (1)` reports the least", chart.Sentence, StringComparison.Ordinal);
        Assert.Contains("`same (2)` is better: ", chart.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_whose_held_out_loss_is_no_number_is_not_called_the_best_and_why_runs_ended_is_told()
    {
        var whole = Samples.Run("whole", 60, 1.0, 1.0, 5) with { Evaluations = [new(60, 1.1, 5)] };
        var lost = Samples.Run("lost", 60, 1.5, 1.5, 5) with { Evaluations = [new(60, double.NaN, 5)] };
        var sentence = new[] { whole, lost }.ToChart().Sentence;
        Assert.DoesNotContain("better", sentence, StringComparison.Ordinal);
        Assert.Contains("NaN on held-out real tokens", sentence, StringComparison.Ordinal);
        var stopped = lost with { Evaluations = whole.Evaluations, End = TrainingEnd.NotFinite, EndReason = "The loss of step 61 is not a number." };
        Assert.EndsWith(" lost: The loss of step 61 is not a number.", new[] { whole, stopped }.ToChart().Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_look_at_held_out_batches_is_marked_where_it_was()
    {
        var chart = (Samples.Run("a", 30, 1.0, 1.0, 5) with { Evaluations = [new(30, 1.1, 5)] }).ToChart();
        Assert.Contains("<circle", chart.ToSvg(), StringComparison.Ordinal);
        var held = System.Text.Json.Nodes.JsonNode.Parse(chart.ToFigureJson())!["data"]!.AsArray().Single(trace => (string)trace!["name"]! == "held-out real")!;
        Assert.Equal("markers", (string)held["mode"]!);
        Assert.DoesNotContain("<circle", (Samples.Run("a", 30, 1.0, 1.0, 5) with { Evaluations = [new(10, 1.2, 5), new(30, 1.1, 5)] }).ToChart().ToSvg(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_long_run_stays_under_200_kB_keeps_its_spikes_and_says_what_is_left_out(int runs)
    {
        var run = Samples.Run("long", 20_000, 1.0, 1.0, 5);
        var spiked = run with { Steps = [.. run.Steps.Select(step => step.Step == 12_345 ? step with { PadLoss = 77.7, RealLoss = 66.6 } : step)] };
        var chart = runs == 1 ? spiked.ToChart() : Enumerable.Repeat(spiked, runs).ToChart();
        var html = LineChartHtml.Write(chart, NoScript);
        Assert.InRange(html.Length, 50_000, 200_000);
        Assert.Contains("66.6", html, StringComparison.Ordinal);
        Assert.Equal(runs == 1, html.Contains("77.7", StringComparison.Ordinal));
        Assert.Matches(@"[\d,]+ of 20,000 points of a line are drawn, the lowest and the highest of each stretch; ToPlotly\(\) holds all of them\.", html);
        Assert.InRange(chart.ToFigureJson().Length, 50_000, 1_000_000);
        Assert.Contains("12345", chart.ToFigureJson(), StringComparison.Ordinal);
        Assert.Equal(20_000, LineChartThinning.Longest(chart));
        Assert.InRange(chart.ToSvg().Length, 5_000, 60_000);
        SafeHtml.Check(html);
    }

    [Fact]
    public void A_run_of_a_thousand_steps_is_drawn_whole() =>
        Assert.DoesNotContain("points of a line", LineChartHtml.Write(Samples.Run("whole", 1000, 1.0, 1.0, 5).ToChart(), NoScript), StringComparison.Ordinal);

    [Fact]
    public void Pads_get_a_third_panel_when_asked_for() =>
        Assert.Equal("Pads as targets", Samples.Comparison(30).ToChart(pads: true).Panels[2].Title);

    [Fact]
    public void A_loss_that_has_run_away_is_told_in_few_digits()
    {
        var run = new TrainingRun { Name = "diverged", Steps = [new() { Step = 1, ReportedLoss = 2.5e20, LearningRate = 1e37 }] };
        Assert.Equal("diverged: 2.5e20 reported in its one step.", run.ToChart().Sentence);
        Assert.DoesNotContain("0000000000", LineChartHtml.Write(run.ToChart(), NoScript), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 1, "1")]
    [InlineData(1, 3, "1 2 3")]
    [InlineData(1, 12, "3 6 9 12")]
    [InlineData(0, 40, "0 10 20 30 40")]
    public void No_tick_stands_between_two_steps(int first, int last, string ticks)
    {
        var steps = Enumerable.Range(first, last - first + 1).Select(step => (double)step);
        Assert.Equal(ticks, string.Join(' ', ChartScale.Tight(steps).Ticks.Select(ChartScale.Label)));
        Assert.Equal("0.5 1 1.5 2", string.Join(' ', ChartScale.Tight([0.5, 2]).Ticks.Select(ChartScale.Label)));
    }

    [Fact]
    public void Of_few_steps_each_has_a_tick_in_the_figure_too()
    {
        Assert.Contains("\"dtick\":1", Figure(3), StringComparison.Ordinal);
        Assert.DoesNotContain("\"dtick\"", Figure(30), StringComparison.Ordinal);

        static string Figure(int steps) => LineChartFigure.Of(new TrainingRun
        {
            Name = "short", Steps = [.. Enumerable.Range(1, steps).Select(step => new TrainingStep { Step = step, ReportedLoss = 3.0 / step })],
        }.ToChart()).ToJsonString();
    }

    [Fact]
    public void Only_losses_of_tokens_are_told_in_nats()
    {
        TrainingRun Run(string name, long tokens) => new() { Name = name, Steps = [new() { Step = 1, ReportedLoss = 3, RealTokens = tokens }] };
        var (squares, unsplit) = (Run("squares", 0).ToChart(), Run("tokens", 7).ToChart());
        Assert.Equal(("squares: 3.00 reported in its one step.", ""), (squares.Sentence, squares.Panels[0].YLabel));
        Assert.Contains("squares, first and last step:", squares.ToText(), StringComparison.Ordinal);
        Assert.DoesNotContain("nats", squares.ToText() + LineChartHtml.Write(squares, NoScript), StringComparison.Ordinal);
        Assert.Equal(("tokens: 3.00 nats reported in its one step.", "nats"), (unsplit.Sentence, unsplit.Panels[0].YLabel));
        Assert.Equal("loss", new[] { Run("squares", 0), Run("others", 0) }.ToChart().Panels[0].YLabel);
        Assert.Equal("nats per counted target", new[] { Run("tokens", 7), Run("more", 7) }.ToChart().Panels[0].YLabel);
    }

    [Fact]
    public void What_all_runs_ended_by_is_told_once_and_a_name_with_a_colon_gets_no_second_one()
    {
        TrainingRun Run(string name, string reason) => new() { Name = name, Steps = [new() { Step = 1, ReportedLoss = 3, RealLoss = 3, RealTokens = 7 }], EndReason = reason };
        Assert.EndsWith(": 3.00. All runs: The batches ended.", new[] { Run("mask:", "The batches ended."), Run("lens:", "The batches ended.") }.ToChart().Sentence, StringComparison.Ordinal);
        Assert.EndsWith(": 3.00. mask: The batches ended.", new[] { Run("mask:", "The batches ended."), Run("lens:", "") }.ToChart().Sentence, StringComparison.Ordinal);
        var alone = Run("mask:", "").ToChart();
        Assert.StartsWith("mask: 3.00 nats", alone.Sentence, StringComparison.Ordinal);
    }

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
