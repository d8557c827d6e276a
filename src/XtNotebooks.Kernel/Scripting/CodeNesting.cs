using Microsoft.CodeAnalysis.CSharp;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Refuses code whose brackets are nested so deep that the compiler, which reads them by recursion, would end the process.</summary>
internal static class CodeNesting
{
    /// <summary>Far above what people write, far below what the stack of a cell's thread holds.</summary>
    public const int Deepest = 500;

    /// <summary>The line, from 1, where the code is nested too deep; null where it is not.</summary>
    public static int? FindTooDeep(string code)
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
