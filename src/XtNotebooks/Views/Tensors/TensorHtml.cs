using System.Globalization;

namespace XtNotebooks.Views;

/// <summary>Draws a tensor: the line, then its elements as cells, outer axes as nested facets.</summary>
internal static class TensorHtml
{
    private const int MaxWritten = 128, LongestName = 40;

    /// <remarks>Numbers of many characters and long labels may need more than their share: then fewer elements are shown.</remarks>
    public static string Write(TensorView view)
    {
        var html = Draw(view);
        while (view.Bounded && !ViewFrame.Fits(html) && TensorTrim.Fewer(view) is { } fewer)
            html = Draw(view = fewer);
        return html;
    }

    private static string Draw(TensorView view)
    {
        var html = new HtmlWriter();
        if (view.Title is not null)
            html.Add($"<p><strong>{view.Title}</strong></p>\n");
        html.Add($"<p class=\"line\">{view.Summary.Line}</p>\n");
        if (view.Values.Count > 0)
        {
            html.Add($"<div class=\"scroll\">");
            Facets(html, view, axis: 0, offset: 0, index: []);
            html.Add($"</div>\n").Add(GridScript.Line);
            Notes(html, view);
        }
        return ViewFrame.Render("tensor", view.Summary.Line, Css.Value, html.Done(), GridScript.For("{}"));
    }

    private static void Facets(HtmlWriter html, TensorView view, int axis, int offset, List<int> index)
    {
        if (axis >= view.Axes.Count - 2)
        {
            Grid(html, view, offset, index);
            return;
        }
        var inner = view.Axes.Skip(axis + 1).Aggregate(1, (n, a) => n * a.Shown.Count(i => i is not null));
        // Facets of neighbouring levels alternate between a row and a column.
        html.Add($"<div class=\"{((view.Axes.Count - axis) % 2 == 1 ? "across" : "down")}\">");
        foreach (var shown in view.Axes[axis].Shown)
        {
            if (shown is not { } i)
            {
                html.Add($"<span class=\"muted\">…</span>");
                continue;
            }
            Facets(html, view, axis + 1, offset, [.. index, i]);
            offset += inner;
        }
        html.Add($"</div>");
    }

    private static void Grid(HtmlWriter html, TensorView view, int offset, List<int> index)
    {
        var rank = view.Axes.Count;
        var rows = rank >= 2 ? view.Axes[^2] : new TensorAxis("", 1, [0]);
        var columns = rank >= 1 ? view.Axes[^1] : new TensorAxis("", 1, [0]);
        html.Add($"<table class=\"grid\">");
        if (index.Count > 0)
            html.Add($"<caption>{Caption(view, index)}</caption>");
        html.Add($"<thead><tr><th class=\"corner\">{(rank >= 2 ? $"{Name(rows)} ↓ {Name(columns)} →" : "")}");
        foreach (var column in columns.Shown)
            html.Add(Heading(columns, column, rank));
        html.Add($"</thead><tbody>\n");
        foreach (var row in rows.Shown)
        {
            if (row is not { } r)
            {
                html.Add($"<tr><th>⋮</tr>\n");
                continue;
            }
            html.Add(rank >= 2 ? Html.Of($"<tr><th data-t=\"{Name(rows)} {Label(rows, r)}\">{Label(rows, r)}") : new Html("<tr><th>"));
            foreach (var column in columns.Shown)
                html.Add(column is null ? new Html("<td class=gap>…") : Cell(view, offset++));
            html.Add($"</tr>\n");
        }
        html.Add($"</tbody></table>");
    }

    /// <summary>As code would index it, or by the axes' names where they have any.</summary>
    private static string Caption(TensorView view, List<int> index) => view.Axes[0].Name == "dim 0"
        ? $"[{string.Join(", ", index)}, :, :]"
        : string.Join(", ", index.Select((i, d) => $"{Name(view.Axes[d])} {Label(view.Axes[d], i)}"));

    private static Html Heading(TensorAxis axis, int? column, int rank)
    {
        if (column is not { } c)
            return new Html("<th>…");
        var text = axis.Labels is not null || c % 5 == 0 ? Label(axis, c) : "";
        return rank == 0 ? new Html("<th>") : Html.Of($"<th data-t=\"{Name(axis)} {Label(axis, c)}\">{text}");
    }

    private static Html Cell(TensorView view, int at)
    {
        var (value, written) = (view.Values[at], view.Values.Count <= MaxWritten);
        if (view.Imaginary.Count > 0)
            return Complex(view, at, written);
        if (view.Summary.Kind == TensorKind.Boolean)
            return value != 0 ? new Html("<td class=yes data-d=true>✓") : new Html("<td class=no data-d=false>");
        if (double.IsNaN(value))
            return new Html("<td class=odd data-d=NaN>N");
        if (double.IsInfinity(value))
            return new Html(value > 0 ? "<td class=odd data-d=∞>∞" : "<td class=odd data-d=-∞>-∞");
        var text = TensorValues.Element(view, at);
        var level = Level(view, value);
        var colour = level == 0 ? "z" : (value > 0 ? "p" : "n") + level;
        var sign = Sign(view, value);
        if (written || view.Summary.Kind == TensorKind.WholeNumber && Math.Abs(value) < 1000)
            return Html.Of($"<td class=\"{colour} w\"{(sign.Length > 0 ? new Html(" data-d=\"beyond 3σ\"") : default)}>{text}{Beside(sign)}");
        return Html.Of($"<td class={colour} data-d={text}>{sign}");
    }

    /// <summary>The colour is the magnitude; both parts stand in the cell or in its words.</summary>
    private static Html Complex(TensorView view, int at, bool written)
    {
        var (size, text) = (double.Hypot(view.Values[at], view.Imaginary[at]), TensorValues.Element(view, at));
        if (!double.IsFinite(size))
            return Html.Of($"<td class=odd data-d=\"{text}\">{(double.IsNaN(size) ? "N" : "∞")}");
        var (colour, sign) = (Level(view, size) is > 0 and var level ? $"p{level}" : "z", Sign(view, size));
        var words = $"magnitude {Words.Short(size)}{(sign.Length > 0 ? ", beyond 3σ" : "")}";
        return written ? Html.Of($"<td class=\"{colour} w\" data-d=\"{words}\">{text}{Beside(sign)}") : Html.Of($"<td class={colour} data-d=\"{text}, {words}\">{sign}");
    }

    private static string Sign(TensorView view, double value) => view.Beyond(value) switch { > 0 => "▴", < 0 => "▾", _ => "" };

    private static string Beside(string sign) => sign.Length > 0 ? " " + sign : "";

    private static int Level(TensorView view, double value) =>
        view.Scale > 0 ? (int)Math.Round(Math.Clamp(Math.Abs(value) / view.Scale, 0, 1) * 10) : 0;

    private static void Notes(HtmlWriter html, TensorView view)
    {
        var s = view.Summary;
        if (s.Kind is TensorKind.FloatingPoint or TensorKind.Complex && view.Scale > 0)
        {
            // The key begins at 0 where nothing is below it, as with probabilities.
            if (s.Min >= 0)
                html.Add($"<p class=\"muted\">{(s.Kind == TensorKind.Complex ? "magnitude " : "")}0 <span class=\"swatch z\"></span>");
            else
                html.Add($"<p class=\"muted\"><span class=\"swatch n10\"></span> -{Words.Short(view.Scale)} <span class=\"swatch n5\"></span><span class=\"swatch z\"></span>");
            html.Add($"<span class=\"swatch p5\"></span> <span class=\"swatch p10\"></span> {Words.Short(view.Scale)}");
            if (view.Values.Select((value, i) => view.Imaginary.Count > 0 ? double.Hypot(value, view.Imaginary[i]) : value).Any(value => view.Beyond(value) != 0))
                html.Add($" · ▴ ▾ more than three deviations above or below the mean, or beyond where colours are full");
            html.Add($"</p>\n");
        }
        var left = s.Count - view.Values.Count;
        if (left > 0)
            html.Add($"<p class=\"muted\">{Words.Number(view.Values.Count)} of {Words.Number(s.Count)} elements are shown, {Corners(view)}; the line counts all of them"
                + $"{(s.HistogramOver > 0 && s.HistogramOver < s.Count ? $", its histogram one in {Words.Number(s.Count / s.HistogramOver)}" : "")}.</p>\n");
    }

    /// <summary>Deep nesting leaves room for the first index alone of some outer axes.</summary>
    private static string Corners(TensorView view)
    {
        var first = view.Axes.Where(axis => axis.Size > 1 && axis.Shown.Count(i => i is not null) == 1).Select(Name).ToList();
        return first.Count == 0 ? "the corners of each axis" : $"the first index of {string.Join(", ", first)} and the corners of the other axes";
    }

    private static string Name(TensorAxis axis) => HtmlText.Cut(axis.Name, LongestName);

    private static string Label(TensorAxis axis, int index) =>
        axis.Labels is { } labels ? HtmlText.Visible(labels[index]) : index.ToString(CultureInfo.InvariantCulture);

    private static readonly Lazy<string> Css = new(() => """
        .xt-tensor .line{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;max-width:none}
        .xt-tensor .across,.xt-tensor .down{display:flex;gap:10px;align-items:flex-start;width:max-content}
        .xt-tensor .down{flex-direction:column}
        .xt-tensor .grid{border-collapse:separate;border-spacing:1px}
        .xt-tensor caption{caption-side:top;text-align:left;color:var(--muted);font-size:11px;white-space:nowrap}
        .xt-tensor .grid th{font-weight:400;font-size:10px;padding:0 .25em;line-height:1.1}
        .xt-tensor .grid thead th{max-width:13px;overflow:visible;text-align:center;white-space:nowrap}
        .xt-tensor .grid .corner{max-width:none;font-size:9px}
        .xt-tensor .grid td{width:13px;min-width:13px;height:13px;padding:0;font:9px/13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;text-align:center;border-radius:2px;color:var(--fg)}
        .xt-tensor .grid td.w{font-size:11px;padding:2px 5px;width:auto;line-height:1.3}
        .xt-tensor .grid td.odd{background:var(--warnbg);color:var(--warn);font-weight:700;box-shadow:inset 0 0 0 1px var(--warn)}
        .xt-tensor .grid td.yes{background:var(--realbg)}
        .xt-tensor .grid td.no,.xt-tensor .z{box-shadow:inset 0 0 0 1px var(--line)}
        .xt-tensor .swatch{display:inline-block;width:13px;height:13px;border-radius:2px;vertical-align:-2px}
        .xt-tensor .grid td,.xt-tensor .swatch{--c:var(--bg);--a:0%;background:color-mix(in srgb,var(--c) var(--a),var(--bg))}
        .xt-tensor .grid td.w{background:color-mix(in srgb,var(--c) calc(var(--a)*.55),var(--bg))}
        """ + string.Concat(Enumerable.Range(1, 10).Select(i =>
            $".xt-tensor .grid td.p{i},.xt-tensor .swatch.p{i}{{--c:var(--pad);--a:{i * 9}%}}.xt-tensor .grid td.n{i},.xt-tensor .swatch.n{i}{{--c:var(--real);--a:{i * 9}%}}")));
}
