namespace XtNotebooks.Diagnostics;

/// <summary>How the tokens that a loss trains relate to the batch's own tokens.</summary>
/// <param name="Shift">Position t learns the token at place t + shift; null where no shift explains the targets.</param>
/// <param name="Rate">The part of the trained positions that the shift explains, 0 to 1.</param>
/// <param name="LabelOffset">Position t learns the label at t + offset; null where the labels are not it, or there are none.</param>
internal sealed record Alignment(int? Shift, double Rate, int? LabelOffset)
{
    /// <summary>So many of the trained positions must agree; the rest are data in which tokens repeat or were changed on purpose.</summary>
    private const double Enough = 0.98;

    public static Alignment Of(TargetReading reading, Sequences sequences)
    {
        // A token is learned from itself only where the model reads it, which a loss that hides tokens prevents.
        var rates = new[] { 1, 0, 2, -1, 3 }.Select(k => (Shift: k, Rate: Agreement(reading, k > 0 ? sequences.Ids : reading.Seen, k))).ToList();
        int? label = sequences.Labels is null ? null
            : new[] { 0, 1, 2 }.Where(j => Agreement(reading, sequences.Labels, j) >= Enough).Select(j => (int?)j).FirstOrDefault();
        if (rates[0].Rate >= Enough)
            return new(1, rates[0].Rate, label);
        var best = rates.MaxBy(r => r.Rate);
        return best.Rate >= Enough ? new(best.Shift, best.Rate, label) : new(null, best.Rate, label);
    }

    /// <summary>The place in the sequence of what position <paramref name="t"/> learns; null where it is not known.</summary>
    public int? Place(int t) => Shift is { } k ? t + k : LabelOffset is { } ? t : null;

    private static double Agreement(TargetReading reading, long[][] ids, int shift)
    {
        var (hits, seen) = (0, 0);
        foreach (var (r, t) in reading.Places())
        {
            if (t + shift < 0 || t + shift >= ids[r].Length)
                continue;
            seen++;
            hits += ids[r][t + shift] == reading.Target[r][t] ? 1 : 0;
        }
        return seen == 0 ? 0 : (double)hits / seen;
    }
}
