using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Magics;
using XtNotebooks.Kernel.Scripting.Language;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Scripting;

internal sealed partial class CodeSession
{
    /// <summary>Loaded by the first question, because most cells ask none.</summary>
    private readonly Lazy<LanguageService> _language = new(() => new LanguageService());

    public async Task<CompletionReply> CompleteAsync(string code, int position, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(code);
        position = Math.Clamp(position, 0, code.Length);
        if (new DirectiveCompletion(Magics, Notebook, Options.WorkingDirectory).TryComplete(code, position) is { } reply)
            return reply;
        if (CodeNesting.FindTooDeep(code) is not null)
            return new CompletionReply(position, position, []);
        if (PathCompletion.TryComplete(code, position, Options.WorkingDirectory) is { } paths)
            return paths;
        using var relief = PoolRelief.IfNeeded(Options.TimeProvider);
        return await Task.Run(() => _language.Value.CompleteAsync(WithoutDirectives(code), position, _chain, cancellationToken), cancellationToken);
    }

    public async Task<MimeBundle?> InspectAsync(string code, int position, bool detailed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(code);
        position = Math.Clamp(position, 0, code.Length);
        var start = position == 0 ? 0 : code.LastIndexOf('\n', position - 1) + 1;
        var end = code.IndexOf('\n', start);
        var line = code[start..(end < 0 ? code.Length : end)].Trim();
        if (line.StartsWith("#!", StringComparison.Ordinal))
            return Magics.Find(MagicLine.NameOf(line)) is { } magic ? MimeBundle.Text(MagicHelp.Of(magic)) : null;
        if (CodeNesting.FindTooDeep(code) is not null)
            return null;
        using var relief = PoolRelief.IfNeeded(Options.TimeProvider);
        var text = await Task.Run(() => _language.Value.InspectAsync(WithoutDirectives(code), position, _chain, cancellationToken), cancellationToken);
        if (text is null)
            return null;
        var name = NameAt(code, position);
        if (!detailed || name.Length == 0 || !Variables.TryGet(name, out var variable))
            return MimeBundle.Text(text);
        var value = "";
        var error = await RunAsideAsync("Its reading", () => value = Display.PlainText.Of(variable.Value), null, cancellationToken);
        return MimeBundle.Text($"{text}\n\nValue: {(error is null ? value : $"unknown. {error.Message}")}");
    }

    /// <summary>The C# of a cell in its place: lines that are no C# become blank.</summary>
    private static string WithoutDirectives(string code)
    {
        code = CellUsings.Read(code).Code;
        if (!code.Contains('#', StringComparison.Ordinal))
            return code;
        var blanked = CellDirectives.Read(code).Code.Split('\n')
            .Select(line => line.TrimStart().StartsWith("#!", StringComparison.Ordinal) ? new string(' ', line.Length) : line);
        return string.Join('\n', blanked);
    }

    private static string NameAt(string code, int position)
    {
        int start = position, end = position;
        while (start > 0 && SyntaxFacts.IsIdentifierPartCharacter(code[start - 1]))
            start--;
        while (end < code.Length && SyntaxFacts.IsIdentifierPartCharacter(code[end]))
            end++;
        return code[start..end];
    }

    /// <summary>Comments, verbatim and raw strings that are not closed yet.</summary>
    private static readonly string[] OpenTextErrors = ["CS1035", "CS1039", "CS8997"];

    public Completeness IsComplete(string code, out string indent)
    {
        ArgumentNullException.ThrowIfNull(code);
        indent = "";
        if (CodeNesting.FindTooDeep(code) is not null)
            return Completeness.Invalid;
        // Text that belongs to a magic is no C# to be completed.
        var text = string.Join('\n', CellParts.Split(code, Magics).Where(part => part.Magic is null).Select(part => CellDirectives.Read(part.Text.TrimStart('\n')).Code));
        var tree = CSharpSyntaxTree.ParseText(CellUsings.Read(text).Code, SubmissionChain.ParseOptions);
        if (SyntaxFactory.IsCompleteSubmission(tree) && !tree.GetDiagnostics().Any(diagnostic => OpenTextErrors.Contains(diagnostic.Id)))
            return tree.GetDiagnostics().Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error) ? Completeness.Invalid : Completeness.Complete;
        var root = tree.GetRoot();
        var depth = Math.Max(0, root.DescendantTokens().Sum(token => token.Kind() switch
        {
            _ when token.IsMissing => 0,
            SyntaxKind.OpenBraceToken or SyntaxKind.OpenParenToken or SyntaxKind.OpenBracketToken => 1,
            SyntaxKind.CloseBraceToken or SyntaxKind.CloseParenToken or SyntaxKind.CloseBracketToken => -1,
            _ => 0,
        }));
        indent = new string(' ', 4 * depth);
        return Completeness.Incomplete;
    }

    public async Task<IReadOnlyDictionary<string, ExpressionResult>> EvaluateAsync(
        IReadOnlyDictionary<string, string> expressions, CellRequest cell, ICellOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expressions);
        var results = new Dictionary<string, ExpressionResult>();
        foreach (var (name, code) in expressions)
        {
            var request = cell with { Code = code, Number = 0, Silent = false, Subshell = cell.Subshell + " user_expressions", IsCounted = false };
            var result = await RunAsync(request, output, cancellationToken);
            results[name] = new ExpressionResult(result.Value, result.Error);
        }
        return results;
    }

    private sealed class NoOutput : ICellOutput
    {
        public static NoOutput Instance { get; } = new();

        public void Stream(StreamName stream, string text)
        {
        }

        public void Display(MimeBundle bundle, string? displayId)
        {
        }

        public void UpdateDisplay(MimeBundle bundle, string displayId)
        {
        }

        public void Clear(bool wait)
        {
        }

        public string? ReadLine(string prompt, bool password, CancellationToken cancellationToken) => null;
    }
}
