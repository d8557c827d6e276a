using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Draws a report: the verdict, a block for each finding, a line that opens for each advice, and the rest folded.</summary>
internal static class DoctorHtml
{
    public static string Write(DoctorReport report)
    {
        var html = new HtmlWriter();
        html.Add($"<p class=\"lead {(report.IsSick ? "warn" : "good")}\"><strong>{report.Verdict}</strong></p>\n");
        foreach (var finding in report.Findings.Where(f => f.FollowsFrom is null))
            html.Add(Block(report, finding));
        Fold(html, "Consequences", report.Findings.Where(f => f.FollowsFrom is not null).Select(f => Block(report, f)).ToList());
        Fold(html, "Not checked", Rows(report, CheckStatus.NotChecked));
        Fold(html, "Passed", Rows(report, CheckStatus.Passed));
        html.Add($"<p class=\"muted\">{DoctorText.Origin(report)}</p>");
        return ViewFrame.Render("doctor", "Examination: " + report.Verdict, Css, html.Done());
    }

    private static Html Block(DoctorReport report, Finding finding)
    {
        var question = report.Outcomes.First(o => o.Check.Name == finding.Check).Check.Question;
        var aside = DoctorText.Aside(finding);
        var name = Html.Of($"<strong>{DoctorText.Mark(finding)} {finding.Check}</strong> <span class=\"muted\">{question}</span>");
        var rest = Html.Of($"<p>{Remarks.Code(finding.Summary)}</p>\n<p><b>Fix</b> {Remarks.Code(finding.Fix)}</p>\n<p class=\"muted\">{aside}{(aside.Length > 0 ? "; " : "")}seen in <a href=\"{finding.Thread}\" rel=\"noreferrer\">{Short(finding.Thread)}</a></p>");
        return finding.Severity == Severity.Advice
            ? Html.Of($"<section class=\"advice\"><details><summary>{name}</summary>\n{rest}</details></section>\n")
            : Html.Of($"<section class=\"{finding.Severity.ToString().ToLowerInvariant()}\"><p>{name}</p>\n{rest}</section>\n");
    }

    private static List<Html> Rows(DoctorReport report, CheckStatus status) =>
        [.. report.Outcomes.Where(o => o.Status == status).Select(o => Html.Of($"<p><strong>{o.Check.Name}</strong> <span class=\"muted\">{o.Check.Question}</span> {Remarks.Code(o.Note)}</p>\n"))];

    private static void Fold(HtmlWriter html, string title, List<Html> parts)
    {
        if (parts.Count > 0)
            html.Add($"<details><summary>{title}: {parts.Count}</summary>\n{Html.Join("", parts)}</details>\n");
    }

    /// <summary>"huggingface/trl#2175".</summary>
    private static string Short(string thread)
    {
        var parts = new Uri(thread).AbsolutePath.Trim('/').Split('/');
        return parts.Length == 4 ? $"{parts[0]}/{parts[1]}#{parts[3]}" : thread;
    }

    private const string Css = """
        .xt-doctor section{border-left:4px solid var(--line);background:var(--soft);border-radius:4px;margin:.5em 0;padding:.4em .8em}
        .xt-doctor section p{margin:.15em 0}
        .xt-doctor section.error,.xt-doctor section.warning{border-left-color:var(--warn)}
        .xt-doctor section.error strong,.xt-doctor section.warning strong{color:var(--warn)}
        .xt-doctor section.error{background:var(--warnbg)}
        .xt-doctor section.error .muted{color:var(--fg)}
        .xt-doctor details{margin:.3em 0}
        .xt-doctor summary{cursor:pointer;color:var(--muted)}
        .xt-doctor details>p{margin:.15em 0 .15em 1em}
        .xt-doctor section details{margin:0}
        .xt-doctor section details>p{margin:.15em 0}
        .xt-doctor section summary{color:var(--fg)}
        .xt-doctor a{color:var(--focus)}
        """;
}
