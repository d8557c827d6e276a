using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace XtNotebooks.Kernel.Scripting.Language;

/// <summary>Completion of file paths, in directives and in the strings of ordinary code.</summary>
internal static class PathCompletion
{
    private const int MostMatches = 200;

    /// <summary>The paths that go on from a string of ordinary code; null where the position is in no string that looks like a path.</summary>
    /// <remarks>A string looks like a path when it holds a slash and is no URL.</remarks>
    public static CompletionReply? TryComplete(string code, int position, string workingDirectory)
    {
        var line = position == 0 ? 0 : code.LastIndexOf('\n', position - 1) + 1;
        var quote = code.LastIndexOf('"', Math.Max(0, position - 1), Math.Max(0, position - line));
        if (quote < 0)
            return null;
        var text = code[(quote + 1)..position];
        if (!text.Contains('/', StringComparison.Ordinal) || text.Contains('\\', StringComparison.Ordinal)
            || text.Contains("://", StringComparison.Ordinal))
            return null;
        // What stands before the quote decides whether it opens a string or closes one.
        var token = CSharpSyntaxTree.ParseText(code[..position], SubmissionChain.ParseOptions).GetRoot().FindToken(position - 1);
        return token.IsKind(SyntaxKind.StringLiteralToken) && (token.SpanStart == quote || token.SpanStart == quote - 1)
            ? Files(text, quote + 1, position, workingDirectory, _ => true)
            : null;
    }

    /// <summary>The folders, and the files that are wanted, that a path begun goes on to.</summary>
    /// <param name="text">The path as far as it is typed.</param>
    /// <param name="start">Where it begins in the code.</param>
    /// <param name="position">Where it ends.</param>
    /// <param name="workingDirectory">What relative paths start from.</param>
    /// <param name="wanted">Which files are told.</param>
    public static CompletionReply Files(string text, int start, int position, string workingDirectory, Func<FileSystemInfo, bool> wanted)
    {
        var slash = text.LastIndexOf('/') + 1;
        var typed = text[slash..];
        var folder = Path.GetFullPath(text[..slash], workingDirectory);
        if (!Directory.Exists(folder))
            return new CompletionReply(position, position, []);
        try
        {
            var matches = new DirectoryInfo(folder).EnumerateFileSystemInfos()
                .Where(entry => entry.Name.StartsWith(typed, StringComparison.OrdinalIgnoreCase) && (typed.StartsWith('.') || !entry.Name.StartsWith('.')))
                .Where(entry => entry is DirectoryInfo || wanted(entry))
                .OrderBy(entry => entry.Name, StringComparer.Ordinal)
                .Take(MostMatches)
                .Select(entry => new CompletionMatch(entry is DirectoryInfo ? entry.Name + "/" : entry.Name, entry is DirectoryInfo ? "folder" : "file", ""));
            return new CompletionReply(start + slash, position, [.. matches]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new CompletionReply(position, position, []);
        }
    }
}
