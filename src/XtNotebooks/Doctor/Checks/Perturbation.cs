using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Replaces tokens by other ordinary tokens of the batch, so that nothing but the content changes.</summary>
internal static class Perturbation
{
    /// <summary>The inputs with another token wherever <paramref name="where"/> says so and the token is an ordinary one.</summary>
    /// <remarks>Pads, ends of text, ids outside the vocabulary and tokens that every row has exactly once (they mark structure, such as the end of a
    /// prompt) stay as they are: a model may build its mask from them.</remarks>
    public static IReadOnlyList<long[]> Apply(Examination exam, DoctorBatch seen, Func<int, int, bool> where, out bool[][] changed)
    {
        var ids = TensorRows.Ids(seen.Inputs).Select(r => r.ToArray()).ToArray();
        var texts = exam.Sequences;
        var structural = Structural(ids, texts);
        bool Ordinary(int r, int t) => texts.Real[r][t] && ids[r][t] >= 0 && ids[r][t] < exam.Vocabulary
            && ids[r][t] != exam.Options.PadId && ids[r][t] != exam.Options.EosId && !structural.Contains(ids[r][t]);
        var pool = Places(ids).Where(p => Ordinary(p.Row, p.Column)).Select(p => ids[p.Row][p.Column]).Distinct().Order().ToArray();
        changed = [.. ids.Select(r => new bool[r.Length])];
        if (pool.Length < 2)
            return ids;
        var chance = new Random(exam.Options.Seed);
        var before = ids.Select(r => r.ToArray()).ToArray();
        foreach (var (r, t) in Places(before))
        {
            if (!where(r, t) || !texts.Real[r][t] || !pool.Contains(before[r][t]) || structural.Contains(before[r][t]))
                continue;
            var at = Array.IndexOf(pool, before[r][t]);
            ids[r][t] = pool[(at + 1 + chance.Next(pool.Length - 1)) % pool.Length];
            changed[r][t] = true;
        }
        return ids;
    }

    private static HashSet<long> Structural(long[][] ids, Sequences texts)
    {
        var rows = Enumerable.Range(0, ids.Length).Where(r => texts.Real[r].Contains(true)).ToList();
        if (rows.Count < 2)
            return [];
        var once = rows.Select(r => ids[r].Where((_, t) => texts.Real[r][t]).GroupBy(id => id).Where(g => g.Count() == 1).Select(g => g.Key).ToHashSet()).ToList();
        var common = once.Aggregate((a, b) => [.. a.Intersect(b)]);
        // Where most of the tokens are shared the rows are simply alike, and nothing marks structure.
        return common.Count <= 3 ? common : [];
    }

    private static IEnumerable<(int Row, int Column)> Places(long[][] ids)
    {
        for (var r = 0; r < ids.Length; r++)
        {
            for (var t = 0; t < ids[r].Length; t++)
                yield return (r, t);
        }
    }
}
