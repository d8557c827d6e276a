using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Where a running cell's outputs go: a Jupyter front end, or the notebook file of a headless run.</summary>
/// <remarks>Calls may come from any thread; their order is the order of the outputs.</remarks>
internal interface ICellOutput
{
    /// <summary>Text on standard output or standard error.</summary>
    void Stream(StreamName stream, string text);

    /// <summary>A display (Jupyter's display_data), with an id where it may be updated later.</summary>
    void Display(MimeBundle bundle, string? displayId);

    /// <summary>Replaces every output with this id (Jupyter's update_display_data).</summary>
    void UpdateDisplay(MimeBundle bundle, string displayId);

    /// <summary>Removes the cell's outputs so far, or, with <paramref name="wait"/>, just before the next output comes.</summary>
    void Clear(bool wait);

    /// <summary>Asks the reader for a line; null where nobody can answer.</summary>
    string? ReadLine(string prompt, bool password, CancellationToken cancellationToken);
}

internal enum StreamName
{
    Stdout,
    Stderr,
}
