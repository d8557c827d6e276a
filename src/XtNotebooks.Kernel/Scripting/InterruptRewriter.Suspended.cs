using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Functions that are left in the middle and gone on with later: asynchronous ones, and iterators. The stack does not tell how deep
/// they are nested, or tells it too late.</summary>
internal sealed partial class InterruptRewriter
{
    /// <summary>The variable that holds an asynchronous function's call; that of a function inside hides it.</summary>
    private const string CallName = "xt__call";

    /// <summary>The variable that holds how many iterators run.</summary>
    private const string RunningName = "xt__running";

    private static readonly UsingStatementSyntax AwaitedStatement =
        (UsingStatementSyntax)ParseStatement($"using (var {CallName} = {Guard}.EnterAwaited()) {{ }}");
    private static readonly StatementSyntax ContinueStatement = ParseStatement($"{Guard}.Continue({CallName});");
    private static readonly TryStatementSyntax TooDeepStatement = (TryStatementSyntax)ParseStatement(
        $"try {{ }} catch (global::System.InsufficientExecutionStackException xt__deep) when ({Guard}.IsLong(xt__deep)) {{ throw {Guard}.Anew(xt__deep); }}");

    private static readonly StatementSyntax EnterIteratorStatement = ParseStatement($"int {RunningName} = {Guard}.EnterIterator();");
    private static readonly TryStatementSyntax IteratorStatement =
        (TryStatementSyntax)ParseStatement($"try {{ }} finally {{ {Guard}.LeaveIterator({RunningName}); }}");
    private static readonly StatementSyntax PauseStatement = ParseStatement($"{Guard}.Pause(ref {RunningName});");
    private static readonly StatementSyntax ResumeStatement = ParseStatement($"{Guard}.Resume(ref {RunningName});");

    public override SyntaxNode? VisitYieldStatement(YieldStatementSyntax node)
    {
        var visited = (YieldStatementSyntax)base.VisitYieldStatement(node)!;
        if (!node.IsKind(SyntaxKind.YieldReturnStatement))
            return visited;
        var isAsync = node.Ancestors().FirstOrDefault(outer => outer is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax) switch
        {
            MethodDeclarationSyntax method => IsAsync(method.Modifiers),
            LocalFunctionStatementSyntax function => IsAsync(function.Modifiers),
            _ => false,
        };
        return isAsync ? Braced([], visited, ContinueStatement) : Braced([PauseStatement], visited, ResumeStatement);
    }

    /// <summary>What need not come back to the cell's threads does so all the same: there alone its waits can be interrupted.</summary>
    private static InvocationExpressionSyntax GuardedOnThreads(InvocationExpressionSyntax call, MemberAccessExpressionSyntax configured)
    {
        SyntaxToken[] left = [configured.OperatorToken, configured.Name.Identifier, call.ArgumentList.OpenParenToken];
        var comma = Token(TriviaList(left.SelectMany(token => token.GetAllTrivia())), SyntaxKind.CommaToken, TriviaList());
        return call.WithExpression(AwaitGuard.WithLeadingTrivia(call.GetLeadingTrivia())).WithArgumentList(ArgumentList(
            Token(SyntaxKind.OpenParenToken),
            SeparatedList<ArgumentSyntax>([Argument(configured.Expression.WithLeadingTrivia()), comma, call.ArgumentList.Arguments[0]]),
            call.ArgumentList.CloseParenToken));
    }

    private static bool IsAsync(SyntaxTokenList modifiers) => modifiers.Any(SyntaxKind.AsyncKeyword);

    /// <summary>Whether it yields items, not only a function inside it.</summary>
    private static bool IsIterator(BlockSyntax body) =>
        body.DescendantNodes(node => node is StatementSyntax and not LocalFunctionStatementSyntax || node is SwitchSectionSyntax or ElseClauseSyntax or CatchClauseSyntax or FinallyClauseSyntax)
            .Any(node => node is YieldStatementSyntax);

    private static BlockSyntax EnteredAwaited(BlockSyntax body, bool isIterator) => SyntaxFactory.Block(AwaitedStatement.WithStatement(
        // Where items are yielded no exception can be caught; whoever reads them by a loop throws it anew.
        isIterator ? body.WithoutTrivia() : SyntaxFactory.Block(TooDeepStatement.WithBlock(body.WithoutTrivia())))).WithTriviaFrom(body);

    private static BlockSyntax EnteredIterator(BlockSyntax body) =>
        SyntaxFactory.Block(EnterIteratorStatement, IteratorStatement.WithBlock(body.WithoutTrivia())).WithTriviaFrom(body);
}
