using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Scripting;

internal sealed partial class CodeSession
{
    public Task<CompletionReply> CompleteAsync(string code, int position, CancellationToken cancellationToken) =>
        Task.FromResult(new CompletionReply(position, position, []));

    public Task<MimeBundle?> InspectAsync(string code, int position, bool detailed, CancellationToken cancellationToken) =>
        Task.FromResult<MimeBundle?>(null);

    public Completeness IsComplete(string code, out string indent)
    {
        indent = "";
        var parts = code.Split('\n');
        var text = string.Join('\n', parts.Select(line => line.StartsWith("#!", StringComparison.Ordinal) ? "" : line));
        var tree = CSharpSyntaxTree.ParseText(text, SubmissionChain.ParseOptions);
        if (SyntaxFactory.IsCompleteSubmission(tree))
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

    public async Task<IReadOnlyDictionary<string, ExpressionResult>> EvaluateAsync(IReadOnlyDictionary<string, string> expressions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expressions);
        var results = new Dictionary<string, ExpressionResult>();
        foreach (var (name, code) in expressions)
        {
            var request = new CellRequest(code, 0, Subshell: "user_expressions");
            var result = await RunAsync(request, CellContext.Current?.Output ?? NoOutput.Instance, cancellationToken);
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
