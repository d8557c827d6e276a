#pragma warning disable CA1822 // The convention asks for an instance method.

namespace XtNotebooks.Views;

/// <summary>How notebooks show views; found by the convention of <see cref="Extensibility.TypeFormatterSourceAttribute"/>.</summary>
public sealed class ViewFormatterSource
{
    /// <summary>One formatter for each MIME type a view can be written in.</summary>
    public IEnumerable<object> CreateTypeFormatters() => ViewFormatters.For<IView>(static view => view);
}

/// <summary>Formatters for values that are shown as a view.</summary>
internal static class ViewFormatters
{
    public static IEnumerable<ViewFormatter> For<T>(Func<T, IView> view) =>
    [
        new("text/html", value => value is T t ? view(t).ToHtml() : null),
        new("text/plain", value => value is T t ? view(t).ToText() : null),
        new(PlotlyMime.Type, value => value is T t ? (view(t) as IPlotlyView)?.ToFigureJson() : null),
    ];
}

/// <summary>Writes a value in one MIME type.</summary>
/// <param name="MimeType">For example <c>text/html</c>.</param>
/// <param name="Write">The representation, or null where this value has none.</param>
public sealed record ViewFormatter(string MimeType, Func<object?, string?> Write)
{
    /// <summary>Writes <paramref name="value"/>; false where it has no such representation.</summary>
    public bool Format(object? value, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (Write(value) is not { } text)
            return false;
        writer.Write(text);
        return true;
    }
}
