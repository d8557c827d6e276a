using System.Globalization;
using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Cli;

/// <summary>Says which cell ended a run, where, and why.</summary>
internal static class FailureText
{
    public static string Of(CellFailure failure)
    {
        var error = failure.Error;
        var place = error.Line is { } line ? string.Create(CultureInfo.InvariantCulture, $", line {line}") : "";
        var text = string.Create(CultureInfo.InvariantCulture, $"Cell {failure.Number}{place}: {error.Name}: {error.Message}");
        if (error.Line is { } number && failure.Source.Split('\n') is var lines && number >= 1 && number <= lines.Length)
            text += string.Create(CultureInfo.InvariantCulture, $"{Environment.NewLine}  {number} | {lines[number - 1].TrimEnd()}");
        return failure.NotRun switch
        {
            0 => text,
            1 => $"{text}{Environment.NewLine}The last cell was not run.",
            var rest => string.Create(CultureInfo.InvariantCulture, $"{text}{Environment.NewLine}The {rest} cells after it were not run."),
        };
    }
}
