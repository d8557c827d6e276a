using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Finds the files of <c>#load</c>, relative to the notebook or to the loading file.</summary>
internal sealed class ScriptSources(string workingDirectory) : SourceReferenceResolver
{
    private readonly SourceFileResolver _files = new(ImmutableArray<string>.Empty, Path.GetFullPath(workingDirectory));

    /// <summary>Of this thread alone: a compilation that was left behind may still read files.</summary>
    [ThreadStatic]
    private static bool t_asWritten;

    /// <summary>Compiles a file by itself, where only the types can tell how it is made interruptible; null to do without.</summary>
    public Func<SyntaxTree, Compilation>? Compile { get; set; }

    /// <summary>Gives files without the checks that make them interruptible while the action runs.</summary>
    public static T AsWritten<T>(Func<T> action)
    {
        var before = t_asWritten;
        t_asWritten = true;
        try
        {
            return action();
        }
        finally
        {
            t_asWritten = before;
        }
    }

    /// <summary>"Cell 3" stays as it is in stack traces; files get their full path.</summary>
    public override string? NormalizePath(string path, string? baseFilePath) =>
        baseFilePath is null && !Path.IsPathRooted(path) ? path : _files.NormalizePath(path, FileOrNull(baseFilePath));

    public override string? ResolveReference(string path, string? baseFilePath) => _files.ResolveReference(path, FileOrNull(baseFilePath));

    /// <summary>The file without the lines that were seen to before it is compiled, and with the checks that make it interruptible.</summary>
    public override Stream OpenRead(string resolvedPath)
    {
        var usings = CellUsings.Read(CellDirectives.Read(File.ReadAllText(resolvedPath)).Code);
        var tree = SubmissionChain.Parse(usings.Code, resolvedPath, CancellationToken.None);
        var code = t_asWritten
            ? usings.Code
            // What it loads itself is needed for its declarations only.
            : AsWritten(() => InterruptRewriter.Rewrite(tree, Compile is null ? null : () => Compile(tree), CancellationToken.None, usings.Positions)).ToString();
        return new MemoryStream(Encoding.UTF8.GetBytes(code));
    }

    public override bool Equals(object? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => _files.GetHashCode();

    /// <summary>"Cell 3" is no file: what it loads is relative to the notebook.</summary>
    private static string? FileOrNull(string? path) => Path.IsPathRooted(path) ? path : null;
}
