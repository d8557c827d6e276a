using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Refuses code that is nested so deep that the compiler, which reads it by recursion, would end the process, or be at work for minutes
/// in which no interrupt reaches it.</summary>
/// <remarks>The compiler's parser looks at its stack and gives up in time; its later steps do not, but need a stack of about the parser's size.
/// So what can be parsed on a small stack can be compiled on a cell's thread.</remarks>
internal static partial class CodeNesting
{
    /// <summary>Far above what people write, far below what the stack of a cell's thread holds.</summary>
    public const int Deepest = 500;

    /// <summary>What the compiler does for each interpolated string within another doubles with every second level: here it takes some seconds.</summary>
    public const int DeepestText = 16;

    /// <summary>Code of fewer characters cannot nest deep enough to do harm, whatever it nests: signs, conditionals, lambdas.</summary>
    private const int HarmlessLength = 2000;

    private const int SmallStack = 1 << 20;

    /// <summary>The line, from 1, where the code is nested too deep; null where it is not.</summary>
    public static int? FindTooDeep(string code) =>
        FindDeepBrackets(code) ?? (MayNest(code) is var nests && (nests || code.Length > HarmlessLength) ? FindTooDeepToParse(code, nests) : null);

    private static int? FindTooDeepToParse(string code, bool nests)
    {
        int? line = null;
        var thread = new Thread(
            () =>
            {
                var tree = CSharpSyntaxTree.ParseText(code, SubmissionChain.ParseOptions);
                foreach (var diagnostic in tree.GetDiagnostics())
                {
                    // "An expression is too long or complex to compile"
                    if (diagnostic.Id == "CS8078")
                        line ??= diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1;
                }
                if (line is null && nests && FindDeepNode(tree.GetRoot()) is { } node)
                    line = node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
            },
            SmallStack) { IsBackground = true };
        thread.Start();
        thread.Join();
        return line;
    }

    /// <summary>Whether there are enough interpolated strings or statements, be they inside one another or not.</summary>
    private static bool MayNest(string code) => Texts().Count(code) > DeepestText || Statements().Count(code) > Deepest;

    [GeneratedRegex(@"\$@?""|@\$""")]
    private static partial Regex Texts();

    [GeneratedRegex(@"\b(while|for|foreach|if|using|lock|fixed|do|switch)\b")]
    private static partial Regex Statements();

    /// <summary>A node inside too many statements that need no brackets, or inside too many interpolated strings; read without recursion.</summary>
    private static SyntaxNode? FindDeepNode(SyntaxNode root)
    {
        var waiting = new Stack<(SyntaxNode Node, int Statements, int Texts)>([(root, 0, 0)]);
        while (waiting.TryPop(out var at))
        {
            var (node, statements, texts) = at;
            // The branches of a long choice are not inside one another for the reader, nor dear to the compiler.
            statements += node is StatementSyntax and not BlockSyntax && node is not IfStatementSyntax { Parent: ElseClauseSyntax } ? 1 : 0;
            texts += node is InterpolatedStringExpressionSyntax ? 1 : 0;
            if (statements > Deepest || texts > DeepestText)
                return node;
            foreach (var child in node.ChildNodes())
                waiting.Push((child, statements, texts));
        }
        return null;
    }

    private static int? FindDeepBrackets(string code)
    {
        // Brackets in strings count here: only suspicious code is worth reading token by token.
        if (!MayBeTooDeep(code))
            return null;
        var depth = 0;
        foreach (var token in SyntaxFactory.ParseTokens(code, options: SubmissionChain.ParseOptions))
        {
            switch (token.Kind())
            {
                case SyntaxKind.OpenBraceToken or SyntaxKind.OpenBracketToken or SyntaxKind.OpenParenToken:
                    if (++depth > Deepest)
                        return code.AsSpan(0, Math.Min(token.SpanStart, code.Length)).Count('\n') + 1;
                    break;
                case SyntaxKind.CloseBraceToken or SyntaxKind.CloseBracketToken or SyntaxKind.CloseParenToken:
                    depth = Math.Max(0, depth - 1);
                    break;
            }
        }
        return null;
    }

    private static bool MayBeTooDeep(string code)
    {
        var depth = 0;
        foreach (var c in code)
        {
            if (c is '(' or '[' or '{')
            {
                if (++depth > Deepest)
                    return true;
            }
            else if (c is ')' or ']' or '}' && depth > 0)
            {
                depth--;
            }
        }
        return false;
    }
}
