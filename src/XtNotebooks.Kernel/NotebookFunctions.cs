using System.Diagnostics.CodeAnalysis;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel;

/// <summary>What every cell can call without a using directive.</summary>
[SuppressMessage("Naming", "CA1708", Justification = "Readers of notebooks know display(x) and x.Display().")]
public static class NotebookFunctions
{
#pragma warning disable IDE1006 // Lower case as notebook readers know these names from other kernels.
    /// <summary>Shows a value below the cell.</summary>
    /// <returns>A handle with which the same output can be replaced, also after the cell has ended.</returns>
    public static IDisplayHandle display(object? value) => Notebook.Display(value);

    /// <summary>Shows text below the cell in a MIME type of your choice, for example <c>text/html</c>.</summary>
    public static IDisplayHandle display(string text, string mimeType) =>
        Notebook.Display(new MimeBundle(mimeType == "text/plain"
            ? new Dictionary<string, string> { [mimeType] = text }
            : new Dictionary<string, string> { ["text/plain"] = text, [mimeType] = text }));

    /// <summary>HTML to show, as a cell's last value or by <c>display</c>.</summary>
    public static MimeBundle HTML(string html) => MimeBundle.Html(html, html);

    /// <summary>Removes the cell's outputs so far.</summary>
    /// <param name="wait">Whether to wait for the next output, which then replaces them without flicker.</param>
    public static void clear_output(bool wait = false) => Cell.Output.Clear(wait);

    /// <summary>Asks the reader for a line.</summary>
    public static string input(string prompt = "") => CellConsole.Ask(Cell, prompt, password: false);

    /// <summary>Asks the reader for a line that is not shown.</summary>
    public static string password(string prompt = "") => CellConsole.Ask(Cell, prompt, password: true);

    /// <summary>Cancelled when the reader interrupts the cell: hand it to calls that take a token, so that they stop too.</summary>
    public static CancellationToken interrupt => Cell.CancellationToken;
#pragma warning restore IDE1006

    /// <summary>This notebook: its variables, magics and formatters.</summary>
    public static INotebook Notebook => Cell.Session.Notebook;

    /// <summary>Shows the value below the cell.</summary>
    /// <returns>A handle with which the same output can be replaced, also after the cell has ended.</returns>
    public static IDisplayHandle Display<T>(this T value) => Notebook.Display(value);

    private static CellContext Cell =>
        CellContext.Current ?? throw new InvalidOperationException("This works in a notebook's cell only.");
}
