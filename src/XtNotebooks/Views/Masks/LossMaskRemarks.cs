namespace XtNotebooks.Views;

/// <summary>Says in words what a loss mask's grid shows.</summary>
internal static class LossMaskRemarks
{
    /// <param name="totals">The batch's numbers.</param>
    /// <param name="rows">All its rows.</param>
    /// <param name="padId">What fills up.</param>
    /// <param name="ignoreIndex">What the loss leaves out.</param>
    /// <param name="options">What else is known.</param>
    /// <param name="columns">What is shown.</param>
    /// <param name="shared">Real tokens that count and have the pad id, as an end of text may.</param>
    public static IReadOnlyList<ViewRemark> Of(
        LossMaskTotals totals, List<LossMaskRow> rows, long? padId, long ignoreIndex, LossMaskOptions options, IReadOnlyList<int?> columns, long shared)
    {
        List<ViewRemark> remarks = [new(Summary(totals))];
        if (totals.PadCounts > 0)
        {
            remarks.Add(new($"Pads count as targets: {Words.Number(totals.PadCounts)} of {Words.Number(totals.Counted)} counted targets "
                + $"({Words.Percent((double)totals.PadCounts / totals.Counted)}). "
                + (shared > 0 ? $"{(options.PaddedLeft ? "Labels of -100 in their place leave" : "`lens:` leaves")} them out; `ignoreIndex: {padId}` would leave out {Words.Count(shared, "real token")} of that id, too." : $"`ignoreIndex: {padId}` leaves them out."), RemarkKind.Warning));
        }
        if (totals.RealIgnored > 0)
        {
            remarks.Add(new($"{Words.Count(totals.RealIgnored, "real token has", "real tokens have")} the ignored id {ignoreIndex} "
                + "and will never be learned; use another pad id, or pass `lens:` instead.", RemarkKind.Warning));
        }
        if (Where(rows, r => r.NothingToLearn) is { Count: > 0 } empty && totals.Sequences > 0)
            remarks.Add(new($"Nothing to learn from in {Words.Rows(empty)}: no real token counts there.", RemarkKind.Warning));
        if (Where(rows, r => r.AttendsToPads) is { Count: > 0 } attending)
        {
            remarks.Add(new($"Real tokens attend to pads in {Words.Rows(attending)}: "
                + (options.Mask is null ? "pass `mask:` to hide them." : "the mask leaves them visible."), RemarkKind.Warning));
        }
        AddPadding(remarks, rows);
        AddOmission(remarks, totals, rows.Count, options, columns);
        return remarks;
    }

    private static string Summary(LossMaskTotals totals)
    {
        var batch = $"{Words.Count(totals.Sequences, "sequence")} of {Words.Count(totals.Length, "token")}, "
            + Words.Count(totals.Targets, "target");
        if (totals.Targets == 0)
            return batch + ": nothing is predicted here.";
        var ignored = totals.Ignored + totals.RealIgnored;
        return totals.Counted == 0
            ? $"{batch}: all are ignored, there is nothing to learn from."
            : $"{batch}: {Words.Number(totals.Counted)} count"
                + (totals.PadCounts > 0 ? $", {Words.Number(totals.PadCounts)} of them pads," : "")
                + (ignored > 0 ? $" and {Words.Number(ignored)} are ignored." : " and none is ignored.");
    }

    private static void AddPadding(List<ViewRemark> remarks, List<LossMaskRow> rows)
    {
        foreach (var (side, words) in new[]
        {
            (RowPadding.Right, "Right padding"), (RowPadding.Left, "Left padding"),
            (RowPadding.Both, "Padding on both sides"), (RowPadding.Only, "Nothing but pads"),
        })
        {
            if (Where(rows, r => r.Padding == side) is { Count: > 0 } found)
                remarks.Add(new($"{words} in {(found.Count == rows.Count && rows.Count > 1 ? "every row" : Words.Rows(found))}."));
        }
        if (rows.Any(r => r.Padding == RowPadding.Left) && rows.Any(r => r.Padding == RowPadding.Right))
            remarks.Add(new("Left and right padding are mixed: positions mean different things from row to row.", RemarkKind.Warning));
    }

    private static void AddOmission(
        List<ViewRemark> remarks, LossMaskTotals totals, int rows, LossMaskOptions options, IReadOnlyList<int?> columns)
    {
        var parts = new List<string>();
        if (rows > options.MaxRows)
            parts.Add(Words.Count(rows - options.MaxRows, "row"));
        if (columns.Contains(null))
            parts.Add(Words.Count(totals.Length - options.MaxColumns, "position"));
        if (parts.Count > 0)
            remarks.Add(new($"Left out of the picture, not of the numbers: {string.Join(" and ", parts)} in the middle.", RemarkKind.Omission));
    }

    private static List<int> Where(List<LossMaskRow> rows, Func<LossMaskRow, bool> condition) =>
        [.. rows.Where(condition).Select(r => r.Index)];
}
