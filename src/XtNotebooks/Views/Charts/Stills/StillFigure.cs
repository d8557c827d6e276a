using System.Text.Json;

namespace XtNotebooks.Views;

/// <summary>A Plotly figure's panels, one for each pair of axes, in rows as they lie in the figure, and what is in none of them.</summary>
/// <param name="Rows">From the top; panels from the left.</param>
/// <param name="Remarks">What is left out or put together, in sentences.</param>
internal sealed record StillFigure(IReadOnlyList<IReadOnlyList<StillPanel>> Rows, IReadOnlyList<string> Remarks)
{
    private const int MostMarks = 12, MostNames = 12, MostPanels = 16, PanelsInRow = 4;

    public static StillFigure Read(JsonElement figure)
    {
        var layout = FigureJson.Child(figure, "layout");
        var left = new List<(string Name, string Why)>();
        var remarks = new List<string>();
        var shown = new List<StillTrace>();
        var names = new List<string>();
        var all = FigureJson.Traces(figure);
        for (var i = 0; i < all.Count; i++)
        {
            var name = FigureJson.Name(all[i], i);
            var colour = FigureJson.Label(FigureJson.Child(all[i], "line"), "color");
            // One name has one style in all panels, and the views' own colours stay what they are.
            if (!names.Contains(name))
                names.Add(name);
            var style = colour is not null && Palette.Series.ToList().IndexOf(colour) is >= 0 and var own ? own : names.IndexOf(name);
            var trace = new StillTrace(all[i], name, style);
            var why = FigureJson.Child(all[i], "visible") switch
            {
                { ValueKind: JsonValueKind.False } => "switched off",
                { ValueKind: JsonValueKind.String } => "to be shown by a click in the legend",
                _ => trace.Hindrance,
            };
            if (why is null)
                shown.Add(trace);
            else
                left.Add((name, why));
        }
        var panels = shown.GroupBy(trace => (X: Axis(trace.Json, "x"), Y: Axis(trace.Json, "y")))
            .Select(group => Panel(layout, group.Key.X, group.Key.Y, [.. group], left, remarks)).OfType<StillPanel>().ToList();
        left.AddRange(panels.Skip(MostPanels).SelectMany(panel => panel.Marks).Select(mark => (mark.Name, $"beyond {MostPanels} panels")));
        panels = [.. panels.Take(MostPanels)];
        if (FigureJson.Label(layout, "title") is { Length: > 0 } title && panels.Count > 0 && panels[0].Title.Length == 0)
            panels[0] = panels[0] with { Title = title };
        if (left.Count > 0)
            remarks.Insert(0, $"Not in the picture: {string.Join("; ", left.GroupBy(one => one.Why).Select(why => $"{List([.. why.Select(one => one.Name).Distinct()])} ({why.Key})"))}.");
        return new([.. panels.GroupBy(panel => Math.Round(panel.Top, 3)).OrderByDescending(row => row.Key)
            .SelectMany(row => row.OrderBy(panel => panel.Left).Chunk(PanelsInRow))], remarks);
    }

    private static StillPanel? Panel(JsonElement? layout, string xName, string yName, List<StillTrace> traces, List<(string Name, string Why)> left, List<string> remarks)
    {
        var (xLayout, yLayout) = (FigureJson.Child(layout, xName), FigureJson.Child(layout, yName));
        var x = new StillAxis(xLayout, [.. traces.SelectMany(trace => FigureJson.Elements(trace.Json, "x") ?? [])]);
        var y = new StillAxis(yLayout, [.. traces.SelectMany(trace => FigureJson.Elements(trace.Json, "y") ?? [])]);
        var marks = new List<StillMark>();
        foreach (var trace in traces.Where(trace => trace.Kind == "heatmap"))
        {
            var cells = trace.Cells(x, y);
            marks.Add(cells);
            if (trace.Together(cells) is { } told)
                remarks.Add(told);
        }
        marks.AddRange(StillBins.Read([.. traces.Where(trace => trace.Kind is "bar" or "histogram")], FigureJson.Label(layout, "barmode") ?? "group", x, y));
        marks.AddRange(traces.Where(trace => trace.Kind is "scatter" or "scattergl").Select(trace => Front(trace) is { } line ? trace.Curve(x, y, true) with { Style = line.Style } : trace.Curve(x, y, false)));
        left.AddRange(marks.Where(mark => mark is not StillCells && !mark.Ys.Any(double.IsFinite) || !mark.Xs.Any(double.IsFinite)).Select(mark => (mark.Name, "without numbers")));
        marks.RemoveAll(mark => !mark.Ys.Any(double.IsFinite) || !mark.Xs.Any(double.IsFinite));
        var kept = marks.Where(mark => mark is not StillCurve { Faint: true }).Take(MostMarks).ToList();
        left.AddRange(marks.Where(mark => mark is not StillCurve { Faint: true }).Skip(MostMarks).Select(mark => (mark.Name, $"beyond {MostMarks} in a panel")));
        kept.InsertRange(0, marks.Where(mark => mark is StillCurve { Faint: true } && kept.Exists(line => line.Style == mark.Style)));
        if (kept.Count == 0)
            return null;
        // An axis that lies over another has its place.
        var place = FigureJson.Label(yLayout, "overlaying") is { Length: > 0 } under ? FigureJson.Child(layout, Long(under)) : yLayout;
        var (bottom, top) = FigureJson.Pair(place, "domain") ?? (0, 1);
        var (start, end) = FigureJson.Pair(xLayout, "domain") ?? (0, 1);
        var (heading, unit) = Heading(layout, start, end, top);
        return new StillPanel(heading, unit ?? y.Title, x, y, kept, top, top - bottom, start) { YName = FigureJson.Label(yLayout, "matches") is { Length: > 0 } other ? Long(other) : yName };

        // As unsmoothed values stand behind the curve that their group is called by.
        StillTrace? Front(StillTrace trace) => FigureJson.Label(trace.Json, "hoverinfo") == "skip" && FigureJson.Label(trace.Json, "legendgroup") is { } group && group != trace.Name
            ? traces.Find(line => line.Name == group) : null;
    }

    /// <summary>What is written right above a panel; what follows bold words there is the unit.</summary>
    private static (string Title, string? Unit) Heading(JsonElement? layout, double start, double end, double top)
    {
        var note = (FigureJson.Elements(layout, "annotations") ?? []).Where(note => FigureJson.Label(note, "yanchor") == "bottom"
            && FigureJson.Label(note, "xref") == "paper" && FigureJson.Label(note, "yref") == "paper" && FigureJson.Number(note, "x") is { } x && x >= start - 1e-6 && x < end
            && FigureJson.Number(note, "y") is { } y && Math.Abs(y - top) < 0.02).Select(note => FigureJson.Child(note, "text")).FirstOrDefault();
        if (note is not { ValueKind: JsonValueKind.String } text)
            return ("", null);
        var parts = text.GetString()!.Split("</b> · ", 2);
        return parts is [var bold, var unit] ? (FigureJson.Plain(bold), FigureJson.Plain(unit)) : (FigureJson.Plain(parts[0]), null);
    }

    private static string Axis(JsonElement trace, string which) => Long(FigureJson.Label(trace, which + "axis") is { Length: > 0 } said ? said : which);

    /// <summary>"yaxis2" of "y2".</summary>
    private static string Long(string name) => $"{name[0]}axis{name[1..]}";

    private static string List(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MostNames)) + (names.Count > MostNames ? $" and {names.Count - MostNames} more" : "");
}
