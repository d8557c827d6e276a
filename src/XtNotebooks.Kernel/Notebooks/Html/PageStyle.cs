namespace XtNotebooks.Kernel.Notebooks.Html;

/// <summary>The style sheet of an exported page.</summary>
internal static class PageStyle
{
    private static readonly Lazy<string> Text = new(() =>
    {
        using var stream = typeof(PageStyle).Assembly.GetManifestResourceStream("notebook-page.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    });

    public static string Css => Text.Value;
}
