using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Magics;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>A run of C# in a cell, or a magic with its body.</summary>
/// <param name="Magic">The magic's line; null for C#.</param>
/// <param name="Text">The C#, on the lines it has in the cell (the others are empty), or the magic's body.</param>
/// <param name="Line">The first line, from 1.</param>
internal sealed record CellPart(string? Magic, string Text, int Line);

/// <summary>Splits a cell at its magics, without being misled by strings and comments.</summary>
internal static class CellParts
{
    /// <summary>The parts, one by one: a magic that an earlier part has added is known by the time it is reached.</summary>
    public static IEnumerable<CellPart> Split(string code, MagicTable magics)
    {
        if (!code.Contains("#!", StringComparison.Ordinal))
        {
            if (!string.IsNullOrWhiteSpace(code))
                yield return new CellPart(null, code, 1);
            yield break;
        }
        var lines = code.Split('\n');
        using var magicLines = new MagicLines(code, lines);
        var start = 0;
        while (start < lines.Length)
        {
            var next = magicLines.Next(start);
            if (Enumerable.Range(start, next - start).Any(line => !string.IsNullOrWhiteSpace(lines[line])))
                yield return new CellPart(null, new string('\n', start) + string.Join('\n', lines[start..next]), start + 1);
            if (next == lines.Length)
                yield break;
            var end = next + 1;
            if (magics.Find(MagicLine.NameOf(lines[next])) is { TakesBody: true })
            {
                while (end < lines.Length && !lines[end].StartsWith("#!", StringComparison.Ordinal))
                    end++;
            }
            yield return new CellPart(lines[next].TrimEnd('\r'), string.Join('\n', lines[(next + 1)..end]), next + 1);
            start = end;
        }
    }
}
