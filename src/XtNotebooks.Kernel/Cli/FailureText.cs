using System.Globalization;
using System.Text.RegularExpressions;
using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Cli;

/// <summary>Says which cell ended a run, where, and why.</summary>
internal static partial class FailureText
{
    private const int TracebackLines = 24;

    public static string Of(CellFailure failure)
    {
        var error = failure.Error;
        var traceback = error.Traceback.SelectMany(line => Colours().Replace(line, "").Split('\n')).Select(line => line.TrimEnd()).ToList();
        var place = error.Line is { } line ? string.Create(CultureInfo.InvariantCulture, $", line {line}") : "";
        var where = string.Create(CultureInfo.InvariantCulture, $"Cell {failure.Number}{place}: ");
        List<string> text = [];
        // The compiler's own lines each name cell and line; anything else gets a first line that does.
        if (traceback.Count == 0 || !traceback[0].StartsWith(where, StringComparison.Ordinal))
        {
            text.Add($"{where}{error.Name}: {error.Message}");
            traceback.RemoveAll(each => each == $"{error.Name}: {error.Message}" || each == error.Message);
        }
        text.AddRange(traceback.Take(TracebackLines));
        if (traceback.Count > TracebackLines)
            text.Add("  … the whole is in the executed notebook.");
        if (traceback.Count == 0 && SourceLine(failure) is { } source)
            text.Add(source);
        if (failure.NotRun > 0)
            text.Add(failure.NotRun == 1
                ? "The last cell was not run."
                : string.Create(CultureInfo.InvariantCulture, $"The {failure.NotRun} cells after it were not run."));
        return string.Join(Environment.NewLine, text);
    }

    private static string? SourceLine(CellFailure failure) =>
        failure.Error.Line is { } number && failure.Source.Split('\n') is var lines && number >= 1 && number <= lines.Length
            ? string.Create(CultureInfo.InvariantCulture, $"  {number} | {lines[number - 1].TrimEnd()}")
            : null;

    [GeneratedRegex(@"\e\[[0-9;:]*m")]
    private static partial Regex Colours();
}
