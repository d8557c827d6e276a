namespace XtNotebooks.Views;

/// <summary>A view that is a Plotly figure too.</summary>
public interface IPlotlyView : IView
{
    /// <summary>The figure as JSON: <c>data</c>, <c>layout</c> and <c>config</c>.</summary>
    string ToFigureJson();
}

/// <summary>The MIME type by which JupyterLab and VS Code know Plotly figures.</summary>
public static class PlotlyMime
{
    /// <summary><c>application/vnd.plotly.v1+json</c>.</summary>
    public const string Type = "application/vnd.plotly.v1+json";
}
