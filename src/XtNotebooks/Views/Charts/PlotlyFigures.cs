using Plotly.NET;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>Shows anybody's Plotly.NET and XPlot.Plotly figures in a notebook, drawn offline.</summary>
public static class PlotlyFigures
{
    /// <summary>Tells the notebook how figures of both libraries are written; it takes the place of formatters that need a network.</summary>
    public static void Register(INotebook notebook)
    {
        ArgumentNullException.ThrowIfNull(notebook);
        Register<GenericChart>(notebook, ToView);
        Register<XPlot.Plotly.PlotlyChart>(notebook, ToView);
    }

    /// <summary>A Plotly.NET figure as a view.</summary>
    public static FigureView ToView(this GenericChart figure)
    {
        ArgumentNullException.ThrowIfNull(figure);
        return new FigureView(GenericChart.toFigureJson(figure));
    }

    /// <summary>An XPlot.Plotly figure as a view.</summary>
    public static FigureView ToView(this XPlot.Plotly.PlotlyChart figure)
    {
        ArgumentNullException.ThrowIfNull(figure);
        return new FigureView(XPlotFigure.Json(figure));
    }

    private static void Register<T>(INotebook notebook, Func<T, FigureView> view)
    {
        foreach (var formatter in ViewFormatters.For<T>(view))
            notebook.RegisterFormatter(typeof(T), formatter.MimeType, formatter.Write);
    }
}

/// <summary>Somebody's Plotly figure, with a picture or at least a list of its traces, and a table of some points, for places that strip scripts.</summary>
/// <param name="FigureJson">The figure: an object with <c>data</c> and <c>layout</c>.</param>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record FigureView(string FigureJson) : IPlotlyView
{
    /// <inheritdoc/>
    public string ToFigureJson() => FigureJson;

    /// <inheritdoc/>
    public string ToHtml() => ToHtml(OfflinePlotly.Payload);

    /// <inheritdoc/>
    public string ToText() => FigureStill.Describe(FigureJson);

    internal string ToHtml(Html payload)
    {
        var still = FigureStill.Read(FigureJson);
        var (place, script) = OfflinePlotly.Draw(FigureJson, still.Html, themed: false);
        var html = new HtmlWriter();
        html.Add(place).Add(FigureTable.Of("Numbers", FigureRows.Of(FigureJson))).Add(payload);
        return ViewFrame.Render("chart", still.Text, OfflinePlotly.Css + ".xt-chart{background:none}" + FigureTable.Css,
            html.Done(), script + "\n" + FigureTable.Script);
    }
}
