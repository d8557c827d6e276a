using System.Globalization;
using System.Text;
using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>The report in plain text, for logs and for places without HTML.</summary>
internal static class DoctorText
{
    public static string Verdict(DoctorReport report)
    {
        var (passed, open) = (Count(report, CheckStatus.Passed), Count(report, CheckStatus.NotChecked));
        var bad = report.Findings.Where(f => f.Severity > Severity.Advice && f.FollowsFrom is null).ToList();
        var advice = report.Findings.Count(f => f.Severity == Severity.Advice);
        var rest = $"{Words.Count(passed, "check")} passed, {Words.Number(open)} could not be made";
        if (bad.Count > 0)
            return $"Sick: {Words.Count(bad.Count, "finding")}, {(bad.Count > 1 ? "the worst is " : "")}{bad[0].Check}; {rest}.";
        if (passed == 0)
            return $"Nothing can be said: {rest}.";
        return $"Nothing wrong was found{(advice > 0 ? $", {Words.Count(advice, "piece of advice", "pieces of advice")}" : "")}; {rest}.";
    }

    /// <summary>What a report needs to be made again.</summary>
    public static string Origin(DoctorReport report)
    {
        var batch = report.Batch;
        return string.Create(CultureInfo.InvariantCulture,
            $"Batch {batch.Hash}: {batch.Rows} x {batch.Columns}, {batch.Pads} pads, vocabulary {batch.Vocabulary}; seed {report.Seed}; "
            + $"cost {report.Forwards:0.0} forward and {report.Backwards:0.0} backward passes.");
    }

    public static string Mark(Finding finding) => finding.Severity switch
    {
        Severity.Error => "ERROR",
        Severity.Warning => "WARNING",
        _ => "ADVICE",
    };

    /// <summary>Shares and cause in words; empty where there are none.</summary>
    public static string Aside(Finding finding)
    {
        var parts = new List<string>();
        if (finding.LossShare is { } loss)
            parts.Add($"touches {Words.Percent(loss)} of the loss");
        if (finding.GradientShare is { } gradient)
            parts.Add($"{(parts.Count == 0 ? "touches " : "")}{Words.Percent(gradient)} of the gradient");
        if (finding.FollowsFrom is { } cause)
            parts.Add($"follows from {cause}");
        return string.Join(", ", parts);
    }

    public static string Write(DoctorReport report)
    {
        var text = new StringBuilder();
        text.Append(report.Verdict).Append('\n').Append(Origin(report)).Append('\n');
        foreach (var finding in report.Findings)
        {
            text.Append('\n').Append(Mark(finding)).Append(' ').Append(finding.Check).Append(": ").Append(Plain(finding.Summary)).Append('\n');
            if (Aside(finding) is { Length: > 0 } aside)
                text.Append("  cost: ").Append(aside).Append('\n');
            text.Append("  fix:  ").Append(Plain(finding.Fix)).Append('\n');
            text.Append("  see:  ").Append(finding.Thread).Append('\n');
        }
        List(text, report, CheckStatus.NotChecked, "not checked");
        List(text, report, CheckStatus.Passed, "passed");
        return text.ToString();
    }

    private static void List(StringBuilder text, DoctorReport report, CheckStatus status, string title)
    {
        var some = report.Outcomes.Where(o => o.Status == status).ToList();
        if (some.Count == 0)
            return;
        text.Append('\n').Append(title).Append(":\n");
        var width = some.Max(o => o.Check.Name.Length);
        foreach (var outcome in some)
            text.Append("  ").Append(outcome.Check.Name.PadRight(width)).Append("  ").Append(Plain(outcome.Note)).Append('\n');
    }

    private static string Plain(string text) => text.Replace("`", "", StringComparison.Ordinal);

    private static int Count(DoctorReport report, CheckStatus status) => report.Outcomes.Count(o => o.Status == status);
}
