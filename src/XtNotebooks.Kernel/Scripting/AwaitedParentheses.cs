using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace XtNotebooks.Kernel.Scripting;

/// <summary><c>await (x)</c> outside all functions: the parser of scripts takes it for a call of something named <c>await</c>, since it does
/// not know yet that it is in asynchronous code. Where nothing of that name is in scope, it is what it looks like.</summary>
internal static class AwaitedParentheses
{
    /// <summary>The tree with awaits for these calls; every sign keeps its place. The same tree where there is none.</summary>
    /// <param name="tree">The cell as parsed.</param>
    /// <param name="compile">Compiles it, which tells whether something is named <c>await</c>.</param>
    /// <param name="cancellationToken">Stops the analysis.</param>
    public static SyntaxTree Read(SyntaxTree tree, Func<Compilation> compile, CancellationToken cancellationToken)
    {
        if (!tree.ToString().Contains("await", StringComparison.Ordinal))
            return tree;
        var root = tree.GetRoot(cancellationToken);
        var calls = root.DescendantNodes().OfType<InvocationExpressionSyntax>().Where(LooksAwaited).ToList();
        if (calls.Count == 0)
            return tree;
        var model = compile().GetSemanticModel(tree);
        calls.RemoveAll(call => !model.LookupSymbols(call.SpanStart, name: "await").IsEmpty);
        if (calls.Count == 0)
            return tree;
        var rewritten = root.ReplaceNodes(calls.Select(Operand), (_, operand) => Await((ExpressionSyntax)operand));
        return CSharpSyntaxTree.Create((CSharpSyntaxNode)rewritten, (CSharpParseOptions)tree.Options, tree.FilePath, Encoding.UTF8);
    }

    private static bool LooksAwaited(InvocationExpressionSyntax call) =>
        call is { Expression: IdentifierNameSyntax { Identifier.Text: "await" }, ArgumentList.Arguments: [{ NameColon: null, RefKindKeyword.RawKind: 0 }] };

    /// <summary>Up to where the operator reaches: also over what follows the brackets, as in <c>await (x).ConfigureAwait(false)</c>.</summary>
    private static ExpressionSyntax Operand(ExpressionSyntax start) => start.Parent switch
    {
        MemberAccessExpressionSyntax access when access.Expression == start => Operand(access),
        InvocationExpressionSyntax call when call.Expression == start => Operand(call),
        ElementAccessExpressionSyntax access when access.Expression == start => Operand(access),
        ConditionalAccessExpressionSyntax access when access.Expression == start => Operand(access),
        PostfixUnaryExpressionSyntax postfix => Operand(postfix),
        _ => start,
    };

    private static AwaitExpressionSyntax Await(ExpressionSyntax operand)
    {
        var call = operand.DescendantNodesAndSelf().OfType<InvocationExpressionSyntax>().First(LooksAwaited);
        var keyword = ((IdentifierNameSyntax)call.Expression).Identifier;
        var list = call.ArgumentList;
        var brackets = ParenthesizedExpression(list.OpenParenToken, list.Arguments[0].Expression, list.CloseParenToken);
        return AwaitExpression(
            Token(keyword.LeadingTrivia, SyntaxKind.AwaitKeyword, keyword.TrailingTrivia),
            operand == call ? brackets : operand.ReplaceNode(call, brackets));
    }
}
