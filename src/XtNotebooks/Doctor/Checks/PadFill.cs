namespace XtNotebooks.Diagnostics;

/// <summary>What a wider batch is filled up with.</summary>
/// <param name="Input">The id for inputs.</param>
/// <param name="Label">The label for labels.</param>
internal sealed record PadFill(long Input, long Label)
{
    /// <summary>The pad id that is told or that the mask shows; null where neither is there. Labels are filled as those of the batch's own pads are.</summary>
    public static PadFill? Of(Examination exam)
    {
        var texts = exam.Sequences;
        var pads = Places(texts).ToList();
        var width = exam.Batch.Inputs.shape[1];
        long? input = exam.Options.PadId ?? (texts.MaskTells && pads.Count > 0 ? texts.Ids[pads[0].Row][pads[0].Place] : null);
        if (input is not { } id || id < 0)
            return null;
        var label = exam.Options.IgnoreIndex ?? -100;
        if (texts.Labels is { } labels)
        {
            // The last place of a row's pads: the first may belong to the end of the text.
            var own = pads.Where(p => p.Place < width).GroupBy(p => p.Row).Select(g => labels[g.Key][texts.LastReal(g.Key) < g.Min(p => p.Place) ? g.Max(p => p.Place) : g.Min(p => p.Place)]).ToList();
            if (own.Count == 0 && exam.Options.IgnoreIndex is null)
                // Without pads to look at, the sentinel that the labels have.
                own = [.. labels.SelectMany(row => row).Where(l => l < 0)];
            if (own.Count > 0)
                label = own.GroupBy(l => l).MaxBy(g => g.Count())!.Key;
        }
        return new(id, label);
    }

    /// <summary>Whether more pads could be taken for the end of a text that has none.</summary>
    public static bool RunsAreAmbiguous(Examination exam) =>
        exam.Options.PadId is { } pad && exam.Options.EosId == pad && !exam.Sequences.MaskTells && exam.Sequences.Ids.Any(row => row[^1] != pad);

    private static IEnumerable<(int Row, int Place)> Places(Sequences texts)
    {
        for (var r = 0; r < texts.Rows; r++)
        {
            for (var t = 0; t < texts.Places; t++)
            {
                if (!texts.Real[r][t])
                    yield return (r, t);
            }
        }
    }
}
