using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Cli.Checks;

/// <summary>References packages as a notebook's first cell would and passes on what their extensions tell of the machine.</summary>
internal static class PackageCheck
{
    public static async Task<IReadOnlyList<CheckLine>> LinesAsync(
        Func<string, CheckedSession> openSession, IReadOnlyList<string> packages, CancellationToken cancellationToken)
    {
        var lines = new List<CheckLine>();
        var (session, reports) = openSession(Environment.CurrentDirectory);
        await using (session)
        {
            for (var i = 0; i < packages.Count; i++)
            {
                var outputs = new CellOutputs(new DisplayIds());
                var result = await session.RunAsync(new CellRequest($"#r \"nuget: {packages[i]}\"", i + 1), outputs, cancellationToken);
                // What the extension shows on loading, such as a missing backend, its reports say too.
                lines.Add(new("package",
                    $"{packages[i]}: {(result.Status == CellStatus.Ok ? "loaded" : "not available here: " + Reason(result.Error))}"));
            }
            lines.AddRange(reports().Where(report => report.Kind == ReportKind.Check)
                .Select(report => new CheckLine(report.Title, Read(report))));
        }
        return lines;
    }

    private static string Reason(CellError? error) => error?.Message ?? "the reference was interrupted";

    private static string Read(NotebookReport report)
    {
        try
        {
            return report.Read();
        }
#pragma warning disable CA1031 // A report is a guest's code: whatever it throws is an answer too.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return $"could not be asked: {error.Message}";
        }
    }
}
