using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>C# code with state across cells: what a Jupyter kernel and a headless run both drive.</summary>
internal interface ICodeSession : IAsyncDisposable
{
    /// <summary>Runs one cell. Never throws for what the cell does; the result says how it ended.</summary>
    /// <remarks>Cells of one shell run one after the other; a second call waits for the first. A subshell's cell runs beside the main
    /// shell's running one and sees what that cell has set so far. Cancelling stops the cell (an interrupt).</remarks>
    Task<CellResult> RunAsync(CellRequest request, ICellOutput output, CancellationToken cancellationToken);

    /// <summary>Completions at a position in UTF-16 code units.</summary>
    Task<CompletionReply> CompleteAsync(string code, int position, CancellationToken cancellationToken);

    /// <summary>Type, signature and documentation at a position; null where there is nothing to tell.</summary>
    Task<MimeBundle?> InspectAsync(string code, int position, bool detailed, CancellationToken cancellationToken);

    /// <summary>Whether the code is a whole cell, wants more lines, or can never compile.</summary>
    Completeness IsComplete(string code, out string indent);

    /// <summary>The values that a cell's <c>user_expressions</c> ask for, each a bundle or an error; what they print goes to the output.</summary>
    Task<IReadOnlyDictionary<string, ExpressionResult>> EvaluateAsync(
        IReadOnlyDictionary<string, string> expressions, CellRequest cell, ICellOutput output, CancellationToken cancellationToken);

    /// <summary>Runs code of the reader's that is no cell, such as a handler, on threads as a cell has: an interrupt stops it, or leaves it
    /// behind.</summary>
    /// <param name="what">What it is, as a sentence about it begins.</param>
    /// <param name="code">The code.</param>
    /// <param name="output">Where its text goes; null for nowhere.</param>
    /// <param name="cancellationToken">The interrupt.</param>
    /// <returns>What went wrong, an interrupt included; null where nothing did.</returns>
    Task<CellError?> RunAsideAsync(string what, Action code, ICellOutput? output, CancellationToken cancellationToken);

    /// <summary>The front end's channels, which extensions get as <see cref="INotebook.Comms"/>; null in a headless run.</summary>
    IComms? Comms { get; set; }
}

/// <param name="Code">The cell's text.</param>
/// <param name="Number">The execution count that errors name as "Cell N".</param>
/// <param name="Silent">No result value and no history.</param>
/// <param name="AllowStdin">Whether the front end can answer <see cref="ICellOutput.ReadLine"/>.</param>
/// <param name="Subshell">The subshell that runs the cell, beside the main shell's cells; null for the main shell.</param>
/// <param name="IsCounted">Whether the number is its own, and not that of the last cell before it.</param>
/// <param name="AtOnce">Cancelled when the reader, who has interrupted the cell, will not wait for it to finish anything.</param>
internal sealed record CellRequest(
    string Code, int Number, bool Silent = false, bool AllowStdin = false, string? Subshell = null, bool IsCounted = true,
    CancellationToken AtOnce = default);

/// <param name="Status">How the cell ended.</param>
/// <param name="Value">The trailing expression's value, formatted; null where there is none.</param>
/// <param name="Error">What went wrong, where <paramref name="Status"/> is not <see cref="CellStatus.Ok"/>.</param>
internal sealed record CellResult(CellStatus Status, MimeBundle? Value, CellError? Error);

internal enum CellStatus
{
    Ok,
    Error,
    Interrupted,
}

/// <param name="Name">The exception's type, or "CompilationError", "Interrupted", "MagicError".</param>
/// <param name="Message">One sentence.</param>
/// <param name="Traceback">Lines for the reader: the user's own frames with cell and line; may hold ANSI colours.</param>
/// <param name="Line">The line in the cell, from 1; null where unknown.</param>
internal sealed record CellError(string Name, string Message, IReadOnlyList<string> Traceback, int? Line);

internal sealed record ExpressionResult(MimeBundle? Value, CellError? Error);

internal sealed record CompletionReply(int Start, int End, IReadOnlyList<CompletionMatch> Matches);

/// <param name="Text">What replaces the range.</param>
/// <param name="Kind">Jupyter's experimental type: function, class, keyword, magic, …</param>
/// <param name="Signature">For the menu's right side; may be empty.</param>
internal sealed record CompletionMatch(string Text, string Kind, string Signature);

internal enum Completeness
{
    Complete,
    Incomplete,
    Invalid,
}
