namespace XtNotebooks.Views;

#pragma warning disable CA1822 // The convention asks for an instance method.

/// <summary>How notebooks show views; found by the convention of <see cref="Extensibility.TypeFormatterSourceAttribute"/>.</summary>
public sealed class ViewFormatterSource
{
    /// <summary>One formatter for each MIME type a view can be written in.</summary>
    public IEnumerable<object> CreateTypeFormatters() =>
    [
        new ViewFormatter("text/html", static view => view.ToHtml()),
        new ViewFormatter("text/plain", static view => view.ToText()),
        new ViewFormatter(PlotlyMime.Type, static view => (view as IPlotlyView)?.ToFigureJson()),
    ];
}

/// <summary>Writes a view in one MIME type.</summary>
/// <param name="MimeType">For example <c>text/html</c>.</param>
/// <param name="Write">The representation, or null where this view has none.</param>
public sealed record ViewFormatter(string MimeType, Func<IView, string?> Write)
{
    /// <summary>Writes <paramref name="value"/>; false where it is no view or has no such representation.</summary>
    public bool Format(object? value, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value is not IView view || Write(view) is not { } text)
            return false;
        writer.Write(text);
        return true;
    }
}
