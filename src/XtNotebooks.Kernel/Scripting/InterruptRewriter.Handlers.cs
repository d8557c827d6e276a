using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Handlers of exceptions, of which endless recursion may have one on every level.</summary>
internal sealed partial class InterruptRewriter
{
    /// <summary>The variable of a handler that has none, with its place: handlers are inside one another.</summary>
    private const string CaughtName = "xt__caught";

    private static readonly StatementSyntax CaughtStatement = ParseStatement($"{Guard}.Caught();");
    private static readonly StatementSyntax CleaningStatement = ParseStatement($"{Guard}.Cleaning();");
    private static readonly StatementSyntax CleanedStatement = ParseStatement($"{Guard}.Cleaned();");
    private static readonly ExpressionSyntax DisposesGuard = ParseExpression($"!{Guard}.Disposes");
    private static readonly TryStatementSyntax DisposedStatement = (TryStatementSyntax)ParseStatement($"try {{ }} finally {{ {Guard}.Cleaned(); }}");
    private static readonly ExpressionSyntax HandlesGuard = ParseExpression($"{Guard}.Handles");
    private static readonly ExpressionSyntax FinishesGuard = ParseExpression($"{Guard}.Finishes");
    private static readonly TypeSyntax AnyException = ParseTypeName("global::System.Exception");

    /// <summary>Whether the compiler may have a warning for a handler that its check takes away: an exception that is not looked at, a filter
    /// that is always the same or sets a variable.</summary>
    public static bool HidesWarnings(SyntaxTree tree, CancellationToken cancellationToken) =>
        tree.GetRoot(cancellationToken).DescendantNodes().OfType<CatchClauseSyntax>().Any(clause =>
            clause.Filter is { FilterExpression: LiteralExpressionSyntax or AssignmentExpressionSyntax }
            || (clause.Declaration is { Identifier.ValueText: { Length: > 0 } name }
                && !clause.DescendantNodes().Any(node => node is IdentifierNameSyntax { Identifier.ValueText: var used } && used == name)));

    public override SyntaxNode? VisitCatchClause(CatchClauseSyntax node)
    {
        var visited = (CatchClauseSyntax)base.VisitCatchClause(node)!;
        if (_least)
            return visited;
        if (visited.Block.Statements.Count > 0)
            visited = visited.WithBlock(Begun(visited.Block, CaughtStatement));
        // Behind one without a filter the compiler complains of those that are never reached, which it must be able to see.
        return visited.Filter is not null || ((TryStatementSyntax)node.Parent!).Catches.Last() == node ? Filtered(visited, node.SpanStart) : visited;
    }

    public override SyntaxNode? VisitTryStatement(TryStatementSyntax node)
    {
        var visited = (TryStatementSyntax)base.VisitTryStatement(node)!;
        if (visited.Finally is not { Block: { Statements.Count: > 0 } written } last || _least)
            return visited;
        var block = Ended(Begun(written, CleaningStatement), CleanedStatement);
        if (Sets(node.Finally!.Block) || IsIterator(node.Block))
            return visited.WithFinally(last.WithBlock(block));
        var name = CaughtName + node.SpanStart.ToString(CultureInfo.InvariantCulture);
        var passes = (TryStatementSyntax)ParseStatement(
            $"try {{ }} catch (global::System.InsufficientExecutionStackException {name}) when ({Guard}.Passes({name})) {{ throw; }}");
        return visited
            .WithCatches(visited.Catches.Insert(0, passes.Catches[0]))
            .WithFinally(last.WithBlock(SyntaxFactory.Block(IfStatement(FinishesGuard, block.WithoutTrivia())).WithTriviaFrom(block)));
    }

    /// <summary>What <c>using</c> calls, also where an interrupt is what ends it.</summary>
    private static bool IsDispose(MethodDeclarationSyntax node) =>
        (node is { Identifier.ValueText: "Dispose", ReturnType: PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword } } && !IsAsync(node.Modifiers)
            || (node.Identifier.ValueText == "DisposeAsync" && RightmostName(node.ReturnType) is IdentifierNameSyntax { Identifier.ValueText: "ValueTask" or "Task" }))
        && (node.Body ?? (CSharpSyntaxNode?)node.ExpressionBody) is not (null or ArrowExpressionClauseSyntax { Expression: ThrowExpressionSyntax });

    private static MethodDeclarationSyntax EnteredDispose(MethodDeclarationSyntax method)
    {
        var body = method.Body ?? Unentered(OfArrow(method.ExpressionBody!), IsVoid(method.ReturnType, method.Modifiers), method.SemicolonToken);
        if (IsAsync(method.Modifiers))
            body = EnteredAwaited(body, isIterator: false);
        return method.WithExpressionBody(null).WithSemicolonToken(default)
            .WithBody(SyntaxFactory.Block(IfStatement(DisposesGuard, Disposed(method)), DisposedStatement.WithBlock(body.WithoutTrivia())).WithTriviaFrom(body));
    }

    private static StatementSyntax Disposed(MethodDeclarationSyntax method) => ParseStatement(
        IsVoid(method.ReturnType, method.Modifiers) ? "return;"
        : RightmostName(method.ReturnType) is IdentifierNameSyntax { Identifier.ValueText: "Task" } ? "return global::System.Threading.Tasks.Task.CompletedTask;"
        : "return default;");

    /// <summary>The block with one more statement behind all others, and behind the directives that stand there.</summary>
    private static BlockSyntax Ended(BlockSyntax block, StatementSyntax statement) => block
        .WithCloseBraceToken(block.CloseBraceToken.WithLeadingTrivia())
        .WithStatements(block.Statements.Add(statement.WithLeadingTrivia(block.CloseBraceToken.LeadingTrivia)));

    private static CatchClauseSyntax Filtered(CatchClauseSyntax clause, int place)
    {
        var declaration = clause.Declaration ?? CatchDeclaration(AnyException).WithLeadingTrivia(Space);
        if (declaration.Identifier.IsKind(SyntaxKind.None))
        {
            declaration = declaration.WithIdentifier(
                Identifier(CaughtName + place.ToString(CultureInfo.InvariantCulture)).WithLeadingTrivia(Space));
        }
        var handles = InvocationExpression(HandlesGuard, ArgumentList(SingletonSeparatedList(Argument(IdentifierName(declaration.Identifier.WithoutTrivia())))));
        if (clause.Filter is not { } filter)
        {
            var trivia = declaration.GetTrailingTrivia();
            return clause.Declaration is null
                ? clause.WithCatchKeyword(clause.CatchKeyword.WithTrailingTrivia()).WithDeclaration(declaration)
                    .WithFilter(CatchFilterClause(handles).WithTrailingTrivia(clause.CatchKeyword.TrailingTrivia))
                : clause.WithDeclaration(declaration.WithTrailingTrivia(Space)).WithFilter(CatchFilterClause(handles).WithTrailingTrivia(trivia));
        }
        return clause.WithDeclaration(declaration).WithFilter(filter.WithFilterExpression(BinaryExpression(
            SyntaxKind.LogicalAndExpression, handles, ParenthesizedExpression(filter.FilterExpression))));
    }

    /// <summary>Whether a variable may get its first value there, which the compiler would miss where the block runs under a condition.</summary>
    private static bool Sets(BlockSyntax block)
    {
        var set = block.DescendantNodes().SelectMany(node => node switch
        {
            AssignmentExpressionSyntax assignment => assignment.Left.DescendantNodesAndSelf().OfType<IdentifierNameSyntax>(),
            ArgumentSyntax { RefKindKeyword.RawKind: (int)SyntaxKind.OutKeyword } argument => argument.DescendantNodes().OfType<IdentifierNameSyntax>(),
            _ => [],
        }).Select(name => name.Identifier.ValueText).ToHashSet();
        // Nullable analysis would miss it, too, where it is asked for, and in constructors.
        return set.Count > 0 && (HasNullable(block.SyntaxTree.GetRoot()) || block.Ancestors().OfType<ConstructorDeclarationSyntax>().Any()
            || block.Ancestors().TakeWhile(node => node is not BaseTypeDeclarationSyntax).SelectMany(Unset).Any(set.Contains));
    }

    private static bool HasNullable(SyntaxNode root) =>
        root.ContainsDirectives && root.DescendantTrivia().Any(trivia => trivia.IsKind(SyntaxKind.NullableDirectiveTrivia));

    /// <summary>The names of variables that a node declares without a value.</summary>
    private static IEnumerable<string> Unset(SyntaxNode node) => node.ChildNodes().SelectMany<SyntaxNode, string>(child => child switch
    {
        LocalDeclarationStatementSyntax local => Unset(local.Declaration),
        VariableDeclarationSyntax declaration => Unset(declaration),
        ParameterListSyntax list => list.Parameters.Where(parameter => parameter.Modifiers.Any(SyntaxKind.OutKeyword)).Select(parameter => parameter.Identifier.ValueText),
        _ => [],
    });

    private static IEnumerable<string> Unset(VariableDeclarationSyntax declaration) =>
        declaration.Variables.Where(variable => variable.Initializer is null).Select(variable => variable.Identifier.ValueText);
}
