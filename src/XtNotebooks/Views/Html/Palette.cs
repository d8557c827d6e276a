namespace XtNotebooks.Views;

/// <summary>The colours of all views, light and dark, and the rules they share.</summary>
/// <remarks>Text has a contrast of 4.5 : 1 or more and marks 3 : 1 or more on both backgrounds (WCAG 2.2); the series colours differ in
/// lightness and hue for the three common kinds of colour blindness, and never carry a meaning alone.</remarks>
internal static class Palette
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
        ["hatch"] = "#a8b1ba",
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

    /// <summary>Variables for both themes and the rules of every view, which also outweigh those that front ends have for tables, code and marks
    /// (a class named twice counts twice). The front ends' own signs win over the system's preference:
    /// JupyterLab's <c>data-jp-theme-light</c>, VS Code's body classes; the classic Notebook is always light.</summary>
    public static string Css { get; } = ViewFrame.Minify("""
        .xt{LIGHTcolor-scheme:light}
        @media (prefers-color-scheme:dark){.xt{DARKcolor-scheme:dark}}
        [data-jp-theme-light="true"] .xt,.vscode-light .xt,.notebook_app .xt,[data-theme="light"] .xt{LIGHTcolor-scheme:light}
        [data-jp-theme-light="false"] .xt,.vscode-dark .xt,[data-theme="dark"] .xt{DARKcolor-scheme:dark}
        .xt{color:var(--fg);background:var(--bg);padding:.7em .9em;border-radius:6px;font:13px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;text-align:left;overflow-wrap:break-word;max-width:100%;box-sizing:border-box}
        .xt *{box-sizing:border-box}
        .xt p{margin:.2em 0 .5em;max-width:90ch}
        .xt .lead{font-size:15px;font-weight:inherit;line-height:inherit}
        .xt .muted{color:var(--muted)}
        .xt .warn{color:var(--warn)}
        .xt .good{color:var(--good)}
        .xt.xt code{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--soft);color:var(--fg);padding:.1em .3em;border-radius:3px;white-space:pre-wrap}
        .xt ul{margin:.2em 0 .6em;padding-left:1.2em}
        .xt .scroll{overflow-x:auto;max-width:100%;padding:2px}
        .xt table{border-collapse:collapse;border:0;margin:.2em 0;font-size:12px;width:auto;table-layout:auto}
        .xt tr,.xt thead,.xt tbody{background:none;border:0;padding:0;text-align:inherit;line-height:inherit}
        .xt.xt tbody tr:nth-child(n){background:none}
        .xt th,.xt td{padding:.15em .6em;border:0;text-align:right;color:var(--fg);background:none;white-space:nowrap;vertical-align:middle;max-width:none;line-height:inherit}
        .xt th{font-weight:600;color:var(--muted)}
        .xt thead th{vertical-align:bottom}
        .xt .numbers th:first-child{text-align:left;color:var(--fg)}
        .xt .numbers thead th{border-bottom:1px solid var(--line);white-space:normal;max-width:9em}
        .xt caption{padding:0}
        .xt label{max-width:none;font-weight:inherit}
        .xt summary{display:list-item}
        .xt img{display:block;margin:0}
        .xt :focus-visible{outline:2px solid var(--focus);outline-offset:1px}
        .xt .say{min-height:1.5em;color:var(--muted)}
        .xt s{text-decoration:none}
        .xt mark{background:none;color:inherit;padding:0}
        """).Replace("LIGHT", Variables(Light), StringComparison.Ordinal).Replace("DARK", Variables(Dark), StringComparison.Ordinal);

    private static string Variables(IReadOnlyDictionary<string, string> colours) =>
        string.Concat(colours.Select(c => $"--{c.Key}:{c.Value};"));
}
