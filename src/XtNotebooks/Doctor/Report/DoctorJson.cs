using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace XtNotebooks.Diagnostics;

/// <summary>The report for other programs.</summary>
internal static class DoctorJson
{
    private static readonly JsonSerializerOptions Style = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static string Write(DoctorReport report) => JsonSerializer.Serialize(new
    {
        report.Verdict,
        Sick = report.IsSick,
        report.Findings,
        Checks = report.Outcomes.Select(o => new { o.Check.Number, o.Check.Name, o.Status, o.Note }),
        report.Batch,
        report.Seed,
        report.Loss,
        report.Forwards,
        report.Backwards,
    }, Style);
}
