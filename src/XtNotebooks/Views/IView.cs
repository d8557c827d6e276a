using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>Something to look at: an immutable value that already holds every number it shows.</summary>
/// <remarks>No tensor, no model and no clock is asked while it is written, so the same view always gives the same text.</remarks>
public interface IView
{
    /// <summary>Self-contained HTML: no network, styles that touch nothing else, readable with scripts stripped, data encoded.</summary>
    string ToHtml();

    /// <summary>The same for places without HTML.</summary>
    string ToText();
}

/// <summary>What every view can do.</summary>
public static class ViewExtensions
{
    /// <summary>The view in all the MIME types it can be written in.</summary>
    public static MimeBundle ToMimeBundle(this IView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        return view is IPlotlyView chart
            ? new MimeBundle(new Dictionary<string, string>
            {
                ["text/plain"] = view.ToText(),
                ["text/html"] = view.ToHtml(),
                [PlotlyMime.Type] = chart.ToFigureJson(),
            })
            : MimeBundle.Html(view.ToHtml(), view.ToText());
    }
}
