using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace XtNotebooks.Kernel.Notebooks.Html;

/// <summary>Colours C# by its syntax alone, so that a page needs no script and the code need not compile.</summary>
internal static partial class CodeHtml
{
    private static readonly CSharpParseOptions Script = new(LanguageVersion.Preview, kind: SourceCodeKind.Script);

    /// <summary>The code as encoded HTML with a span around every coloured piece; goes into a <c>pre</c>.</summary>
    public static string Render(string code)
    {
        // To the compiler a magic is nonsense: let it see a comment of the same length there.
        var visible = Magic().Replace(code, match => match.Groups[1].Value + "//" + match.Groups[2].Value);
        var html = new StringBuilder();
        var position = 0;
        foreach (var token in CSharpSyntaxTree.ParseText(visible, Script).GetRoot().DescendantTokens())
        {
            foreach (var trivia in token.LeadingTrivia)
                Append(trivia.FullSpan, ClassOf(trivia));
            Append(token.Span, ClassOf(token));
            foreach (var trivia in token.TrailingTrivia)
                Append(trivia.FullSpan, ClassOf(trivia));
        }
        html.Append(WebUtility.HtmlEncode(code[position..]));
        return html.ToString();

        void Append(TextSpan span, string? kind)
        {
            if (span.End <= position)
                return;
            html.Append(WebUtility.HtmlEncode(code[position..Math.Max(position, span.Start)]));
            var text = code[Math.Max(position, span.Start)..span.End];
            position = span.End;
            if (kind == "c" && text.StartsWith("#!", StringComparison.Ordinal))
                kind = "p";
            var encoded = WebUtility.HtmlEncode(text);
            html.Append(kind is null ? encoded : $"<span class=\"{kind}\">{encoded}</span>");
        }
    }

    private static string? ClassOf(SyntaxTrivia trivia) => trivia.Kind() switch
    {
        SyntaxKind.WhitespaceTrivia or SyntaxKind.EndOfLineTrivia => null,
        SyntaxKind.SkippedTokensTrivia => null,
        _ when trivia.IsDirective => "p",
        _ => "c",
    };

    private static string? ClassOf(SyntaxToken token) => token.Kind() switch
    {
        SyntaxKind.NumericLiteralToken => "n",
        SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.Utf8StringLiteralToken
            or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken
            or SyntaxKind.Utf8SingleLineRawStringLiteralToken or SyntaxKind.Utf8MultiLineRawStringLiteralToken
            or SyntaxKind.InterpolatedStringStartToken or SyntaxKind.InterpolatedVerbatimStringStartToken
            or SyntaxKind.InterpolatedStringTextToken or SyntaxKind.InterpolatedStringEndToken
            or SyntaxKind.InterpolatedSingleLineRawStringStartToken or SyntaxKind.InterpolatedMultiLineRawStringStartToken
            or SyntaxKind.InterpolatedRawStringEndToken => "s",
        SyntaxKind.IdentifierToken => ClassOfName(token),
        var kind when SyntaxFacts.IsKeywordKind(kind) => "k",
        _ => null,
    };

    private static string? ClassOfName(SyntaxToken token)
    {
        if (token.Parent is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax or TypeParameterSyntax)
            return "t";
        if (token.Parent is MethodDeclarationSyntax or LocalFunctionStatementSyntax)
            return "m";
        if (token.Parent is not SimpleNameSyntax name)
            return null;
        if (name is IdentifierNameSyntax { IsVar: true })
            return "k";
        if (name.Parent is InvocationExpressionSyntax
            || name.Parent is MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax } call && call.Name == name)
            return "m";
        SyntaxNode whole = name;
        while (whole.Parent is QualifiedNameSyntax qualified && qualified.Right == whole)
            whole = qualified;
        return IsTypePlace(whole) ? "t" : null;
    }

    private static bool IsTypePlace(SyntaxNode node) => node.Parent switch
    {
        ObjectCreationExpressionSyntax or TypeArgumentListSyntax or BaseTypeSyntax or TypeOfExpressionSyntax or ArrayTypeSyntax
            or NullableTypeSyntax or AttributeSyntax or DefaultExpressionSyntax or TupleElementSyntax or RefTypeSyntax => true,
        VariableDeclarationSyntax parent => parent.Type == node,
        ParameterSyntax parent => parent.Type == node,
        CastExpressionSyntax parent => parent.Type == node,
        MethodDeclarationSyntax parent => parent.ReturnType == node,
        LocalFunctionStatementSyntax parent => parent.ReturnType == node,
        PropertyDeclarationSyntax parent => parent.Type == node,
        DeclarationPatternSyntax parent => parent.Type == node,
        RecursivePatternSyntax parent => parent.Type == node,
        DeclarationExpressionSyntax parent => parent.Type == node,
        ForEachStatementSyntax parent => parent.Type == node,
        // Console in Console.WriteLine: by the convention of names, since only the compiler knows.
        MemberAccessExpressionSyntax parent =>
            parent.Expression == node && node is IdentifierNameSyntax left && char.IsUpper(left.Identifier.ValueText[0]),
        _ => false,
    };

    [GeneratedRegex(@"^([ \t]*)#!(.*)$", RegexOptions.Multiline)]
    private static partial Regex Magic();
}
