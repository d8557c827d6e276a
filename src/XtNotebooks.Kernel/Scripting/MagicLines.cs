using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Finds the lines of a cell that are magics: what begins with <c>#!</c> and stands in no string, no comment and nothing that <c>#if</c>
/// leaves out.</summary>
/// <remarks>The code behind a magic is read as if the cell began there. Reading it anew each time would take as many steps as the cell's length
/// squared; so the tokens are read on wherever that comes to the same.</remarks>
internal sealed class MagicLines : IDisposable
{
    private readonly string _code;
    private readonly string[] _lines;

    /// <summary>Where each line begins.</summary>
    private readonly int[] _positions;

    private IEnumerator<Magic>? _magics;

    /// <param name="code">The cell.</param>
    /// <param name="lines">The same, split at its line feeds.</param>
    public MagicLines(string code, string[] lines)
    {
        (_code, _lines, _positions) = (code, lines, new int[lines.Length]);
        for (var line = 1; line < lines.Length; line++)
            _positions[line] = _positions[line - 1] + lines[line - 1].Length + 1;
    }

    /// <summary>The first magic from a line on; the number of lines where there is none. To be asked for later and later lines: the cell's first
    /// one, and then those behind a magic or its body.</summary>
    public int Next(int start)
    {
        var first = start;
        while (first < _lines.Length && string.IsNullOrWhiteSpace(_lines[first]))
            first++;
        // Nothing before it can have opened a string or a comment.
        if (first == _lines.Length || IsMarked(first))
            return first;
        if (!GoesOnAt(start))
        {
            _magics?.Dispose();
            _magics = Read(start).GetEnumerator();
        }
        while (_magics!.MoveNext())
        {
            if (_magics.Current.Line >= start)
                return _magics.Current.Line;
        }
        return _lines.Length;
    }

    public void Dispose() => _magics?.Dispose();

    /// <summary>Whether what is being read is, behind the magic on the line before, what it would be if it were read from there.</summary>
    private bool GoesOnAt(int start)
    {
        if (_magics is null)
            return false;
        while (_magics.Current.Line < start - 1)
        {
            if (!_magics.MoveNext())
                return false;
        }
        return _magics.Current is { IsOutermost: true } magic && magic.Line == start - 1;
    }

    private IEnumerable<Magic> Read(int start)
    {
        var (line, open, defines) = (start, 0, false);
        foreach (var token in SyntaxFactory.ParseTokens(_code, _positions[start], _positions[start], SubmissionChain.ParseOptions))
        {
            foreach (var trivia in token.GetAllTrivia())
            {
                var directive = trivia.GetStructure() as DirectiveTriviaSyntax;
                open += directive?.Kind() switch { SyntaxKind.IfDirectiveTrivia => 1, SyntaxKind.EndIfDirectiveTrivia => -1, _ => 0 };
                defines |= directive is DefineDirectiveTriviaSyntax or UndefDirectiveTriviaSyntax;
                // Behind a directive that is not the first on its line, those on the next lines are skipped like it.
                if (directive is not { IsActive: true } && !trivia.IsKind(SyntaxKind.SkippedTokensTrivia))
                    continue;
                while (line + 1 < _lines.Length && _positions[line + 1] <= trivia.SpanStart)
                    line++;
                if (IsMarked(line) && _code.AsSpan(_positions[line]..trivia.SpanStart).IsWhiteSpace())
                    yield return new Magic(line, directive is not null && open == 0 && !defines && trivia.FullSpan.End >= _positions[line] + _lines[line].Length);
            }
        }
    }

    private bool IsMarked(int line) => _lines[line].AsSpan().TrimStart().StartsWith("#!", StringComparison.Ordinal);

    /// <param name="Line">Where it stands.</param>
    /// <param name="IsOutermost">Whether nothing before it matters to how the code behind it is read.</param>
    private readonly record struct Magic(int Line, bool IsOutermost);
}
