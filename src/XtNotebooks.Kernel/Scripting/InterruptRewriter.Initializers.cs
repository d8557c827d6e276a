using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Code of a type that has no body to put a check into: initializers, constructors' arguments, what the compiler writes for
/// records.</summary>
internal sealed partial class InterruptRewriter
{
    private static readonly ExpressionSyntax EnteredGuard = ParseExpression($"{Guard}.Entered");
    private static readonly ExpressionSyntax Never = ParseExpression("throw null!");

    public override SyntaxNode? VisitEqualsValueClause(EqualsValueClauseSyntax node)
    {
        var visited = (EqualsValueClauseSyntax)base.VisitEqualsValueClause(node)!;
        return !_least && IsMemberInitializer(node) && MayRecur(node.Value) ? visited.WithValue(Entered(visited.Value)) : visited;
    }

    public override SyntaxNode? VisitConstructorInitializer(ConstructorInitializerSyntax node)
    {
        var visited = (ConstructorInitializerSyntax)base.VisitConstructorInitializer(node)!;
        return visited.WithArgumentList(Entered(visited.ArgumentList));
    }

    public override SyntaxNode? VisitPrimaryConstructorBaseType(PrimaryConstructorBaseTypeSyntax node)
    {
        var visited = (PrimaryConstructorBaseTypeSyntax)base.VisitPrimaryConstructorBaseType(node)!;
        return visited.WithArgumentList(Entered(visited.ArgumentList));
    }

    /// <summary>A record's Equals and GetHashCode ask for its EqualityContract first: there is the place for a check. (What the compiler
    /// writes for ToString looks at the stack by itself.)</summary>
    public override SyntaxNode? VisitRecordDeclaration(RecordDeclarationSyntax node)
    {
        var visited = (RecordDeclarationSyntax)base.VisitRecordDeclaration(node)!;
        if (node.IsKind(SyntaxKind.RecordStructDeclaration) || node.Modifiers.Any(SyntaxKind.PartialKeyword)
            || node.Members.Any(member => member is PropertyDeclarationSyntax { Identifier.ValueText: "EqualityContract" }))
            return visited;
        var continues = false;
        if (node.BaseList is not null)
        {
            if (_continuesRecord is null)
                return visited;
            continues = _continuesRecord(node);
        }
        var modifiers = continues ? "protected override" : node.Modifiers.Any(SyntaxKind.SealedKeyword) ? "private" : "protected virtual";
        var type = node.TypeParameterList is { Parameters: var parameters } ? $"{node.Identifier.Text}<{string.Join(", ", parameters.Select(parameter => parameter.Identifier.Text))}>" : node.Identifier.Text;
        var contract = ParseMemberDeclaration($"{modifiers} global::System.Type EqualityContract {{ get {{ {Guard}.Enter(); return typeof({type}); }} }}")!;
        if (visited.OpenBraceToken.IsKind(SyntaxKind.None))
        {
            // record Point(int X, int Y); the line ends where it did.
            visited = visited.WithOpenBraceToken(Token(SyntaxKind.OpenBraceToken))
                .WithCloseBraceToken(Token(SyntaxKind.CloseBraceToken).WithTriviaFrom(visited.SemicolonToken))
                .WithSemicolonToken(default);
        }
        return visited.WithMembers(visited.Members.Insert(0, contract));
    }

    private static bool IsMemberInitializer(EqualsValueClauseSyntax node) => node.Parent switch
    {
        PropertyDeclarationSyntax { Parent: TypeDeclarationSyntax } => true,
        VariableDeclaratorSyntax { Parent.Parent: FieldDeclarationSyntax { Parent: TypeDeclarationSyntax } field } => !field.Modifiers.Any(SyntaxKind.ConstKeyword),
        _ => false,
    };

    /// <summary>Whether it makes or calls something at once, not in a lambda for later.</summary>
    private static bool MayRecur(ExpressionSyntax value) => value is not RefExpressionSyntax
        && value.DescendantNodesAndSelf(node => node is not AnonymousFunctionExpressionSyntax)
            .Any(node => node is BaseObjectCreationExpressionSyntax or InvocationExpressionSyntax);

    private static ArgumentListSyntax Entered(ArgumentListSyntax arguments) => arguments.WithArguments(SeparatedList(
        arguments.Arguments.Select(argument => argument.RefOrOutKeyword.IsKind(SyntaxKind.None) && MayRecur(argument.Expression)
            ? argument.WithExpression(Entered(argument.Expression))
            : argument),
        arguments.Arguments.GetSeparators()));

    /// <summary><c>value</c> becomes <c>Entered ? (value) : throw null!</c>, which has the same type, also where only its target tells
    /// that.</summary>
    private static ExpressionSyntax Entered(ExpressionSyntax value) => value is InitializerExpressionSyntax list
        ? list.WithExpressions(SeparatedList(list.Expressions.Select(item => MayRecur(item) ? Entered(item) : item), list.Expressions.GetSeparators()))
        : ConditionalExpression(EnteredGuard, ParenthesizedExpression(value.WithoutTrivia()), Never).WithTriviaFrom(value);
}
