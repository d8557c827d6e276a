using System.Text.Json;
using TorchSharp;
using XtNotebooks.Diagnostics;
using XtNotebooks.Tests.Views;
using XtNotebooks.Views;
using static XtNotebooks.Tests.Diagnostics.Texts;

namespace XtNotebooks.Tests.Diagnostics;

[Collection(DefaultGenerator.Name)]
public sealed class DoctorReportTests
{
    internal static DoctorReport Sick()
    {
        using var scope = torch.NewDisposeScope();
        using var net = new TinyModel();
        return Doctor.Examine(net, Right(), new() { PadId = Pad, EosId = Eos, Loss = Shifted() });
    }

    private static DoctorReport Well()
    {
        using var scope = torch.NewDisposeScope();
        using var net = new TinyModel();
        return Doctor.Examine(net, Right(), new() { PadId = Pad, EosId = Eos, Loss = Shifted(Pad) });
    }

    [Fact]
    public void The_verdict_comes_first_then_findings_with_fix_and_thread()
    {
        var lines = Sick().ToText().Split('\n');
        Assert.StartsWith("Sick: 1 finding, pads-as-targets", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("Batch ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("ERROR pads-as-targets: 27 of 66 targets are pads (41 %)", lines[3], StringComparison.Ordinal);
        Assert.Contains(lines, l => l.StartsWith("  fix:  Leave the pad id out of the loss", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("  see:  https://github.com/lucidrains/x-transformers/issues/297", StringComparison.Ordinal));
        Assert.Contains("not checked:", lines);
        Assert.StartsWith("Nothing wrong was found", Well().ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_follows_from_another_finding_is_said_to_and_stands_after_it()
    {
        var report = Sick();
        Assert.Equal(["pads-as-targets", "repadding"], report.Findings.Where(f => f.Severity == Severity.Error).Select(f => f.Check));
        Assert.Equal("pads-as-targets", report.Findings.Single(f => f.Check == "repadding").FollowsFrom);
    }

    [Fact]
    public void A_training_script_stops_at_the_severity_it_names()
    {
        var error = Assert.Throws<SickException>(() => Sick().ThrowIfSick(Severity.Error));
        Assert.Contains("pads-as-targets", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Report);
        Well().ThrowIfSick();
        Assert.Throws<SickException>(() => Well().ThrowIfSick(Severity.Advice));
    }

    [Fact]
    public void The_page_is_self_contained_and_says_everything_without_styles()
    {
        var html = Sick().ToHtml();
        SafeHtml.Check(html);
        var text = SafeHtml.WithoutScripts(html);
        Assert.Contains("Sick: 1 finding", text, StringComparison.Ordinal);
        Assert.Contains("ignore_index: 0", text, StringComparison.Ordinal);
        Assert.Contains("lucidrains/x-transformers#297", text, StringComparison.Ordinal);
        SafeHtml.Check(Well().ToHtml());
        // What is wrong stands open, an advice is a line that opens.
        Assert.Contains("<section class=\"error\"><p><strong>ERROR pads-as-targets", html, StringComparison.Ordinal);
        Assert.Contains("<section class=\"advice\"><details><summary><strong>ADVICE padding-side", html, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_message_of_the_users_code_cannot_break_the_page()
    {
        using var scope = torch.NewDisposeScope();
        using var net = new TinyModel();
        var report = Doctor.Examine(net, Right(), new() { PadId = Pad, Loss = (_, _) => throw new InvalidOperationException(SafeHtml.Attack) });
        SafeHtml.Check(report.ToHtml());
    }

    [Fact]
    public void The_json_has_what_another_program_needs()
    {
        using var json = JsonDocument.Parse(Sick().ToJson());
        var root = json.RootElement;
        Assert.True(root.GetProperty("sick").GetBoolean());
        Assert.Equal(17, root.GetProperty("checks").GetArrayLength());
        var finding = root.GetProperty("findings")[0];
        Assert.Equal("pads-as-targets", finding.GetProperty("check").GetString());
        Assert.Equal("error", finding.GetProperty("severity").GetString());
        Assert.InRange(finding.GetProperty("loss_share").GetDouble(), 0.1, 0.9);
        Assert.Equal(12, root.GetProperty("batch").GetProperty("hash").GetString()!.Length);
    }

    [Fact]
    public void A_notebook_shows_it_by_the_convention_of_views()
    {
        var report = Sick();
        Assert.Equal(report.ToHtml(), report.ToMimeBundle().Data["text/html"]);
        var source = typeof(DoctorReport).GetCustomAttributes(typeof(Extensibility.TypeFormatterSourceAttribute), false);
        Assert.Equal(typeof(ViewFormatterSource), Assert.Single(source.Cast<Extensibility.TypeFormatterSourceAttribute>()).FormatterSourceType);
    }

    [Fact]
    public void Looks_as_expected()
    {
        Snapshot.Matches(Written.ToText(), "doctor-report.txt");
        Snapshot.Matches(Written.ToHtml(), "doctor-report.html");
        SafeHtml.Check(Written.ToHtml());
    }

    /// <summary>A report of fixed numbers: an examination's own depend on the processor's rounding.</summary>
    private static DoctorReport Written
    {
        get
        {
            var outcomes = Doctor.Checks.Select(check => check.Name switch
            {
                "pads-as-targets" => new CheckOutcome(check, CheckStatus.Found, [new(check.Name, Severity.Error,
                    "27 of 66 targets are pads (41 %).", "Leave the pad id out of the loss: `ignore_index: 0`.", check.Thread) { LossShare = 0.45, GradientShare = 0.4 }], ""),
                "repadding" => new(check, CheckStatus.Found, [new(check.Name, Severity.Error, "With 4 more columns of padding the loss goes from 2.7000 to 2.9000.",
                    "Leave pads out of the loss.", check.Thread) { FollowsFrom = "pads-as-targets", LossShare = 0.07 }], ""),
                "padding-side" => new(check, CheckStatus.Found, [new(check.Name, Severity.Advice, "Positions move with the padding <side>.", "Give a mask.", check.Thread)], ""),
                "metric-mask" => new(check, CheckStatus.NotChecked, [], "give --metric"),
                _ => new(check, CheckStatus.Passed, [], "nothing moved"),
            }).ToList();
            return new()
            {
                Outcomes = outcomes,
                Findings = [.. new[] { "pads-as-targets", "padding-side", "repadding" }.SelectMany(n => outcomes.Single(o => o.Check.Name == n).Findings)],
                Batch = new(6, 12, 27, 13, "0123456789ab"),
                Seed = 0,
                Loss = 2.7,
                Forwards = 8.3,
                Backwards = 2.3,
            };
        }
    }
}
