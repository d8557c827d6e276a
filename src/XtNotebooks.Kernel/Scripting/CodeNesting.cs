using Microsoft.CodeAnalysis.CSharp;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Refuses code that is nested so deep that the compiler, which reads it by recursion, would end the process.</summary>
/// <remarks>The compiler's parser looks at its stack and gives up in time; its later steps do not, but need a stack of about the parser's size.
/// So what can be parsed on a small stack can be compiled on a cell's thread.</remarks>
internal static class CodeNesting
{
    /// <summary>Far above what people write, far below what the stack of a cell's thread holds.</summary>
    public const int Deepest = 500;

    /// <summary>Code of fewer characters cannot nest deep enough to do harm, whatever it nests: signs, conditionals, lambdas.</summary>
    private const int HarmlessLength = 2000;

    private const int SmallStack = 1 << 20;

    /// <summary>The line, from 1, where the code is nested too deep; null where it is not.</summary>
    public static int? FindTooDeep(string code) => FindDeepBrackets(code) ?? (code.Length > HarmlessLength ? FindTooDeepToParse(code) : null);

    private static int? FindTooDeepToParse(string code)
    {
        int? line = null;
        var thread = new Thread(
            () =>
            {
                foreach (var diagnostic in CSharpSyntaxTree.ParseText(code, SubmissionChain.ParseOptions).GetDiagnostics())
                {
                    // "An expression is too long or complex to compile"
                    if (diagnostic.Id == "CS8078")
                        line ??= diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1;
                }
            },
            SmallStack) { IsBackground = true };
        thread.Start();
        thread.Join();
        return line;
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
