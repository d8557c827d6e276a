using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class TrainingPanelTests : TrainingCells
{
    [Fact]
    public void A_long_runs_panel_keeps_where_its_curve_began()
    {
        var panel = new LivePanel(notebook, "cpu", TimeProvider.System);
        TrainingProgress At(int step) => new("run", new() { Step = step, ReportedLoss = 1.0 / step, Duration = TimeSpan.FromSeconds(0.1) }, 2000, null);
        for (var step = 1; step <= 2000; step++)
            panel.OnStep(At(step));
        panel.End("done");
        Assert.Equal(1, panel.Curve[0].Step);
        Assert.InRange(panel.Curve.Count, 100, 300);
    }

    [Theory]
    [InlineData(1, 51)]
    [InlineData(7, 50)]
    [InlineData(199, 26)]
    [InlineData(200, 51)]
    [InlineData(450, 23)]
    public async Task A_panel_is_drawn_at_most_five_times_a_second_of_the_clock(int milliseconds, int most)
    {
        var clock = new ManualClock();
        var panel = new LivePanel(notebook, "cpu", clock);
        var drawn = new List<TimeSpan>();
        notebook.OnShown = value => drawn.Add(value is TrainingPanel ? clock.Now : throw new InvalidOperationException());
        // Ten seconds of steps, each of them drawn to the end before the next, so that nothing but the clock holds a panel back.
        for (var step = 1; clock.Now <= TimeSpan.FromSeconds(10); step++, clock.Now += TimeSpan.FromMilliseconds(milliseconds))
        {
            panel.OnStep(new("run", new() { Step = step, ReportedLoss = 1, Duration = TimeSpan.FromMilliseconds(milliseconds) }, 20_000, null));
            await panel.Drawing;
        }
        Assert.Equal(most, drawn.Count);
        Assert.All(drawn.Zip(drawn.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromMilliseconds(200), $"{pair}"));
    }

    private sealed class ManualClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    [Fact]
    public void A_panel_says_where_the_run_stands_and_encodes_names()
    {
        var panel = new TrainingPanel
        {
            Name = "</script><img onerror>", PlannedSteps = 100, StepsTaken = 10, Elapsed = TimeSpan.FromSeconds(2), Device = "cpu",
            Latest = new() { Step = 10, ReportedLoss = 2.3, RealLoss = 4.4, PadLoss = 0.12, RealTokens = 60, PadTokens = 40, Duration = TimeSpan.FromSeconds(0.2) },
            Curve = [(1, 3.0, 3.5, 2.0), (2, 2.5, 3.4, 1.0), (10, 2.3, 4.4, 0.12)],
        };
        Assert.Equal("</script><img onerror> [##..................] step 10 of 100 · 0:18 left · 5.0 it/s · 500 tokens/s · reported 2.30 · real tokens 4.40 · pads 0.12 · cpu", panel.ToText());
        var html = panel.ToHtml();
        Assert.DoesNotContain("<img", html);
        Assert.Equal(3, html.Split("<polyline").Length - 1);
        Assert.True(html.Length < 20_000, $"{html.Length}");
    }

    [Fact]
    public void Only_losses_of_tokens_are_told_in_nats()
    {
        var panel = Views.Samples.Panel();
        Assert.Contains(" nats", panel.ToHtml(), StringComparison.Ordinal);
        var own = panel with { Latest = new() { Step = 10, ReportedLoss = 2.3 }, Curve = [(1, 3.0, null, null), (10, 2.3, null, null)] };
        Assert.Contains("losses so far, 0.00 to 3.00\"", own.ToHtml(), StringComparison.Ordinal);
        Assert.DoesNotContain(" nats", own.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_differ_by_their_dashes_as_well_and_the_key_shows_the_same()
    {
        var html = Views.Samples.Panel().ToHtml();
        static string? Dash(AngleSharp.Dom.IElement line) => line.GetAttribute("stroke-dasharray");
        var page = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(html);
        var (lines, key) = (page.QuerySelectorAll("polyline").Select(Dash).ToList(), page.QuerySelectorAll(".key path").Select(Dash).ToList());
        Assert.Equal(3, lines.Distinct().Count());
        Assert.Equal(lines, key);
        // A run's chart draws the same losses with the same dashes.
        Assert.Equal([Palette.SvgDashes[2], "", Palette.SvgDashes[1]], lines.Select(dash => dash ?? ""));
    }
}
