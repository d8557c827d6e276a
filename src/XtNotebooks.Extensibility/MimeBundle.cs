namespace XtNotebooks.Extensibility;

/// <summary>One thing to show, in as many MIME types as it can be written in; the front end picks the richest it knows.</summary>
/// <remarks>Keys are MIME types such as <c>text/plain</c>, <c>text/html</c>, <c>image/png</c> (base64) or
/// <c>application/vnd.plotly.v1+json</c> (JSON text). Source: Jupyter messaging specification, display_data.</remarks>
public sealed class MimeBundle
{
    /// <summary>The representations, by MIME type. Every bundle should hold <c>text/plain</c>.</summary>
    public IReadOnlyDictionary<string, string> Data { get; }

    /// <summary>Creates a bundle from representations by MIME type.</summary>
    /// <exception cref="ArgumentException">There is no representation at all, or one is null.</exception>
    public MimeBundle(IReadOnlyDictionary<string, string> data)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.Count == 0)
            throw new ArgumentException("A bundle needs at least one representation; give 'text/plain'.", nameof(data));
        foreach (var (mimeType, text) in data)
        {
            if (text is null)
                throw new ArgumentException($"The representation '{mimeType}' is null; leave it out, or give an empty text.", nameof(data));
        }
        Data = data;
    }

    /// <summary>A bundle of plain text.</summary>
    public static MimeBundle Text(string text) => new(new Dictionary<string, string> { ["text/plain"] = text });

    /// <summary>A bundle of HTML with the plain text that stands for it where HTML is not shown.</summary>
    public static MimeBundle Html(string html, string text) =>
        new(new Dictionary<string, string> { ["text/plain"] = text, ["text/html"] = html });
}
