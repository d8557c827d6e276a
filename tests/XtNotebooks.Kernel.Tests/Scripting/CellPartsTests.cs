using FsCheck.Xunit;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Magics;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class CellPartsTests
{
    /// <summary>Pieces of cells, of which some are wrong by themselves or open what only a later one closes.</summary>
    private static readonly string[] Pieces =
    [
        "#!plain", "  #!plain x", "#!plain /* x", "#!plain \"x", "#!body", " #!body", "#!plain\r", "#!plain\rx\r#!plain", "", "  ", "\t#!", "# !x", "x #!plain",
        "var a = 1;", "F(a);", "a + b", "{", "}", "// #!plain", "/* x", "#!in comment", "*/", "x */ #!plain", "/* x */", "var t = @\"x", "x\";", "'", "\"",
        "var r = \"\"\"", "    \"\"\";", "var i = $\"{a}\";", "var v = $@\"{a}", "var q = $\"\"\"{a}\"\"\";", "#if false", "#if NET", "#if X", "#else", "#elif NET", "#endif",
        "#define X", "#undef NET", "#region x", "#endregion", "#nullable enable", "#r \"x.dll\"", "#pragma warning disable", "#x",
    ];

    private static readonly MagicTable Magics = NewMagics();

    [Property(MaxTest = 300)]
    public void A_cell_is_split_as_if_all_code_behind_each_magic_were_parsed_anew(byte[] choice)
    {
        var code = string.Join('\n', choice.Select(piece => Pieces[piece % Pieces.Length]));
        Assert.Equal(SplitByParsing(code), CellParts.Split(code, Magics));
    }

    [Theory]
    [InlineData("var t = \"\"\"\n#!plain\n\"\"\";\n#!plain\nt", "1:", "4:#!plain", "5:")]
    [InlineData("var t = @\"\n#!plain\n\";\n#!plain\nvar u = @\"\n#!plain\n\";", "1:", "4:#!plain", "5:")]
    [InlineData("#!body\n/*\n#!plain\n*/ 1", "1:#!body", "3:#!plain", "4:")]
    [InlineData("1;\n#!body\n\"\"\"\n#!plain\n1;\n#!plain\n2;", "1:", "2:#!body", "4:#!plain", "5:", "6:#!plain", "7:")]
    [InlineData("#if false\n#!plain\n#endif\n1;\n#!plain\n1;", "1:", "5:#!plain", "6:")]
    [InlineData("#if NET\n1;\n#!plain\n1;\n#else\n#!plain\n#endif", "1:", "3:#!plain", "4:", "6:#!plain", "7:")]
    [InlineData("#define X\n1;\n#!plain\n1;\n#if X\n#!plain\n#endif\n1;", "1:", "3:#!plain", "4:")]
    [InlineData("1;\n#if false\n  #!plain\n#endif\n1;", "1:")]
    [InlineData("x #!plain\n#!plain\n1", "1:", "2:#!plain", "3:")]
    [InlineData("var t = $\"{\n#!plain\n}\";", "1:")]
    public void A_magic_stands_in_no_text_and_nothing_that_is_left_out(string code, params string[] parts) =>
        Assert.Equal(parts, CellParts.Split(code, Magics).Select(part => $"{part.Line}:{part.Magic}"));

    private static MagicTable NewMagics()
    {
        var magics = new MagicTable();
        magics.Add(new MagicCommand { Name = "#!plain", Summary = "One line.", Run = (_, _) => Task.CompletedTask });
        magics.Add(new MagicCommand { Name = "#!body", Summary = "Lines below.", TakesBody = true, Run = (_, _) => Task.CompletedTask });
        return magics;
    }

    private static IEnumerable<CellPart> SplitByParsing(string code)
    {
        var lines = code.Split('\n');
        for (var (start, end) = (0, 0); start < lines.Length; start = end)
        {
            var next = NextByParsing(lines, start);
            if (lines[start..next].Any(line => !string.IsNullOrWhiteSpace(line)))
                yield return new CellPart(null, new string('\n', start) + string.Join('\n', lines[start..next]), start + 1);
            if (next == lines.Length)
                yield break;
            end = next + 1;
            while (lines[next].Contains("#!body", StringComparison.Ordinal) && end < lines.Length && !lines[end].StartsWith("#!", StringComparison.Ordinal))
                end++;
            yield return new CellPart(lines[next].TrimEnd('\r'), string.Join('\n', lines[(next + 1)..end]), next + 1);
        }
    }

    private static int NextByParsing(string[] lines, int start)
    {
        var root = CSharpSyntaxTree.ParseText(string.Join('\n', lines[start..]), SubmissionChain.ParseOptions).GetRoot();
        var position = 0;
        for (var line = start; line < lines.Length; position += lines[line].Length + 1, line++)
        {
            var hash = position + lines[line].Length - lines[line].TrimStart().Length;
            if (lines[line].TrimStart().StartsWith("#!", StringComparison.Ordinal)
                && !CellDirectives.IsText(root, hash) && !CellDirectives.IsLeftOut(root, hash) && !IsInHole(root, hash) && !IsInSkippedText(root, hash))
                return line;
        }
        return lines.Length;
    }

    /// <summary>Text in code that the parser skips, being none that it understands.</summary>
    private static bool IsInSkippedText(SyntaxNode root, int position) => position < root.FullSpan.End
        && root.FindToken(position, findInsideTrivia: true) is var token && token.SpanStart < position && position < token.Span.End;

    private static bool IsInHole(SyntaxNode root, int position) => position < root.FullSpan.End
        && root.FindToken(position).Parent!.AncestorsAndSelf().Any(node => node is InterpolatedStringExpressionSyntax && node.SpanStart < position);
}
