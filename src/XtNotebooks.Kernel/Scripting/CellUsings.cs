using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace XtNotebooks.Kernel.Scripting;

/// <summary><c>using var x = …;</c> outside all braces, which C# scripts do not know: here its scope is the cell.</summary>
/// <param name="Code">The code with blanks for <c>using</c>; every other sign keeps its place.</param>
/// <param name="Positions">Where these declarations begin, and whether they are awaited.</param>
internal sealed partial record CellUsings(string Code, IReadOnlyDictionary<int, bool> Positions)
{
    private static readonly Dictionary<int, bool> None = [];

    public static CellUsings Read(string code)
    {
        if (!code.Contains("using", StringComparison.Ordinal) || !Declaration().IsMatch(code))
            return new CellUsings(code, None);
        var root = CSharpSyntaxTree.ParseText(code, SubmissionChain.ParseOptions).GetRoot();
        var text = new StringBuilder(code);
        var positions = new Dictionary<int, bool>();
        foreach (Match match in Declaration().Matches(code))
        {
            // Inside braces the compiler knows it; outside it takes it for a directive that goes wrong, and may leave it to the token before.
            var keyword = match.Groups["keyword"].Index;
            if (CellDirectives.IsText(root, keyword)
                || root.FindToken(keyword).Parent!.AncestorsAndSelf().Any(node => node.Span.Contains(keyword)
                    && node is BlockSyntax or BaseTypeDeclarationSyntax or StatementSyntax { Parent: BlockSyntax }))
            {
                continue;
            }
            for (var i = match.Index; i < match.Groups["type"].Index; i++)
            {
                if (!char.IsWhiteSpace(text[i]))
                    text[i] = ' ';
            }
            positions.Add(match.Groups["type"].Index, match.Groups["await"].Success);
        }
        return positions.Count == 0 ? new CellUsings(code, None) : new CellUsings(text.ToString(), positions);
    }

    // An alias has one name before its equals sign, a declaration a type and a name.
    [GeneratedRegex(@"(?<![\w.])(?<await>await[ \t]+)?(?<keyword>using)[ \t]+(?<type>(?!static\b|unsafe\b|global\b)[A-Za-z_][\w.<>,\[\]?: ]*?)[ \t]+[A-Za-z_]\w*[ \t]*=(?!=)")]
    private static partial Regex Declaration();
}
