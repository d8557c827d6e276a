using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>What a piece of C# refers to by <c>#r</c> and <c>#i</c>.</summary>
/// <param name="Code">The code without these lines; every other line keeps its place.</param>
/// <param name="References">What <c>#r</c> names, in order, with its line from 1.</param>
/// <param name="Feeds">What <c>#i</c> names.</param>
/// <param name="Loads">What <c>#load</c> names; the lines stay in the code.</param>
internal sealed partial record CellDirectives(
    string Code, IReadOnlyList<(string Text, int Line)> References, IReadOnlyList<string> Feeds, IReadOnlyList<string> Loads)
{
    public static CellDirectives Read(string code)
    {
        if (!code.Contains('#', StringComparison.Ordinal) || !Directive().IsMatch(code))
            return new CellDirectives(code, [], [], []);
        var root = CSharpSyntaxTree.ParseText(code, SubmissionChain.ParseOptions).GetRoot();
        var text = new StringBuilder(code);
        List<(string, int)> references = [];
        List<string> feeds = [];
        List<string> loads = [];
        foreach (Match match in Directive().Matches(code))
        {
            var position = match.Groups["hash"].Index;
            if (IsText(root, position))
                continue;
            var argument = match.Groups["argument"].Value.Trim();
            switch (IsLeftOut(root, position) ? "" : match.Groups["kind"].Value)
            {
                case "":
                    break;
                case "!":
                    // A magic, which is split off before.
                    continue;
                case "load":
                    loads.Add(argument);
                    continue;
                case "i":
                    feeds.Add(argument);
                    break;
                default:
                    references.Add((argument, code.AsSpan(0, position).Count('\n') + 1));
                    break;
            }
            Blank(text, match);
        }
        return new CellDirectives(text.ToString(), references, feeds, loads);
    }

    private static void Blank(StringBuilder text, Match match)
    {
        for (var i = match.Index; i < match.Index + match.Length; i++)
        {
            if (text[i] is not ('\r' or '\n'))
                text[i] = ' ';
        }
    }

    /// <summary>Whether a position lies inside a string, a comment or code that <c>#if</c> leaves out.</summary>
    public static bool IsText(SyntaxNode root, int position)
    {
        if (position >= root.FullSpan.End)
            return false;
        var token = root.FindToken(position);
        if (token.SpanStart < position && token.Span.End > position)
            return true;
        var trivia = root.FindTrivia(position);
        return (trivia.SpanStart < position && trivia.IsKind(SyntaxKind.MultiLineCommentTrivia)) || trivia.IsKind(SyntaxKind.DisabledTextTrivia);
    }

    /// <summary>Whether a directive stands in code that <c>#if</c> leaves out: the parser reads it all the same.</summary>
    public static bool IsLeftOut(SyntaxNode root, int position) =>
        position < root.FullSpan.End && root.FindTrivia(position).GetStructure() is DirectiveTriviaSyntax { IsActive: false };

    [GeneratedRegex("""^[ \t]*(?<hash>#)[ \t]*((?<kind>r|i|load)[ \t]*"(?<argument>[^"\r\n]*)"|(?<kind>!))[^\r\n]*""", RegexOptions.Multiline)]
    private static partial Regex Directive();
}
