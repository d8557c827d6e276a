namespace XtNotebooks.Losses;

/// <summary>Counted losses along the sequence and by class of token.</summary>
internal static class LossSlices
{
    public static IReadOnlyList<LossAtPosition> ByPosition(TokenBatch batch)
    {
        var (real, pad) = (new (long Count, double Sum)[batch.Columns], new (long Count, double Sum)[batch.Columns]);
        for (var i = 0; i < batch.Length; i++)
        {
            if (batch.Kind(i) == LossPartKind.Ignored)
                continue;
            var at = batch.Kind(i) == LossPartKind.Real ? real : pad;
            at[i % batch.Columns] = (at[i % batch.Columns].Count + 1, at[i % batch.Columns].Sum + batch.Losses[i]);
        }
        return [.. Enumerable.Range(0, batch.Columns).Select(column =>
            new LossAtPosition(column, real[column].Count, Mean(real[column]), pad[column].Count, Mean(pad[column])))];

        static double? Mean((long Count, double Sum) slice) => slice.Count == 0 ? null : slice.Sum / slice.Count;
    }

    public static IReadOnlyList<LossOfClass> ByClass(TokenBatch batch, LossBreakdownOptions options)
    {
        var counted = Enumerable.Range(0, batch.Length).Where(i => batch.Kind(i) != LossPartKind.Ignored).ToList();
        var sum = counted.Sum(i => batch.Losses[i]);
        return [.. counted
            .GroupBy(i => batch.Kind(i) == LossPartKind.Pad ? "pads"
                : batch.Targets[i] == options.EosId ? "end of text"
                : options.TokenClass?.Invoke(batch.Targets[i]) ?? "tokens")
            .Select(group => (Name: group.Key, Count: group.LongCount(), Sum: group.Sum(i => batch.Losses[i])))
            .OrderByDescending(group => group.Sum).ThenBy(group => group.Name, StringComparer.Ordinal)
            .Select(group => new LossOfClass(group.Name, group.Count, group.Sum / group.Count, sum == 0 ? 0 : group.Sum / sum))];
    }
}
