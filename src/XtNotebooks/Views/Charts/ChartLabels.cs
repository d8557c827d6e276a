namespace XtNotebooks.Views;

/// <summary>Where texts beside and below a panel stand, so that none lies on another.</summary>
internal static class ChartLabels
{
    /// <summary>About the width of a letter of the pictures' text.</summary>
    public const double Letter = 6.6;

    /// <summary>Texts centred along a horizontal axis without those that would run into the one before.</summary>
    public static IEnumerable<(double At, string Text)> Along(IEnumerable<(double At, string Text)> texts)
    {
        var free = double.NegativeInfinity;
        foreach (var (at, text) in texts.OrderBy(text => text.At))
        {
            if (at - Letter / 2 * text.Length < free)
                continue;
            free = at + Letter / 2 * text.Length + 4;
            yield return (at, text);
        }
    }

    /// <summary>Positions as near to the wanted ones as a distance of <paramref name="gap"/> and the bounds allow, in the same order.</summary>
    public static double[] Spread(IReadOnlyList<double> wanted, double gap, double low, double high)
    {
        var order = Enumerable.Range(0, wanted.Count).OrderBy(i => wanted[i]).ThenBy(i => i).ToArray();
        // Groups of labels that touch move as one, around the mean of what their members want.
        var groups = new List<(double Centre, List<int> Members)>();
        foreach (var i in order)
        {
            var group = (Centre: Clamp(wanted[i], 1), Members: new List<int> { i });
            while (groups.Count > 0 && groups[^1].Centre + Half(groups[^1]) > group.Centre - Half(group))
            {
                var members = groups[^1].Members.Concat(group.Members).ToList();
                groups.RemoveAt(groups.Count - 1);
                group = (Clamp(members.Average(m => wanted[m]), members.Count), members);
            }
            groups.Add(group);
        }
        var places = new double[wanted.Count];
        foreach (var (centre, members) in groups)
        {
            for (var k = 0; k < members.Count; k++)
                places[members[k]] = centre + (k - (members.Count - 1) / 2.0) * gap;
        }
        return places;

        double Half((double Centre, List<int> Members) g) => g.Members.Count * gap / 2;
        double Clamp(double centre, int count) =>
            Math.Max(low + count * gap / 2, Math.Min(high - count * gap / 2, centre));
    }
}
