using System.Globalization;
using System.Text;

namespace XtNotebooks.Views;

/// <summary>Draws one row of a Plotly figure's panels as a static picture, each panel with its own axes.</summary>
internal static class StillSvg
{
    private const int Width = 940, Top = 44, Bottom = 38, MostPoints = 400, MostMarkers = 1000;

    /// <summary>Steps of the colours of cells, from low to high; their lightness rises, so that they part without colours too.</summary>
    private static readonly string[] ramp = [.. Enumerable.Range(0, 24).Select(i => Colour(i / 23.0))];

    public static string Write(IReadOnlyList<StillPanel> row, int height)
    {
        var svg = new HtmlWriter();
        svg.Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\">");
        svg.Add(new Html($"<style>{PictureStyle.Css}{Css}</style><rect class=\"bg\" width=\"100%\" height=\"100%\"/>"));
        var width = Width / row.Count;
        // As the views' own charts: without dashes where each panel has one line.
        var lines = row.Select(panel => panel.Marks.Where(mark => mark is not StillCurve { Faint: true }).ToList()).ToList();
        var only = lines.TrueForAll(marks => marks.Count == 1) && lines.Select(marks => marks[0].Style).Distinct().Count() == 1;
        for (var i = 0; i < row.Count; i++)
        {
            // An axis of several panels is one.
            var alike = row.Where(panel => panel.YName == row[i].YName && panel.Y.IsCategory == row[i].Y.IsCategory).SelectMany(panel => panel.Marks).ToList();
            Panel(svg, row[i], row[i].Y.Scale(alike.SelectMany(mark => mark.Ys), tight: alike.TrueForAll(mark => mark is StillCells)), i, i * width, width, height, only);
        }
        svg.Add($"</svg>");
        return svg.Done().Value;
    }

    private static void Panel(HtmlWriter svg, StillPanel panel, ChartScale y, int index, int offset, int width, int height, bool only)
    {
        var labels = panel.Marks.Where(mark => mark is not StillCurve { Faint: true }).Select(mark => (Mark: mark, Text: Label(panel, mark))).Where(label => label.Text.Length > 0).ToList();
        var ticks = y.Ticks.Select(tick => (At: tick, Text: panel.Y.Label(tick))).ToList();
        var (x0, x1) = (offset + ChartScale.Room(ticks.Select(tick => tick.Text)),
            offset + width - ChartKeys.Room([.. labels.Select(label => label.Text)], IsKeyed([.. labels.Select(label => label.Mark)])));
        var (y0, y1) = panel.Y.IsReversed ? (Top, height - Bottom) : ((double)(height - Bottom), (double)Top);
        var x = panel.X.Scale(panel.Marks.SelectMany(mark => mark.Xs), tight: true);
        var area = new Area(Order(x), Order(y), panel.X.IsReversed ? x1 : x0, panel.X.IsReversed ? x0 : x1, y0, y1);
        svg.Add($"<text class=\"title\" x=\"{x0:0.#}\" y=\"16\">{Cut(panel.Title, (int)(width / 8.0))}</text>");
        foreach (var (at, text) in ticks)
            svg.Add($"<path class=\"grid\" d=\"M{x0:0.#} {area.Y(at):0.#}H{x1:0.#}\"/><text class=\"tick\" x=\"{x0 - 6:0.#}\" y=\"{area.Y(at) + 4:0.#}\" text-anchor=\"end\">{text}</text>");
        foreach (var (at, text) in ChartLabels.Along(x.Ticks.Select(tick => (area.X(tick), panel.X.Label(tick)))))
            svg.Add($"<text class=\"tick\" x=\"{at:0.#}\" y=\"{height - Bottom + 16}\" text-anchor=\"middle\">{text}</text>");
        svg.Add($"<text class=\"tick\" x=\"{(x0 + x1) / 2:0.#}\" y=\"{height - Bottom + 32}\" text-anchor=\"middle\">{panel.X.Title}</text>");
        svg.Add($"<text class=\"tick\" x=\"{x0:0.#}\" y=\"32\">{panel.YLabel}</text>");
        svg.Add($"<clipPath id=\"p{index}\"><rect x=\"{x0 - 5:0.#}\" y=\"{Top - 5}\" width=\"{Math.Max(0, x1 - x0 + 10):0.#}\" height=\"{height - Bottom - Top + 10}\"/></clipPath><g clip-path=\"url(#p{index})\">");
        foreach (var mark in panel.Marks)
            svg.Add(Mark(mark, area, only));
        svg.Add($"</g>");
        if (panel.Marks.OfType<StillCells>().FirstOrDefault() is { } cells)
            Key(svg, cells, x1 + 14, height);
        Labels(svg, [.. labels.Where(label => label.Mark is not StillCells)], area, x1, height);
    }

    private static Html Mark(StillMark mark, Area area, bool only) => new(mark switch
    {
        StillCurve { Faint: true } curve => $"<path class=\"raw s{Style(mark)}\" d=\"{Line(curve, area)}\"/>",
        StillCurve curve => (curve.Line ? $"<path class=\"l s{Style(mark)}{(only ? " only" : "")}\" d=\"{Line(curve, area)}\"/>" : "") + (curve.Markers ? $"<path class=\"m s{Style(mark)}\" d=\"{Markers(curve, area)}\"/>" : ""),
        StillBars bars => $"<path class=\"b f{Style(mark)}\" d=\"{string.Concat(bars.Bars.Select(bar => Box(area, bar.Left, bar.Right, bar.Bottom, bar.Top)))}\"/>",
        StillCells cells => Cells(cells, area),
        _ => "",
    });

    /// <summary>Of very many points those that a picture this wide can show: the lowest and the highest of neighbours.</summary>
    private static string Line(StillCurve curve, Area area)
    {
        var path = new StringBuilder();
        var size = Math.Max(1, curve.Y.Count * 2 / MostPoints);
        var pen = 'M';
        for (var from = 0; from < curve.Y.Count; from += size)
        {
            var block = Enumerable.Range(from, Math.Min(size, curve.Y.Count - from)).ToList();
            var whole = block.Where(i => double.IsFinite(curve.X[i]) && double.IsFinite(curve.Y[i])).ToList();
            IEnumerable<int> drawn = size <= 2 || whole.Count == 0 ? block : new[] { whole.MinBy(i => curve.Y[i]), whole.MaxBy(i => curve.Y[i]) }.Distinct().Order();
            foreach (var i in drawn)
            {
                if (!double.IsFinite(curve.X[i]) || !double.IsFinite(curve.Y[i]))
                {
                    pen = 'M';
                    continue;
                }
                path.Append(CultureInfo.InvariantCulture, $"{pen}{area.X(curve.X[i]):0.#} {area.Y(curve.Y[i]):0.#}");
                pen = 'L';
            }
        }
        return path.ToString();
    }

    /// <summary>A dot is a line without a length that ends round or square.</summary>
    private static string Markers(StillCurve curve, Area area)
    {
        var stride = Math.Max(1, (curve.Y.Count + MostMarkers - 1) / MostMarkers);
        return string.Concat(Enumerable.Range(0, curve.Y.Count).Where(i => i % stride == 0 && double.IsFinite(curve.X[i]) && double.IsFinite(curve.Y[i]))
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"M{area.X(curve.X[i]):0.#} {area.Y(curve.Y[i]):0.#}h0")));
    }

    private static string Cells(StillCells cells, Area area)
    {
        var paths = new StringBuilder[ramp.Length];
        for (var r = 0; r < cells.Z.Count; r++)
        {
            for (var c = 0; c < cells.Z[r].Length; c++)
            {
                if (!double.IsFinite(cells.Z[r][c]))
                    continue;
                var level = cells.High > cells.Low ? (int)Math.Min(ramp.Length - 1, (cells.Z[r][c] / 2 - cells.Low / 2) / (cells.High / 2 - cells.Low / 2) * ramp.Length) : ramp.Length / 2;
                (paths[level] ??= new()).Append(Box(area, cells.X[c], cells.X[c + 1], cells.Y[r], cells.Y[r + 1]));
            }
        }
        return string.Concat(paths.Select((path, i) => path is null ? "" : $"<path fill=\"{ramp[i]}\" shape-rendering=\"crispEdges\" d=\"{path}\"/>"));
    }

    private static string Box(Area area, double left, double right, double bottom, double top) => string.Create(CultureInfo.InvariantCulture,
        $"M{area.X(left):0.#} {area.Y(bottom):0.#}H{area.X(right):0.#}V{area.Y(top):0.#}H{area.X(left):0.#}z");

    /// <summary>Which colour is which value.</summary>
    private static void Key(HtmlWriter svg, StillCells cells, double at, int height)
    {
        var step = (height - Top - Bottom) / (double)ramp.Length;
        for (var i = 0; i < ramp.Length; i++)
            svg.Add($"<rect x=\"{at:0.#}\" y=\"{height - Bottom - (i + 1) * step:0.#}\" width=\"10\" height=\"{step + 0.5:0.#}\" fill=\"{ramp[i]}\"/>");
        svg.Add($"<text class=\"tick\" x=\"{at + 14:0.#}\" y=\"{Top + 8}\">{Words.Value(cells.High)}</text><text class=\"tick\" x=\"{at + 14:0.#}\" y=\"{height - Bottom}\">{Words.Value(cells.Low)}</text>");
    }

    private static void Labels(HtmlWriter svg, List<(StillMark Mark, string Text)> labels, Area area, double x1, int height)
    {
        var places = ChartLabels.Spread([.. labels.Select(label => label.Mark is StillCurve { Line: true, End: { } end } ? Math.Clamp(area.Y(end.Y), Top, height - Bottom) : Top)], 15, Top + 8, height - Bottom - 8);
        var keyed = IsKeyed([.. labels.Select(label => label.Mark)]);
        for (var i = 0; i < labels.Count; i++)
        {
            var (mark, text) = labels[i];
            svg.Add(mark switch
            {
                StillCurve { Line: true, End: { } end } => ChartKeys.Line(text, Style(mark), keyed, (Math.Clamp(area.X(end.X), 0, Width), Math.Clamp(area.Y(end.Y), Top, height - Bottom)), x1, places[i]),
                StillCurve => ChartKeys.Dots(text, Style(mark), x1, places[i]),
                _ => ChartKeys.Bars(text, Style(mark), x1, places[i]),
            });
        }
    }

    /// <summary>Whether names have samples beside them: a line alone needs none.</summary>
    private static bool IsKeyed(IReadOnlyList<StillMark> marks) => marks is not [StillCurve { Line: true }];

    /// <summary>The name, and where a line ends; a name that stands above the panel is not said again.</summary>
    private static string Label(StillPanel panel, StillMark mark) => mark switch
    {
        StillCells cells => $"{Words.Value(cells.High)}  {Words.Value(cells.Low)}",
        StillCurve { Line: true } curve => $"{Cut(Name(panel, mark), 26)} {panel.Y.Value(curve.End?.Y ?? double.NaN)}".TrimStart(),
        _ => Cut(Name(panel, mark), 26),
    };

    /// <summary>"a" of "a · loss" in the panel "loss", as XPlot's charts of runs name their lines; nothing of what is called as the panel is.</summary>
    private static string Name(StillPanel panel, StillMark mark)
    {
        if (mark.Name == panel.Title)
            return "";
        var parts = mark.Name.Split(" · ");
        return parts.Length > 1 && (panel.Title == parts[^1] || panel.YLabel.StartsWith(parts[^1] + " (", StringComparison.Ordinal)) ? string.Join(" · ", parts[..^1]) : mark.Name;
    }

    private static string Cut(string name, int most) => name.Length <= most ? name : name[..(char.IsHighSurrogate(name[most - 2]) ? most - 2 : most - 1)] + "…";

    private static ChartScale Order(ChartScale scale) => scale.Low <= scale.High ? scale : scale with { Low = scale.High, High = scale.Low };

    private static int Style(StillMark mark) => mark.Style % Palette.Series.Count;

    private static string Css { get; } = ".m{fill:none;stroke-width:6;stroke-linecap:round}.m.s1,.m.s3,.m.s5{stroke-width:5;stroke-linecap:square}.b{fill-opacity:.85}"
        + string.Concat(Palette.Series.Select((colour, i) => $".f{i}{{fill:{colour}}}"));

    /// <summary>From dark blue by green to yellow, after the perceptually even map viridis of matplotlib.</summary>
    private static string Colour(double share)
    {
        int[][] stops = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
        var (i, part) = (Math.Min(3, (int)(share * 4)), share * 4 - Math.Min(3, (int)(share * 4)));
        return "#" + string.Concat(stops[i].Zip(stops[i + 1], (a, b) => ((int)Math.Round(a + (b - a) * part)).ToString("x2", CultureInfo.InvariantCulture)));
    }

    /// <summary>Where a panel puts its axes' places; what lies far outside is put where any browser can still draw it.</summary>
    private sealed record Area(ChartScale XScale, ChartScale YScale, double Left, double Right, double Low, double High)
    {
        public double X(double at) => Math.Clamp(XScale.At(at, Left, Right), -1e5, 1e5);

        public double Y(double at) => Math.Clamp(YScale.At(at, Low, High), -1e5, 1e5);
    }
}
