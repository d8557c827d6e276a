using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Puts a cancellation check into every loop, function and await of a cell, without moving a line.</summary>
internal sealed partial class InterruptRewriter : CSharpSyntaxRewriter
{
    private const string Guard = "global::XtNotebooks.Kernel.Scripting.CellGuard";

    private static readonly StatementSyntax CheckStatement = ParseStatement($"{Guard}.Check();");
    private static readonly StatementSyntax EnterStatement = ParseStatement($"{Guard}.Enter();");
    private static readonly ExpressionSyntax AwaitGuard = ParseExpression($"{Guard}.Await");
    private static readonly ExpressionSyntax EachGuard = ParseExpression($"{Guard}.Each");
    private static readonly MemberAccessExpressionSyntax UsingGuard = (MemberAccessExpressionSyntax)ParseExpression($"{Guard}.Using");
    private static readonly MemberAccessExpressionSyntax AwaitUsingGuard = (MemberAccessExpressionSyntax)ParseExpression($"{Guard}.AwaitUsing");
    private static readonly ExpressionSyntax ItemsGuard = ParseExpression($"{Guard}.Items");

    /// <summary>Tells a lambda's delegate from an expression tree; null to leave lambdas without braces as they are.</summary>
    private readonly Func<LambdaExpressionSyntax, LambdaKind>? _kindOf;

    /// <summary>Whether what a query reads is a plain sequence, which may be read through a check; null to leave queries as they are.</summary>
    private readonly Func<ExpressionSyntax, bool>? _isSequence;

    /// <summary>Where declarations begin whose values are disposed of at the cell's end, and whether by <c>await</c>.</summary>
    private readonly IReadOnlyDictionary<int, bool>? _usings;

    /// <summary>Whether a record with a list of bases continues another record; null where that is unknown.</summary>
    private readonly Func<RecordDeclarationSyntax, bool>? _continuesRecord;

    /// <summary>Whether only loops, functions and awaits get checks, for code that does not compile with more.</summary>
    private readonly bool _least;

    private InterruptRewriter(
        Func<LambdaExpressionSyntax, LambdaKind>? kindOf,
        Func<ExpressionSyntax, bool>? isSequence,
        Func<RecordDeclarationSyntax, bool>? continuesRecord,
        IReadOnlyDictionary<int, bool>? usings,
        bool least)
    {
        _usings = usings;
        _least = least;
        _continuesRecord = continuesRecord;
        _kindOf = kindOf;
        _isSequence = isSequence;
    }

    private enum LambdaKind
    {
        Unknown,
        Tree,
        Void,
        Value,
    }

    /// <summary>The tree with its checks; the same tree where there is nothing to check.</summary>
    /// <param name="tree">The cell as written.</param>
    /// <param name="compile">Compiles it, where only the types can tell a lambda from an expression tree.</param>
    /// <param name="cancellationToken">Stops the analysis.</param>
    /// <param name="usings">Where declarations begin whose values are disposed of at the cell's end, and whether by <c>await</c>.</param>
    /// <param name="least">Whether only loops, functions and awaits get checks: beside handlers and in initializers, a check can take from the
    /// compiler what it has to know.</param>
    public static SyntaxTree Rewrite(
        SyntaxTree tree, Func<Compilation>? compile, CancellationToken cancellationToken, IReadOnlyDictionary<int, bool>? usings = null, bool least = false)
    {
        // What is rewritten can lose the token that is missing, and would compile.
        if (tree.GetDiagnostics(cancellationToken).Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error))
            return tree;
        var root = (CSharpSyntaxNode)tree.GetRoot(cancellationToken);
        Func<LambdaExpressionSyntax, LambdaKind>? kindOf = null;
        Func<ExpressionSyntax, bool>? isSequence = null;
        Func<RecordDeclarationSyntax, bool>? continuesRecord = null;
        if (compile is not null && root.DescendantNodes().Any(node =>
            node is QueryExpressionSyntax or LambdaExpressionSyntax { ExpressionBody: not null } or RecordDeclarationSyntax { BaseList: not null }))
        {
            var model = compile().GetSemanticModel(tree);
            kindOf = lambda => KindOf(model, lambda, cancellationToken);
            isSequence = source => IsSequence(model, source, cancellationToken);
            continuesRecord = record => model.GetDeclaredSymbol(record, cancellationToken)?.BaseType is { IsRecord: true };
        }
        var rewritten = new InterruptRewriter(kindOf, isSequence, continuesRecord, usings, least).Visit(root);
        return rewritten == root ? tree : CSharpSyntaxTree.Create((CSharpSyntaxNode)rewritten, (CSharpParseOptions)tree.Options, tree.FilePath, Encoding.UTF8);
    }

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node)
    {
        var visited = (WhileStatementSyntax)base.VisitWhileStatement(node)!;
        return visited.WithStatement(Checked(visited.Statement));
    }

    public override SyntaxNode? VisitDoStatement(DoStatementSyntax node)
    {
        var visited = (DoStatementSyntax)base.VisitDoStatement(node)!;
        return visited.WithStatement(Checked(visited.Statement));
    }

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node)
    {
        var visited = (ForStatementSyntax)base.VisitForStatement(node)!;
        return visited.WithStatement(Checked(visited.Statement));
    }

    public override SyntaxNode? VisitForEachStatement(ForEachStatementSyntax node)
    {
        var visited = (ForEachStatementSyntax)base.VisitForEachStatement(node)!;
        if (visited.AwaitKeyword.IsKind(SyntaxKind.AwaitKeyword))
            visited = visited.WithExpression(Guarded(EachGuard, visited.Expression));
        return visited.WithStatement(Checked(visited.Statement));
    }

    public override SyntaxNode? VisitForEachVariableStatement(ForEachVariableStatementSyntax node)
    {
        var visited = (ForEachVariableStatementSyntax)base.VisitForEachVariableStatement(node)!;
        return visited.WithStatement(Checked(visited.Statement));
    }

    /// <summary>A label, or another case of a switch: both can be a loop.</summary>
    public override SyntaxNode? VisitGotoStatement(GotoStatementSyntax node) => Checked(node);

    public override SyntaxNode? VisitAwaitExpression(AwaitExpressionSyntax node)
    {
        var visited = (AwaitExpressionSyntax)base.VisitAwaitExpression(node)!;
        return visited.WithExpression(Guarded(AwaitGuard, visited.Expression));
    }

    public override SyntaxNode? VisitVariableDeclaration(VariableDeclarationSyntax node)
    {
        var visited = (VariableDeclarationSyntax)base.VisitVariableDeclaration(node)!;
        if (_usings is null || !_usings.TryGetValue(node.SpanStart, out var isAwaited))
            return visited;
        var guard = isAwaited ? AwaitUsingGuard : UsingGuard;
        // "new(…)" has no type of its own.
        if (!node.Type.IsVar)
            guard = guard.WithName(GenericName(guard.Name.Identifier, TypeArgumentList(SingletonSeparatedList(node.Type.WithoutTrivia()))));
        return visited.WithVariables(SeparatedList(
            visited.Variables.Select(variable => variable.Initializer is { } initializer
                ? variable.WithInitializer(initializer.WithValue(Call(guard, initializer.Value)))
                : variable),
            visited.Variables.GetSeparators()));
    }

    public override SyntaxNode? VisitFromClause(FromClauseSyntax node)
    {
        var visited = (FromClauseSyntax)base.VisitFromClause(node)!;
        return _isSequence?.Invoke(node.Expression) == true ? visited.WithExpression(Call(ItemsGuard, visited.Expression)) : visited;
    }

    public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node)
    {
        var visited = (MethodDeclarationSyntax)base.VisitMethodDeclaration(node)!;
        return IsDispose(node) && !_least ? EnteredDispose(visited) : Entered(visited, IsVoid(node.ReturnType, node.Modifiers));
    }

    public override SyntaxNode? VisitOperatorDeclaration(OperatorDeclarationSyntax node) =>
        Entered((OperatorDeclarationSyntax)base.VisitOperatorDeclaration(node)!, IsVoid(node.ReturnType, node.Modifiers));

    public override SyntaxNode? VisitConversionOperatorDeclaration(ConversionOperatorDeclarationSyntax node) =>
        Entered((ConversionOperatorDeclarationSyntax)base.VisitConversionOperatorDeclaration(node)!, isVoid: false);

    public override SyntaxNode? VisitConstructorDeclaration(ConstructorDeclarationSyntax node) =>
        Entered((ConstructorDeclarationSyntax)base.VisitConstructorDeclaration(node)!, isVoid: true);

    public override SyntaxNode? VisitDestructorDeclaration(DestructorDeclarationSyntax node) =>
        Entered((DestructorDeclarationSyntax)base.VisitDestructorDeclaration(node)!, isVoid: true);

    public override SyntaxNode? VisitLocalFunctionStatement(LocalFunctionStatementSyntax node)
    {
        var visited = (LocalFunctionStatementSyntax)base.VisitLocalFunctionStatement(node)!;
        return visited.Body is { } body
            ? visited.WithBody(Entered(body, IsAsync(visited.Modifiers)))
            : visited.ExpressionBody is { } arrow
                ? visited.WithExpressionBody(null).WithSemicolonToken(default)
                    .WithBody(Block(OfArrow(arrow), IsVoid(visited.ReturnType, visited.Modifiers), visited.SemicolonToken, IsAsync(visited.Modifiers)))
                : visited;
    }

    public override SyntaxNode? VisitAccessorDeclaration(AccessorDeclarationSyntax node)
    {
        var visited = (AccessorDeclarationSyntax)base.VisitAccessorDeclaration(node)!;
        return visited.Body is { } body
            ? visited.WithBody(Entered(body))
            : visited.ExpressionBody is { } arrow
                ? visited.WithExpressionBody(null).WithSemicolonToken(default)
                    .WithBody(Block(OfArrow(arrow), !visited.IsKind(SyntaxKind.GetAccessorDeclaration), visited.SemicolonToken))
                : visited;
    }

    public override SyntaxNode? VisitPropertyDeclaration(PropertyDeclarationSyntax node)
    {
        var visited = (PropertyDeclarationSyntax)base.VisitPropertyDeclaration(node)!;
        return visited.ExpressionBody is { } arrow
            ? visited.WithExpressionBody(null).WithSemicolonToken(default).WithAccessorList(Getter(OfArrow(arrow), visited.SemicolonToken))
            : visited;
    }

    public override SyntaxNode? VisitIndexerDeclaration(IndexerDeclarationSyntax node)
    {
        var visited = (IndexerDeclarationSyntax)base.VisitIndexerDeclaration(node)!;
        return visited.ExpressionBody is { } arrow
            ? visited.WithExpressionBody(null).WithSemicolonToken(default).WithAccessorList(Getter(OfArrow(arrow), visited.SemicolonToken))
            : visited;
    }

    public override SyntaxNode? VisitAnonymousMethodExpression(AnonymousMethodExpressionSyntax node)
    {
        var visited = (AnonymousMethodExpressionSyntax)base.VisitAnonymousMethodExpression(node)!;
        return visited.WithBlock(Entered(visited.Block, IsAsync(visited.Modifiers)));
    }

    public override SyntaxNode? VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node) =>
        Lambda(node, () => (SimpleLambdaExpressionSyntax)base.VisitSimpleLambdaExpression(node)!);

    public override SyntaxNode? VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node) =>
        Lambda(node, () => (ParenthesizedLambdaExpressionSyntax)base.VisitParenthesizedLambdaExpression(node)!);

    private LambdaExpressionSyntax Lambda(LambdaExpressionSyntax node, Func<LambdaExpressionSyntax> visit)
    {
        if (node.Block is not null)
        {
            var visited = visit();
            return visited.WithBody(Entered(visited.Block!, IsAsync(visited.Modifiers)));
        }
        var kind = _kindOf?.Invoke(node) ?? LambdaKind.Unknown;
        if (kind == LambdaKind.Tree)
            return node;
        var lambda = visit();
        return kind == LambdaKind.Unknown ? lambda : lambda.WithBody(
            Block(lambda.ExpressionBody!, kind == LambdaKind.Void, default, IsAsync(lambda.Modifiers)));
    }

    private static LambdaKind KindOf(SemanticModel model, LambdaExpressionSyntax lambda, CancellationToken cancellationToken)
    {
        if (model.GetTypeInfo(lambda, cancellationToken).ConvertedType is not INamedTypeSymbol type)
            return LambdaKind.Unknown;
        if (type.DelegateInvokeMethod is not { } invoke)
            return type.Name == "Expression" ? LambdaKind.Tree : LambdaKind.Unknown;
        var isAsync = lambda.AsyncKeyword.IsKind(SyntaxKind.AsyncKeyword);
        return invoke.ReturnsVoid || (isAsync && invoke.ReturnType is INamedTypeSymbol { Arity: 0 }) ? LambdaKind.Void : LambdaKind.Value;
    }

    /// <summary>LINQ to objects: what a provider translates, or runs in parallel, keeps its own type.</summary>
    private static bool IsSequence(SemanticModel model, ExpressionSyntax source, CancellationToken cancellationToken)
    {
        if (model.GetTypeInfo(source, cancellationToken).Type is not { } type || type.TypeKind is TypeKind.Error or TypeKind.Dynamic)
            return false;
        var contracts = type.AllInterfaces.Append(type).ToList();
        return contracts.Any(contract => contract.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IEnumerable_T)
            && !contracts.Any(contract => contract.Name is "IQueryable" or "ParallelQuery" or "IAsyncEnumerable")
            && type.BaseType?.Name != "ParallelQuery"
            && !type.GetMembers("Select").Any();
    }

    private static bool IsVoid(TypeSyntax returnType, SyntaxTokenList modifiers) =>
        returnType is PredefinedTypeSyntax predefined && predefined.Keyword.IsKind(SyntaxKind.VoidKeyword)
        || (modifiers.Any(SyntaxKind.AsyncKeyword) && RightmostName(returnType) is IdentifierNameSyntax);

    private static SimpleNameSyntax? RightmostName(TypeSyntax type) => type switch
    {
        QualifiedNameSyntax qualified => qualified.Right,
        AliasQualifiedNameSyntax alias => alias.Name,
        SimpleNameSyntax simple => simple,
        _ => null,
    };

    private static AccessorListSyntax Getter(ExpressionSyntax expression, SyntaxToken semicolon) =>
        AccessorList(SingletonList(AccessorDeclaration(SyntaxKind.GetAccessorDeclaration, Block(expression, isVoid: false, semicolon.WithTrailingTrivia()))))
            .WithTrailingTrivia(semicolon.TrailingTrivia);

    private static BlockSyntax Block(ExpressionSyntax expression, bool isVoid, SyntaxToken semicolon, bool isAsync = false) =>
        Entered(Unentered(expression, isVoid, semicolon), isAsync);

    private static BlockSyntax Unentered(ExpressionSyntax expression, bool isVoid, SyntaxToken semicolon)
    {
        expression = expression.WithTrailingTrivia(expression.GetTrailingTrivia().Concat(semicolon.LeadingTrivia));
        var statement = expression switch
        {
            ThrowExpressionSyntax thrown => (StatementSyntax)ThrowStatement(thrown.ThrowKeyword, thrown.Expression, Token(SyntaxKind.SemicolonToken)),
            _ when isVoid => ExpressionStatement(expression),
            _ => ReturnStatement(
                Token(expression.GetLeadingTrivia(), SyntaxKind.ReturnKeyword, TriviaList(Space)),
                expression.WithLeadingTrivia(),
                Token(SyntaxKind.SemicolonToken)),
        };
        return SyntaxFactory.Block(statement).WithTrailingTrivia(semicolon.TrailingTrivia);
    }

    /// <summary>The expression with the lines that begin around its arrow.</summary>
    private static ExpressionSyntax OfArrow(ArrowExpressionClauseSyntax arrow) =>
        arrow.Expression.WithLeadingTrivia(arrow.ArrowToken.GetAllTrivia().Concat(arrow.Expression.GetLeadingTrivia()));

    private static BaseMethodDeclarationSyntax Entered(BaseMethodDeclarationSyntax method, bool isVoid) => method.Body is { } body
        ? method.WithBody(Entered(body, IsAsync(method.Modifiers)))
        : method.ExpressionBody is { } arrow
            ? method.WithExpressionBody(null).WithSemicolonToken(default)
                .WithBody(Block(OfArrow(arrow), isVoid, method.SemicolonToken, IsAsync(method.Modifiers)))
            : method;

    private static BlockSyntax Entered(BlockSyntax body, bool isAsync = false) => (isAsync, IsIterator(body)) switch
    {
        (true, var isIterator) => EnteredAwaited(body, isIterator),
        (false, true) => EnteredIterator(body),
        _ => Begun(body, EnterStatement),
    };

    private static BlockSyntax Checked(StatementSyntax statement) => statement is BlockSyntax block
        ? Begun(block, CheckStatement)
        : Braced([CheckStatement], statement);

    /// <summary>The block with one more statement before all others, but behind the directives that stand there.</summary>
    private static BlockSyntax Begun(BlockSyntax block, StatementSyntax statement)
    {
        var next = block.Statements.Count > 0 ? block.Statements[0].GetFirstToken() : block.CloseBraceToken;
        var rest = block.ReplaceToken(next, next.WithLeadingTrivia());
        return rest.WithStatements(rest.Statements.Insert(0, statement.WithLeadingTrivia(next.LeadingTrivia)));
    }

    /// <summary>The statement in braces of its own, between which a directive in the lines around it may not come.</summary>
    private static BlockSyntax Braced(StatementSyntax[] before, StatementSyntax statement, params StatementSyntax[] behind) =>
        SyntaxFactory.Block((StatementSyntax[])[.. before, statement.WithoutTrivia(), .. behind]).WithTriviaFrom(statement);

    /// <summary>The guard goes around the task itself: of what <c>ConfigureAwait</c> makes of it, nothing but its end can be had.</summary>
    private static ExpressionSyntax Guarded(ExpressionSyntax guard, ExpressionSyntax awaited) => awaited switch
    {
        ParenthesizedExpressionSyntax inner => inner.WithExpression(Guarded(guard, inner.Expression)),
        InvocationExpressionSyntax
        {
            ArgumentList.Arguments: [{ Expression: LiteralExpressionSyntax { Token.RawKind: (int)SyntaxKind.FalseKeyword or (int)SyntaxKind.TrueKeyword } }],
            Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: "ConfigureAwait" } configured,
        } call when guard == AwaitGuard => GuardedOnThreads(call, configured),
        InvocationExpressionSyntax
        {
            ArgumentList.Arguments.Count: 1,
            Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: "ConfigureAwait" or "WithCancellation" } configured,
        } call => call.WithExpression(configured.WithExpression(Guarded(guard, configured.Expression))),
        _ => Call(guard, awaited),
    };

    private static InvocationExpressionSyntax Call(ExpressionSyntax function, ExpressionSyntax argument) =>
        InvocationExpression(function, ArgumentList(SingletonSeparatedList(Argument(argument.WithoutTrivia()))))
            .WithTriviaFrom(argument);
}
