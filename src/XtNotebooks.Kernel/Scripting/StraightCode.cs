using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Tells code of which every line runs at most once: no loop, no function, no type.</summary>
internal static class StraightCode
{
    /// <summary>Whether optimizing it could make nothing faster. Unoptimized it costs the runtime less: the state of its asynchronous start is
    /// then a class, for which .NET's own code is there already, while that for a structure is compiled anew in every cell.</summary>
    public static bool Is(SyntaxTree tree, CancellationToken cancellationToken)
    {
        var root = (CompilationUnitSyntax)tree.GetRoot(cancellationToken);
        // #load brings other code.
        return !root.ContainsDirectives
            && root.Members.All(member => member is GlobalStatementSyntax or FieldDeclarationSyntax)
            && !root.DescendantNodes().Any(IsRepeated);
    }

    private static bool IsRepeated(SyntaxNode node) => node
        is CommonForEachStatementSyntax or ForStatementSyntax or WhileStatementSyntax or DoStatementSyntax or GotoStatementSyntax
        or AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or QueryExpressionSyntax;
}
