using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Tells what of a compiled cell later cells can refer to.</summary>
internal static class SubmissionTraces
{
    /// <summary>Whether a cell is without a trace for later code: no variable, function or type of it can be named, and no directive lasts.</summary>
    public static bool LeavesNone(CSharpCompilation submission, CancellationToken cancellationToken)
    {
        // #load brings a second file.
        if (submission.SyntaxTrees is not [var tree] || submission.ScriptClass is not { } script)
            return false;
        var root = (CompilationUnitSyntax)tree.GetRoot(cancellationToken);
        return root.Usings.Count == 0 && root.Externs.Count == 0 && !root.AttributeLists.Any()
            && root.GetReferenceDirectives().Count == 0 && root.GetLoadDirectives().Count == 0
            && script.GetMembers().All(member => member.IsImplicitlyDeclared)
            // An anonymous type is the same one wherever a cell writes it again.
            && !root.DescendantNodes().Any(node => node is AnonymousObjectCreationExpressionSyntax);
    }
}
