using System.Globalization;

namespace XtNotebooks.Views;

/// <summary>The style of static pictures, which follow the system's light or dark theme and bring their own background.</summary>
internal static class PictureStyle
{
    /// <summary>What every picture needs: texts, grid, and lines <c>l</c> and <c>raw</c> and their samples <c>key</c> in the colours <c>s0</c>, <c>s1</c>, …;
    /// lines that are <c>only</c> of one style need no dash.</summary>
    public static string Css { get; } =
        string.Concat("""
            .bg{fill:LIGHTbg}.grid{stroke:LIGHTline;fill:none}
            text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:LIGHTfg}.title{font-weight:600;font-size:14px}.tick{fill:LIGHTmuted;font-size:11px}
            .l{fill:none;stroke-width:LINEWIDTH;stroke-linejoin:round}.raw{fill:none;stroke-width:RAWWIDTH;opacity:RAWOPACITY}.key{fill:none;stroke-width:2.2}.lead{fill:none;stroke:LIGHTmuted;stroke-width:1.5;stroke-linecap:round;stroke-dasharray:0 4}
            @media (prefers-color-scheme:dark){.bg{fill:DARKbg}.grid{stroke:DARKline}text{fill:DARKfg}.tick{fill:DARKmuted}.lead{stroke:DARKmuted}}
            """.Split('\n').Select(line => line.Trim()))
            .Replace("LINEWIDTH", Number(Palette.LineWidth), StringComparison.Ordinal).Replace("RAWWIDTH", Number(Palette.RawWidth), StringComparison.Ordinal)
            .Replace("RAWOPACITY", Number(Palette.RawOpacity), StringComparison.Ordinal)
            .Replace("LIGHTbg", Palette.Light["bg"], StringComparison.Ordinal).Replace("DARKbg", Palette.Dark["bg"], StringComparison.Ordinal)
            .Replace("LIGHTline", Palette.Light["line"], StringComparison.Ordinal).Replace("DARKline", Palette.Dark["line"], StringComparison.Ordinal)
            .Replace("LIGHTfg", Palette.Light["fg"], StringComparison.Ordinal).Replace("DARKfg", Palette.Dark["fg"], StringComparison.Ordinal)
            .Replace("LIGHTmuted", Palette.Light["muted"], StringComparison.Ordinal).Replace("DARKmuted", Palette.Dark["muted"], StringComparison.Ordinal)
        + string.Concat(Palette.Series.Select((colour, i) => $".s{i}{{stroke:{colour}}}.l.s{i},.key.s{i}{{stroke-dasharray:{Dash(i)}}}"))
        + ".l.only{stroke-dasharray:none}";

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Dash(int style) => Palette.SvgDashes[style] is { Length: > 0 } dash ? dash : "none";
}
