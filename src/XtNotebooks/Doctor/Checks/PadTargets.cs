namespace XtNotebooks.Diagnostics;

/// <summary>Which of the trained positions learn a pad.</summary>
internal static class PadTargets
{
    public static IReadOnlyList<(int Row, int Column)> Of(TargetReading reading, Sequences texts, Alignment alignment) =>
        [.. reading.Places().Where(p => IsPad(texts, p.Row, alignment.Place(p.Column)))];

    /// <summary>Whether every padded row trains just its first pad: the work of a mask that is off by one, not of a missing one.</summary>
    public static bool OnlyFirstPads(IReadOnlyList<(int Row, int Column)> pads, TargetReading reading, Sequences texts, Alignment alignment)
    {
        if (pads.Count == 0 || alignment.Shift is not { } shift || !pads.All(p => p.Column + shift == texts.LastReal(p.Row) + 1))
            return false;
        // A row with a single pad says nothing; some row must have a second pad that is left out.
        return pads.Any(p => p.Column + 1 < reading.Columns && IsPad(texts, p.Row, p.Column + 1 + shift));
    }

    private static bool IsPad(Sequences texts, int row, int? place) => place is { } at && at >= 0 && at < texts.Places && !texts.Real[row][at];
}
