namespace XtNotebooks.Views;

/// <summary>What joins a mark of a static picture to its name at the right: a sample of its colour and dash and, where the two are apart, a leader.</summary>
/// <remarks>A leader is dotted and in the ink of the axes, so that nobody takes it for data that go on.</remarks>
internal static class ChartKeys
{
    private const double Sample = 20, Gap = 14;

    /// <summary>What all names need beside the panel.</summary>
    /// <param name="names">The names.</param>
    /// <param name="keyed">Whether each has a sample; a line alone needs none.</param>
    public static double Room(IReadOnlyCollection<string> names, bool keyed) =>
        names.Count == 0 ? 14 : Indent(keyed) + 10 + Math.Min(240, ChartLabels.Letter * names.Max(name => name.Length));

    /// <summary>A line's leader, sample and name.</summary>
    /// <param name="name">What is written.</param>
    /// <param name="style">Which colour and dash.</param>
    /// <param name="keyed">Whether there is a sample.</param>
    /// <param name="end">Where the line ends.</param>
    /// <param name="edge">The panel's right edge.</param>
    /// <param name="place">The name's height.</param>
    public static Html Line(string name, int style, bool keyed, (double X, double Y) end, double edge, double place)
    {
        var html = new HtmlWriter();
        if (end.X < edge - 3 || Math.Abs(end.Y - place) > 4)
            html.Add($"<path class=\"lead\" d=\"M{end.X + 4:0.#} {end.Y:0.#}L{edge + Gap - (keyed ? 2 : 8):0.#} {place:0.#}\"/>");
        if (keyed)
            html.Add($"<path class=\"key s{style}\" d=\"M{edge + Gap:0.#} {place:0.#}h{Sample}\"/>");
        return html.Add(Name(name, keyed, edge, place)).Done();
    }

    /// <summary>The name of dots, and one of them.</summary>
    /// <inheritdoc cref="Line"/>
    public static Html Dots(string name, int style, double edge, double place) =>
        Html.Of($"<path class=\"m s{style}\" d=\"M{edge + Gap + Sample / 2:0.#} {place:0.#}h0\"/>{Name(name, true, edge, place)}");

    /// <summary>The name of bars, and a piece of one.</summary>
    /// <inheritdoc cref="Line"/>
    public static Html Bars(string name, int style, double edge, double place) =>
        Html.Of($"<rect class=\"b f{style}\" x=\"{edge + Gap + Sample / 2 - 5:0.#}\" y=\"{place - 5:0.#}\" width=\"10\" height=\"10\"/>{Name(name, true, edge, place)}");

    private static Html Name(string name, bool keyed, double edge, double place) => Html.Of($"<text class=\"label\" x=\"{edge + Indent(keyed):0.#}\" y=\"{place + 4:0.#}\">{name}</text>");

    private static double Indent(bool keyed) => keyed ? Gap + Sample + 5 : Gap - 6;
}
