using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>The compiler's warnings, each told once, without those that are wrong of a cell.</summary>
internal sealed class CellWarnings
{
    private readonly HashSet<string> _shown = [];

    public void Show(IEnumerable<Diagnostic> diagnostics, ICellOutput output)
    {
        foreach (var warning in diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Warning && !IsWrong(diagnostic)))
        {
            if (_shown.Add(warning.Id + warning.GetMessage()))
                output.Stream(StreamName.Stderr, CellErrors.FromWarning(warning));
        }
    }

    private static bool IsWrong(Diagnostic warning) => warning.Id switch
    {
        // A task that is not awaited, where it is the value to show.
        "CS4014" => Root(warning)?.Members.LastOrDefault() is GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } last }
            && last.Expression.Span == warning.Location.SourceSpan,
        // A field that is never assigned to, which a later cell may do.
        "CS0649" => Root(warning)?.FindNode(warning.Location.SourceSpan).FirstAncestorOrSelf<FieldDeclarationSyntax>()?.Modifiers
            .Any(word => word.IsKind(SyntaxKind.PublicKeyword) || word.IsKind(SyntaxKind.InternalKeyword)) == true,
        _ => false,
    };

    private static CompilationUnitSyntax? Root(Diagnostic warning) => warning.Location.SourceTree?.GetRoot() as CompilationUnitSyntax;
}
