using NuGet.Common;
using NuGet.ProjectModel;

namespace XtNotebooks.Kernel.Packages;

/// <summary>NuGet's messages in one line each.</summary>
internal static class RestoreMessages
{
    private const int MostReasons = 3;

    /// <summary>Why a restore failed: NuGet's own reason, and what to do where it does not say.</summary>
    public static string Why(IEnumerable<IAssetsLogMessage> messages, IReadOnlyList<PackageRequest> requests, IEnumerable<string> sources)
    {
        var errors = messages.Where(message => message.Level == LogLevel.Error).ToList();
        // A package that is not there makes others fail: what is not there comes first, and once.
        var reasons = errors.OrderBy(error => error.Code is NuGetLogCode.NU1101 or NuGetLogCode.NU1102 or NuGetLogCode.NU1301 ? 0 : 1)
            .Select(error => Explain(error, requests))
            .Distinct()
            .ToList();
        return reasons.Count == 0
            ? $"The packages {string.Join(", ", requests)} could not be restored from {string.Join(", ", sources)}."
            : string.Join(" | ", reasons.Take(MostReasons))
                + (reasons.Count > MostReasons ? $" | and {reasons.Count - MostReasons} more" : "");
    }

    /// <summary>What went well but not as asked.</summary>
    public static IReadOnlyList<string> Notes(IEnumerable<IAssetsLogMessage> messages) =>
    [
        .. messages.Where(message =>
            message.Level == LogLevel.Warning && message.Code is NuGetLogCode.NU1603 or NuGetLogCode.NU1701 or NuGetLogCode.NU1608)
            .Where(message => !message.Message.Contains(" depends on ", StringComparison.Ordinal)
                || message.Message.StartsWith("notebook ", StringComparison.Ordinal))
            .Select(message => $"{message.Code}: {OneLine(message.Message)}")
            .Distinct(),
    ];

    public static string OneLine(string message) =>
        string.Join(' ', message.Replace("notebook -> ", "", StringComparison.Ordinal)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private static string Explain(IAssetsLogMessage error, IReadOnlyList<PackageRequest> requests)
    {
        var line = $"{error.Code}: {OneLine(error.Message)}";
        return error.Code switch
        {
            NuGetLogCode.NU1103 => line + " For a pre-release write the version, or *-* for the newest.",
            NuGetLogCode.NU1107 => line + " Name that package yourself, with a version that suits both.",
            NuGetLogCode.NU1605 =>
                line + $" Ask for that version or a later one{(requests.Count > 1 ? ", or leave the version away" : "")}.",
            _ => line,
        };
    }
}
