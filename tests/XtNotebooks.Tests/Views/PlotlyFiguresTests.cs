using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.FSharp.Collections;
using Plotly.NET;
using XtNotebooks.Extensibility;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.Views;

public sealed class PlotlyFiguresTests
{
    private static GenericChart Figure(string name, string type = "scatter")
    {
        var trace = new Trace2D(type);
        trace.SetProperty("name", name);
        trace.SetProperty("x", new double[] { 1, 2, 3 });
        trace.SetProperty("y", new double[] { 3, 1, 2 });
        return GenericChart.ofTraceObjects(true, ListModule.OfSeq<Trace>([trace]));
    }

    [Fact]
    public void A_users_figure_draws_offline_with_a_picture_in_its_place()
    {
        var html = Figure("mine").ToView().ToHtml(new Html(""));
        SafeHtml.Check(html);
        Assert.Contains("data:image/svg+xml;base64,", html, StringComparison.Ordinal);
        Assert.Contains("data-xt-script=\"plotly.js/2.28.0\"", Figure("mine").ToView().ToHtml(), StringComparison.Ordinal);
        Assert.DoesNotContain("cdn", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Looks_as_expected()
    {
        var view = new FigureView(Samples.FigureJson);
        var html = view.ToHtml(new Html(""));
        SafeHtml.Check(html);
        Snapshot.Matches(html, "figure.html");
        Snapshot.Matches(view.ToText(), "figure.txt");
        // The picture as it is drawn, beside the page that holds it in base64.
        var picture = Assert.Single(Regex.Matches(html, "src=\"data:image/svg\\+xml;base64,([^\"]+)\""));
        Snapshot.Matches(Encoding.UTF8.GetString(Convert.FromBase64String(picture.Groups[1].Value)), "figure.svg");
    }

    [Fact]
    public void A_figure_of_other_kinds_is_listed()
    {
        var html = new FigureView("""{"data":[{"type":"pie","name":"mine","values":[1,2]}]}""").ToHtml(new Html(""));
        Assert.Contains("mine (pie)", SafeHtml.WithoutScripts(html), StringComparison.Ordinal);
        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_figure_of_a_run_keeps_its_rows_its_headings_and_plain_names_in_its_pictures()
    {
        var html = Samples.Run("it's one", 30, 0.9, 1.5, 0.1).ToPlotly().ToView().ToHtml(new Html(""));
        var pictures = Regex.Matches(html, "src=\"data:image/svg\\+xml;base64,([^\"]+)\"").Select(match => Encoding.UTF8.GetString(Convert.FromBase64String(match.Groups[1].Value))).ToList();
        Assert.Equal(2, pictures.Count);
        Assert.Contains("it&#39;s one</text>", pictures[0], StringComparison.Ordinal);
        Assert.All(["reported 1.", "real tokens 2.", "pads 0.", "held-out real 1."], label => Assert.Contains(">" + label, pictures[0], StringComparison.Ordinal));
        Assert.All(["Learning rate", "Gradient norm", "Speed", "Memory"], heading => Assert.Contains($">{heading}</text>", pictures[1], StringComparison.Ordinal));
        Assert.DoesNotContain(">Learning rate 0", pictures[1], StringComparison.Ordinal);
        Assert.Matches(@"<td>4\d,\d{3}", html);
        Assert.DoesNotContain("(raw)", pictures[0] + pictures[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Some_points_of_a_figure_stand_in_a_table_that_needs_no_script()
    {
        var bars = SafeHtml.WithoutScripts(Figure("mine", "bar").ToView().ToHtml(new Html("")));
        Assert.Matches(@"mine\s+13\s*21\s*32", bars);
        var long60 = new FigureView($$"""{"data":[{"x":[{{string.Join(',', Enumerable.Range(1, 60).Reverse())}}],"y":[{{string.Join(',', Enumerable.Range(1, 60))}}]},{"type":"heatmap","z":[[1]]}]}""").ToHtml(new Html(""));
        Assert.Contains("11 of 60 rows; where scripts run all of them", long60, StringComparison.Ordinal);
        Assert.Matches("<tbody>\\s*<tr><th>1<td>60</tr>", long60);
        Assert.Matches("<tr><th>60<td>1</tr>\\s*</tbody>", long60);
        var kinds = new FigureView("""{"data":[{"type":"bar","name":"<b>n</b>","x":["<i>a","b"],"y":[1.5,null]},{"type":"pie","values":[1]}]}""").ToHtml(new Html(""));
        SafeHtml.Check(kinds);
        Assert.Contains("<tr><th>&lt;i&gt;a<td>1.5</tr>\n<tr><th>b<td>–</tr>", kinds, StringComparison.Ordinal);
        Assert.DoesNotContain("<table>", new FigureView("""{"data":[{"type":"pie","values":[1]}]}""").ToHtml(new Html("")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"data":[{"y":[1,2],"xaxis":"","yaxis":""}]}""")]
    [InlineData("""{"data":[{"y":[1,2],"hoverinfo":"skip","legendgroup":"g"}],"layout":{"annotations":[{"text":5},{}],"yaxis":{"domain":3}}}""")]
    [InlineData("""{"data":[{"y":[1,2],"x":[[1],{}]},5]}""")]
    [InlineData("""{"data":5,"layout":5}""")]
    public void An_odd_figure_still_gives_text(string json)
    {
        SafeHtml.Check(new FigureView(json).ToHtml(new Html("")));
        Assert.StartsWith("Plotly figure: ", new FigureView(json).ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_in_a_users_figure_cannot_end_the_script_element() =>
        SafeHtml.Check(Figure(SafeHtml.Attack.Replace("\ud800", "", StringComparison.Ordinal).Replace("\u202e", "", StringComparison.Ordinal)).ToView().ToHtml(new Html("")));

    [Fact]
    public void An_XPlot_chart_becomes_the_same_kind_of_figure()
    {
        var chart = XPlot.Plotly.Chart.Plot(new XPlot.Plotly.Trace[] { new XPlot.Plotly.Scatter { x = new[] { 1, 2 }, y = new[] { 3.0, 4.0 }, name = "a;\nb" } });
        var view = chart.ToView();
        using var figure = JsonDocument.Parse(view.FigureJson);
        Assert.Equal("a;\nb", figure.RootElement.GetProperty("data")[0].GetProperty("name").GetString());
        Assert.Equal(900, figure.RootElement.GetProperty("layout").GetProperty("width").GetInt32());
        SafeHtml.Check(view.ToHtml(new Html("")));
    }

    [Fact]
    public void Both_libraries_are_registered_in_three_MIME_types()
    {
        var notebook = new RecordingNotebook();
        PlotlyFigures.Register(notebook);
        Assert.Equal(6, notebook.Formatters.Count);
        Assert.Contains("\"data\"", notebook.Formatters[(typeof(GenericChart), PlotlyMime.Type)](Figure("mine")), StringComparison.Ordinal);
        Assert.Null(notebook.Formatters[(typeof(GenericChart), "text/html")]("no figure"));
    }
}

/// <summary>A notebook that only remembers what an extension gave it and showed in it.</summary>
internal sealed class RecordingNotebook : INotebook
{
    public Dictionary<(Type, string), Func<object, string?>> Formatters { get; } = [];

    public List<MagicCommand> Magics { get; } = [];

    public List<object?> Displayed { get; } = [];

    public Dictionary<string, NotebookVariable> Values { get; } = [];

    public NotebookHost Host { get; } = new("test", "1", CanUpdateAfterCell: true, CanInterrupt: true);

    public IReadOnlyList<NotebookVariable> Variables => [.. Values.Values];

    public IReadOnlyList<string> NativeLibraryDirectories => [];

    public IDisplayHandle Display(object? value)
    {
        Displayed.Add(value);
        return new Handle(this);
    }

    public void Write(string text) => Displayed.Add(text);

    public bool TryGetVariable(string name, [MaybeNullWhen(false)] out NotebookVariable variable) => Values.TryGetValue(name, out variable);

    public void SetVariable(string name, object? value, Type type) => Values[name] = new(name, type, value);

    public void AddMagic(MagicCommand magic) => Magics.Add(magic);

    public void RegisterFormatter(Type type, string mimeType, Func<object, string?> format) => Formatters[(type, mimeType)] = format;

    public void AddReport(NotebookReport report) => throw new NotSupportedException("No view reports anything.");

    private sealed class Handle(RecordingNotebook notebook) : IDisplayHandle
    {
        public void Update(object? value) => notebook.Displayed[^1] = value;
    }
}
