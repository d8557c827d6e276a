namespace XtNotebooks.Views;

/// <summary>The colours of all views, light and dark, and the rules they share.</summary>
/// <remarks>Text has a contrast of 4.5 : 1 or more and marks 3 : 1 or more on both backgrounds (WCAG 2.2); the series colours differ in
/// lightness and hue for the three common kinds of colour blindness, and never carry a meaning alone.</remarks>
internal static partial class Palette
{
    /// <summary>Line colours that are visible on both backgrounds, so that a figure need not know the theme.</summary>
    public static IReadOnlyList<string> Series { get; } = ["#2f7fd0", "#d55e00", "#009e73", "#a95aa1", "#a67c00", "#7d8590"];

    /// <summary>A second sign besides colour, in SVG's and Plotly's notation.</summary>
    public static IReadOnlyList<string> SvgDashes { get; } = ["", "7 3", "2 3", "9 3 2 3", "12 4", "1 2"];

    /// <summary>Curves before smoothing are thin, and hardly paler: they too keep 3 : 1 on both backgrounds.</summary>
    public const double RawOpacity = 0.9, RawWidth = 0.8, LineWidth = 2.6;

    public static IReadOnlyList<string> PlotlyDashes { get; } = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

    public static IReadOnlyDictionary<string, string> Light { get; } = new Dictionary<string, string>
    {
        ["bg"] = "#ffffff",
        ["fg"] = "#1f2328",
        ["muted"] = "#59636e",
        ["line"] = "#d1d9e0",
        ["hatch"] = "#8c959f",
        ["soft"] = "#f2f4f7",
        ["warn"] = "#a84300",
        ["warnbg"] = "#fff0e0",
        ["good"] = "#00684a",
        ["focus"] = "#0a5bd3",
        ["real"] = "#2f7fd0",
        ["pad"] = "#d55e00",
        ["realbg"] = "#d3e5f8",
        ["padbg"] = "#fde3d0",
        ["padbg2"] = "#f8cdb0",
    };

    public static IReadOnlyDictionary<string, string> Dark { get; } = new Dictionary<string, string>
    {
        ["bg"] = "#16191d",
        ["fg"] = "#e6e9ec",
        ["muted"] = "#a2abb5",
        ["line"] = "#3a424b",
        ["hatch"] = "#626c77",
        ["soft"] = "#20252b",
        ["warn"] = "#ffa657",
        ["warnbg"] = "#3b2410",
        ["good"] = "#4fd3a5",
        ["focus"] = "#6cb2ff",
        ["real"] = "#2f7fd0",
        ["pad"] = "#d55e00",
        ["realbg"] = "#17395f",
        ["padbg"] = "#4f2408",
        ["padbg2"] = "#66320f",
    };
}
