using System.Text.RegularExpressions;

namespace XtNotebooks.Kernel.Jupyter.Requests;

/// <summary>A cell that is a name with a question mark, <c>Console.WriteLine?</c>: it asks what the name is, two marks ask for
/// more.</summary>
internal sealed partial record HelpQuery(string Name, bool Detailed)
{
    /// <summary>Reads a cell; null where it is no such question.</summary>
    public static HelpQuery? TryParse(string code) =>
        Pattern().Match(code) is { Success: true } match
            ? new HelpQuery(match.Groups["name"].Value, match.Groups["marks"].Length == 2)
            : null;

    [GeneratedRegex(@"\A\s*(?<name>#![\w-]+|@?[\p{L}_][\w.]*(<[\w.,\s]+>)?)(?<marks>\?\??)\s*\z",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
