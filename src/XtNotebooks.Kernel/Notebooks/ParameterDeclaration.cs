using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>A variable with a default that the cell tagged <c>parameters</c> declares.</summary>
/// <param name="Name">Its C# name.</param>
/// <param name="Type">Its type as written, or as its default shows where it is declared with <c>var</c>; null where neither tells.</param>
/// <param name="IsConst">Whether it is a constant, which can only be declared anew.</param>
internal sealed record ParameterDeclaration(string Name, string? Type, bool IsConst)
{
    /// <summary>The declarations at the top level of a cell's code.</summary>
    public static IReadOnlyList<ParameterDeclaration> In(string code)
    {
        var tree = CSharpSyntaxTree.ParseText(code, new CSharpParseOptions(LanguageVersion.Preview, kind: SourceCodeKind.Script));
        var found = new List<ParameterDeclaration>();
        foreach (var member in tree.GetCompilationUnitRoot().Members)
        {
            var (declaration, modifiers) = member switch
            {
                FieldDeclarationSyntax field => (field.Declaration, field.Modifiers),
                GlobalStatementSyntax { Statement: LocalDeclarationStatementSyntax local } => (local.Declaration, local.Modifiers),
                _ => (null, default),
            };
            if (declaration is null)
                continue;
            var isConst = modifiers.Any(SyntaxKind.ConstKeyword);
            found.AddRange(declaration.Variables.Select(variable => new ParameterDeclaration(
                variable.Identifier.ValueText,
                declaration.Type.IsVar ? TypeOf(variable.Initializer?.Value) : declaration.Type.ToString(),
                isConst)));
        }
        return found;
    }

    private static string? TypeOf(ExpressionSyntax? value) => value switch
    {
        LiteralExpressionSyntax literal => literal.Token.Value switch
        {
            int => "int",
            uint => "uint",
            long => "long",
            ulong => "ulong",
            float => "float",
            double => "double",
            decimal => "decimal",
            bool => "bool",
            char => "char",
            string => "string",
            _ => null,
        },
        InterpolatedStringExpressionSyntax => "string",
        PrefixUnaryExpressionSyntax unary => TypeOf(unary.Operand),
        ParenthesizedExpressionSyntax inner => TypeOf(inner.Expression),
        CastExpressionSyntax cast => cast.Type.ToString(),
        DefaultExpressionSyntax @default => @default.Type.ToString(),
        // double.NaN, int.MaxValue; Mode.Fast is of the type Mode
        MemberAccessExpressionSyntax { Expression: PredefinedTypeSyntax or IdentifierNameSyntax } member => member.Expression.ToString(),
        _ => null,
    };
}
